"""A small kiosk in two units: holds, sleeps, waits, and hears what others say; for tests of the functions."""

from __future__ import annotations

from isthmus.core import (
    App,
    Event,
    Message,
    Publisher,
    Records,
    Refusal,
    Retry,
    Undo,
    contract,
    days,
    each,
    endpoint,
    handles,
    minutes,
    schedule,
    seconds,
    sleep,
    stream,
    topic,
    wait_for,
    workflow,
)


class Mark(Message):
    name: str
    count: int


class Ticket(Message, identity="id"):
    id: str
    marks: list[Mark] = []  # noqa: RUF012  # msgspec copies it
    refuse: bool = False
    fail: bool = False


class Tickets(Message, identity="id"):
    id: str
    tickets: list[Ticket]


class Held(Message):
    id: str


class Told(Message):
    id: str


class Said(Message):
    key: str
    number: int
    word: str


class Heard(Message):
    numbers: list[int]


class Outcome(Message):
    id: str
    said: str


class Answer(Event):
    text: str


class Closed(Refusal):
    why: str


@contract(unit="places")
def release(undo: Undo[Ticket, Held]) -> None:
    """Give back what was held."""


@contract(unit="places", undone_by=release, retry=Retry(attempts=3, first=seconds(10), factor=2))
def hold(ticket: Ticket) -> Held:
    """Hold a place."""


@contract(reads=True, refuses=[Closed])
def look(ticket: Ticket) -> Held:
    """Look whether there is a place."""


@contract()
def untell(undo: Undo[Ticket, Told]) -> None:
    """Take back what was told."""


@contract(undone_by=untell)
def tell(ticket: Ticket) -> Told:
    """Tell that it is done."""


@contract()
def note(told: Told) -> None:
    """Note what was told."""


@contract(retry=Retry(attempts=2, first=seconds(0)))
def hear(said: Said) -> None:
    """Hear what others say."""


@contract(retry=Retry(attempts=2, first=seconds(0)))
def count(said: Said) -> None:
    """Count what comes in a stream."""


@contract()
def file_late(answer: Answer) -> None:
    """Keep an answer that came late."""


@contract(refuses=[Closed])
def admit(ticket: Ticket) -> Outcome:
    """Admit one ticket."""


@contract(refuses=[Closed])
def admit_all(tickets: Tickets) -> Told:
    """Admit many tickets."""


@handles(hold)
def hold_place(ticket: Ticket, places: Records[Held]) -> Held:
    if ticket.fail:
        raise RuntimeError("no place yet")
    places.put(ticket.id, Held(id=ticket.id))
    return Held(id=ticket.id)


@handles(release)
def release_place(undo: Undo[Ticket, Held], places: Records[Held]) -> None:
    places.remove(undo.input.id)


@handles(look)
def look_for_place(ticket: Ticket) -> Held:
    if ticket.refuse:
        raise Closed(why="no more places")
    return Held(id=ticket.id)


@handles(tell)
def tell_all(ticket: Ticket, told: Publisher[Told]) -> Told:
    told.publish(Told(id=ticket.id))
    return Told(id=ticket.id)


@handles(untell)
def untell_all(undo: Undo[Ticket, Told]) -> None:
    return None


@handles(note)
def note_told(told: Told, kept: Records[Told]) -> None:
    kept.put(told.id, told)


@handles(hear)
def hear_others(said: Said, heard: Records[Heard]) -> None:
    _add(said, heard)


@handles(count)
def count_said(said: Said, heard: Records[Heard]) -> None:
    _add(said, heard)


def _add(said: Said, heard: Records[Heard]) -> None:
    if said.word == "fail":
        raise RuntimeError("it cannot be heard")
    before = heard.get(said.key)
    heard.put(said.key, Heard(numbers=[*(before.numbers if before else []), said.number]))


@handles(file_late)
def keep_late(answer: Answer, kept: Records[Outcome]) -> None:
    kept.put(answer.text, Outcome(id="late", said=answer.text))


@workflow(admit)
async def admission(ticket: Ticket) -> Outcome:
    await hold(ticket)
    await sleep(minutes(1))
    answer = await wait_for(Answer, key=ticket.id, within=minutes(30))
    await look(ticket)
    await tell(ticket)
    return Outcome(id=ticket.id, said=answer.text)


@workflow(admit_all)
async def admissions(tickets: Tickets) -> Told:
    await each(admit, tickets.tickets, at_most=2)
    return Told(id=tickets.id)


app = App(
    "kiosk",
    fulfils=[
        admission,
        admissions,
        hold_place,
        release_place,
        look_for_place,
        tell_all,
        untell_all,
        note_told,
        hear_others,
        count_said,
        keep_late,
    ],
    topics=[
        topic("told", Told, key="id", subscribers=[note]),
        topic("others", Said, key="key", subscribers=[hear], external=True),
    ],
    streams=[stream("ticks", Said, key="key", into=count)],
    schedules=[
        schedule("daily", every=days(1), starts=count, message=Said(key="daily", number=1, word="")),
        schedule("broken", every=days(1), starts=count, message=Said(key="broken", number=1, word="fail")),
    ],
    endpoints=[endpoint("POST", "/tickets", starts=admit), endpoint("GET", "/looks/{id}", starts=look)],
    late_events={Answer: file_late},
)
