"""A verification finds what is wrong with somebody's handlers, and nothing where nothing is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec
import pytest
from effort import examples

from isthmus.adapters.local.testing import LocalWorld
from isthmus.adapters.local.verification import Report, verify
from isthmus.core import (
    PERSONAL,
    App,
    Event,
    Message,
    Publisher,
    Records,
    Refusal,
    TimedOut,
    Undo,
    contract,
    handles,
    hours,
    schedule,
    seconds,
    topic,
    wait_for,
    workflow,
)
from isthmus.core.law import _LAWS, World, law
from isthmus.handlers.app import app as brokerage

EXAMPLES = 3


class Guest(Message, identity="id", subject="guest"):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    guest: Annotated[str, msgspec.Meta(min_length=1)]
    name: Annotated[str, PERSONAL]
    nights: Annotated[int, msgspec.Meta(ge=0, le=100)]


class Room(Message):
    number: int


class Stay(Message):
    nights: int
    note: str


class RoomTaken(Message):
    id: str
    nights: int


class Arrived(Event):
    on_foot: bool


class NoRoom(Refusal):
    nights: int


class NotSaid(Refusal):
    nights: int


@contract(refuses=[NoRoom])
def stay(guest: Guest) -> Room:
    """Give a guest a room once the guest is there."""


@contract(reads=True, refuses=[NoRoom])
def look_up(guest: Guest) -> Room:
    """Look for a room."""


@contract()
def leave_room(undo: Undo[Guest, Room]) -> None:
    """Give the room back."""


@contract(undone_by=leave_room)
def take_room(guest: Guest) -> Room:
    """Take a room."""


@contract(final=True)
def note_taken(taken: RoomTaken) -> None:
    """Note that a room was taken."""


@contract(final=True)
def note_late(arrived: Arrived) -> None:
    """Note that somebody came too late."""


@workflow(stay)
async def stay_flow(guest: Guest) -> Room:
    await look_up(guest)
    room = await take_room(guest)
    try:
        await wait_for(Arrived, key=guest.id, within=hours(2))
    except TimedOut:
        raise NoRoom(nights=guest.nights)  # noqa: B904  # the portable subset has no `from`
    return room


@handles(look_up)
def look(guest: Guest) -> Room:
    if guest.nights > 90:
        raise NoRoom(nights=guest.nights)
    return Room(number=guest.nights)


@handles(take_room)
def take(guest: Guest, stays: Records[Stay], publisher: Publisher[RoomTaken]) -> Room:
    stays.put(guest.guest, Stay(nights=guest.nights, note="booked"))
    publisher.publish(RoomTaken(id=guest.id, nights=guest.nights))
    return Room(number=guest.nights)


@handles(leave_room)
def leave(undo: Undo[Guest, Room], stays: Records[Stay]) -> None:
    if undo.result is not None:
        stays.remove(undo.input.guest)


@handles(note_taken)
def note(taken: RoomTaken, rooms: Records[Room]) -> None:
    rooms.put("last", Room(number=taken.nights))


@handles(note_late)
def note_arrival(arrived: Arrived) -> None:
    del arrived


WELL = {"look": look, "take": take, "leave": leave}


def hotel(**instead: Any) -> App:
    handlers = {**WELL, **instead}
    return App(
        "hotel",
        fulfils=[stay_flow, note, note_arrival, *handlers.values()],
        topics=[topic("rooms", RoomTaken, key="id", subscribers=[note_taken])],
        late_events={Arrived: note_late},
    )


def broken(report: Report) -> set[tuple[str, str]]:
    return {(breach.contract, breach.law) for breach in report.breaches}


_COUNTED = itertools.count()


@handles(look_up)
def look_and_count(guest: Guest) -> Room:
    return Room(number=next(_COUNTED))


@handles(look_up)
def look_up_a_word(guest: Guest) -> Room:
    return Room(number="seven")  # type: ignore[arg-type]


@handles(look_up)
def look_and_refuse(guest: Guest) -> Room:
    raise NotSaid(nights=guest.nights)


@handles(look_up)
def look_and_write(guest: Guest, stays: Records[Stay]) -> Room:
    stays.put(guest.guest, Stay(nights=1, note="looked"))
    return Room(number=1)


@handles(take_room)
def take_and_tell(guest: Guest, stays: Records[Stay], publisher: Publisher[RoomTaken]) -> Room:
    stays.put(guest.guest, Stay(nights=guest.nights, note=f"booked by {guest.name}"))
    return Room(number=guest.nights)


@handles(leave_room)
def leave_a_trace(undo: Undo[Guest, Room], stays: Records[Stay]) -> None:
    if undo.result is not None:
        stays.put(undo.input.guest, Stay(nights=0, note="gone"))


@handles(leave_room)
def leave_a_note(undo: Undo[Guest, Room], stays: Records[Stay]) -> None:
    stays.remove(undo.input.guest)
    if undo.result is None:
        stays.put(undo.input.guest, Stay(nights=0, note="never came"))


BUGS: list[tuple[dict[str, Any], str, str]] = [
    ({"look": look_and_count}, "look_up", "an attempt that is repeated answers the same"),
    ({"look": look_up_a_word}, "look_up", "answers fit their type and the limit on messages"),
    ({"look": look_and_refuse}, "look_up", "refusals are declared"),
    ({"look": look_and_write}, "look_up", "what reads changes nothing"),
    ({"take": take_and_tell}, "take_room", "personal values never lie open"),
    ({"leave": leave_a_trace}, "take_room", "its undo restores what was there"),
    ({"leave": leave_a_note}, "take_room", "undoing what never happened changes nothing"),
]


def test_an_app_without_a_fault_keeps_every_law() -> None:
    report = verify(hotel().load(), examples=EXAMPLES)

    assert report.kept, report.breaches
    assert ("stay", "a crash before or after any step does not show") in report.checked


@pytest.mark.parametrize(("instead", "contract_name", "sentence"), BUGS, ids=[bug[2] for bug in BUGS])
def test_a_planted_bug_is_found_by_its_law(instead: dict[str, Any], contract_name: str, sentence: str) -> None:
    report = verify(hotel(**instead).load(), examples=EXAMPLES, only=[contract_name])

    assert (contract_name, sentence) in broken(report)
    assert all(breach.problem and "Guest(" in breach.example for breach in report.breaches)


@pytest.fixture
def a_law_nobody_keeps() -> Iterator[Callable[[World, Guest], None]]:
    @law(look_up)
    def nobody_finds_a_room(world: World, guest: Guest) -> None:
        try:
            world.ask(look_up, guest)
        except NoRoom:
            return
        raise AssertionError("somebody found a room")

    yield nobody_finds_a_room
    _LAWS.pop(look_up)


@pytest.mark.usefixtures("a_law_nobody_keeps")
def test_the_laws_beside_the_contracts_are_checked_too() -> None:
    report = verify(hotel().load(), examples=EXAMPLES, only=["look_up"])

    assert broken(report) == {("look_up", "nobody finds a room")}
    assert report.breaches[0].problem == "somebody found a room"


@handles(look_up)
def look_and_fail(guest: Guest) -> Room:
    if guest.nights:
        raise ValueError(f"no room for {guest.nights} nights")
    return Room(number=1)


@handles(look_up)
def never_look(guest: Guest) -> Room:
    raise OSError("the book of rooms is gone")


@handles(leave_room)
def never_leave(undo: Undo[Guest, Room], stays: Records[Stay]) -> None:
    raise OSError("the door is locked")


def hourly(app: App) -> App:
    """Have time change something: it passes between the attempts of a handler that fails."""
    taken = RoomTaken(id="hourly", nights=1)
    app.schedules = (schedule("hourly", every=seconds(1), starts=note_taken, message=taken),)
    return app


def test_a_handler_that_fails_is_told_as_that_with_the_smallest_message_the_error_and_the_place() -> None:
    report = verify(hourly(hotel(look=look_and_fail)).load(), examples=10, only=["look_up"])

    assert report.kept
    [failing] = report.failures
    assert failing.contract == "look_up"
    assert failing.problem.startswith("it failed with ValueError: no room for 1 nights, at test_verification.py:")
    assert failing.problem.endswith("in look_and_fail")
    assert "nights=1)" in failing.example
    assert report.unjudged == ()


def test_laws_of_a_handler_that_always_fails_are_not_judged_and_say_why() -> None:
    report = verify(hotel(look=never_look).load(), examples=EXAMPLES, only=["look_up"])

    assert report.kept
    assert ("look_up", "what reads changes nothing", "look_up failed for every message") in report.unjudged
    assert [failing.contract for failing in report.failures] == ["look_up"]
    assert "nights=0)" in report.failures[0].example


def test_an_undo_that_fails_is_told_by_its_own_name() -> None:
    report = verify(hotel(leave=never_leave).load(), examples=EXAMPLES, only=["take_room"])

    assert report.kept
    [failing] = report.failures
    assert (failing.contract, "it failed with OSError: the door is locked" in failing.problem) == ("leave_room", True)
    assert {why for _, _, why in report.unjudged} == {"leave_room failed for every message"}


@pytest.mark.usefixtures("a_law_nobody_keeps")
def test_a_law_beside_the_contracts_is_not_broken_by_a_handler_that_fails() -> None:
    report = verify(hotel(look=never_look).load(), examples=EXAMPLES, only=["look_up"])

    assert report.kept
    assert "nobody finds a room" in [law for _, law, _ in report.unjudged]
    assert len(report.failures) == 1


class Walk(Message, identity="id"):
    id: str


@contract()
def walk(asked: Walk) -> Walk:
    """Walk."""


@workflow(walk)
async def walk_on(asked: Walk) -> Walk:
    return asked


def test_a_message_that_is_refused_at_the_edge_breaks_no_law() -> None:
    report = verify(App("walks", fulfils=[walk_on]).load(), examples=10)

    assert (report.kept, report.unjudged) == (True, ())


def test_the_laws_of_a_handler_share_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[LocalWorld] = []
    monkeypatch.setattr(
        LocalWorld, "__enter__", lambda world, enter=LocalWorld.__enter__: opened.append(world) or enter(world)
    )
    verify(hotel().load(), examples=10, only=["look_up"])

    assert len(opened) <= 20


def test_the_brokerage_keeps_every_law() -> None:
    report = verify(brokerage.load(), examples=examples(2))

    assert report.kept, report.breaches
