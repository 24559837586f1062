"""What contracts, handlers, workflows, messages and refusals refuse where they are declared."""

import asyncio
import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.core import (
    PERSONAL,
    Message,
    Refusal,
    Retry,
    SourceError,
    Undo,
    contract,
    days,
    each,
    gather,
    handles,
    hours,
    minutes,
    seconds,
    sleep,
    workflow,
)


class Ask(Message, identity="id"):
    id: str


class Answer(Message):
    text: str


class No(Refusal):
    rule: str
    count: int = 0


@contract(reads=True, refuses=[No])
def ask(message: Ask) -> Answer:
    """Answer."""
    raise NotImplementedError


@contract()
def take_back(undo: Undo[Ask, Answer]) -> None:
    """Take it back."""


def without_docstring(message: Ask) -> Answer: ...


def of_two(message: Ask, other: Ask) -> Answer:
    """Take two."""
    raise NotImplementedError


def of_text(message: str) -> Answer:
    """Take a text."""
    raise NotImplementedError


def to_text(message: Ask) -> str:
    """Answer with a text."""
    raise NotImplementedError


def right(message: Ask) -> Answer:
    """Be a contract."""
    raise NotImplementedError


def right_undo(undo: Undo[Ask, Answer]) -> None:
    """Be an undo."""


async def asynchronous(message: Ask) -> Answer:
    raise NotImplementedError


def of_answer(message: Answer) -> Answer:
    return message


def to_ask(message: Ask) -> Ask:
    return message


def with_untyped(message: Ask, port) -> Answer:  # type: ignore[no-untyped-def]  # the mistake itself
    raise NotImplementedError


def yielding(message: Ask) -> Any:
    yield Answer(text="")


def of_any(message: Ask, **ports: Any) -> Answer:
    raise NotImplementedError


def of_places(message: Ask, port: Any, /) -> Answer:
    raise NotImplementedError


def declare(function: Any, **options: Any) -> Callable[[], object]:
    return lambda: cast("Any", contract)(**options)(function)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no docstring": (declare(without_docstring), "has no docstring"),
    "two messages": (declare(of_two), "must take one annotated message and return one"),
    "no message": (declare(of_text), "takes str (take a class derived from Message)"),
    "no answer": (declare(to_text), "returns str (return a class derived from Message, or None)"),
    "a refusal that is none": (declare(right, refuses=[ValueError]), "list classes derived from Refusal"),
    "two refusals of one name": (declare(right, refuses=[No, No]), "list each once"),
    "a handler that yields": (lambda: handles(ask)(cast("Any", yielding)), "yields (return the answer)"),
    "a handler of any ports": (lambda: handles(ask)(cast("Any", of_any)), "takes ports that have no names"),
    "ports without names": (lambda: handles(ask)(cast("Any", of_places)), "takes ports that have no names"),
    "two effects": (declare(right, reads=True, final=True), "is reads and final at once"),
    "an undo of an undo": (declare(right_undo, undone_by=take_back), "an undo is not undone"),
    "no attempts": (declare(right, retry=Retry(attempts=0)), "has a retry that never tries"),
    "no time": (declare(right, timeout=timedelta(0)), "has no time to answer"),
    "an async handler": (lambda: handles(ask)(cast("Any", asynchronous)), "only workflows are async"),
    "a handler of another message": (lambda: handles(ask)(cast("Any", of_answer)), "take Ask first"),
    "a handler of another answer": (lambda: handles(ask)(cast("Any", to_ask)), "return Answer"),
    "a port without a type": (lambda: handles(ask)(with_untyped), "annotate it with the port it asks for"),
    "a workflow that is not async": (lambda: workflow(ask)(cast("Any", right)), "write: async def right"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_declaration_is_refused_for(mistake: str) -> None:
    make, words = WRONG[mistake]

    with pytest.raises(SourceError) as refused:
        make()

    assert words in str(refused.value)
    assert refused.value.place
    assert "[ISTH100]" in str(refused.value)


def test_an_identity_is_a_field() -> None:
    with pytest.raises(SourceError, match=r"identity='key' is not a field of Wrong"):

        class Wrong(Message, identity="key"):
            id: str


def test_a_refusal_has_no_personal_fields() -> None:
    with pytest.raises(SourceError, match="field 'name' of a refusal is PERSONAL"):

        class Wrong(Refusal):
            name: Annotated[str, PERSONAL]


def test_a_refusal_is_known_by_its_fields() -> None:
    refusal = No(rule="r", count=2)

    assert refusal == No(rule="r", count=2)
    assert refusal != No(rule="r")
    assert hash(refusal) == hash(No(rule="r", count=2))
    assert str(refusal) == "No(rule='r', count=2)"
    assert pickle.loads(pickle.dumps(refusal)) == refusal
    assert No.Fields.__struct_fields__ == ("rule", "count")


def test_a_refusal_inherits_the_fields_of_its_base() -> None:
    class Firm(No):
        until: str

    assert Firm(rule="r", until="u").fields == Firm.Fields(rule="r", count=0, until="u")


@given(first=st.integers(0, 10_000), factor=st.integers(1, 50), attempts=st.integers(1, 5_000))
def test_a_retry_waits_longer_each_time_and_never_longer_than_its_limit(first: int, factor: int, attempts: int) -> None:
    retry = Retry(attempts=attempts, first=timedelta(milliseconds=first), factor=factor, at_most=minutes(5))
    delays = [retry.delay_after(attempt) for attempt in (1, attempts, attempts + 1)]

    assert delays == sorted(delays)
    assert delays[0] == min(retry.first, retry.at_most)
    assert max(delays) <= retry.at_most


def test_durations_are_what_they_say() -> None:
    assert (seconds(90), minutes(90), hours(36), days(2)) == (
        timedelta(seconds=90),
        timedelta(minutes=90),
        timedelta(hours=36),
        timedelta(days=2),
    )


def test_a_handler_can_be_called_as_the_function_that_it_is() -> None:
    @handles(ask)
    def answer(message: Ask) -> Answer:
        return Answer(text=message.id)

    assert answer(Ask(id="a")) == Answer(text="a")
    assert repr(answer).endswith("answer of ask>")


def test_what_is_awaited_stands_for_itself_until_a_driver_answers() -> None:
    async def flow() -> tuple[Answer, list[Answer]]:
        one, _ = await gather(ask(Ask(id="a")), ask(Ask(id="b")))
        many = await each(ask, [Ask(id="c")], at_most=1)
        await sleep(seconds(1))
        return one, many

    running = flow()
    first = cast("Any", running.send(None))
    second = cast("Any", running.send((Answer(text="1"), Answer(text="2"))))
    third = cast("Any", running.send([Answer(text="3")]))
    with pytest.raises(StopIteration) as ended:
        running.send(None)

    assert [call.message.id for call in first.calls] == ["a", "b"]
    assert (second.contract, second.at_most) == (ask, 1)
    assert third.duration == seconds(1)
    assert ended.value.value == (Answer(text="1"), [Answer(text="3")])


def test_no_event_loop_drives_a_workflow_by_accident() -> None:
    async def flow() -> Answer:
        return await ask(Ask(id="a"))

    with pytest.raises(RuntimeError):
        asyncio.run(flow())
