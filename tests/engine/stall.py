"""A market stall whose handlers do what a plan tells them to, and whose workflows use every word there is.

    plan["make", "a"] = ["fail", "no"]     the first attempt fails, the second refuses, and the last goes on for ever
    ok  no  stranger (a refusal that nobody declared)  fail  large (an answer over the limit)  call (any function)

What `make` does is kept in the records, and `unmake` removes it; `buy` asks a gateway, and `sell` takes that back.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Protocol

from isthmus.adapters.sql.faults import Conflict, Duplicate
from isthmus.core import (
    PERSONAL,
    AnswerUnknown,
    App,
    Event,
    Gateway,
    Mailbox,
    Message,
    Publisher,
    Records,
    Reference,
    Refusal,
    Retry,
    TimedOut,
    Undo,
    contract,
    each,
    gather,
    handles,
    hours,
    minutes,
    schedule,
    seconds,
    sleep,
    stream,
    topic,
    wait_for,
    workflow,
)

AT_ONCE = Retry(attempts=3, first=seconds(0), factor=1)
SLOWLY = Retry(attempts=3, first=seconds(10), factor=2)


class Part(Message):
    name: str


class Thing(Message):
    text: str


class Job(Message, identity="id"):
    id: str
    a: Part
    b: Part
    c: Part


class Batch(Message, identity="id"):
    id: str
    parts: list[Part]


class Box(Message):
    parts: list[Part]


class Boxes(Message, identity="id"):
    id: str
    boxes: list[Box]


class Text(Message, identity="id"):
    id: str
    text: str


class Count(Message):
    count: int


class Done(Message):
    text: str


class Person(Message, identity="id", subject="id"):
    id: str
    name: Annotated[str, PERSONAL]


class Known(Message, subject="id"):
    id: str
    name: Annotated[str, PERSONAL]


class Word(Event):
    text: str


class Whisper(Event, subject="id"):
    id: str
    name: Annotated[str, PERSONAL]


class News(Message, identity="id"):
    id: str
    text: str


class Price(Message):
    name: str
    price: int


class No(Refusal):
    why: str


class Stranger(Refusal):
    why: str


class World(Protocol):
    def go(self, what: str, name: str) -> str:
        """Do as the plan says."""
        ...

    def unsay(self, asked: tuple[str, str], ways: list[Any]) -> None:
        """Forget one question, and let it go next time as it went."""
        with self._lock:
            del self.calls[len(self.calls) - 1 - self.calls[::-1].index(asked)]
            self[asked][:0] = ways

    def seen(self, what: str, name: str) -> None:
        """Note what a handler saw."""
        ...


class Market(Gateway[Part, Thing], Protocol):
    """Buy and sell."""


class Returns(Gateway[Part, Thing], Protocol):
    """Take purchases back."""


# What is promised


@contract(reads=True, refuses=[No], retry=AT_ONCE)
def look(part: Part) -> Thing:
    """Look at a part."""


@contract(retry=AT_ONCE, refuses=[No])
def unmake(undo: Undo[Part, Thing]) -> None:
    """Unmake a part."""


@contract(undone_by=unmake, refuses=[No], retry=AT_ONCE)
def make(part: Part) -> Thing:
    """Make a part."""


@contract(undone_by=unmake, retry=SLOWLY)
def craft(part: Part) -> Thing:
    """Make a part that takes several attempts."""


@contract(final=True, retry=AT_ONCE)
def ship(part: Part) -> Thing:
    """Ship a part, which cannot be undone."""


@contract(final=True, retry=AT_ONCE)
def announce(news: News) -> None:
    """Tell everyone."""


@contract(final=True, retry=AT_ONCE)
def shout(part: Part) -> None:
    """Say the name of the part to whoever waits for it."""


@contract(retry=AT_ONCE)
def sell(undo: Undo[Part, Thing]) -> None:
    """Sell again what was bought."""


@contract(undone_by=sell, refuses=[No], retry=AT_ONCE)
def buy(part: Part) -> Thing:
    """Buy a part at the market."""


@contract(final=True, retry=AT_ONCE)
def pay(part: Part) -> Thing:
    """Pay for a part at the market, which cannot be undone."""


@contract(undone_by=sell, retry=AT_ONCE, timeout=timedelta(milliseconds=300))
def haggle(part: Part) -> Thing:
    """Buy a part at a market that may take its time."""


@contract(reads=True, retry=AT_ONCE)
def peek(part: Part) -> Thing:
    """Look at a part and touch a table before the market has answered."""


@contract(final=True, retry=AT_ONCE)
def hear_first(news: News) -> None:
    """Hear the news."""


@contract(final=True, retry=AT_ONCE)
def hear_second(news: News) -> None:
    """Hear the news as well."""


@contract(final=True, retry=SLOWLY)
def hear_slowly(news: News) -> None:
    """Hear the news, in several attempts."""


@contract(final=True, retry=AT_ONCE)
def keep_price(price: Price) -> None:
    """Keep the last price."""


@contract(final=True, retry=AT_ONCE)
def keep_late(word: Word) -> None:
    """Keep a word that came too late."""


@contract(final=True, retry=AT_ONCE)
def keep_whisper(whisper: Whisper) -> None:
    """Keep a whisper that came too late."""


@contract(final=True, retry=AT_ONCE)
def sweep(text: Text) -> None:
    """Sweep the stall."""


@contract(reads=True, retry=AT_ONCE)
def meet(person: Person) -> Known:
    """Get to know a person."""


@contract(refuses=[No])
def uncraft(undo: Undo[Job, Done]) -> None:
    """Undo a kit as a whole."""


@contract(refuses=[No])
def chain(job: Job) -> Done:
    """Make two parts and look at the third."""


@contract(refuses=[No])
def side(job: Job) -> Done:
    """Make three parts side by side."""


@contract(refuses=[No])
def many(batch: Batch) -> Done:
    """Make all parts, two at a time."""


@contract()
def long(boxes: Boxes) -> Done:
    """Craft the parts of every box."""


@contract()
def slow(job: Job) -> Done:
    """Craft one part after making another."""


@contract()
def listen(job: Job) -> Done:
    """Wait for two words, each for half an hour."""


@contract()
def must_hear(job: Job) -> Done:
    """Make a part and wait for a word."""


@contract(refuses=[No])
def find_name(job: Job) -> Done:
    """Wait for a word whose key only a look can tell."""


@contract(refuses=[No])
def nap(job: Job) -> Done:
    """Make a part, sleep for an hour, and make another."""


@contract(refuses=[No])
def outer(job: Job) -> Done:
    """Make a part, have a chain done, and look at a part."""


@contract(undone_by=uncraft, refuses=[No])
def kit(job: Job) -> Done:
    """Do a chain that is undone as a whole."""


@contract(refuses=[No])
def outer_kit(job: Job) -> Done:
    """Have a kit done, and look at a part."""


@contract(refuses=[No])
def swell(job: Job) -> Done:
    """Make a part of what two looks have answered, which may be too much for a message."""


@contract(refuses=[No])
def swell_kit(job: Job) -> Done:
    """Have a kit done of what two looks have answered, which may be too much for a message."""


@contract()
def forgiving(job: Job) -> Done:
    """Have a chain done, and do without when it refuses."""


@contract(refuses=[No])
def outermost(job: Job) -> Done:
    """Have an outer chain done, and look at a part."""


@contract()
def seal(job: Job) -> Done:
    """Craft a part, ship the second, and craft the third."""


@contract()
def seal_outer(job: Job) -> Done:
    """Craft a part, and have a parcel sent."""


@contract()
def parcel(job: Job) -> Done:
    """Ship a part, and sleep over it."""


@contract()
def seal_child(job: Job) -> Done:
    """Ship a part, and have a slow chain done."""


@contract(refuses=[No])
def trade(job: Job) -> Done:
    """Make a part, buy the second, and look at the third."""


@contract(refuses=[No])
def outer_trade(job: Job) -> Done:
    """Have a trade done."""


@contract()
def bargain(job: Job) -> Done:
    """Haggle for a part."""


@contract()
def paying(job: Job) -> Done:
    """Craft a part, and pay for another."""


@contract()
def peep(job: Job) -> Done:
    """Peek at a part."""


@contract()
def report(news: News) -> Done:
    """Announce the news twice, from two places side by side."""


@contract()
def told(news: News) -> Done:
    """Take note of news."""


@contract()
def talk(job: Job) -> Done:
    """Have a word said, and wait for it."""


@contract()
def greet(person: Person) -> Known:
    """Meet a person, and wait for a whisper about them."""


@contract(refuses=[No])
def stock(batch: Batch) -> Done:
    """Buy all parts, two at a time."""


@contract(refuses=[No])
def outer_nap(job: Job) -> Done:
    """Have a nap."""


@contract(refuses=[No])
def twice(job: Job) -> Done:
    """Have a kit done twice."""


@contract()
def tick(text: Text) -> Done:
    """Sweep when it is time."""


# In what order


@workflow(chain)
async def chain_flow(job: Job) -> Done:
    await make(job.a)
    await make(job.b)
    seen = await look(job.c)
    return Done(text=seen.text)


@workflow(side)
async def side_flow(job: Job) -> Done:
    a, _b, _c = await gather(make(job.a), make(job.b), look(job.c))
    return Done(text=a.text)


@workflow(many)
async def many_flow(batch: Batch) -> Done:
    await each(make, batch.parts, at_most=2)
    return Done(text=batch.id)


@workflow(long)
async def long_flow(boxes: Boxes) -> Done:
    for box in boxes.boxes:
        await each(craft, box.parts, at_most=2)
    return Done(text=boxes.id)


@workflow(slow)
async def slow_flow(job: Job) -> Done:
    await craft(job.a)
    await craft(job.b)
    return Done(text="crafted")


@workflow(listen)
async def listen_flow(job: Job) -> Done:
    try:
        first = await wait_for(Word, key=job.id, within=minutes(30))
    except TimedOut:
        return Done(text="nothing")
    try:
        second = await wait_for(Word, key=job.id, within=minutes(30))
    except TimedOut:
        return Done(text=first.text)
    return Done(text=f"{first.text} {second.text}")


@workflow(must_hear)
async def must_hear_flow(job: Job) -> Done:
    await craft(job.a)
    word = await wait_for(Word, key=job.id, within=minutes(30))
    return Done(text=word.text)


@workflow(find_name)
async def find_name_flow(job: Job) -> Done:
    seen = await look(job.a)
    await sleep(hours(1))
    word = await wait_for(Word, key=seen.text, within=minutes(30))
    return Done(text=word.text)


@workflow(nap)
async def nap_flow(job: Job) -> Done:
    await make(job.a)
    await sleep(hours(1))
    await make(job.b)
    return Done(text="rested")


@workflow(outer)
async def outer_flow(job: Job) -> Done:
    await make(Part(name="before"))
    done = await chain(job)
    await look(Part(name="after"))
    return Done(text=done.text)


@workflow(kit)
async def kit_flow(job: Job) -> Done:
    await make(job.a)
    return Done(text="kit")


@workflow(outer_kit)
async def outer_kit_flow(job: Job) -> Done:
    done = await kit(job)
    await look(Part(name="after"))
    return Done(text=done.text)


@workflow(swell)
async def swell_flow(job: Job) -> Done:
    await make(job.a)
    first = await look(job.b)
    second = await look(job.c)
    await make(Part(name=f"{first.text}{second.text}"))
    return Done(text="made")


@workflow(swell_kit)
async def swell_kit_flow(job: Job) -> Done:
    await make(job.a)
    first = await look(job.b)
    second = await look(job.c)
    await kit(Job(id=job.id, a=Part(name=first.text), b=Part(name=second.text), c=job.c))
    return Done(text="made")


@workflow(forgiving)
async def forgiving_flow(job: Job) -> Done:
    try:
        done = await chain(job)
    except No:
        await craft(Part(name="instead"))
        return Done(text="without")
    return Done(text=done.text)


@workflow(outermost)
async def outermost_flow(job: Job) -> Done:
    done = await outer(job)
    await look(Part(name="at last"))
    return Done(text=done.text)


@workflow(seal)
async def seal_flow(job: Job) -> Done:
    await craft(job.a)
    await ship(job.b)
    await ship(job.c)
    return Done(text="sealed")


@workflow(parcel)
async def parcel_flow(job: Job) -> Done:
    await ship(job.b)
    await sleep(hours(1))
    return Done(text="sent")


@workflow(seal_outer)
async def seal_outer_flow(job: Job) -> Done:
    await craft(job.a)
    await parcel(job)
    return Done(text="sealed")


@workflow(seal_child)
async def seal_child_flow(job: Job) -> Done:
    await ship(job.c)
    done = await slow(job)
    return Done(text=done.text)


@workflow(trade)
async def trade_flow(job: Job) -> Done:
    await make(job.a)
    bought = await buy(job.b)
    await look(job.c)
    return Done(text=bought.text)


@workflow(outer_trade)
async def outer_trade_flow(job: Job) -> Done:
    done = await trade(job)
    return Done(text=done.text)


@workflow(bargain)
async def bargain_flow(job: Job) -> Done:
    bought = await haggle(job.b)
    return Done(text=bought.text)


@workflow(paying)
async def paying_flow(job: Job) -> Done:
    await craft(job.a)
    paid = await pay(job.b)
    return Done(text=paid.text)


@workflow(peep)
async def peep_flow(job: Job) -> Done:
    seen = await peek(job.b)
    return Done(text=seen.text)


@workflow(report)
async def report_flow(news: News) -> Done:
    await gather(announce(news), announce(News(id=news.id, text="first")))
    await gather(announce(news), announce(News(id=news.id, text="second")))
    return Done(text=news.text)


@workflow(told)
async def told_flow(news: News) -> Done:
    await craft(Part(name=news.id))
    return Done(text=news.text)


@workflow(talk)
async def talk_flow(job: Job) -> Done:
    await gather(shout(job.a), look_twice(job.b))
    try:
        word = await wait_for(Word, key=job.id, within=minutes(30))
    except TimedOut:
        return Done(text="silence")
    return Done(text=word.text)


@workflow(greet)
async def greet_flow(person: Person) -> Known:
    await meet(person)
    whisper = await wait_for(Whisper, key=person.id, within=minutes(30))
    return Known(id=whisper.id, name=whisper.name)


@workflow(stock)
async def stock_flow(batch: Batch) -> Done:
    await each(buy, batch.parts, at_most=2)
    return Done(text=batch.id)


@workflow(outer_nap)
async def outer_nap_flow(job: Job) -> Done:
    done = await nap(job)
    return Done(text=done.text)


@workflow(twice)
async def twice_flow(job: Job) -> Done:
    await gather(kit(job), kit(job))
    return Done(text="twice")


@workflow(tick)
async def tick_flow(text: Text) -> Done:
    await sweep(text)
    return Done(text=text.text)


@contract(reads=True, retry=AT_ONCE)
def look_twice(part: Part) -> Thing:
    """Look at a part, and look again."""


# How


@handles(look)
def look_at(part: Part, world: World) -> Thing:
    return Thing(text=world.go("look", part.name))


@handles(look_twice)
def look_again(part: Part, world: World) -> Thing:
    return Thing(text=world.go("look", part.name))


@handles(make)
def make_part(part: Part, things: Records[Thing], world: World) -> Thing:
    things.put(part.name, Thing(text="made"))
    return Thing(text=world.go("make", part.name))


@handles(unmake)
def unmake_part(undo: Undo[Part, Thing], things: Records[Thing], world: World) -> None:
    things.remove(undo.input.name)
    world.go("unmake", undo.input.name)


@handles(craft)
def craft_part(part: Part, things: Records[Thing], world: World) -> Thing:
    things.put(part.name, Thing(text="crafted"))
    return Thing(text=world.go("craft", part.name))


@handles(ship)
def ship_part(part: Part, things: Records[Thing], world: World) -> Thing:
    things.put(f"shipped {part.name}", Thing(text="shipped"))
    return Thing(text=world.go("ship", part.name))


@handles(announce)
def announce_news(news: News, publisher: Publisher[News], world: World) -> None:
    publisher.publish(news)
    publisher.publish(News(id=news.id, text=f"{news.text} again"))
    world.go("announce", news.id)


@handles(shout)
def shout_word(part: Part, mailbox: Mailbox[Word], world: World) -> None:
    mailbox.send(Word(text="shouted"), key=part.name)
    world.go("shout", part.name)


@handles(buy)
def buy_part(part: Part, market: Market, reference: Reference, things: Records[Thing], world: World) -> Thing:
    bought = market.call(reference, part)
    things.put(part.name, bought)
    return Thing(text=world.go("buy", part.name))


@handles(pay)
def pay_for(part: Part, market: Market, reference: Reference) -> Thing:
    return market.call(reference, part)


@handles(haggle)
def haggle_for(part: Part, market: Market, reference: Reference) -> Thing:
    return market.call(reference, part)


@handles(sell)
def sell_part(undo: Undo[Part, Thing], market: Returns, reference: Reference, things: Records[Thing]) -> None:
    market.call(reference, undo.input)
    things.remove(undo.input.name)


@handles(peek)
def peek_first(part: Part, market: Market, reference: Reference, things: Records[Thing], world: World) -> Thing:
    how = world.go("peek", part.name)
    if how == "peek":
        things.get(part.name)
    if how == "inquire":
        market.inquire(reference, part)
    if how == "large":
        return Thing(text="x" * 40_000)
    if how == "nothing":
        return None  # type: ignore[return-value]
    return market.call(reference, part)


@handles(hear_first)
def hear(news: News, counts: Records[Count], world: World) -> None:
    world.go("hear first", f"{news.id} {news.text}")
    add_one(counts, f"first {news.id} {news.text}")


@handles(hear_second)
def hear_too(news: News, counts: Records[Count], world: World) -> None:
    world.go("hear second", f"{news.id} {news.text}")
    add_one(counts, f"second {news.id} {news.text}")


@handles(hear_slowly)
def hear_at_leisure(news: News, world: World) -> None:
    world.go("hear slowly", f"{news.id} {news.text}")


@handles(keep_price)
def keep_last(price: Price, things: Records[Count]) -> None:
    things.put(price.name, Count(count=price.price))


@handles(keep_late)
def count_late(word: Word, counts: Records[Count]) -> None:
    add_one(counts, f"late {word.text}")


@handles(keep_whisper)
def whisper_late(whisper: Whisper, world: World) -> None:
    world.seen("whisper", whisper.name)


@handles(sweep)
def sweep_stall(text: Text, world: World) -> None:
    world.go("sweep", text.text)


@handles(meet)
def meet_person(person: Person, people: Records[Known], world: World) -> Known:
    world.seen("meet", person.name)
    known = Known(id=person.id, name=person.name)
    people.put(person.id, known)
    world.go("meet", person.id)
    return known


@handles(uncraft)
def uncraft_kit(undo: Undo[Job, Done], things: Records[Thing], world: World) -> None:
    things.remove(undo.input.a.name)
    world.go("uncraft", undo.input.id)


def add_one(counts: Records[Count], key: str) -> None:
    """Count one more of something."""
    before = counts.get(key)
    counts.put(key, Count(count=1 + (before.count if before else 0)))


class Asked(threading.local):
    """Keep what the unit of work of this thread has asked of plans, in case it loses and has not happened."""

    def __init__(self) -> None:
        self.by_this_unit: list[tuple[Plan, tuple[str, str], list[Any]]] = []

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Take back what was asked within when it loses against another unit of work: it will be asked again."""
        self.by_this_unit.clear()
        try:
            yield
        except (Conflict, Duplicate):
            for plan, asked, ways in reversed(self.by_this_unit):
                plan.unsay(asked, ways)
            raise


