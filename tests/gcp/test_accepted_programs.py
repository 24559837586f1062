"""What the checker accepts compiles, deploys and runs within every limit of Workflows; what it refuses is large."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_programs import Programs

from isthmus.adapters.gcp.compiler import compile_workflow, lowered
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.interpreter import (
    Callbacks,
    Choices,
    First,
    Outcome,
    Response,
    Scheduler,
    Seeded,
    load,
    start,
)
from isthmus.adapters.gcp.interpreter.limits import LIMITS
from isthmus.adapters.gcp.limits import SOURCE_BYTES_MAX, check
from isthmus.core.errors import SourceError
from isthmus.core.program import limits
from isthmus.core.program.check import compiled_bytes, size_of
from isthmus.core.program.step_count import run_steps
from isthmus.core.versions import check_carried
from isthmus.handlers.app import app

type Define = Callable[[str], tuple[Any, list[Any]]]

SEEDS = st.integers(0, 2**32)


def bound(composition: Any, contract: str) -> int:
    """Return what the checker takes for the bytes of a source, at most."""
    found = lowered(composition, contract)
    names = [name for name in composition.programs if any(one.name == f"flow_{name}" for one in found.routines)]
    programs = composition.programs
    return compiled_bytes(
        [
            size_of(
                composition.contracts[name],
                programs[name].parameter,
                programs[name].file,
                programs[name].body,
                composition.contracts,
                composition.workflows.keys(),
            )
            for name in names
        ]
    )


def accepted(define: Define, text: str) -> Any:
    """Return the composition of a module that is accepted; other modules are not looked at."""
    composition, problems = define(text)
    assert all(one.code in ("ISTH120", "ISTH126") for one in problems), problems
    assume(not problems)
    return composition


def fits_whole(composition: Any) -> None:
    """Hold what is compiled with every version that is carried against the limits."""
    found = lowered(composition, "place")
    text = emit(found)
    check(found, text)
    load(text)


def fits(composition: Any) -> None:
    """Hold a composition against the promise: it compiles, deploys, and was measured from above, not from far."""
    found = lowered(composition, "place")
    text = emit(found)
    check(found, text)
    load(text)
    size = len(text.encode())

    assert size <= bound(composition, "place") <= 1.5 * size


@given(SEEDS, st.integers(1, 30), st.booleans())
@settings(max_examples=40)
def test_what_is_accepted_compiles_and_deploys(define: Define, seed: int, statements: int, parent: bool) -> None:
    fits(accepted(define, Programs(seed).module(statements, parent=parent)))


@given(SEEDS, st.integers(40, 130))
@settings(max_examples=10)
def test_what_is_accepted_near_the_bound_compiles_and_what_is_refused_there_is_large(
    define: Define, seed: int, statements: int
) -> None:
    composition, problems = define(Programs(seed).module(statements))
    if not problems:
        fits(composition)
    for problem in problems:
        assume(problem.code == "ISTH126")
        assert f"and {limits.COMPILED_BYTES} fit" in problem.rule
        assert int(problem.rule.split(" takes ")[1].split()[0]) > limits.COMPILED_BYTES
        assert problem.text.startswith("async def place_flow")


def test_the_brokerage_is_measured_within_a_half_of_what_it_is() -> None:
    composition = app.load()
    for contract in composition.programs:
        size = len(compile_workflow(composition, contract).encode())

        assert size <= bound(composition, contract) <= 1.5 * size


def test_the_largest_source_that_is_accepted_leaves_room() -> None:
    assert limits.COMPILED_BYTES < SOURCE_BYTES_MAX == LIMITS.source_bytes


EDGES: dict[str, Callable[[int], str]] = {
    "a test in a while": lambda n: (
        "i = 0\nwhile i < 5 and (" + " or ".join(["order.id == 'abc'"] * n) + "):\n    i += 1"
    ),
    "a count of days": lambda n: "await sleep(days(" + " + ".join(["order.quantity"] * n) + "))",
    "a long except": lambda n: f"try:\n    await check(order)\nexcept ({'Rejected, ' * n}):\n    pass",
    "a guard": lambda n: "if " + " or ".join(["order.note is None"] + ["order.note == 'a'"] * n) + ":\n    pass",
    "a text of dollars": lambda n: "x = " + repr("${" * n),
    "a text of bells": lambda n: "x = " + repr("\x07" * n),
    "a text of quotes": lambda n: "x = " + repr("'\\'" * n),
    "a text of faces": lambda n: "x = " + repr("😀" * 4 * n),
    "a text of parts": lambda n: 'x = f"' + "{order.id}\\x07" * n + '"',
    "branches": lambda n: (
        f"for i in range(2):\n    await gather({'check(order), ' * n})\nawait gather({'look(order), ' * n})"
    ),
    "answers that are read": lambda n: (
        "a, b = await gather(check(order), check(order))\nx = [" + "a.id, b.id, " * (2 * n) + "]"
    ),
    "names": lambda n: "".join(f"name{i} = 1\n" for i in range(4 * n)),
    "messages": lambda n: "x = " + "Nest(inside=[" * n + "Nest(inside=[])" + "])" * n,
    "blocks": lambda n: (
        "".join("    " * i + "if order.urgent:\n" for i in range(n)) + ("    " * n + "await check(order)\n") * 40
    ),
    "loops": lambda n: (
        "".join("    " * i + f"for i{i} in range(2):\n" for i in range(n)) + ("    " * n + "await look(order)\n") * 40
    ),
    "branches in blocks": lambda n: (
        "".join("    " * i + "if order.urgent:\n" for i in range(n))
        + ("    " * n + f"await gather({'check(order), ' * 9})\n") * 3
    ),
    "tries": lambda n: (
        "".join("    " * i + "try:\n" for i in range(n))
        + "    " * n
        + "await check(order)\n"
        + "".join(
            "    " * i + "except Rejected:\n" + "    " * i + "    await check(order)\n" for i in reversed(range(n))
        )
    ),
}


@pytest.mark.parametrize("title", EDGES)
def test_the_largest_of_its_kind_that_is_accepted_compiles(define: Define, title: str) -> None:
    largest = None
    for count in range(2, 60):
        composition, problems = define(FLOW + _indented(EDGES[title](count)) + END)
        if problems:
            assert "ISTH126" in {one.code for one in problems}
            break
        largest = composition

    assert largest is not None
    fits(largest)


FLOW = "@workflow(place)\nasync def place_flow(order: Order) -> Done:\n"
END = "    return Done(id=order.id)\n"
ORDER = {"id": "o1", "client": "c", "name": None, "side": "buy", "quantity": 2, "urgent": False, "note": "x"}
ORDER |= {"lines": [{"sku": "a", "quantity": 1}], "tags": ["a"]}


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


class Functions:
    """Answer every request as functions do when nothing goes wrong; what is called `late` is registered first."""

    def __init__(self, callbacks: Callbacks | None = None, *, message: int = 0, answer: int = 0) -> None:
        self.callbacks = callbacks
        self.message = ORDER | {"note": "x" * message}
        self.answer = {"id": "a" * max(answer, 1), "side": "buy", "quantity": 1, "note": None}

    def send(self, request: Any) -> Response:
        reply = self._reply(request.url.removeprefix("http://shop"))
        reply["bytes"] = len(json.dumps(reply.get("answer")))
        return Response(200, {"Content-Type": "application/json"}, json.dumps(reply).encode())

    def _reply(self, path: str) -> dict[str, Any]:
        if path == "/runs/load":
            return {"state": "running", "answer": self.message}
        if path == "/runs/child":
            return {"state": "started", "child": "child"}
        if path == "/runs/finish":
            return {"state": "completed"}
        if path == "/events/register" and self.callbacks is not None:
            return {"state": "waiting", "after_seconds": 1}
        return {"state": "answered", "answer": self.answer}


def executed(composition: Any, functions: Functions | None = None, choices: Choices | None = None) -> Outcome:
    """Execute what a composition compiles to."""
    scheduler, functions = Scheduler(choices=choices), functions or Functions()
    execution = start(
        load(emit(lowered(composition, "place"))),
        {"run_id": "r1"},
        scheduler=scheduler,
        transport=functions,
        callbacks=functions.callbacks,
        environment={"ISTHMUS_URL_NORMAL": "http://shop"},
    )
    scheduler.run()
    assert execution.outcome is not None
    return execution.outcome


@given(SEEDS, st.integers(1, 25), st.booleans())
@settings(max_examples=40)
def test_a_run_without_misfortune_takes_no_more_steps_than_were_counted(
    define: Define, seed: int, statements: int, parent: bool
) -> None:
    composition = accepted(define, Programs(seed).module(statements, parent=parent))
    programs = composition.programs
    child = run_steps(programs["child"].body, lambda _: None) if parent else 0
    counted = run_steps(programs["place"].body, lambda name: child if name == "child" else None)

    outcome = executed(composition)

    assert not outcome.failed or "isthmus" in str(outcome.error), outcome
    assert outcome.steps <= counted


class Moody(Functions):
    """Answer, refuse, fail for good or fail for now, by the step and a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.asked: list[tuple[str, str]] = []

    def send(self, request: Any) -> Response:
        body = json.loads(request.body)
        self.asked.append((request.url, json.dumps(body, sort_keys=True)))
        mood = zlib.crc32(f"{self.seed}/{body.get('step')}".encode()) % 12
        again = sum(one == self.asked[-1] for one in self.asked)
        if "/contracts/" in request.url and mood < 3 and again == 1:
            reply: dict[str, Any] = {"state": "failing", "after_seconds": 3}
        elif "/contracts/" in request.url and mood in (3, 4):
            answer = {"refusal": "Rejected", "fields": {"rule": "x"}}
            reply = {"state": "refused", "step": body["step"], "answer": answer}
        elif "/contracts/" in request.url and mood == 5:
            reply = {"state": "failed", "step": body["step"], "answer": {"error": "E", "place": "p"}}
        else:
            return super().send(request)
        reply["bytes"] = len(json.dumps(reply.get("answer")))
        return Response(200, {"Content-Type": "application/json"}, json.dumps(reply).encode())


