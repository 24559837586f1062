"""Check what is awaited: contracts, gather, each, sleep and wait_for, and the kind of answer each gives."""

from __future__ import annotations

import ast
from datetime import timedelta
from typing import Any, Final

from isthmus.core.contract import Contract, Effect, days, hours, minutes, seconds
from isthmus.core.message import Event
from isthmus.core.program import kinds, limits, nodes
from isthmus.core.program.check_effects import happens, happens_side_by_side, times_out
from isthmus.core.program.check_expressions import value
from isthmus.core.program.check_values import name_fits, visible
from isthmus.core.program.check_world import hint_for
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import INTEGER, NULL, STRING, UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.read import MISSING
from isthmus.core.program.scope import Scope
from isthmus.core.workflow import Workflow, each, gather, sleep, wait_for

type Waited = tuple[nodes.Awaited | None, Kind]

UNITS: Final = ((seconds, "seconds", 1), (minutes, "minutes", 60), (hours, "hours", 3600), (days, "days", 86_400))

_NOTHING: Final[Waited] = (None, UNKNOWN)


def hoist(cx: Context, scope: Scope, node: ast.Await) -> tuple[nodes.Expression, Kind]:
    """Take an await out of a larger expression: it happens before the statement, and its answer gets a name."""
    stand_in = nodes.Literal(span=at(node), value=None)
    if cx.blocked or cx.hoisted is None:
        cx.report(
            node,
            Code.AWAITING,
            f"an await may not stand here: {cx.blocked or 'its place in the program would not be known'}",
            "await on a line of its own before, and use the name here",
        )
        return stand_in, UNKNOWN
    awaited, kind = waited(cx, scope, node)
    if awaited is None:
        return stand_in, UNKNOWN
    if kind.only == "answers":
        cx.report(
            node, Code.AWAITING, "the answers of gather are unpacked", "write first, second = await gather(…) alone"
        )
        return stand_in, UNKNOWN
    number = len(cx.hoisted)
    place, name = f"{cx.place}.await{number}", f"_await_{cx.place.replace('.', '_')}_{number}"
    cx.hoisted.append(nodes.Await(span=at(node), place=place, awaited=awaited, targets=(name,)))
    cx.places[at(node)] = place
    scope.assign(name, kind)
    return nodes.Name(span=at(node), name=name), kind


def waited(cx: Context, scope: Scope, node: ast.Await) -> Waited:
    """Check what an await waits for."""
    if not isinstance(node.value, ast.Call):
        cx.report(
            node,
            Code.AWAITING,
            "what is awaited here is no contract",
            "call a contract, gather, each, sleep or wait_for right after await",
        )
        return _NOTHING
    call = node.value
    called = cx.stands_for(call.func, scope)
    if isinstance(called, Contract) and called.effect is Effect.UNDO:
        happens(cx, scope, call, called)
        return _NOTHING
    if isinstance(called, Contract):
        found, kind = _call(cx, scope, call, called)
        if found is not None:
            happens(cx, scope, call, called)
        return found, kind
    for word, check in ((gather, _gather), (each, _each), (sleep, _sleep), (wait_for, _wait_for)):
        if called is word:
            return check(cx, scope, call)
    _report_stranger(cx, call, called)
    return _NOTHING


def _report_stranger(cx: Context, call: ast.Call, called: Any) -> None:
    if isinstance(called, Workflow):
        cx.report(
            call,
            Code.AWAITING,
            f"{ast.unparse(call.func)} is a workflow, not its contract",
            f"await the contract that it fulfils: await {called.contract.name}(…)",
        )
        return
    instead = "await a contract, gather, each, sleep or wait_for"
    if called is not MISSING:
        rule, instead = hint_for(called)
        if not rule.endswith("calls nothing else"):
            cx.report(call, Code.WORLD, rule, instead)
            return
    shown = ast.unparse(call.func)
    cx.report(call, Code.AWAITING, f"{shown} is no contract, and a workflow awaits nothing else", instead)


def _call(cx: Context, scope: Scope, call: ast.Call, contract: Contract[Any, Any]) -> tuple[nodes.CallOf | None, Kind]:
    """Check the message of a contract that is called."""
    answer = kinds.kind_of(contract.output_type)
    wanted = kinds.kind_of(contract.input_type)
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        cx.report(call, Code.TYPE, f"{contract.name} takes one message", f"write {contract.name}(message)")
        return None, answer
    message, kind = value(cx, scope, call.args[0])
    if not kinds.fits(kind, wanted):
        hint = "test for None first" if kinds.fits(kind.present, wanted) else f"give it a message {wanted}"
        cx.report(call.args[0], Code.TYPE, f"{contract.name} takes {wanted}, and this is {kind}", hint)
    else:
        visible(cx, call.args[0], kind, "sent by itself")
    return nodes.CallOf(span=at(call), contract=contract.name, message=message), answer


def _gather(cx: Context, scope: Scope, call: ast.Call) -> Waited:
    if call.keywords or any(isinstance(one, ast.Starred) for one in call.args):
        cx.report(
            call,
            Code.AWAITING,
            "gather takes contract calls, written one by one",
            "use each(contract, items, at_most=…) for one contract over a list",
        )
        return _NOTHING
    if not 2 <= len(call.args) <= limits.BRANCHES:
        cx.report(
            call,
            Code.LIMIT,
            f"gather takes 2 to {limits.BRANCHES} contracts, and these are {len(call.args)}",
            "await one alone; spread more than that over several gathers, or use each for a list",
        )
        return _NOTHING
    calls: list[nodes.CallOf] = []
    answers: list[Kind] = []
    contracts: list[tuple[ast.AST, Contract[Any, Any]]] = []
    for branch in call.args:
        contract = cx.stands_for(branch.func, scope) if isinstance(branch, ast.Call) else MISSING
        if not isinstance(branch, ast.Call) or not isinstance(contract, Contract):
            cx.report(
                branch,
                Code.AWAITING,
                "a branch of gather is one call of a contract",
                "write gather(first(a), second(b))",
            )
            continue
        found, kind = _call(cx, scope, branch, contract)
        if found is not None:
            calls.append(found)
        answers.append(kind)
        contracts.append((branch, contract))
    happens_side_by_side(cx, scope, contracts)
    if len(calls) < len(call.args):
        return _NOTHING
    return nodes.GatherOf(span=at(call), calls=tuple(calls)), kinds.one("answers", tuple(answers))


