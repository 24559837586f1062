"""Read the steps of one routine: which kind each is, and whether everything in it is described.

Pages: syntax/steps, variables (assign), calls, conditions, iteration, parallel-steps, catching-errors, retrying,
raising-errors, completing, jumps.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from isthmus.adapters.gcp.interpreter.arguments import read_call
from isthmus.adapters.gcp.interpreter.expressions import Expression, Field, Name, NotAnExpression, parse
from isthmus.adapters.gcp.interpreter.formulas import Compiler, Formula
from isthmus.adapters.gcp.interpreter.limits import Limits
from isthmus.adapters.gcp.interpreter.source import Entries, Items, Node, Reader, Scalar
from isthmus.adapters.gcp.interpreter.steps import (
    Assign,
    Body,
    Case,
    Except,
    For,
    Nested,
    Nothing,
    Parallel,
    Raise,
    Retry,
    Return,
    Step,
    Steps,
    Switch,
    Target,
    Try,
)

STEP_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED: Final = frozenset({"end", "break", "continue"})
ENDS: Final = frozenset({"return", "raise"})
BRANCHES_MIN: Final = 2
KEYS: Final[dict[str, frozenset[str]]] = {
    "assign": frozenset(),
    "call": frozenset({"args", "result"}),
    "switch": frozenset(),
    "for": frozenset(),
    "parallel": frozenset(),
    "try": frozenset({"retry", "except"}),
    "raise": frozenset(),
    "return": frozenset(),
    "steps": frozenset(),
}
RETRY_KEYS: Final = ("predicate", "max_retries", "backoff")
BACKOFF_KEYS: Final = ("initial_delay", "max_delay", "multiplier")


class Bodies:
    """Read the steps of one routine."""

    def __init__(self, reader: Reader, compiler: Compiler, limits: Limits, routine: str) -> None:
        self._reader = reader
        self._compiler = compiler
        self._limits = limits
        self._routine = routine
        self._names: dict[str, int] = {}

    def steps(self, node: Node) -> Steps:
        """Read a list of steps."""
        if not isinstance(node, Items) or not node.items:
            self._refuse(node, "steps are a list of at least one step")
        found: list[Step] = []
        for item in node.items:
            if not isinstance(item, Entries) or len(item.entries) != 1:
                self._refuse(item, "a step is one name with what it does", "write - name: on a line of its own")
            name, body = next(iter(item.entries.items()))
            found.append(self._step(self._new_name(name, item.key_lines[name]), item.key_lines[name], body))
        return Steps(tuple(found), {step.name: index for index, step in enumerate(found)})

    def _new_name(self, name: str, line: int) -> str:
        if not STEP_NAME.fullmatch(name) or name in RESERVED:
            self._reader.refuse(line, f"a step cannot be called {name}", "use letters, digits and underscores")
        if name in self._names:
            self._reader.refuse(line, f"the step {name} is in {self._routine} already, in line {self._names[name]}")
        self._names[name] = line
        return name

    def _step(self, name: str, line: int, node: Node, without: frozenset[str] = frozenset()) -> Step:
        if not isinstance(node, Entries):
            self._refuse(node, f"the step {name} is a map", "write assign:, call:, switch: or another kind of step")
        keys = node.entries.keys() - without
        kinds = [key for key in node.entries if key in KEYS and key not in without]
        allowed = KEYS[kinds[0]] | {kinds[0]} if kinds else frozenset()
        for key in sorted(keys - allowed - {"next"}, key=lambda one: node.key_lines[one]):
            reason = f"{key} does not go together with {kinds[0]}" if key in KEYS else f"{key} is not described"
            self._reader.refuse(node.key_lines[key], f"{reason} in a step")
        if not kinds and "next" not in keys:
            self._refuse(node, f"the step {name} does nothing")
        target = self._next(node) if "next" in keys else None
        if target is not None and kinds and kinds[0] in ENDS:
            self._reader.refuse(node.key_lines["next"], f"nothing comes next after {kinds[0]}")
        return Step(name, line, self._body(kinds[0], name, node) if kinds else Nothing(), target)

    def _next(self, node: Entries) -> str:
        match node.entries["next"]:
            case Scalar(str(target)) if STEP_NAME.fullmatch(target):
                return target
            case other:
                self._refuse(other, "next is the name of a step, or end, break or continue")

    def _body(self, kind: str, name: str, node: Entries) -> Body:
        value = node.entries[kind]
        match kind:
            case "assign":
                return self._assign(value)
            case "call":
                return read_call(self._reader, self._compiler, node)
            case "switch":
                return self._switch(name, value)
            case "for":
                return self._for(value)
            case "parallel":
                return self._parallel(value)
            case "try":
                return self._try(name, node)
            case "raise":
                return Raise(self._compiler.formula(value))
            case "return":
                return Return(self._compiler.formula(value))
            case _:
                return Nested(self.steps(value))

    def _assign(self, node: Node) -> Assign:
        if not isinstance(node, Items) or not node.items:
            self._refuse(node, "assign is a list of assignments", "write - name: value")
        if len(node.items) > self._limits.assignments:
            self._refuse(node, f"{len(node.items)} assignments, and {self._limits.assignments} are allowed in a step")
        found: list[tuple[Target, Formula]] = []
        for item in node.items:
            if not isinstance(item, Entries) or len(item.entries) != 1:
                self._refuse(item, "an assignment is one variable with its value", "write - name: value")
            key, value = next(iter(item.entries.items()))
            found.append((self._target(key, item.key_lines[key]), self._compiler.formula(value)))
        return Assign(tuple(found))

    def _target(self, text: str, line: int) -> Target:
        try:
            tree = parse(text)
        except NotAnExpression as wrong:
            self._reader.refuse(line, f"{text} cannot be assigned to: {wrong}")
        path: list[Expression] = []
        while isinstance(tree, Field):
            path.append(tree.key)
            tree = tree.value
        if not isinstance(tree, Name):
            self._reader.refuse(line, f"{text} cannot be assigned to", "write the name of a variable")
        self._variable(tree.name, line)
        return Target(tree.name, tuple(self._compiler.tree(key, line) for key in reversed(path)))

    def _variable(self, name: str, line: int) -> str:
        if not NAME.fullmatch(name) or name in self._compiler.routines:
            self._reader.refuse(line, f"a variable cannot be called {name}")
        return name

    def _switch(self, name: str, node: Node) -> Switch:
        if not isinstance(node, Items) or not node.items:
            self._refuse(node, "switch is a list of conditions")
        if len(node.items) > self._limits.conditions:
            self._refuse(node, f"{len(node.items)} conditions, and {self._limits.conditions} are allowed in a switch")
        cases: list[Case] = []
        for item in node.items:
            if not isinstance(item, Entries) or "condition" not in item.entries:
                self._refuse(item, "an entry of a switch has a condition")
            condition = self._compiler.formula(item.entries["condition"])
            if condition.constant and not isinstance(condition.literal, bool):
                self._refuse(item, "a condition is an expression, true or false", "write ${…}")
            cases.append(Case(condition, self._step(name, item.line, item, frozenset({"condition"}))))
        return Switch(tuple(cases))

    def _for(self, node: Node) -> For:
        entries = self._map(node, "for", {"value", "index", "in", "range", "steps"})
        if "value" not in entries or "steps" not in entries or ("in" in entries) == ("range" in entries):
            self._refuse(node, "for has value and steps, and either in or range")
        if "range" in entries and "index" in entries:
            self._refuse(entries["index"], "index goes with in", "the value of a range is its own index")
        items = self._compiler.formula(entries["in"]) if "in" in entries else None
        index = self._name_of(entries["index"]) if "index" in entries else None
        return For(self._name_of(entries["value"]), index, items, self._range(entries), self.steps(entries["steps"]))

    def _range(self, entries: dict[str, Node]) -> tuple[Formula, Formula] | None:
        match entries.get("range"):
            case None:
                return None
            case Items((first, last)):
                return self._compiler.formula(first), self._compiler.formula(last)
            case other:
                self._refuse(other, "a range is a list of its first and its last number", "write range: [1, 9]")

    def _parallel(self, node: Node) -> Parallel:
        known = {"exception_policy", "shared", "concurrency_limit", "branches", "for"}
        entries = self._map(node, "parallel", known)
        if ("branches" in entries) == ("for" in entries):
            self._refuse(node, "parallel has either branches or for")
        match entries.get("exception_policy"):
            case None | Scalar("continueAll"):
                pass
            case other:
                self._refuse(other, "continueAll is the only policy")
        limit = self._compiler.formula(entries["concurrency_limit"]) if "concurrency_limit" in entries else None
        if limit is not None and limit.constant and (type(limit.literal) is not int or limit.literal < 1):
            self._refuse(entries["concurrency_limit"], "concurrency_limit is a positive integer")
        loop = self._for(entries["for"]) if "for" in entries else None
        branches = self._branches(entries["branches"]) if "branches" in entries else ()
        return Parallel(self._shared(entries.get("shared")), limit, branches, loop)

    def _shared(self, node: Node | None) -> frozenset[str]:
        if node is None:
            return frozenset()
        if not isinstance(node, Items):
            self._refuse(node, "shared is a list of variables", "write shared: [a, b]")
        return frozenset(self._name_of(item) for item in node.items)

    def _branches(self, node: Node) -> tuple[tuple[str, Steps], ...]:
        if not isinstance(node, Items) or not BRANCHES_MIN <= len(node.items) <= self._limits.branches:
            self._refuse(node, f"branches are a list of {BRANCHES_MIN} to {self._limits.branches} branches")
        found: list[tuple[str, Steps]] = []
        for item in node.items:
            if not isinstance(item, Entries) or len(item.entries) != 1:
                self._refuse(item, "a branch is one name with its steps")
            name, body = next(iter(item.entries.items()))
            entries = self._map(body, f"the branch {name}", {"steps"})
            if "steps" not in entries:
                self._refuse(body, f"the branch {name} has no steps")
            found.append((self._new_name(name, item.key_lines[name]), self.steps(entries["steps"])))
        return tuple(found)

    def _try(self, name: str, node: Entries) -> Try:
        if "retry" not in node.entries and "except" not in node.entries:
            self._refuse(node, "try has retry or except")
        retry = self._retry(node.entries["retry"]) if "retry" in node.entries else None
        handler = self._except(name, node.entries["except"]) if "except" in node.entries else None
        return Try(self._block(name, node.entries["try"]), retry, handler)

    def _block(self, name: str, node: Node) -> Steps:
        """Read the body of a `try`: steps, or one step without a name of its own."""
        step = self._step(name, node.line, node)
        return step.body.steps if isinstance(step.body, Nested) and step.next is None else Steps((step,), {})

    def _except(self, name: str, node: Node) -> Except:
        if not isinstance(node, Entries) or "as" not in node.entries:
            self._refuse(node, "except names the error with as")
        error = self._name_of(node.entries["as"])
        step = self._step(name, node.line, node, frozenset({"as"}))
        nested = isinstance(step.body, Nested) and step.next is None
        return Except(error, step.body.steps if nested and isinstance(step.body, Nested) else Steps((step,), {}))

    def _retry(self, node: Node) -> Retry:
        if isinstance(node, Entries):
            entries = self._map(node, "retry", set(RETRY_KEYS))
            self._complete(node, "retry", RETRY_KEYS, entries)
            backoff = entries["backoff"]
            if isinstance(backoff, Entries):
                self._complete(backoff, "backoff", BACKOFF_KEYS, self._map(backoff, "backoff", set(BACKOFF_KEYS)))
        policy = self._compiler.formula(node)
        if policy.constant:
            self._refuse(node, "a retry policy is an expression, or a map with a predicate", "${http.default_retry}")
        return Retry(policy)

    def _complete(self, node: Node, what: str, keys: tuple[str, ...], entries: dict[str, Node]) -> None:
        if missing := [key for key in keys if key not in entries]:
            self._refuse(node, f"{what} lacks {' and '.join(missing)}")

    def _map(self, node: Node, what: str, known: set[str]) -> dict[str, Node]:
        if not isinstance(node, Entries):
            self._refuse(node, f"{what} is a map with {', '.join(sorted(known))}")
        for key in node.entries:
            if key not in known:
                self._reader.refuse(node.key_lines[key], f"{key} is not described in {what}")
        return node.entries

    def _name_of(self, node: Node) -> str:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self._refuse(node, "this is the name of a variable")
        return self._variable(node.value, node.line)

    def _refuse(self, node: Node, problem: str, instead: str = "") -> NoReturn:
        self._reader.refuse(node.line, problem, instead)