ASKED = Asked()


class Plan(defaultdict[tuple[str, str], list[Any]]):
    """Say how each attempt of each thing goes, and keep what was asked."""

    def __init__(self) -> None:
        super().__init__(list)
        self.calls: list[tuple[str, str]] = []
        self.saw: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def go(self, what: str, name: str) -> str:
        """Do as the plan says: the last of its entries goes on for ever."""
        with self._lock:
            self.calls.append((what, name))
            ways = self[what, name]
            popped = len(ways) > 1
            how = ways.pop(0) if popped else (ways[0] if ways else "ok")
        again = popped and not callable(how)  # what is done outside of the unit of work stays done
        ASKED.by_this_unit.append((self, (what, name), [how] if again else []))
        if how == "no":
            raise No(why=name)
        if how == "stranger":
            raise Stranger(why=name)
        if how == "fail":
            raise ConnectionError(f"{what} {name} is down")
        if how == "large":
            return "x" * 40_000
        return str(how()) if callable(how) else f"{what} {name}" if how == "ok" else str(how)

    def unsay(self, asked: tuple[str, str], ways: list[Any]) -> None:
        """Forget one question, and let it go next time as it went."""
        with self._lock:
            del self.calls[len(self.calls) - 1 - self.calls[::-1].index(asked)]
            self[asked][:0] = ways

    def seen(self, what: str, name: str) -> None:
        """Note what a handler saw."""
        self.saw.append((what, name))

    def count(self, what: str, name: str) -> int:
        """Say how often something was asked."""
        return self.calls.count((what, name))


