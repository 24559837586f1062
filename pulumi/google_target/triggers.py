"""Triggers: what calls the units from outside, as `isthmus package google` lists it for each folder.

push       POST /pubsub/tickets.bought/book     a subscription of a topic, one for each subscriber
schedule   POST /schedules/night                a job of Cloud Scheduler, at the minutes of its cron, in UTC
sweep      POST /sweep                          a job of Cloud Scheduler, every minute
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Final

import msgspec

from isthmus.provision.demand import Demand, Reached

MINUTE, HOUR, DAY = 60, 3_600, 86_400
EVERY_MINUTE: Final = "* * * * *"
STREAM: Final = "stream:"
"""How the topic of a stream is called by the code."""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """Be a subscription that hands a topic's messages to a unit."""

    unit: str
    path: str
    topic: str
    subscription: str


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Be a job that calls a unit again and again."""

    unit: str
    path: str
    cron: str
    attempts_more: int

    @property
    def name(self) -> str:
        """Return what the job is called."""
        return self.path.strip("/").replace("/", "-")


def pushes_of(demand: Demand) -> Iterator[Push]:
    """Yield the subscriptions of an App."""
    for topic in demand.topics:
        yield from (_push(topic.name, one) for one in topic.subscribers)
    for stream in demand.streams:
        yield _push(f"{STREAM}{stream.name}", stream.into)


def _push(topic: str, reached: Reached) -> Push:
    name = plain(topic)
    return Push(
        unit=reached.unit,
        path=f"/pubsub/{name}/{reached.contract}",
        topic=name,
        subscription=f"{name}.{reached.contract}",
    )


def ticks_of(demand: Demand) -> Iterator[Tick]:
    """Yield the jobs of an App; a sweep that fails is followed by another in a minute."""
    for one in demand.schedules:
        yield Tick(unit=one.unit, path=f"/schedules/{one.name}", cron=cron_of(one.every_seconds), attempts_more=5)
    yield Tick(unit=demand.home.name, path="/sweep", cron=EVERY_MINUTE, attempts_more=0)


def topics_of(demand: Demand) -> dict[str, tuple[str, ...]]:
    """Return the topics of an App, its streams among them, by the names that Pub/Sub has them by: what each carries."""
    topics = {plain(topic.name): topic.data_classes for topic in demand.topics}
    return topics | {plain(f"{STREAM}{stream.name}"): stream.data_classes for stream in demand.streams}


def plain(topic: str) -> str:
    """Return the name of a topic as Pub/Sub takes it, which allows no colon."""
    return topic.replace(":", ".")


def cron_of(every_seconds: int) -> str:
    """Return the expression that fires at every tick of a period of whole minutes, and more often where none fits.

    A call that comes too early does nothing: the unit looks whether a tick is due.
    """
    if not every_seconds % DAY:
        return "0 0 * * *"
    if not every_seconds % HOUR:
        return f"0 */{gcd(every_seconds // HOUR, 24)} * * *"
    return f"*/{gcd(every_seconds // MINUTE, 60)} * * * *"
