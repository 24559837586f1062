"""Write one workflow: statement by statement, with what has a value, what is caught and what is final kept in mind."""

from __future__ import annotations

import textwrap
from random import Random
from typing import Final

from formulas import Formulas, Scope, paths
from vocabulary import FIELDS, FLOW, UNDOES, Promise

REFUSALS: Final = ("No", "Closed")
DEPTH_MAX: Final = 4
LOOPS_MAX: Final = 2
STEPS_MAX: Final = 60
QUICK: Final = (
    "Retry(attempts=1)",
    "Retry(attempts=2, first=seconds(0), factor=1)",
    "Retry(attempts=3, first=seconds(0))",
)
"""Attempts that follow at once: what a process that dies would otherwise change is when they are made."""


class Flow:
    """Write one workflow."""

    def __init__(
        self, random: Random, name: str, promises: list[Promise], retries: tuple[str, ...], *, last: bool
    ) -> None:
        self.random = random
        self.retries = retries
        self.formulas = Formulas(random)
        self.name = name
        self.promises = promises
        self.last = last
        self.takes = "Job" if last else random.choice(["Part", "Part", "Job"])
        self.parameter = self.takes.lower()
        self.statements = random.randint(5, 16) if last else random.randint(2, 9)
        """How many statements it may still have, blocks and what is in them."""
        self.numbers = 0
        self.final = False
        self.loops = 0
        self.steps = 0
        self.times = 1
        """How often what is being written may be done."""
        self.caught: list[set[str]] = []
        self.thrown: list[set[str]] = [set()]
        self.holding: list[tuple[str, frozenset[str]]] = []
        self.parallel = 0
        self.deep = 0
        self.waits = False
        self.asks: set[str] = set()
        self.crowded: set[str] = set()

    def written(self) -> tuple[Promise, str]:
        """Return what is promised, and the text."""
        scope = Scope({self.parameter: self.takes}, frozen={self.parameter})
        lines, after = self._block(scope, 0, random_size(self.random, self.last))
        if after is not None:
            lines += self._return_lines(after)
        escaped = self.thrown[0]
        refuses = tuple(one for one in REFUSALS if one in escaped or self.random.random() < 0.1)
        undone = not self.last and self.random.random() < 0.15
        text = FLOW.format(
            name=self.name,
            takes=self.takes,
            parameter=self.parameter,
            effect=f"undone_by=undo_{self.name}, " if undone else "",
            refuses=", ".join(refuses),
            body=textwrap.indent("\n".join(lines), "    "),
        )
        if undone:
            retry = self.random.choice(self.retries)
            text = UNDOES.format(name=self.name, takes=self.takes, retry=retry) + text
        promise = Promise(
            self.name,
            self.takes,
            "undone" if undone else "flow",
            refuses,
            flow=True,
            parallel=self.parallel,
            deep=self.deep + 1,
            waits=self.waits,
            final=self.final and not undone,
            times_out="TimedOut" in escaped,
            asks=frozenset(self.asks),
            crowded=frozenset(self.crowded),
        )
        return promise, text

    def _new(self, what: str) -> str:
        self.numbers += 1
        return f"{what}_{self.numbers}"

    # Blocks

    def _block(self, scope: Scope, depth: int, count: int) -> tuple[list[str], Scope | None]:
        lines: list[str] = []
        now: Scope | None = scope.copy()
        for place in range(count):
            assert now is not None
            if place > 0 and self.statements <= 0:
                break
            self.statements -= 1
            more, now = self._statement(now, depth)
            lines += more
            if now is None:
                break
        return lines or ["pass"], now

    def _statement(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        draws: list[tuple[float, str]] = [(4, "call"), (1.4, "gather"), (1.2, "each"), (0.6, "sleep"), (1.3, "wait")]
        draws += [(1.5, "assign"), (0.8, "count")]
        if depth < DEPTH_MAX and self.statements > 0:
            draws += [(2.4, "if"), (2.2, "try")]
            if self.loops < LOOPS_MAX and self.times <= 6:
                draws += [(1.2, "for"), (0.8, "range"), (0.9, "while")]
        if depth > 0:
            draws += [(0.5, "raise"), (0.5, "return"), (0.15, "pass")]
            if self.loops:
                draws += [(1.8, "leave")]
        if self.holding:
            draws += [(7.0, "raise")]
        (what,) = self.random.choices([name for _, name in draws], [weight for weight, _ in draws])
        return getattr(self, f"_{what}")(scope, depth)

    def _pass(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        return ["pass"], scope

    def _assign(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        kind = self.random.choice(["int", "bool", "str", "Mark", "int", "Part"])
        known = [name for name, held in scope.kinds.items() if held == kind and name not in scope.frozen]
        name = self.random.choice(known) if known and self.random.random() < 0.5 else self._new(kind.lower())
        value = self._part(scope) if kind == "Part" else self.formulas.of(kind, scope)
        lines: list[str] = []
        if kind == "int" and self.random.random() < 0.2:
            inline = self._inline(scope, "number")
            value = f"{inline} + {self.formulas.number(scope, 0)}".replace("+ -", "- ") if inline else value
        scope.assign(name, kind)
        return [*lines, f"{name} = {value}"], scope

    def _count(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        known = [name for name, kind in scope.kinds.items() if kind == "int" and name not in scope.frozen]
        if not known:
            return self._assign(scope, depth)
        name = self.random.choice(known)
        return [f"{name} {self.random.choice(['+=', '-='])} {self.formulas.number(scope, 1)}"], scope

    # Branches and loops

    def _if(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        lines: list[str] = []
        ends: list[Scope | None] = []
        word = "if"
        failed = scope.copy()
        for _ in range(self.random.choice([1, 1, 2, 3])):
            held = failed.copy()
            test = self._test(failed, held, first=word == "if")
            depth += 1  # an elif stands within the else of the if before it
            body, after = self._block(held, depth, self.random.randint(1, 3))
            lines += [f"{word} {test}:", *_indented(body)]
            ends.append(after)
            word = "elif"
        if self.random.random() < 0.5:
            body, after = self._block(failed, depth, self.random.randint(1, 2))
            lines += ["else:", *_indented(body)]
            ends.append(after)
        else:
            ends.append(failed)
        return lines, scope.meet(ends)

    def _test(self, failed: Scope, held: Scope, *, first: bool) -> str:
        notes = [path for path in paths(failed, "opt") if path not in failed.noted]
        if notes and self.random.random() < 0.25:
            note = self.random.choice(notes)
            if self.random.random() < 0.5:
                held.noted.add(note)
                return f"{note} is not None"
            if self.random.random() < 0.5:
                held.noted.add(note)
                return f"{note} is not None and ({self.formulas.truth(held, 1)})"
            failed.noted.add(note)
            return f"{note} is None"
        if first and self.random.random() < 0.2:
            inline = self._inline(failed, "open")
            if inline:
                return inline
        return self.formulas.truth(failed, 2)

    def _for(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        kinds = {"parts": "Part", "answers": "Answer", "tags": "str"}
        lists = [(path, kind) for name, kind in kinds.items() for path in paths(scope, name)]
        if not lists:
            return self._range(scope, depth)
        items, kind = self.random.choice(lists)
        return self._loop(scope, depth, self._new("one"), kind, f"for {{}} in {items}:", 3)

    def _range(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        turns = self.random.randint(1, 4)
        return self._loop(scope, depth, self._new("turn"), "int", f"for {{}} in range({turns}):", turns)

    def _loop(
        self, scope: Scope, depth: int, name: str, kind: str, head: str, turns: int
    ) -> tuple[list[str], Scope | None]:
        inside = scope.copy()
        inside.assign(name, kind)
        inside.noted.clear()
        inside.frozen.add(name)
        body, _ = self._turns(inside, depth, turns)
        scope.noted.clear()
        return [head.format(name), *_indented(body)], scope

    def _turns(self, inside: Scope, depth: int, turns: int) -> tuple[list[str], Scope | None]:
        self.loops += 1
        self.times *= turns
        body, after = self._block(inside, depth + 1, self.random.randint(1, 3))
        self.times //= turns
        self.loops -= 1
        return body, after

    def _while(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        counter = self._new("turns")
        top = self.random.randint(1, 3)
        test = f"{counter} < {top}"
        if self.random.random() < 0.5:
            test = f"{test} and ({self.formulas.truth(scope, 1)})"
        inside = scope.copy()
        inside.assign(counter, "int")
        inside.noted.clear()
        inside.frozen.add(counter)
        body, _ = self._turns(inside, depth, top)
        scope.noted.clear()
        scope.assign(counter, "int")
        scope.frozen.add(counter)
        return [f"{counter} = 0", f"while {test}:", *_indented([f"{counter} += 1", *body])], scope

    def _leave(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        return [self.random.choice(["break", "continue"])], None

    # Refusals

    def _try(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        everything = ("No", "Closed", "TimedOut")
        catches = set(self.random.choice([everything, everything, ("No", "Closed"), ("No", "TimedOut"), ("Closed",)]))
        self.thrown.append(set())
        self.caught = [*self.caught, catches]
        body, after = self._block(scope.copy(), depth + 1, self.random.randint(1, 3))
        self.caught = self.caught[:-1]
        thrown = self.thrown.pop()
        caught = sorted(catches & thrown)
        self.thrown[-1] |= thrown - set(caught)
        if not caught:
            return body, after
        lines = ["try:", *_indented(body)]
        ends = [after]
        clauses = [caught] if len(caught) > 1 and self.random.random() < 0.6 else [[one] for one in caught]
        self.random.shuffle(clauses)
        for clause in clauses:
            more, ended = self._except(scope, depth, clause)
            lines += more
            ends.append(ended)
        if after is not None and self.random.random() < 0.2:
            more, ends[0] = self._block(after, depth + 1, 1)
            lines += ["else:", *_indented(more)]
        met = scope.copy()
        met.noted.clear()
        return lines, met if scope.meet(ends) is not None else None

    def _except(self, scope: Scope, depth: int, clause: list[str]) -> tuple[list[str], Scope | None]:
        inside = scope.copy()
        inside.noted.clear()
        bound = self.random.random() < 0.75
        name = self._new("caught") if bound else ""
        if len(clause) == 1 and clause[0] in FIELDS and bound:
            inside.kinds[name] = clause[0]
            inside.frozen.add(name)
        self.holding.append((name, frozenset(clause)))
        body, after = self._block(inside, depth + 1, self.random.randint(1, 2))
        self.holding.pop()
        shown = clause[0] if len(clause) == 1 else f"({', '.join(clause)})"
        return [f"except {shown}{f' as {name}' if bound else ''}:", *_indented(body)], after

    def _raise(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        if self.holding and self.random.random() < 0.85:
            name, clause = self.holding[-1]
            if self._may_throw(clause):
                self._throw(clause)
                return [f"raise {name}" if name and self.random.random() < 0.5 else "raise"], None
        refusal = self.random.choice(REFUSALS)
        if not self._may_throw({refusal}):
            return ["pass"], scope
        fields = [f"{part}={self.formulas.of(kind, scope, 1)}" for part, kind in FIELDS[refusal].items()]
        self._throw({refusal})
        return [f"raise {refusal}({', '.join(fields)})"], None

    def _may_throw(self, refusals: set[str] | frozenset[str] | tuple[str, ...]) -> bool:
        return not self.final or all(any(one in caught for caught in self.caught) for one in refusals)

    def _throw(self, refusals: set[str] | frozenset[str] | tuple[str, ...]) -> None:
        self.thrown[-1] |= set(refusals)

    def _return(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        return self._return_lines(scope), None

    def _return_lines(self, scope: Scope) -> list[str]:
        answers = [name for name, kind in scope.kinds.items() if kind == "Answer"]
        if answers and self.random.random() < 0.3:
            return [f"return {self.random.choice(answers)}"]
        if self.random.random() < 0.12:
            inline = self._awaited(scope)
            if inline:
                return [f"return {inline}"]
        parts = paths(scope, "parts")
        shown = self.random.choice(parts) if parts and self.random.random() < 0.5 else "[]"
        fields = [
            f"{part}={shown if kind == 'parts' else self.formulas.of(kind, scope)}"
            for part, kind in FIELDS["Answer"].items()
        ]
        self.random.shuffle(fields)
        return [f"return Answer({', '.join(fields)})"]

    # What is awaited

    def _allowed(self, promise: Promise, *, parallel: int = 0, times: int = 1) -> bool:
        if not self._may_throw(promise.refuses):
            return False
        if self.final and promise.times_out:
            return False
        if promise.final and (self.loops or self.caught or parallel):
            return False
        if promise.final and not self.last and self.random.random() < 0.5:
            return False
        if promise.parallel + parallel > 2 or promise.deep >= 6:
            return False
        return self.steps + self.times * times * (8 if promise.flow else 1) <= STEPS_MAX

    def _happens(self, promise: Promise, *, parallel: int = 0, times: int = 1) -> None:
        self._throw(promise.refuses)
        self.final = self.final or promise.final
        self.parallel = max(self.parallel, promise.parallel + parallel)
        self.deep = max(self.deep, promise.deep)
        self.waits = self.waits or promise.waits
        self.asks |= {promise.name, *promise.asks}
        self.crowded |= {promise.name, *promise.asks} if parallel else set()
        self.steps += self.times * times * (8 if promise.flow else 1)

    def _pick(self, candidates: list[Promise]) -> Promise | None:
        if not candidates:
            return None
        return self.random.choices(candidates, [2.5 if one.flow else 1.6 if one.final else 1 for one in candidates])[0]

    def _awaited(self, scope: Scope) -> str | None:
        promise = self._pick([one for one in self.promises if self._allowed(one)])
        if promise is None:
            return None
        message = self._message(scope, promise)
        self._happens(promise)
        return f"await {promise.name}({message})"

    def _inline(self, scope: Scope, part: str) -> str | None:
        awaited = self._awaited(scope)
        return f"({awaited}).{part}" if awaited else None

    def _call(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        awaited = self._awaited(scope)
        if awaited is None:
            return self._assign(scope, depth)
        if self.random.random() < 0.3:
            return [awaited], scope
        name = self._new("answer")
        scope.assign(name, "Answer")
        return [f"{name} = {awaited}"], scope

    def _message(self, scope: Scope, promise: Promise, *, own: bool = False) -> str:
        known = paths(scope, promise.takes)
        if known and not own and self.random.random() < 0.6:
            return self.random.choice(known)
        return self._part(scope) if promise.takes == "Part" else self._job(scope)

    def _identity(self, scope: Scope) -> str:
        self.numbers += 1
        return f'f"{{{self.parameter}.id}}.{self.numbers}"'

    def _part(self, scope: Scope) -> str:
        number, is_open, mark, note = (self.formulas.of(kind, scope, 1) for kind in ("int", "bool", "Mark", "opt"))
        return f"Part(id={self._identity(scope)}, number={number}, open={is_open}, mark={mark}, note={note})"

    def _job(self, scope: Scope) -> str:
        number, is_open, mark, note = (self.formulas.of(kind, scope, 1) for kind in ("int", "bool", "Mark", "opt"))
        parts = [self._part(scope) for _ in range(self.random.randint(0, 2))]
        tags = self.formulas.of("tags", scope)
        given = f"number={number}, open={is_open}, mark={mark}, note={note}, tags={tags}, parts=[{', '.join(parts)}]"
        return f"Job(id={self._identity(scope)}, {given})"

    def _gather(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        chosen: list[Promise] = []
        count = self.random.choice([2, 2, 3, 3, 4, 5])
        for _ in range(count):
            allowed = [one for one in self.promises if self._allowed(one, parallel=1, times=count)]
            promise = self._pick(allowed)
            if promise is not None:
                chosen.append(promise)
        if len(chosen) < 2:
            return self._call(scope, depth)
        calls = [f"{one.name}({self._message(scope, one, own=one.waits)})" for one in chosen]
        for one in chosen:
            self._happens(one, parallel=1)
        if self.random.random() < 0.3:
            return [f"await gather({', '.join(calls)})"], scope
        names = [self._new("answer") for _ in chosen]
        for name in names:
            scope.assign(name, "Answer")
        return [f"{', '.join(names)} = await gather({', '.join(calls)})"], scope

    def _each(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        allowed = [one for one in self.promises if one.takes == "Part" and self._allowed(one, parallel=1, times=3)]
        promise = self._pick(allowed)
        lists = paths(scope, "parts")
        if promise is None:
            return self._call(scope, depth)
        own = f"[{', '.join(self._part(scope) for _ in range(self.random.choice([1, 2, 3])))}]"
        items = self.random.choice(lists) if lists and self.random.random() < 0.8 else own
        self._happens(promise, parallel=1, times=3)
        # Which items go first is nowhere said: where some wait for others, none of them may take time.
        at_most = self.random.choice([1, 2, 3, 10] if promise.quick else [3, 10])
        awaited = f"await each({promise.name}, {items}, at_most={at_most})"
        if self.random.random() < 0.3:
            return [awaited], scope
        name = self._new("answers")
        scope.assign(name, "answers")
        lines = [f"{name} = {awaited}"]
        if self.random.random() < 0.6:  # the order of answers shows in what is done with the last
            last, one = self._new("last"), self._new("one")
            scope.assign(last, "str")
            lines += [f'{last} = ""', f"for {one} in {name}:", f"    {last} = {one}.text"]
        return lines, scope

    def _sleep(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        count = self.random.choice(["1", "2", "5", "10"])
        unit = self.random.choice(["minutes", "hours"] if self.retries is QUICK else ["seconds", "minutes", "hours"])
        self.steps += self.times
        return [f"await sleep({unit}({count}))"], scope

    def _wait(self, scope: Scope, depth: int) -> tuple[list[str], Scope | None]:
        if not self._may_throw({"TimedOut"}):
            return self._sleep(scope, depth)
        event = self.random.choice(["Word", "Word", "Bell"])
        key = self.random.choice(
            [f"{self.parameter}.id", f"{self.parameter}.id", f'f"{{{self.parameter}.id}}/{self.name}"']
        )
        answers = [name for name, kind in scope.kinds.items() if kind == "Answer"]
        if answers and self.random.random() < 0.45:
            key = f'f"{{{self.random.choice(answers)}.number}}~{{{self.parameter}.id}}"'
        within = self.random.choice(["minutes(1)", "minutes(5)", "minutes(30)", "hours(2)", "seconds(20)"])
        self._throw({"TimedOut"})
        self.waits = True
        self.steps += self.times
        before = self._sleep(scope, depth)[0] if self.random.random() < 0.35 else []  # so that an event may be early
        awaited = f"await wait_for({event}, key={key}, within={within})"
        if self.random.random() < 0.4:
            return [*before, awaited], scope
        name = self._new("event")
        scope.assign(name, event)
        return [*before, f"{name} = {awaited}"], scope


def random_size(random: Random, last: bool) -> int:
    """Draw how many statements a workflow has, those inside of others left aside."""
    return random.randint(3, 9) if last else random.randint(1, 5)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