class Outside:
    """Be a market: `plan["call", name]` says how a call goes, `plan["inquire", name]` how an inquiry does.

    ok  lost (done, and the answer lost)  fail (nothing done)  unknown (an inquiry that nobody can answer)
    """

    def __init__(self, plan: Plan, what: str) -> None:
        self.done: list[str] = []
        self.references: dict[str, Thing] = {}
        self._plan = plan
        self._what = what

    def call(self, reference: str, request: Part) -> Thing:
        assert reference not in self.references, f"{request.name} was asked for twice"
        how = self._plan.go(f"{self._what} call", request.name)
        self.done.append(request.name)
        self.references[reference] = Thing(text=f"{self._what} {request.name}")
        if how == "lost":
            raise ConnectionError("the answer was lost")
        return self.references[reference]

    def inquire(self, reference: str, request: Part) -> Thing | None:
        if self._plan.go(f"{self._what} inquire", request.name) == "unknown":
            raise AnswerUnknown("nobody knows")
        return self.references.get(reference)


class Stall:
    """Hold what stands outside the database of one test; the stall that was made last is the one that is open."""

    def __init__(self) -> None:
        self.plan = Plan()
        self.market = Outside(self.plan, "market")
        self.returns = Outside(self.plan, "returns")
        OPEN[:] = [self]


