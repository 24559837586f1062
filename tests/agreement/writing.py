"""Write programs: random portable workflows as source text, with messages, contracts, handlers and an App.

A program is drawn from the leaves up: handlers first, then workflows that await them and one another; the last is the
one that is started. What the checker wants is kept in mind (what is caught, what is final, what has a value), so that
few programs are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from drawn_flow import QUICK, Flow
from vocabulary import DOES, HEAD, REACHES, READS, TAIL, UNDOES, Promise

RETRIES: Final = (
    *QUICK,
    "Retry(attempts=3, first=seconds(10), factor=2)",
    "Retry(attempts=4, first=seconds(40), factor=2, at_most=minutes(2))",
)


@dataclass
class Written:
    """Hold a program's text, and what may be started and asked."""

    source: str
    contracts: dict[str, tuple[str, bool]]
    """By contract that a handler fulfils: its effect, and whether it reaches outside."""
    refuses: dict[str, tuple[str, ...]]
    crowded: frozenset[str]
    """The contracts that are asked while something else is done beside them."""
    top: str


def write(random: Random, *, quick: bool) -> Written:
    """Draw a program; a quick one does not wait between attempts, and what is asked again after seconds is no race."""
    retries = QUICK if quick else RETRIES
    parts = [HEAD]
    fulfils: list[str] = []
    contracts: dict[str, tuple[str, bool]] = {}
    promises: list[Promise] = []
    refuses: dict[str, tuple[str, ...]] = {}
    effects = ["undone", "reads", *random.choices(["reads", "undone", "undone", "final"], k=random.randint(1, 4))]
    for number, effect in enumerate(effects):
        promise, text, outside = _handler(random, f"c{number}", effect, retries)
        promises.append(promise)
        parts.append(text)
        contracts[promise.name] = (effect, outside)
        refuses[promise.name] = promise.refuses
        fulfils.append(f"do_{promise.name}")
        if effect == "undone":
            contracts[f"undo_{promise.name}"] = ("undo", False)
            fulfils.append(f"do_undo_{promise.name}")
    flows = random.choice([1, 2, 2, 3, 3, 4])
    for number in range(flows):
        last = number == flows - 1
        promise, text = Flow(random, f"w{number}", promises, retries, last=last).written()
        promises.append(promise)
        parts.append(text)
        fulfils.append(f"flow_{promise.name}")
        if promise.effect == "undone":
            contracts[f"undo_{promise.name}"] = ("undo", False)
            fulfils.append(f"do_undo_{promise.name}")
    crowded = frozenset().union(*(promise.crowded for promise in promises))
    parts.append(TAIL % ", ".join([*fulfils, "do_late_word", "do_late_bell"]))
    return Written("".join(parts), contracts, refuses, crowded, promises[-1].name)


def _handler(random: Random, name: str, effect: str, retries: tuple[str, ...]) -> tuple[Promise, str, bool]:
    takes = random.choice(["Part", "Part", "Job"])
    refuses = tuple(random.choice([(), ("No",), ("No",), ("Closed",), ("No", "Closed")]))
    outside = effect != "reads" and random.random() < 0.4
    form = READS if effect == "reads" else REACHES if outside else DOES
    stated = {"undone": f"undone_by=undo_{name}", "final": "final=True", "reads": ""}[effect]
    retry = random.choice(retries)
    text = form.format(name=name, takes=takes, refuses=", ".join(refuses), effect=stated, retry=retry)
    if effect == "undone":
        text = UNDOES.format(name=name, takes=takes, retry=random.choice(retries)) + text
    promise = Promise(name, takes, effect, refuses, final=effect == "final", quick=retry in QUICK)
    return promise, text, outside
