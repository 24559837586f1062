"""Fitness: what Google Cloud would refuse of an App, or take for something else, told before it is deployed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from starlette.routing import compile_path

from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.adapters.gcp.limits import CompilationRefused
from isthmus.adapters.gcp.naming import environment, topic_name, workflow_name
from isthmus.adapters.gcp.paths import CONTRACTS, OF_FRAMEWORK, PUBSUB, RUNS, SCHEDULES, SWEEP, WAITS, is_private
from isthmus.adapters.gcp.triggers import Kind, Trigger, triggers_of
from isthmus.adapters.runtime.cron import MINUTE
from isthmus.adapters.runtime.operations import subscribers
from isthmus.core.composition import Composition
from isthmus.core.errors import SourceError

CONTRACT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
UNIT_NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
TOPIC_NAME: Final = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
SUBSCRIPTION_NAME: Final = TOPIC_NAME
JOB_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")

A_NAME: Final = "x"
SAMPLES: Final = (
    *WAITS,
    SWEEP,
    *(f"{prefix}{A_NAME}" for prefix in (CONTRACTS, RUNS, SCHEDULES)),
    f"{PUBSUB}{A_NAME}/{A_NAME}",
)
"""Paths of ours that an endpoint's path with parameters could take for its own."""


class UnfitForGoogle(SourceError):
    """Report every reason for which an App cannot be on Google Cloud."""

    code = "ISTH155"

    def __init__(self, app: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"app {app} has {count} on Google Cloud:\n" + "\n".join(problems))


def workflows_of(composition: Composition) -> dict[str, str]:
    """Return the YAML of every version of the workflows that an App carries, by what it is called on Workflows.

    Raises UnfitForGoogle (ISTH155) with everything that Google Cloud would refuse of the App.
    """
    found = [
        *_wrong_units(composition),
        *_wrong_contracts(composition),
        *_wrong_schedules(composition),
        *_wrong_topics(triggers_of(composition)),
        *_topics_taken_twice(composition),
        *_paths_of_ours(triggers_of(composition)),
    ]
    compiled: dict[str, str] = {}
    for contract, version in composition.versions:
        try:
            compiled[workflow_name(contract, version)] = compile_workflow(composition, contract, version)
        except CompilationRefused as refused:
            found.append(str(refused))
    if found:
        raise UnfitForGoogle(composition.name, list(dict.fromkeys(found)))
    return compiled


def _wrong_units(composition: Composition) -> Iterator[str]:
    known: dict[str, str] = {}
    for name in composition.blueprint.units:
        if not UNIT_NAME.fullmatch(name):
            yield (
                f"unit {name}: it names a service; give a name of lower case letters, digits and -, "
                "a letter first, 32 characters at most"
            )
        other = known.setdefault(environment(name), name)
        if other != name:
            yield f"unit {name}: its address would be that of unit {other} (rename one of them)"


def _wrong_contracts(composition: Composition) -> Iterator[str]:
    for name in [*composition.handlers, *composition.workflows]:
        if not CONTRACT_NAME.fullmatch(name):
            yield (
                f"contract {name}: it cannot name a workflow or a path; give a name of which a letter comes first, "
                "then letters of a to z, digits and _"
            )


def _wrong_schedules(composition: Composition) -> Iterator[str]:
    for schedule in composition.app.schedules:
        if schedule.every % MINUTE:
            yield f"schedule {schedule.name}: no job calls every {schedule.every}; give whole minutes"
        if not JOB_NAME.fullmatch(schedule.name):
            yield f"schedule {schedule.name}: Cloud Scheduler takes no such job; name it by letters, digits, _ and -"


def _wrong_topics(triggers: Sequence[Trigger]) -> Iterator[str]:
    rule = "give it a name of 3 to 255 letters, digits, -, ., _, ~, + and %, a letter first, and not goog"
    for one in triggers:
        if one.kind is Kind.PUSH and not TOPIC_NAME.fullmatch(one.topic):
            yield f"topic {one.topic}: Pub/Sub takes no such topic; {rule}"
        elif one.kind is Kind.PUSH and not SUBSCRIPTION_NAME.fullmatch(one.subscription):
            yield f"topic {one.topic}: Pub/Sub takes no subscription {one.subscription}; {rule}"


def _topics_taken_twice(composition: Composition) -> Iterator[str]:
    """Yield each name that several topics would have there, since a colon becomes a dot."""
    names = list(subscribers(composition))
    times = Counter(map(topic_name, names))
    for name in (name for name, count in times.items() if count > 1):
        several = ", ".join(one for one in names if topic_name(one) == name)
        yield f"topic {name}: it would be several: {several}; rename all but one"


def _paths_of_ours(triggers: Sequence[Trigger]) -> Iterator[str]:
    """Yield endpoints that would never be asked, or not always: their path is one of ours, or of the framework."""
    for one in triggers:
        if one.kind is not Kind.ENDPOINT:
            continue
        place, pattern = f"endpoint {one.method} {one.path}", compile_path(one.path)[0]
        if is_private(one.path) or any(pattern.match(path) for path in SAMPLES):
            yield (
                f"{place}: {CONTRACTS}, {RUNS}, {PUBSUB}, {SCHEDULES}, {SWEEP} and /events are asked by Google's "
                "services; give a path that none of these can be"
            )
        elif one.method == "GET" and any(pattern.match(path) for path in OF_FRAMEWORK):
            yield f"{place}: functions-framework answers {' and '.join(OF_FRAMEWORK)} itself; give another path"