OPEN: list[Stall] = []

FULFILS: list[Any] = [
    *(chain_flow, side_flow, many_flow, long_flow, slow_flow, listen_flow, must_hear_flow, find_name_flow, nap_flow),
    *(outer_flow, kit_flow, outer_kit_flow, forgiving_flow, outermost_flow, seal_flow, parcel_flow, seal_outer_flow),
    *(seal_child_flow, trade_flow, bargain_flow, peep_flow, report_flow, told_flow, talk_flow, greet_flow, tick_flow),
    *(look_at, look_again, make_part, unmake_part, craft_part, ship_part, announce_news, shout_word, buy_part),
    *(outer_trade_flow, paying_flow, pay_for, stock_flow, outer_nap_flow, twice_flow),
    *(haggle_for, sell_part, peek_first, hear, hear_too, hear_at_leisure, keep_last, count_late, whisper_late),
    *(sweep_stall, meet_person, uncraft_kit, swell_flow, swell_kit_flow),
]


def stall_app(*, fulfils: list[Any] | None = None, schedules: tuple[Any, ...] = ()) -> App:
    """Return the App, or a variant of it."""
    made = App(
        "stall",
        fulfils=fulfils or FULFILS,
        topics=[
            topic("news", News, key="id", subscribers=[hear_first, hear_second], external=True),
        ],
        streams=[stream("prices", Price, key="name", into=keep_price)],
        schedules=schedules,
        late_events={Word: keep_late, Whisper: keep_whisper},
    )
    made.bind(World, lambda: OPEN[0].plan)
    made.bind(Market, lambda: OPEN[0].market)
    made.bind(Returns, lambda: OPEN[0].returns)
    return made


STALL = stall_app().load()
SWEPT = stall_app(
    schedules=(
        schedule("broom", every=hours(1), starts=sweep, message=Text(id="broom", text="handler")),
        schedule("mop", every=hours(2), starts=tick, message=Text(id="mop", text="workflow")),
    )
).load()


def a_job(name: str, a: str = "a", b: str = "b", c: str = "c") -> Job:
    """Return a job whose parts have these names."""
    return Job(id=name, a=Part(name=a), b=Part(name=b), c=Part(name=c))
