"""A run replayed from any prefix of its record makes the same decisions, whatever the order its steps ended in."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.core import (
    App,
    Event,
    Message,
    Refusal,
    TimedOut,
    contract,
    each,
    gather,
    handles,
    minutes,
    sleep,
    wait_for,
    workflow,
)
from isthmus.core.testing import Laptop, run_locally


class Trip(Message, identity="id"):
    id: str
    stops: list[int]
    signal: bool


class Leg(Message, identity="id"):
    id: str
    number: int


class Seen(Message):
    number: int


class Total(Message):
    legs: int
    seen: list[Seen]


class Signal(Event):
    number: int


class Closed(Refusal):
    number: int


@contract(reads=True, refuses=[Closed])
def travel(trip: Trip) -> Total:
    """Go everywhere, and come back with what was seen."""


@contract(reads=True, refuses=[Closed])
def go_round(leg: Leg) -> Seen:
    """Go round a leg, in steps of its own."""


@contract(reads=True, refuses=[Closed])
def see(leg: Leg) -> Seen:
    """See what there is; every fifth place is closed."""


@contract(final=True)
def keep_late(signal: Signal) -> None:
    """Keep a signal that came late."""


@workflow(travel)
async def travel_flow(trip: Trip) -> Total:
    legs = 0
    first, second = await gather(go_round(Leg(id=f"{trip.id}-a", number=1)), see(Leg(id=f"{trip.id}-b", number=2)))
    for stop in trip.stops:
        try:
            await see(Leg(id=trip.id, number=stop))
            legs = legs + 1
        except Closed:
            await sleep(minutes(1))
    seen = await each(go_round, [Leg(id=f"{trip.id}-c", number=3), Leg(id=f"{trip.id}-d", number=4)], at_most=2)
    try:
        signal = await wait_for(Signal, key=trip.id, within=minutes(5))
        await see(Leg(id=trip.id, number=signal.number))
    except TimedOut:
        await see(Leg(id=trip.id, number=first.number))
    if second.number == 2:
        legs = legs + 1
    return Total(legs=legs, seen=seen)


@workflow(go_round)
async def round_flow(leg: Leg) -> Seen:
    one = await see(Leg(id=leg.id, number=leg.number))
    two, three = await gather(see(Leg(id=leg.id, number=one.number)), see(Leg(id=leg.id, number=leg.number)))
    if two.number == three.number:
        return two
    return one


@handles(see)
def see_place(leg: Leg) -> Seen:
    if leg.number % 5 == 0:
        raise Closed(number=leg.number)
    return Seen(number=leg.number)


@handles(keep_late)
def keep_nothing(signal: Signal) -> None:
    del signal


APP = App("trips", fulfils=[travel_flow, round_flow, see_place, keep_nothing], late_events={Signal: keep_late})
TRIPS = st.builds(
    Trip,
    id=st.just("t"),
    stops=st.lists(st.integers(0, 12), max_size=3),
    signal=st.booleans(),
)
DECIDED = """
select run.contract, run.identity, inbox.step, inbox.contract, inbox.input_hash, inbox.state, inbox.answer
from inbox join run using (run_id) order by 1, 2, 3
"""
RUNS = "select contract, identity, status, outcome, version from run order by 1, 2"


def go(world: Laptop, trip: Trip) -> None:
    world.start(travel, trip)
    for _turn in range(len(trip.stops) + 1):
        world.move(timedelta(minutes=1))
    if trip.signal:
        world.send(Signal(number=7), key=trip.id, event_id="signal")
    world.move(timedelta(minutes=10))


def decided(world: Any) -> tuple[list[Any], list[Any]]:
    return world.rows(DECIDED), world.rows(RUNS)


def forget_after(world: Any, kept: int) -> None:
    """Cut the record of the trip after so many of its steps, as if the rest had never been heard of."""
    connection = sqlite3.connect(world.database)
    (run_id,) = connection.execute("select run_id from run where contract = 'travel'").fetchone()
    steps = [
        step
        for (step,) in connection.execute(
            "select step from inbox where run_id = ? order by recorded_at, ordinal, branch", (run_id,)
        )
    ]
    gone = steps[kept:]
    for step in gone:
        for (child,) in connection.execute(
            "select run_id from run where parent_run = ? and parent_step = ?", (run_id, step)
        ).fetchall():
            connection.execute("delete from inbox where run_id = ?", (child,))
            connection.execute("delete from run where run_id = ?", (child,))
        connection.execute("delete from inbox where run_id = ? and step = ?", (run_id, step))
        connection.execute("delete from wait where run_id = ? and step = ?", (run_id, step))
        connection.execute("delete from timer where run_id = ? and step = ?", (run_id, step))
        connection.execute(
            "update mailbox set state = 'queued', taken_by_run = null, taken_by_step = null where taken_by_step = ?",
            (step,),
        )
    connection.execute(
        "update run set status = 'running', outcome = null, ending = null, ended_at = null where run_id = ?", (run_id,)
    )
    connection.commit()
    connection.close()


@settings(max_examples=examples(15), deadline=None)
@given(TRIPS, st.data())
def test_a_run_replayed_from_any_prefix_of_its_record_decides_the_same(trip: Trip, data: st.DataObject) -> None:
    with run_locally(APP) as world:
        go(world, trip)
        before = decided(world)
        (count,) = world.rows("select count(*) from inbox join run using (run_id) where run.contract = 'travel'")[0]
        kept = data.draw(st.integers(0, count), label="kept")

        world.stop()
        forget_after(world, kept)
        world.restart()
        for _turn in range(len(trip.stops) + 11):
            world.move(timedelta(minutes=1))

        assert decided(world) == before
