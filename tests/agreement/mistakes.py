"""Seeded mistakes: such as a careful person could make, each of which random programs must show.

A mistake is a text that stands once in a file, what stands in its place, what that breaks, and who is asked to show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Mistake:
    """Be one mistake."""

    file: str
    old: str
    new: str
    why: str
    player: str = "google"


LOWER: Final = "adapters/gcp/lower.py"
FORMULAS: Final = "adapters/gcp/expressions.py"
SUPPORT: Final = "adapters/gcp/support.py"

COMPILER: Final = (
    Mistake(LOWER, "answer = None if value is None else", "answer = None if True else", "the answer of a return"),
    Mistake(LOWER, "if orelse:\n", "if not orelse:\n", "the else of an if"),
    Mistake(LOWER, "span = (1, node.bound)", "span = (1, max(1, node.bound - 1))", "the last turn of a while"),
    Mistake(LOWER, "span = (0, node.count - 1)", "span = (0, node.count)", "both ends of a range are included"),
    Mistake(LOWER, "nodes.Not(span=node.span, operand=node.test)", "node.test", "a while ends when its test fails"),
    Mistake(LOWER, '"break" if isinstance', '"continue" if isinstance', "break"),
    Mistake(LOWER, "in_try, self._in_try = self._in_try, False", "in_try = self._in_try", "a jump in a loop in a try"),
    Mistake(LOWER, "steps=self._filled(node, node.orelse))]", "steps=self._filled(node, ()))]", "the else of a try"),
    Mistake(LOWER, "'\"timed_out\"' if", "'\"timeout\"' if", "an except of TimedOut"),
    Mistake(LOWER, '(tests, " or ", line)', '(tests, " and ", line)', "an except of several refusals"),
    Mistake(LOWER, "{ended}.answer.fields", "{ended}.answer", "the fields of a refusal that was caught"),
    Mistake(LOWER, 'f"refused.{node.refusal}"', '"refused"', "the name of a refusal that is raised"),
    Mistake(LOWER, "refusal=node.refusal, fields=fields", "refusal=node.refusal, fields=None", "the fields of a raise"),
    Mistake(
        LOWER, "Case(condition=True, steps=(again,))", "Case(condition=False, steps=(again,))", "what is not caught"
    ),
    Mistake(LOWER, 'Formula(f"{visits} + 1")', "Formula(visits)", "how often a place was visited"),
    Mistake(LOWER, 'temporary("visits"), -1)', 'temporary("visits"), 0)', "visits are counted from 0"),
    Mistake(LOWER, "count.value * SECONDS[unit]", "count.value * 60", "the unit of a duration"),
    Mistake(LOWER, 'Formula("ordinal + 1")', 'Formula("ordinal")', "the order of undoing after loops"),
    Mistake(LOWER, "self._ordinal += 1", "self._ordinal -= 1", "the order of undoing without loops"),
    Mistake(LOWER, 'f"{place}"), place, reply)', 'f"{place}"), -place, reply)', "the order of undoing side by side"),
    Mistake(LOWER, "list.concat({found}, {answers}", "list.prepend({found}, {answers}", "the order of each's answers"),
    Mistake(LOWER, '{items}) > 0")', '{items}) > 1")', "an each of one item"),
    Mistake(LOWER, "(reply, Formula(own))", "(reply, Formula(reply))", "the reply of a child side by side"),
    Mistake(LOWER, '== "started"', '== "answered"', "a child that is started is carried"),
    Mistake(FORMULAS, 'f"not ({a} in {b})"', 'f"{a} in {b}"', "not in"),
    Mistake(FORMULAS, 'return f"({text})" if', "return text if", "the parentheses of an operand"),
    Mistake(FORMULAS, 'f"not ({held})")', "held)", "an or that looks at None first"),
    Mistake(FORMULAS, "if not guarded(operands):", "if True:", "what stands behind a test for None"),
    Mistake(FORMULAS, "texts = ['\"\"', *(", "texts = [*(", "an f-string of integers"),
    Mistake(FORMULAS, 'return f"({value})" if value < 0', 'return f"{-value}" if value < 0', "a number below zero"),
    Mistake(FORMULAS, '"${" in value)', '"$!" in value)', "a text that YAML reads as a formula"),
    Mistake(SUPPORT, '"failed", "refused", "timed_out")', '"refused", "failed", "timed_out")', "a failure outranks"),
    Mistake(SUPPORT, 'reply.state == "answered"\', go=', 'reply.state == "failing"\', go=', "more than one undo"),
    Mistake(SUPPORT, '({state} == "failing") or', '({state} == "retrying") or', "a retry after a delay"),
    Mistake(SUPPORT, "'not (\"TimeoutError\" in tags)'", "'\"TimeoutError\" in tags'", "a wait whose time is over"),
    Mistake(
        SUPPORT, '("ConnectionError", "Conn', '("SystemError", "Conn', "an answer that was lost is asked for again"
    ),
)
"""In the compiler: what statements become, expressions, and the routines that every workflow has."""

EXECUTION: Final = "adapters/gcp/interpreter/execution.py"
OPERATORS: Final = "adapters/gcp/interpreter/operators.py"
PARALLEL: Final = "adapters/gcp/interpreter/parallel.py"
SCOPE: Final = "adapters/gcp/interpreter/scope.py"
COLLECTIONS: Final = "adapters/gcp/interpreter/library/collections.py"

INTERPRETER: Final = (
    Mistake(EXECUTION, "range(first, last + 1)", "range(first, last)", "a range includes its end"),
    Mistake(
        EXECUTION,
        "if signal is BREAK:\n                break",
        "if signal is BREAK:\n                continue",
        "break",
    ),
    Mistake(
        EXECUTION,
        "signal is not None and signal is not CONTINUE",
        "signal is not None",
        "a loop goes on after continue",
    ),
    Mistake(EXECUTION, "caught = raised.value", "caught = {**raised.value, 'tags': []}", "the tags of what is caught"),
    Mistake(
        EXECUTION, "if wanted and schedule.left():", "if not wanted and schedule.left():", "what the predicate wants"
    ),
    Mistake(EXECUTION, "{body.value: item, body.index: index}", "{body.value: item, body.index: 0}", "the index"),
    Mistake(EXECUTION, "return {**whole, key: self", "return {key: self", "an assignment into a map keeps the rest"),
    Mistake(EXECUTION, "index = steps.places[signal.target]", "index += 1", "next names a step"),
    Mistake(EXECUTION, "return Done(value)", "return Done(None)", "the value of a return"),
    Mistake(
        EXECUTION, "scope.assign(target.name, value)", "scope.create(target.name, value)", "variables of outer blocks"
    ),
    Mistake(OPERATORS, "return not value", "return value", "not"),
    Mistake(OPERATORS, "_number(left - right, answers)", "_number(right - left, answers)", "subtraction"),
    Mistake(OPERATORS, "bool(a <= b)", "bool(a < b)", "at most"),
    Mistake(OPERATORS, "bool(a > b)", "bool(a >= b)", "more than"),
    Mistake(OPERATORS, "return left is right", "return left is not right", "null is the same as null alone"),
    Mistake(OPERATORS, "return any(equal", "return all(equal", "in looks for one item"),
    Mistake(OPERATORS, "return not equal(", "return equal(", "unequal"),
    Mistake(
        OPERATORS, "return _joined(left, answers) + _j", "return _joined(right, answers) + _j", "a text with a number"
    ),
    Mistake(PARALLEL, "if not self._queue and not self._running", "if not self._queue", "all branches end first"),
    Mistake(PARALLEL, "own = scope.inner()", "own = scope", "branches have variables of their own"),
    Mistake(SCOPE, "(scope or self).create", "self.create", "an assignment goes to where the variable is"),
    Mistake(COLLECTIONS, "[*objs, val]", "[val, *objs]", "concat puts a value at the end"),
)
"""In the interpreter of Workflows."""

RUNS: Final = "adapters/runtime/runs.py"
UNIT: Final = "adapters/runtime/invocation.py"
MAILBOX: Final = "adapters/runtime/events.py"
BACK: Final = "adapters/runtime/taking_back.py"
DRIVE: Final = "adapters/runtime/execution.py"
DRIVING: Final = "adapters/runtime/driving.py"
STEPPING: Final = "adapters/runtime/stepping.py"
OPERATE: Final = "adapters/runtime/operations.py"
SQL_RUNS: Final = "adapters/sql/runs.py"
SQL_MAIL: Final = "adapters/sql/mailbox.py"
ORCHESTRATOR: Final = "adapters/azure/orchestrator.py"
CARRYING: Final = "adapters/gcp/carrying.py"

SHARED: Final = (
    Mistake(UNIT, "    if marked:\n        transaction.back_to_mark()\n", "", "what a refused handler did", "laptop"),
    Mistake(UNIT, "attempts + 1 >= fulfilment", "attempts + 2 >= fulfilment", "how many attempts there are", "laptop"),
    Mistake(UNIT, "if state in SETTLED:\n        return", "if False:\n        return", "a recorded answer", "laptop"),
    Mistake(UNIT, "if intent.inquire_first:", "if False:", "what was lost is inquired after", "laptop"),
    Mistake(UNIT, "Outcome(StepState.UNKNOWN,", "Outcome(StepState.FAILED,", "what nobody knows is stuck", "laptop"),
    Mistake(
        DRIVE,
        "(StepState.FAILED, StepState.REFUSED,",
        "(StepState.REFUSED, StepState.FAILED,",
        "a failure outranks",
        "laptop",
    ),
    Mistake(DRIVE, "self._visits[place] = visits + 1", "self._visits[place] = visits", "visits of a loop", "laptop"),
    Mistake(
        DRIVE, "self._ordinal, self._ordinal + 1", "self._ordinal, self._ordinal", "the order of undoing", "laptop"
    ),
    Mistake(
        BACK, "reversed(unit.transaction.rows(STEPS", "iter(unit.transaction.rows(STEPS", "reverse order", "laptop"
    ),
    Mistake(
        BACK, "or done.state is StepState.REFUSED", "or done.state is StepState.FAILED", "what was refused", "laptop"
    ),
    Mistake(BACK, "done.answer if done.state is", "b'null' if done.state is", "an undo gets the result", "laptop"),
    Mistake(
        BACK,
        "contract.undone_by is not None:\n        return _request",
        "False:\n        return _request",
        "a child's undo",
        "laptop",
    ),
    Mistake(
        BACK, "        return Held(child.run_id)", "        return None", "a child that takes itself back", "laptop"
    ),
    Mistake(MAILBOX, '    if not arrived:\n        return "repeated"\n', "", "an event that comes twice", "laptop"),
    Mistake(
        MAILBOX,
        "    unit.transaction.run(CLOSE_WAIT, run_id, step)\n",
        "",
        "who was given an event waits no longer",
        "laptop",
    ),
    Mistake(
        SQL_MAIL,
        ".order_by(MAILBOX.c.sequence)\n    .limit(1)",
        ".order_by(MAILBOX.c.sequence.desc())\n    .limit(1)",
        "first in, first out",
        "laptop",
    ),
    Mistake(
        SQL_RUNS,
        "order_by(INBOX.c.ordinal, INBOX.c.branch)",
        "order_by(INBOX.c.step)",
        "place ten comes after two",
        "laptop",
    ),
    Mistake(RUNS, "    unit.transaction.run(CLOSE_WAITS_OF_RUN, run.run_id)\n", "", "a fence closes waits", "laptop"),
    Mistake(
        RUNS, "return state == StepState.ANSWERED or (outside", "return (outside", "the point of no return", "laptop"
    ),
    Mistake(
        RUNS,
        "status in {RunStatus.STARTED, RunStatus.RUNNING}:\n            child",
        "False:\n            child",
        "children are fenced with their parent",
        "laptop",
    ),
    Mistake(
        RUNS,
        "RunStatus.REFUSED: StepState.REFUSED}",
        "RunStatus.TIMED_OUT: StepState.REFUSED}",
        "a child that refuses",
        "laptop",
    ),
    Mistake(
        RUNS,
        "str(parent.failed)] if parent.failed",
        "str(parent.failed)] if False",
        "a child that is tried again",
        "laptop",
    ),
    Mistake(
        STEPPING,
        "row[0] if row else unit.now_us",
        "unit.now_us if row else unit.now_us",
        "a sleep keeps its moment",
        "google",
    ),
    Mistake(
        OPERATE,
        "status = RunStatus.TAKING_BACK",
        "status = RunStatus.RUNNING",
        "a stuck undo that is replayed",
        "laptop",
    ),
    Mistake(
        DRIVING,
        "if isinstance(result, Fenced) and result.status == RunStatus.STUCK:",
        "if False:",
        "stuck, asked twice",
        "azure",
    ),
    Mistake(
        ORCHESTRATOR,
        "retry.delay_after(reply.attempts)",
        "retry.delay_after(reply.attempts) * 100_000",
        "how long a retry waits",
        "azure",
    ),
    Mistake(ORCHESTRATOR, "raise _Unsettled\n\n", "pass\n\n", "a run that is cancelled leaves its workflow", "azure"),
    Mistake(
        CARRYING,
        "self._executions.cancel(name_of(workflow_name(run.contract, run.version), claimant))",
        "pass",
        "the execution before ends",
    ),
)
"""In the unit of work, the mailbox, taking back, and what drives runs."""

ALL: Final = {"compiler": COMPILER, "interpreter": INTERPRETER, "shared": SHARED}
