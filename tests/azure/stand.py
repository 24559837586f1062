"""A small desk for rehearsals: holds, orders and waits, with a refusal, an event and a timeout to choose from."""

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
    gather,
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


class Ticket(Message, identity="id"):
    id: str
    refuse: bool
    fail: bool


class Held(Message):
    id: str


class Told(Message):
    id: str


class Outcome(Message):
    id: str
    said: str


class Tickets(Message, identity="id"):
    id: str
    tickets: list[Ticket]


class Record(Message):
    """Be a record of a stream or a message of others; `word` says what its handler does: `fail` fails."""

    key: str
    number: int
    word: str


class Counted(Message):
    numbers: list[int]


class Answer(Event):
    text: str


class Closed(Refusal):
    why: str


@contract()
def release(undo: Undo[Ticket, Held]) -> None:
    """Give back what was held."""


@contract(undone_by=release, retry=Retry(attempts=3, first=seconds(10), factor=2))
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


@contract()
def file_late(answer: Answer) -> None:
    """Keep an answer that came late."""


@contract(retry=Retry(attempts=2, first=seconds(0)))
def count(record: Record) -> None:
    """Count a record."""


@contract()
def hear(record: Record) -> None:
    """Hear what others say."""


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
    if places.get(undo.input.id) is not None:
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


@handles(count)
def count_record(record: Record, counted: Records[Counted]) -> None:
    if record.word == "fail":
        raise RuntimeError("it cannot be counted")
    before = counted.get(record.key)
    counted.put(record.key, Counted(numbers=[*(before.numbers if before else []), record.number]))


@handles(hear)
def hear_others(record: Record, heard: Records[Record]) -> None:
    heard.put(record.key, record)


@handles(file_late)
def keep_late(answer: Answer, kept: Records[Outcome]) -> None:
    kept.put(answer.text, Outcome(id="late", said=answer.text))


@workflow(admit)
async def admission(ticket: Ticket) -> Outcome:
    await hold(ticket)
    await sleep(minutes(1))
    answer = await wait_for(Answer, key=ticket.id, within=minutes(30))
    await gather(look(ticket), look(ticket))
    await tell(ticket)
    return Outcome(id=ticket.id, said=answer.text)


@workflow(admit_all)
async def admissions(tickets: Tickets) -> Told:
    await each(admit, tickets.tickets, at_most=2)
    return Told(id=tickets.id)


app = App(
    "stand",
    fulfils=[
        admission,
        admissions,
        hold_place,
        release_place,
        look_for_place,
        tell_all,
        untell_all,
        note_told,
        keep_late,
        count_record,
        hear_others,
    ],
    topics=[
        topic("told", Told, key="id", subscribers=[note]),
        topic("others", Record, key="key", subscribers=[hear], external=True),
    ],
    streams=[stream("ticks", Record, key="key", into=count)],
    schedules=[
        schedule("daily", every=days(1), starts=count, message=Record(key="daily", number=1, word="")),
        schedule("broken", every=days(1), starts=count, message=Record(key="broken", number=1, word="fail")),
    ],
    endpoints=[endpoint("POST", "/tickets", starts=admit), endpoint("POST", "/looks", starts=look)],
    late_events={Answer: file_late},
)