@given(SEEDS, st.integers(1, 12), st.booleans())
@settings(max_examples=25)
def test_what_the_pages_leave_open_changes_nothing_of_a_compiled_run(
    define: Define, seed: int, statements: int, parent: bool
) -> None:
    composition = accepted(define, Programs(seed).module(statements, parent=parent))
    seen = set()
    for choices in (First(), *(Seeded(number) for number in range(6))):
        functions = Moody(seed)
        outcome = executed(composition, functions, choices)
        assert not outcome.failed, outcome.error
        seen.add((outcome.result, tuple(sorted(functions.asked))))

    assert len(seen) == 1


def chain(length: int, last: str) -> str:
    """Return workflows that await one another, so many deep, and what the last one does."""
    names = ["place", *(f"link{n}" for n in range(1, length))]
    contracts = "".join(f'@contract()\ndef {name}(order: Order) -> Done:\n    "Be done."\n\n\n' for name in names[1:])
    flows = [
        f"@workflow({name})\nasync def {name}_flow(order: Order) -> Done:\n"
        + (f"    return await {below}(order)\n" if below else _indented(last) + END)
        for name, below in zip(names, [*names[1:], ""], strict=True)
    ]
    return contracts + "\n\n".join(flows)


@pytest.mark.parametrize("last", ["await wait_for(Verdict, key=order.id, within=hours(1))", "await look(order)"])
def test_a_chain_as_long_as_is_accepted_stays_within_the_call_stack(define: Define, last: str) -> None:
    composition, problems = define(chain(limits.CALLS_DEEP, last))
    callbacks = Callbacks()

    outcome = executed(composition, Functions(callbacks))

    assert problems == []
    assert (outcome.failed, outcome.result) == (False, "completed"), outcome.error


