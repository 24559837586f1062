"""Triggers: what calls an App's functions from outside, and where: made by Pulumi, or by hand, from this list.

    endpoint   POST /tickets                    the App's users
    push       POST /pubsub/told/note           a subscription of a topic, one for each subscriber
    schedule   POST /schedules/daily            a job of Cloud Scheduler, at the minutes of its cron, in UTC
    sweep      POST /sweep                      a job of Cloud Scheduler, every minute

All but endpoints are called with a token of a service account that ISTHMUS_CALLERS names.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from isthmus.adapters.gcp.naming import subscription_name, topic_name
from isthmus.adapters.gcp.paths import PUBSUB, SCHEDULES, SWEEP
from isthmus.adapters.gcp.surroundings import HANDLED_HERE
from isthmus.adapters.runtime.cron import cron_of
from isthmus.adapters.runtime.operations import subscribers
from isthmus.adapters.runtime.units import home_unit
from isthmus.core.composition import Composition

EVERY_MINUTE: Final = "* * * * *"


class Kind(StrEnum):
    """Say who calls."""

    ENDPOINT = "endpoint"
    PUSH = "push"
    SCHEDULE = "schedule"
    SWEEP = "sweep"


class Trigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Be one way in which a unit's function is called."""

    kind: Kind
    unit: str
    path: str
    method: str = "POST"
    topic: str = ""
    subscription: str = ""
    cron: str = ""


def triggers_of(composition: Composition) -> list[Trigger]:
    """Return what calls an App, each for the unit of the contract that it is about."""
    return [*_endpoints(composition), *_pushes(composition), *_jobs(composition)]


def _endpoints(composition: Composition) -> Iterator[Trigger]:
    for one in composition.app.endpoints:
        yield Trigger(kind=Kind.ENDPOINT, unit=one.starts.unit, path=one.path, method=one.method.upper())


def _pushes(composition: Composition) -> Iterator[Trigger]:
    for topic, names in subscribers(composition).items():
        if topic.startswith(HANDLED_HERE):
            continue
        for name in names:
            yield Trigger(
                kind=Kind.PUSH,
                unit=composition.contracts[name].unit,
                path=f"{PUBSUB}{topic_name(topic)}/{name}",
                topic=topic_name(topic),
                subscription=subscription_name(topic, name),
            )


def _jobs(composition: Composition) -> Iterator[Trigger]:
    for one in composition.app.schedules:
        path = f"{SCHEDULES}{one.name}"
        yield Trigger(kind=Kind.SCHEDULE, unit=one.starts.unit, path=path, cron=cron_of(one.every))
    yield Trigger(kind=Kind.SWEEP, unit=home_unit(composition), path=SWEEP, cron=EVERY_MINUTE)