def _each(cx: Context, scope: Scope, call: ast.Call) -> Waited:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) != 2 or set(given) != {"at_most"}:
        cx.report(
            call,
            Code.AWAITING,
            "each takes a contract, a list and how many at a time",
            "write each(contract, items, at_most=5)",
        )
        return _NOTHING
    contract = cx.stands_for(call.args[0], scope)
    if not isinstance(contract, Contract):
        cx.report(call.args[0], Code.AWAITING, "each awaits one contract", "give the contract itself, not a call of it")
        return _NOTHING
    items, kind = value(cx, scope, call.args[1])
    wanted = kinds.one("list", kinds.kind_of(contract.input_type))
    if not kinds.fits(kind, wanted):
        cx.report(
            call.args[1], Code.TYPE, f"each takes {wanted} for {contract.name}, and this is {kind}", f"give {wanted}"
        )
    at_most, _ = value(cx, scope, given["at_most"])
    number = at_most.value if isinstance(at_most, nodes.Literal) else None
    if type(number) is not int or not 1 <= number <= limits.BRANCHES:
        cx.report(
            given["at_most"],
            Code.LIMIT,
            f"at_most is a number from 1 to {limits.BRANCHES}, written out",
            "write at_most=5, or a constant in capitals",
        )
        return _NOTHING
    happens_side_by_side(cx, scope, [(call, contract), (call, contract)])
    found = nodes.EachOf(span=at(call), contract=contract.name, items=items, at_most=number)
    return found, kinds.one("list", kinds.kind_of(contract.output_type))


def _sleep(cx: Context, scope: Scope, call: ast.Call) -> Waited:
    if len(call.args) != 1 or call.keywords:
        cx.report(call, Code.AWAITING, "sleep takes one duration", "write sleep(seconds(30))")
        return _NOTHING
    found = _duration(cx, scope, call.args[0])
    return (nodes.SleepFor(span=at(call), unit=found[0], count=found[1]), NULL) if found else _NOTHING


def _wait_for(cx: Context, scope: Scope, call: ast.Call) -> Waited:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) != 1 or set(given) != {"key", "within"}:
        cx.report(
            call,
            Code.AWAITING,
            "wait_for takes an event, its key and a duration",
            "write wait_for(Confirmed, key=order.id, within=hours(2))",
        )
        return _NOTHING
    event = cx.stands_for(call.args[0], scope)
    if not (isinstance(event, type) and issubclass(event, Event) and event is not Event):
        cx.report(call.args[0], Code.AWAITING, "wait_for waits for an Event", "give a class that is derived from Event")
        return _NOTHING
    name_fits(cx, call.args[0], event.__name__, "event")
    key, kind = value(cx, scope, given["key"])
    if kind.shapes and visible(cx, given["key"], kind, "used as a key") and kind != STRING:
        cx.report(given["key"], Code.TYPE, f"a key is a string, and this is {kind}", "give a field that is a string")
    within = _duration(cx, scope, given["within"])
    times_out(cx, scope, call)
    if within is None:
        return _NOTHING
    found = nodes.WaitForEvent(span=at(call), event=event.__name__, key=key, unit=within[0], count=within[1])
    return found, kinds.one("message", event)


def _duration(cx: Context, scope: Scope, node: ast.expr) -> tuple[str, nodes.Expression] | None:
    """Return a duration's unit and how many of it, or report why it is none."""
    held = cx.stands_for(node, scope)
    if isinstance(held, timedelta) and ast.unparse(node).rpartition(".")[2].isupper():
        if held.microseconds == 0 and 0 < held.total_seconds() <= limits.DURATION_SECONDS:
            return "seconds", nodes.Literal(span=at(node), value=int(held.total_seconds()))
        cx.report(node, Code.LIMIT, f"{held} is no duration of whole seconds up to 300 days", "give another constant")
        return None
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        called = cx.stands_for(node.func, scope)
        for function, unit, length in UNITS:
            if called is function:
                return _units(cx, scope, node.args[0], unit, length)
    cx.report(
        node,
        Code.TYPE,
        "a duration is seconds(…), minutes(…), hours(…) or days(…)",
        "write minutes(30) of isthmus.core",
    )
    return None


def _units(cx: Context, scope: Scope, node: ast.expr, unit: str, length: int) -> tuple[str, nodes.Expression] | None:
    count, kind = value(cx, scope, node)
    if not kind.shapes or not visible(cx, node, kind, "counted"):
        return None
    if kind != INTEGER:
        cx.report(node, Code.TYPE, f"{unit} are counted in integers, and this is {kind}", f"write {unit}(30)")
        return None
    if isinstance(count, nodes.Literal) and not 0 < int(count.value or 0) * length <= limits.DURATION_SECONDS:
        cx.report(
            node,
            Code.LIMIT,
            "a duration is longer than nothing and at most 300 days",
            f"write {unit}(30), or wait twice",
        )
        return None
    return unit, count