KB = 1024
LARGE: dict[str, tuple[str, int, int]] = {
    "six side by side": (f"a, b, c, d, e, f = await gather({'look(order), ' * 6})", 31, 31),
    "ten side by side": (f"await gather({'look(order), ' * 10})", 16, 19),
    "six one after the other": ("\n".join(f"a{n} = await look(order)" for n in range(6)), 31, 31),
    "one for each of ten items": ("found = await each(look_at, order.lines, at_most=10)", 20, 19),
}


@pytest.mark.parametrize("title", LARGE)
def test_a_run_that_holds_200_kb_of_answers_fits_into_the_memory_of_an_execution(define: Define, title: str) -> None:
    text, message, answer = LARGE[title]
    composition, _ = define(FLOW + _indented(text) + END)
    functions = Functions(message=message * KB, answer=answer * KB)
    functions.message["lines"] = [{"sku": "a", "quantity": 1}] * 10

    outcome = executed(composition, functions)

    assert (outcome.failed, outcome.result) == (False, "completed"), outcome.error


class Refusing(Functions):
    """Refuse one step, and answer all others; keep how the run ended."""

    def __init__(self, step: str, *, answer: int) -> None:
        super().__init__(answer=answer)
        self.step = step
        self.ended: dict[str, Any] = {}

    def send(self, request: Any) -> Response:
        body = json.loads(request.body)
        if body.get("step") == self.step and "/contracts/" in request.url:
            answer = {"refusal": "Rejected", "fields": {"rule": "x"}}
            reply = {"state": "refused", "step": self.step, "answer": answer, "bytes": 50}
            return Response(200, {"Content-Type": "application/json"}, json.dumps(reply).encode())
        self.ended = body if request.url.endswith("/runs/finish") else self.ended
        return super().send(request)


