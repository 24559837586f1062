"""The reference model: what a case must come to, by the rules in words, over dictionaries.

It shares nothing with the product: no keys, no hashes, no tables, no transactions. A run is a walk through the text;
what is due is a list of functions. Processes that die and deliveries that come twice are not mentioned: they must not
show.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from case import Action, Row, answer_to, row_of
from walker import Asked, Refused, Terms, Text, TimedOut, Walk, Walker

SETTLED: Final = frozenset({"answered", "refused", "failed", "timed_out"})
LIVE: Final = frozenset({"running", "taking_back", "stuck"})
UNDONE: Final = frozenset({"refused", "failed", "timed_out", "cancelled", "taken_back"})


@dataclass
class Step:
    """Be what is on record of a step."""

    contract: str
    message: Any
    order: tuple[int, int]
    state: str = "new"
    answer: Any = None
    attempts: int = 0


@dataclass
class Branch:
    """Be one thing that a run waits for."""

    step: str
    contract: str
    message: Any
    order: tuple[int, int]
    state: str = ""
    answer: Any = None


@dataclass(eq=False)
class Run:
    """Be one run."""

    name: str
    contract: str
    identity: str
    message: Any
    parent: Run | None = None
    at: str = ""
    status: str = "running"
    outcome: Any = None
    ending: tuple[str, Any] = ("", None)
    steps: dict[str, Step] = field(default_factory=dict)
    undos: dict[str, Step] = field(default_factory=dict)
    children: dict[str, list[Run]] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    life: int = 0
    """Counts up when the run begins anew or is fenced: what was meant for an earlier life is dropped."""
    ordinal: int = 0
    walk: Walk | None = None
    asked: Asked | None = None
    branches: list[Branch] = field(default_factory=list)
    begun: int = 0
    listeners: list[Callable[[], None]] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """Count the branches that have their outcome."""
        return sum(branch.state != "" for branch in self.branches)


@dataclass
class Letter:
    """Be what a person is asked."""

    kind: str
    run: Run
    where: Run
    step: str
    subject: str
    open: bool = True


@dataclass
class Mail:
    """Be an event that has come."""

    event: str
    key: str
    number: str
    body: Any
    state: str = "queued"


@dataclass
class Wait:
    """Be a run that waits for an event."""

    run: Run
    branch: Branch
    event: str
    key: str
    due: int


@dataclass(frozen=True)
class Undo:
    """Be the next thing to be undone."""

    run: Run
    step: str
    contract: str
    of: str
    message: Any
    result: Any


class Model:
    """Be the world as it must be."""

    def __init__(self, text: Text, rows: dict[str, list[Row]]) -> None:
        self._text = text
        self._rows = rows
        self._reaches = text.reaches
        self._repaired = False
        self._queue: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._owners: dict[tuple[str, str], list[Run]] = {}
        self.now = 0
        self._fired = -1_000
        self.runs: list[Run] = []
        self.letters: list[Letter] = []
        self.mail: list[Mail] = []
        self.waits: list[Wait] = []
        self.kept: dict[str, tuple[int, str]] = {}
        self.outside: dict[str, str] = {}
        self.journal: Counter[tuple[str, str, str, str]] = Counter()
        self.undone: dict[str, list[str]] = {}
        """The steps of undoing of each run, in order."""
        self.reached: Counter[str] = Counter()
        """How often the case came to what the quotas ask for."""

    # From outside

    def do(self, action: Action) -> None:
        """Let something happen, and everything go as far as it can."""
        match action:
            case "start", contract, message:
                self._start(contract, message)
            case "send", event, key, number, body:
                self._send(event, key, number, body)
            case "move", seconds:
                self._move(seconds)
            case "cancel", number:
                self._cancel(number)
            case ("repair",):
                self._repaired = True
            case ("replay",):
                for letter in [one for one in self.letters if one.open]:
                    self._replay(letter)
                    self._settle()
        self._settle()

    def sweep(self) -> None:
        """Hand on the events that nobody will own any more."""
        for mail in self.mail:
            if mail.state == "queued" and not self._live_owner(mail) and not self._may_be_owned(mail.event):
                self._make_late(mail)

    @property
    def tops(self) -> list[Run]:
        """Return the runs that were started from outside."""
        return [run for run in self.runs if run.parent is None]

    def is_near(self, seconds: int) -> bool:
        """Say whether something was due, or will be, within so many seconds of now."""
        return self.now - self._fired < seconds or any(due - self.now < seconds for due, _, _ in self._timers)

    def _settle(self) -> None:
        while self._queue:
            self._queue.popleft()()

    def _move(self, seconds: int) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            self.now, _, act = heapq.heappop(self._timers)
            self._fired = self.now
            act()
            self._settle()
        self.now = end

    def _at(self, due: int, act: Callable[[], None]) -> None:
        if due <= self.now:
            self._queue.append(act)
        else:
            heapq.heappush(self._timers, (due, next(self._numbers), act))

    def _note(self, run: Run | None, step: str, kind: str, subject: str) -> None:
        name = "*" if run is None else run.name
        self.journal[name, step, kind, subject] += 1
        if kind == "undone":
            self.undone.setdefault(name, []).append(step)

    # Runs

    def _start(self, contract: str, message: Any) -> None:
        name = f"{contract}:{message['id']}"
        if all(run.name != name for run in self.runs):
            self._begin(Run(name, contract, message["id"], message))

    def _begin(self, run: Run) -> None:
        self.runs.append(run)
        for key in self._text.own_keys(run.contract, run.message):
            self._owners.setdefault(key, []).append(run)
        self._note(run, "", "started", run.contract)
        self._drive(run)

    def _drive(self, run: Run) -> None:
        run.life += 1
        run.ordinal = 0
        run.walk = Walker(self._text, run.contract, run.message).walk()
        walk = run.walk
        self._go_on(run, lambda: next(walk))

    def _go_on(self, run: Run, go: Callable[[], Asked]) -> None:
        at = self._last(run)
        try:
            run.asked = go()
        except StopIteration as ended:
            self._finish(run, "completed", ended.value, at)
        except Refused as refused:
            self._finish(run, "refused", {"refusal": refused.name, "fields": refused.fields}, at)
        except TimedOut as late:
            self._finish(run, "timed_out", {"timed_out": late.event}, at)
        else:
            self._ask(run, run.asked)

    def _last(self, run: Run) -> str:
        """Return the step that decided how the run goes on."""
        return next((branch.step for branch in run.branches if branch.state not in {"", "answered"}), "")

    def _ask(self, run: Run, asked: Asked) -> None:
        ordinal, run.ordinal = run.ordinal, run.ordinal + 1
        if asked.kind in {"sleep", "wait"}:
            run.branches = [Branch(asked.step, asked.event, asked.key, (ordinal, 0))]
        elif asked.kind == "call":
            run.branches = [Branch(asked.step, *asked.calls[0], (ordinal, 0))]
        else:
            run.branches = [
                Branch(f"{asked.step}/{place}", *call, (ordinal, place)) for place, call in enumerate(asked.calls)
            ]
        run.begun = 0
        life = run.life
        self._queue.append(lambda: self._more(run, life))

    def _more(self, run: Run, life: int) -> None:
        """Begin what may begin, and go on when all has settled."""
        if run.life != life or run.asked is None:
            return
        while run.begun < min(len(run.branches), run.settled + run.asked.at_most):
            run.begun += 1
            self._branch(run, run.branches[run.begun - 1])
        if run.settled == len(run.branches):
            self._resume(run)

    def _branch(self, run: Run, branch: Branch) -> None:
        known = run.steps.get(branch.step)
        assert run.asked is not None
        if known is not None and known.state in SETTLED:
            branch.state, branch.answer = known.state, known.answer
        elif run.asked.kind == "sleep":
            self._sleep(run, branch, run.asked.seconds)
        elif run.asked.kind == "wait":
            self._wait(run, branch, run.asked)
        elif branch.contract in self._text.flows:
            self._child(run, branch)
        else:
            step = run.steps.setdefault(branch.step, Step(branch.contract, branch.message, branch.order))
            life = run.life
            self._queue.append(lambda: self._attempt(run, branch.step, step, life))

    def _tell(self, run: Run, step: str, state: str, answer: Any) -> None:
        """Let a run have the outcome of a step."""
        if run.status != "running":
            return
        for branch in run.branches:
            if branch.step == step and branch.state == "":
                branch.state, branch.answer = state, answer
                self._queue.append(partial(self._more, run, run.life))

    def _resume(self, run: Run) -> None:
        asked, walk = run.asked, run.walk
        assert asked is not None
        assert walk is not None
        run.asked = None
        for state in ("failed", "refused", "timed_out"):
            for branch in run.branches:
                if branch.state == state:
                    run.branches = [branch]
                    self._trouble(run, walk, branch)
                    return
        answers = [branch.answer for branch in run.branches]
        run.branches = []
        answer = answers if asked.kind in {"gather", "each"} else answers[0]
        self._go_on(run, lambda: walk.send(answer))

    def _trouble(self, run: Run, walk: Walk, branch: Branch) -> None:
        if branch.state == "failed":
            self._finish(run, "failed", branch.answer, branch.step)
            return
        error: Exception = TimedOut(branch.contract)
        if branch.state == "refused":
            error = Refused(branch.answer["refusal"], branch.answer["fields"])
        self._go_on(run, lambda: walk.throw(error))

    def _finish(self, run: Run, status: str, answer: Any, step: str) -> None:
        if run.status != "running":
            return
        if status == "completed":
            self._end(run, status, answer)
        elif self._past_return(run):
            self.reached["final"] += 1
            self._stick(run, step, (status, answer))
        else:
            self._fence(run, (status, answer))
            self._queue.append(lambda: self._take_back(run))

    def _stick(self, run: Run, step: str, ending: tuple[str, Any]) -> None:
        run.status, run.ending = "stuck", ending
        run.life += 1
        known = run.steps.get(step)
        self._bury("step", run, run, step, known.contract if known else run.contract)

    def _bury(self, kind: str, run: Run, where: Run, step: str, subject: str) -> None:
        self.letters.append(Letter(kind, run, where, step, subject))
        self._note(where, step, "stuck", subject)
        self._listened(run)

    def _listened(self, run: Run) -> None:
        self._queue.extend(run.listeners)
        run.listeners.clear()

    def _end(self, run: Run, status: str, answer: Any) -> None:
        run.status, run.outcome = status, answer
        run.life += 1
        self._note(run, "", "completed" if status == "completed" else "ended", run.contract)
        for mail in self.mail:
            owners = self._owners.get((mail.event, mail.key), [])
            if mail.state == "queued" and run in owners and not self._live_owner(mail):
                self._make_late(mail)
        if run.parent is not None and status != "taken_back":
            self._answer_parent(run, run.parent, status, answer)
        self._listened(run)

    def _answer_parent(self, run: Run, parent: Run, status: str, answer: Any) -> None:
        state = {"completed": "answered", "refused": "refused"}.get(status, "failed")
        if state == "failed":
            inner = answer.get("error") if isinstance(answer, dict) else None
            answer = {"error": f"{run.contract} {status}" + (f": {inner}" if inner else "")}
        step = parent.steps[run.at]
        step.state, step.answer, step.attempts = state, answer, step.attempts + 1
        self._tell(parent, run.at, state, answer)

    def _child(self, run: Run, branch: Branch) -> None:
        known = run.steps.get(branch.step)
        if known is not None and known.state == "intent":
            return
        if known is None:
            known = run.steps[branch.step] = Step(branch.contract, branch.message, branch.order)
        known.state = "intent"
        others = run.children.setdefault(branch.step, [])
        name = f"{run.name}>{branch.step}" + (f"#{len(others)}" if others else "")
        child = Run(name, branch.contract, branch.message["id"], branch.message, parent=run, at=branch.step)
        others.append(child)
        self._begin(child)

    # Steps

    def _attempt(self, run: Run, name: str, step: Step, life: int) -> None:
        if run.life != life or run.status != "running" or step.state in SETTLED:
            return
        self._try(run, name, step)
        if step.state == "failing":
            self.reached["retry"] += 1
            self._at(
                self.now + self._terms(step).delay_after(step.attempts), lambda: self._attempt(run, name, step, life)
            )
        elif step.state == "unknown":
            self._stick(run, name, ("failed", step.answer))
        else:
            self._tell(run, name, step.state, step.answer)

    def _terms(self, step: Step) -> Terms:
        return self._text.terms[step.contract]

    def _try(self, run: Run, name: str, step: Step) -> None:
        """Make one attempt: what it does happens with its record, or not at all."""
        terms = self._terms(step)
        asked = step.message["input"] if terms.effect == "undo" else step.message
        row = row_of(self._rows, step.contract, asked["id"], asked["number"], repaired=self._repaired)
        reference = f"{run.name}/{name}"
        state = self._reach(run, name, step, row, reference) if step.contract in self._reaches else _fails(row, step)
        if state == "ok":
            state = {"no": "refused", "closed": "refused"}.get(row["how"], "answered")
            if row["how"] in {"stranger", "large"}:
                state = "fails"
        if state == "fails":
            step.attempts += 1
            step.state = "failed" if step.attempts >= terms.attempts else "failing"
            step.answer = {"error": _error(row)}
            self._note(run, name, "failed", step.contract)
        elif state == "unknown":
            step.attempts += 1
            step.state, step.answer = "unknown", {"error": "AnswerUnknown"}
            self._note(run, name, "failed", step.contract)
        elif state == "refused":
            step.attempts += 1
            step.state, step.answer = "refused", _refusal(terms, row, asked)
            self._note(run, name, "refused", step.contract)
        else:
            step.attempts += 1
            step.state = "answered"
            step.answer = None if terms.effect == "undo" else answer_to(row, asked["id"])
            self._effects(run, name, step, reference)
            self._note(run, name, "undone" if terms.effect == "undo" else "answered", step.contract)

    def _reach(self, run: Run, name: str, step: Step, row: Row, reference: str) -> str:
        """Reach outside: ask what became of it when it may have been done before, and do it otherwise."""
        if step.state == "new":
            self._note(run, name, "intended", step.contract)
            step.state = "intent"
        place = f"{step.contract} {reference}"
        done = self.outside.get(place)
        if done is None:
            if _fails(row, step) == "fails":
                return "fails"
            self.outside[place] = row["how"]
            return "fails" if row["how"] in {"lost", "unknown"} else "ok"
        if done in {"lost", "unknown"} and step.attempts == 0:
            return "fails"
        return "unknown" if done == row["how"] == "unknown" else "ok"

    def _effects(self, run: Run, name: str, step: Step, reference: str) -> None:
        terms = self._terms(step)
        if terms.effect == "reads":
            return
        if terms.effect != "undo":
            self._keep(run, name, f"{step.contract} {reference}", step.message["number"], step.message["id"])
            self._keep(run, name, f"all {step.contract}", self.kept.get(f"all {step.contract}", (0, ""))[0] + 1, "")
            return
        result, of = step.message["result"], step.message["of"]
        shown = "nothing" if result is None else f"{result['text']} {result['number']}"
        asked = step.message["input"]
        self._keep(run, name, f"{step.contract} {step.message['forward']}", asked["number"], f"{asked['id']} {shown}")
        if result is not None:
            self._keep(run, name, f"all {of}", self.kept.get(f"all {of}", (0, ""))[0] - 1, "")

    def _keep(self, run: Run, name: str, key: str, count: int, text: str) -> None:
        self.kept[key] = (count, text)
        self._note(run, name, "changed", f"Kept:{key}")

    # Time and events

    def _sleep(self, run: Run, branch: Branch, seconds: int) -> None:
        due = run.due.setdefault(branch.step, self.now + seconds)
        life = run.life

        def over() -> None:
            if run.life == life:
                self._record(run, branch, "answered", None)
                self._note(run, branch.step, "slept", "sleep")

        self._at(due, over)

    def _record(self, run: Run, branch: Branch, state: str, answer: Any) -> None:
        run.steps[branch.step] = Step("", None, branch.order, state, answer, 1)
        self._tell(run, branch.step, state, answer)

    def _wait(self, run: Run, branch: Branch, asked: Asked) -> None:
        place = (asked.event, asked.key)
        owners = self._owners.setdefault(place, [])
        if run not in owners:
            owners.append(run)
        if any((wait.event, wait.key) == place for wait in self.waits):
            self.reached["two waiters"] += 1
            self._note(run, branch.step, "failed", f"{asked.event}:{asked.key}")
            self._record(run, branch, "failed", {"error": "another run waits for the same key"})
            return
        for mail in self.mail:
            if (mail.event, mail.key, mail.state) == (*place, "queued"):
                self.reached["early event"] += 1
                self._take(run, branch, mail)
                return
        wait = Wait(run, branch, asked.event, asked.key, self.now + asked.seconds)
        self.waits.append(wait)
        self._at(wait.due, lambda: self._time_out(wait))

    def _take(self, run: Run, branch: Branch, mail: Mail) -> None:
        mail.state = "taken"
        self._note(run, branch.step, "event_taken", f"{mail.event}:{mail.key}")
        self._record(run, branch, "answered", mail.body)

    def _time_out(self, wait: Wait) -> None:
        if wait in self.waits:
            self.waits.remove(wait)
            self.reached["timeout"] += 1
            self._note(wait.run, wait.branch.step, "timed_out", f"{wait.event}:{wait.key}")
            self._record(wait.run, wait.branch, "timed_out", wait.event)

    def _send(self, event: str, key: str, number: str, body: Any) -> None:
        if any((mail.event, mail.number) == (event, number) for mail in self.mail):
            self.reached["repeated event"] += 1
            return
        mail = Mail(event, key, number, body)
        self.mail.append(mail)
        self._note(None, "", "event_arrived", f"{event}:{key}")
        for wait in self.waits:
            if (wait.event, wait.key) == (event, key):
                self.waits.remove(wait)
                self._take(wait.run, wait.branch, mail)
                return
        owned = (event, key) in self._owners
        if not self._live_owner(mail) and (owned or not self._may_be_owned(event)):
            self._make_late(mail)

    def _live_owner(self, mail: Mail) -> bool:
        return any(run.status in LIVE for run in self._owners.get((mail.event, mail.key), []))

    def _may_be_owned(self, event: str) -> bool:
        return any(run.status in LIVE and self._text.may_come_to_own(run.contract, event) for run in self.runs)

    def _make_late(self, mail: Mail) -> None:
        mail.state = "late"
        self.reached["late event"] += 1
        self._note(None, "", "event_late", f"{mail.event}:{mail.key}")
        name = f"late {mail.body['text']}"
        self.kept[name] = (self.kept.get(name, (0, ""))[0] + 1, "")

    # Taking back

    def _past_return(self, run: Run) -> bool:
        """Say whether something final was done, or may have been."""
        for name, step in run.steps.items():
            if not step.contract:
                continue
            if step.contract not in self._text.flows:
                acted = step.state == "answered" or (step.contract in self._reaches and step.state != "refused")
                if self._terms(step).effect == "final" and acted:
                    return True
                continue
            child = self._child_at(run, name)
            if child is None or (child.status == "completed" and self._terms(step).undo):
                continue
            if child.status in {*LIVE, "completed"} and self._past_return(child):
                return True
        return False

    def _child_at(self, run: Run, step: str) -> Run | None:
        among = run.children.get(step, [])
        live = [child for child in among if child.status in LIVE]
        return (live or among or [None])[-1]

    def _fence(self, run: Run, ending: tuple[str, Any]) -> None:
        """Let no step of a run change anything from now on."""
        waiting = [wait for wait in self.waits if wait.run is run]
        pending = any(step.state in {"failing", "intent"} for step in run.steps.values() if step.contract)
        if run.status == "running" and (waiting or pending or (run.asked is not None and run.asked.kind == "sleep")):
            self.reached["fence"] += 1
        run.status, run.ending = "taking_back", ending
        run.life += 1
        self.waits = [wait for wait in self.waits if wait.run is not run]
        self._note(run, "", "take_back_begun", run.contract)
        for child in [one for among in run.children.values() for one in among if one.status == "running"]:
            self._fence(child, ("taken_back", None))

    def _take_back(self, run: Run) -> None:
        """Undo the last thing that is not undone yet; when there is none, the run has ended."""
        if run.status != "taking_back":
            return
        found = self._next_undo(run)
        if found is None:
            self._end(run, *run.ending)
        elif isinstance(found, Run):
            self.reached["held"] += 1
            found.listeners.append(lambda: self._take_back(run))
        else:
            self._undo(run, found)

    def _undo(self, root: Run, undo: Undo) -> None:
        self.reached["undo"] += 1
        name = f"undo:{undo.step}"
        step = undo.run.undos.get(name)
        if step is None:
            forward = f"{undo.run.name}/{undo.step}"
            message = {"input": undo.message, "result": undo.result, "of": undo.of, "forward": forward}
            step = undo.run.undos[name] = Step(undo.contract, message, (0, 0))
        if step.state not in SETTLED:
            self._try(undo.run, name, step)
        if step.state == "answered":
            self._queue.append(lambda: self._take_back(root))
        elif step.state == "failing":
            self._at(self.now + self._terms(step).delay_after(step.attempts), lambda: self._take_back(root))
        else:
            self.reached["stuck undo"] += 1
            root.status = "stuck"
            self._bury("undo", root, undo.run, name, undo.contract)

    def _next_undo(self, run: Run) -> Undo | Run | None:
        done = sorted(run.steps.items(), key=lambda item: item[1].order, reverse=True)
        for name, step in done:
            if not step.contract or step.state == "new":
                continue
            if step.contract in self._text.flows:
                found = self._undo_child(run, name, step)
            else:
                found = self._undo_step(run, name, step)
            if found is not None:
                return found
        return None

    def _undo_step(self, run: Run, name: str, step: Step) -> Undo | None:
        terms = self._terms(step)
        if not terms.undo or step.state == "refused" or self._is_undone(run, name):
            return None
        result = step.answer if step.state == "answered" else None
        return Undo(run, name, terms.undo, step.contract, step.message, result)

    def _is_undone(self, run: Run, name: str) -> bool:
        undone = run.undos.get(f"undo:{name}")
        return undone is not None and undone.state == "answered"

    def _undo_child(self, run: Run, name: str, step: Step) -> Undo | Run | None:
        child = self._child_at(run, name)
        if child is None or child.status in UNDONE:
            return None
        terms = self._terms(step)
        if child.status == "completed" and terms.undo:
            if self._is_undone(run, name):
                return None
            return Undo(run, name, terms.undo, step.contract, child.message, child.outcome)
        if child.status == "taking_back" and child.ending[0] != "taken_back":
            return child
        if child.status != "taking_back":
            self._fence(child, ("taken_back", None))
        found = self._next_undo(child)
        if found is None:
            self._end(child, "taken_back", None)
        return found

    # What a person does

    def _cancel(self, number: int) -> None:
        among = self.tops[number : number + 1]
        if not among or among[0].status != "running" or self._past_return(among[0]):
            return
        run = among[0]
        self.reached["cancel"] += 1
        self._note(run, "", "cancelled", run.contract)
        self._fence(run, ("cancelled", {"cancelled_by": "tester"}))
        self._queue.append(lambda: self._take_back(run))

    def _replay(self, letter: Letter) -> None:
        letter.open = False
        self._note(letter.where, letter.step, "resolved", letter.subject)
        run = letter.run
        if run.status != "stuck":
            return
        self.reached["replay"] += 1
        among = letter.where.undos if letter.kind == "undo" else letter.where.steps
        step = among.get(letter.step)
        if step is not None and step.state != "answered":
            step.state, step.answer = "failing", None
            step.attempts = step.attempts if step.contract in self._text.flows else 0
        if letter.kind == "step":
            run.status = "running"
            self._queue.append(lambda: self._drive(run))
        else:
            run.status = "taking_back"
            if run.ending[0] != "taken_back":
                self._queue.append(lambda: self._take_back(run))


def _fails(row: Row, step: Step) -> str:
    return "fails" if row["how"] == "fail" or (row["how"] == "few" and step.attempts < row["times"]) else "ok"


def _error(row: Row) -> str:
    return {"stranger": "Stranger", "large": "AnswerInvalid"}.get(row["how"], "ConnectionError")


def _refusal(terms: Terms, row: Row, asked: Any) -> dict[str, Any]:
    if terms.effect == "undo":
        return {"refusal": "No", "fields": {"why": terms.name, "number": 0}}
    if row["how"] == "no":
        return {"refusal": "No", "fields": {"why": f"{terms.name} {asked['id']}", "number": asked["number"]}}
    return {"refusal": "Closed", "fields": {"why": terms.name}}
