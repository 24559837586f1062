"""Check names before anything runs: variables and where they live, jumps and where they may lead.

    for: {value: v, …}       v is known in the loop alone, and is used nowhere around it
    except: {as: e, …}       so is e, and every variable that is made in the block
    parallel: {shared: [a]}  a branch reads what is around it, and assigns to `a` alone

What Google refuses at deployment is refused here, and so are jumps of which no page says what they do.
Pages: syntax/variables, syntax/iteration, syntax/parallel-steps, syntax/jumps, troubleshooting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from isthmus.adapters.gcp.interpreter.formulas import Formula
from isthmus.adapters.gcp.interpreter.source import Reader
from isthmus.adapters.gcp.interpreter.steps import (
    Assign,
    Call,
    For,
    Nested,
    Nothing,
    Parallel,
    Raise,
    Return,
    Routine,
    Step,
    Steps,
    Switch,
    Try,
    Workflow,
)

OPEN_JUMPS: Final = {"for": "a loop", "iteration": "an iteration", "try": "a try", "branch": "a branch"}
APART: Final = frozenset({"branch", "iteration"})


def check(reader: Reader, workflow: Workflow) -> None:
    """Refuse names that are not defined and jumps that lead nowhere."""
    for routine in workflow.routines.values():
        _Routine(reader, routine).check()


@dataclass
class _Place:
    """Hold a scope: the names it makes, and the names shared with the branches that it is one of."""

    made: set[str]
    fixed: frozenset[str] = frozenset()
    around: _Place | None = None
    shared: frozenset[str] | None = None

    def outwards(self) -> Iterator[_Place]:
        place: _Place | None = self
        while place is not None:
            yield place
            place = place.around

    def knows(self, name: str) -> bool:
        return any(name in place.made or name in place.fixed for place in self.outwards())


@dataclass
class _List:
    """Hold a list of steps, and what separates it from the list around it."""

    places: dict[str, int]
    border: str
    around: _List | None = None

    def outwards(self) -> Iterator[_List]:
        one: _List | None = self
        while one is not None:
            yield one
            one = one.around


@dataclass
class _Routine:
    reader: Reader
    routine: Routine
    _line: int = field(default=0)

    def check(self) -> None:
        steps = self.routine.steps
        place = _Place(_made(steps), frozenset(self.routine.signature.parameters))
        self._steps(steps, place, _List(steps.places, "routine"))

    def _steps(self, steps: Steps, place: _Place, inside: _List) -> None:
        for step in steps.steps:
            self._line = step.line
            self._step(step, place, inside)
            if step.next is not None:
                self._jump(step, step.next, inside)

    def _step(self, step: Step, place: _Place, inside: _List) -> None:
        match step.body:
            case Assign(assignments):
                for target, value in assignments:
                    self._reads(place, value, *target.path)
                    self._assigns(place, target.name, value.line, known=bool(target.path))
            case Call():
                self._reads(place, *step.body.named.values(), *step.body.in_order)
                if step.body.result is not None:
                    self._assigns(place, step.body.result, step.line, known=False)
            case Switch(cases):
                for case in cases:
                    self._reads(place, case.condition)
                    self._steps(Steps((case.step,), {}), place, _List({}, "case", inside))
            case For():
                self._loop(step.body, place, inside)
            case Parallel():
                self._parallel(step.body, place, inside)
            case Try():
                self._try(step.body, place, inside)
            case Nested(steps):
                self._steps(steps, place, _List(steps.places, "nested", inside))
            case Return(value):
                self._reads(place, value)
                if any(one.border in APART for one in inside.outwards()):
                    self.reader.refuse(step.line, "return within a branch", "assign to a shared variable")
            case Raise(value):
                self._reads(place, value)
            case Nothing():
                pass

    def _loop(self, loop: For, place: _Place, inside: _List, shared: frozenset[str] | None = None) -> None:
        bounds = [loop.items] if loop.items is not None else list(loop.range or ())
        self._reads(place, *bounds)
        names = [loop.value] if loop.index is None else [loop.value, loop.index]
        if len(set(names)) < len(names):
            self.reader.refuse(self._line, "value and index have the same name")
        for name in names:
            if place.knows(name):
                self.reader.refuse(self._line, f"the loop variable {name} is used outside of the loop too")
        within = _Place(_made(loop.steps) - set(names), frozenset(names), place, shared)
        border = "for" if shared is None else "iteration"
        self._steps(loop.steps, within, _List(loop.steps.places, border, inside))

    def _parallel(self, parallel: Parallel, place: _Place, inside: _List) -> None:
        if parallel.concurrency_limit is not None:
            self._reads(place, parallel.concurrency_limit)
        for name in sorted(parallel.shared):
            if not place.knows(name):
                self.reader.refuse(self._line, f"the shared variable {name} is not defined before")
        if parallel.loop is not None:
            self._loop(parallel.loop, place, inside, parallel.shared)
        for _, steps in parallel.branches:
            within = _Place(_made(steps), frozenset(), place, parallel.shared)
            self._steps(steps, within, _List(steps.places, "branch", inside))

    def _try(self, body: Try, place: _Place, inside: _List) -> None:
        self._steps(body.steps, place, _List(body.steps.places, "try", inside))
        if body.retry is not None:
            self._reads(place, body.retry.policy)
        if body.handler is not None:
            name, steps = body.handler.name, body.handler.steps
            if place.knows(name):
                self.reader.refuse(self._line, f"the name of the error, {name}, is used outside of except too")
            within = _Place(_made(steps) - {name}, frozenset({name}), place)
            self._steps(steps, within, _List(steps.places, "except", inside))

    def _reads(self, place: _Place, *formulas: Formula) -> None:
        for formula in formulas:
            for name in sorted(formula.names):
                self._defined(place, name, formula.line)
            for call in formula.calls:
                self._reads(place, *call.arguments)

    def _defined(self, place: _Place, name: str, line: int) -> None:
        if not place.knows(name):
            self.reader.refuse(line, f"symbol '{name}' is neither a variable nor a sub-workflow name")

    def _assigns(self, place: _Place, name: str, line: int, *, known: bool) -> None:
        if known:
            self._defined(place, name, line)
        for one in place.outwards():
            own = name in one.made and not any(name in outer.made | outer.fixed for outer in _beyond(one))
            if own or name in one.fixed:
                return
            if one.shared is not None and name not in one.shared:
                self.reader.refuse(line, f"a branch assigns to {name}, which is not shared", "list it in shared")

    def _jump(self, step: Step, target: str, inside: _List) -> None:
        if target == "end":
            if any(one.border in APART for one in inside.outwards()):
                self.reader.refuse(step.line, "next: end within a branch")
        elif target in ("break", "continue"):
            self._loop_jump(step, target, inside)
        else:
            self._named_jump(step, target, inside)

    def _loop_jump(self, step: Step, target: str, inside: _List) -> None:
        for one in inside.outwards():
            if one.border in ("try", "except"):
                self.reader.refuse(step.line, f"what next: {target} does out of {one.border} is described nowhere")
            if one.border == "for" or (one.border == "iteration" and target == "continue"):
                return
            if one.border in APART:
                break
        self.reader.refuse(step.line, f"next: {target} is not in a loop that it could act on")

    def _named_jump(self, step: Step, target: str, inside: _List) -> None:
        out_of = ""
        for one in inside.outwards():
            if target in one.places:
                if out_of:
                    self.reader.refuse(step.line, f"what a jump out of {OPEN_JUMPS[out_of]} does is described nowhere")
                return
            out_of = out_of or (one.border if one.border in OPEN_JUMPS else "")
        self.reader.refuse(step.line, f"there is no step {target} to go to from here")


def _beyond(place: _Place) -> Iterator[_Place]:
    return iter(()) if place.around is None else place.around.outwards()


def _made(steps: Steps) -> set[str]:
    """Return the variables that steps assign to in their own scope, those of nested steps included."""
    names: set[str] = set()
    for step in steps.steps:
        match step.body:
            case Assign(assignments):
                names |= {target.name for target, _ in assignments if not target.path}
            case Call(result=str(result)):
                names.add(result)
            case Switch(cases):
                names |= _made(Steps(tuple(case.step for case in cases), {}))
            case Nested(inner) | Try(steps=inner):
                names |= _made(inner)
            case _:
                pass
    return names
