"""Draw cases: a program, how its calls go, and what comes from outside, when.

What comes is drawn while the model goes along: an event is sent to who waits, to who will, or to nobody any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from case import Action, Case, Row
from formulas import TEXTS
from model import LIVE, Model
from walker import Text
from writing import Written, write

MARKS: Final = ("red", "bl${ue}", "green")
POINTS: Final = ("before_commit", "after_commit", "before_call", "after_call")
ACTIONS_MAX: Final = 8
MARGIN_S: Final = 20


@dataclass
class Drawn:
    """Be a case, and the model that has gone through it."""

    case: Case
    model: Model


def draw(random: Random) -> Drawn:
    """Draw a case."""
    fault = (random.choice(POINTS), random.randint(1, 25)) if random.random() < 0.25 else None
    twice = fault is None and random.random() < 0.2
    written = write(random, quick=fault is not None or twice)
    rows = {name: _rows(random, written, name) for name in written.contracts}
    text = Text(written.source)
    model = Model(text, rows)
    actions = _Plot(random, written, text, model, faulty=fault is not None).actions()
    choices = random.randrange(1_000_000)
    return Drawn(Case(written.source, rows, actions, fault, twice, choices), model)


def _rows(random: Random, written: Written, contract: str) -> list[Row]:
    effect, outside = written.contracts[contract]
    refuses = written.refuses.get(contract, ())
    hows = ["ok"] * 12 + ["few", "few"]
    if effect == "undo":
        hows = ["ok"] * 8 + ["few", "few", "fail", "no"]
    else:
        hows += ["fail", *(["no"] * 2 if "No" in refuses else []), *(["closed"] * 2 if "Closed" in refuses else [])]
        hows += random.choices(["stranger", "large", "ok"], k=1)
        hows += ["lost", "lost"] if outside else []
        if outside and contract not in written.crowded:  # what else goes on when nobody knows depends on who was first
            hows += ["unknown"] * 3
    return [
        {"how": random.choice(hows), "times": random.randint(1, 3), "answer": _answer(random)}
        for _ in range(random.randint(1, 4))
    ]


def _answer(random: Random) -> dict[str, Any]:
    parts = [_part(random, "") for _ in range(random.choice([0, 1, 2, 3]))]
    return {"text": random.choice(["a", "b", ""]), **_fields(random), "tags": _tags(random), "parts": parts}


def _fields(random: Random) -> dict[str, Any]:
    return {
        "number": random.choice([0, 1, 2, 3, -1, 7]),
        "open": random.random() < 0.5,
        "mark": random.choice(MARKS),
        "note": random.choice([None, None, *TEXTS]),
    }


def _tags(random: Random) -> list[str]:
    return random.choices(TEXTS, k=random.randint(0, 3))


def _part(random: Random, identity: str) -> dict[str, Any]:
    return {"id": identity, **_fields(random)}


class _Plot:
    """Draw what comes from outside, as the model goes along."""

    def __init__(self, random: Random, written: Written, text: Text, model: Model, *, faulty: bool) -> None:
        self._faulty = faulty
        self._random = random
        self._written = written
        self._text = text
        self._model = model
        self._done: list[Action] = []
        self._events = 0
        self._jobs = 0

    def actions(self) -> list[Action]:
        """Return what comes."""
        self._do(self._start())
        for _ in range(self._random.randint(1, ACTIONS_MAX)):
            for action in self._next():
                if action[0] == "move":
                    self._move(action[1])
                else:
                    self._do(action)
        self._drain()
        if any(letter.open for letter in self._model.letters) and self._random.random() < 0.6:
            self._do(("repair",))
            self._do(("replay",))
            self._drain()
        if self._random.random() < 0.3:
            self._do(self._late())
        self._model.sweep()
        return self._done

    def _do(self, action: Action) -> None:
        self._done.append(action)
        self._model.do(action)

    def _move(self, seconds: int) -> None:
        """Let time pass; where requests get lost, so far that what is asked again some seconds later is no race."""
        self._do(("move", seconds))
        for _ in range(20):
            if not self._faulty or not self._model.is_near(MARGIN_S):
                return
            self._do(("move", MARGIN_S + 7))

    def _drain(self) -> None:
        """Let time pass until nothing is due any more."""
        if self._random.random() < 0.6 and self._model.waits:
            self._do(self._to_a_wait())
        self._move(3 * 86_400)

    def _start(self) -> Action:
        self._jobs += 1
        identity = f"j{self._jobs}"
        parts = [_part(self._random, f"{identity}.p{place}") for place in range(self._random.choice([0, 1, 2, 3, 3]))]
        job = {"id": identity, **_fields(self._random), "tags": _tags(self._random), "parts": parts}
        return ("start", self._written.top, job)

    def _next(self) -> list[Action]:
        draws: list[tuple[float, str]] = [(3.0, "move"), (0.4, "late"), (0.5, "start"), (0.3, "again")]
        if self._model.waits:
            draws += [(5.0, "to_a_wait"), (1.0, "nearly")]
        if self._awaited_later():
            draws.append((6.0, "early"))
        if any(run.status == "running" for run in self._model.tops):
            draws.append((0.9, "cancel"))
        if self._above_a_take_back():
            draws.append((12.0, "cancel_above"))
        if self._model.mail:
            draws.append((0.5, "repeat"))
        if any(letter.open for letter in self._model.letters):
            draws += [(1.5, "repair")]
        (what,) = self._random.choices([name for _, name in draws], [weight for weight, _ in draws])
        match what:
            case "move":
                return [("move", self._random.choice([1, 9, 10, 30, 60, 120, 300, 3_600]))]
            case "nearly":
                wait = self._random.choice(self._model.waits)
                return [("move", max(0, wait.due - self._model.now - self._random.choice([0, 1])))]
            case "start":
                return [self._start()] if self._jobs < 3 else []
            case "again":
                return [next(action for action in self._done if action[0] == "start")]
            case "cancel":
                return [("cancel", self._random.randrange(len(self._model.tops)))]
            case "cancel_above":
                return [("cancel", self._random.choice(self._above_a_take_back()))]
            case "repeat":
                mail = self._random.choice(self._model.mail)
                return [("send", mail.event, mail.key, mail.number, mail.body)]
            case "repair":
                return [("repair",), ("replay",)] if self._random.random() < 0.7 else [("replay",)]
            case "early":
                return [self._event(*self._random.choice(self._awaited_later()))]
            case "late":
                return [self._late()]
        return [self._to_a_wait()]

    def _event(self, event: str, key: str) -> Action:
        self._events += 1
        number = f"e{self._events}"
        body: dict[str, Any] = {"text": number, "number": self._random.randint(-2, 5)}
        if event == "Bell":
            body = {"text": number, "open": self._random.random() < 0.5}
        return ("send", event, key, number, body)

    def _to_a_wait(self) -> Action:
        wait = self._random.choice(self._model.waits)
        return self._event(wait.event, wait.key)

    def _above_a_take_back(self) -> list[int]:
        """Return which runs go on while a child of theirs takes itself back."""
        tops = self._model.tops
        children = [run for run in self._model.runs if run.status == "taking_back" and run.parent is not None]
        return [tops.index(run.parent) for run in children if run.parent in tops and run.parent.status == "running"]

    def _awaited_later(self) -> list[tuple[str, str]]:
        """Return what live runs own and do not wait for: not yet, or not again."""
        waited = {(wait.event, wait.key) for wait in self._model.waits}
        owned = [key for run in self._model.runs if run.status in LIVE for key in self._keys(run)]
        return [key for key in owned if key not in waited]

    def _late(self) -> Action:
        keys = [key for run in self._model.runs if run.status not in LIVE for key in self._keys(run)]
        event, key = self._random.choice([*keys, ("Word", "nobody")])
        return self._event(event, key)

    def _keys(self, run: Any) -> list[tuple[str, str]]:
        return self._text.own_keys(run.contract, run.message)