def test_versions_that_are_carried_count_and_what_is_accepted_with_them_compiles(define: Define) -> None:
    text = "await look(order)\n" * 40
    awaiting = FLOW + "    await child(order)\n" + END
    composition, problems = define(FLOW.replace("place", "child") + _indented(text) + END + "\n\n" + awaiting)
    workflow, today = composition.versions["child", composition.programs["child"].version]
    accepted_with = []
    for number in range(8):
        reported: list[SourceError] = []
        check_carried(composition.versions, composition.contracts, reported.append)
        if not reported:
            fits_whole(composition)
            accepted_with.append(number)
        else:
            assert [one.code for one in reported] == ["ISTH131"]
            assert "isthmus lock --drop child VERSION" in reported[0].instead
        earlier = msgspec.structs.replace(today, version=f"{number:016x}")
        composition.versions["child", earlier.version] = (workflow, earlier)

    assert problems == []
    assert accepted_with == [0, 1, 2, 3]


SIDES = {
    "gather": f"await gather({'look(order), ' * 9}check(order))",
    "each": "await each(look_at, order.lines, at_most=10)",
}


@pytest.mark.parametrize(("step", "state"), [("", "failed"), ("0/9", "refused")])
@pytest.mark.parametrize("side", SIDES)
def test_answers_that_are_too_large_together_end_the_run_and_not_the_execution(
    define: Define, side: str, step: str, state: str
) -> None:
    composition, _ = define(FLOW + _indented(SIDES[side]) + END)
    functions = Refusing(step or "none", answer=31 * KB)
    functions.message["lines"] = [{"sku": "a", "quantity": 1}] * 20

    outcome = executed(composition, functions)

    assert (outcome.failed, functions.ended["state"]) == (False, state), outcome.error
    assert ("AnswersTooLarge" in str(functions.ended)) == (not step)


def test_a_chain_of_the_largest_messages_fits_into_the_memory_of_an_execution(define: Define) -> None:
    composition, _ = define(chain(limits.CALLS_DEEP, "await look(order)"))

    outcome = executed(composition, Functions(message=31 * KB, answer=31 * KB))

    assert (outcome.failed, outcome.result) == (False, "completed"), outcome.error
