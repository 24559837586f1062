"""Check what awaiting a contract does: refusals that may end the run, final steps, and how deep calls stand."""

from __future__ import annotations

import ast
from typing import Any

import msgspec

from isthmus.core.contract import Contract, Effect
from isthmus.core.program import limits
from isthmus.core.program.check_values import name_fits
from isthmus.core.program.context import Context, Summary
from isthmus.core.program.problem import Code
from isthmus.core.program.scope import Scope
from isthmus.core.refusal import TimedOut


def happens(cx: Context, scope: Scope, node: ast.AST, contract: Contract[Any, Any]) -> None:
    """Let one contract be awaited: what it may refuse, and whether it is final from here on."""
    child = _allowed(cx, node, contract)
    _deepen(cx, node, child, parallel=child.parallel)
    _refusals(cx, scope, node, contract, child)
    final = _final(contract, child)
    if final:
        scope.final = final


def happens_side_by_side(cx: Context, scope: Scope, branches: list[tuple[ast.AST, Contract[Any, Any]]]) -> None:
    """Let contracts be awaited side by side: all settle, so a refusal of one may come after a final other."""
    children = [_allowed(cx, branch, contract) for branch, contract in branches]
    for (branch, _), child in zip(branches, children, strict=True):
        _deepen(cx, branch, child, parallel=child.parallel + 1)
    finals = [_final(contract, child) for (_, contract), child in zip(branches, children, strict=True)]
    before = scope.final
    for position, ((branch, contract), child) in enumerate(zip(branches, children, strict=True)):
        others = (final for other, final in enumerate(finals) if other != position and final)
        scope.final = before or next(others, None)
        _refusals(cx, scope, branch, contract, child)
    scope.final = before or next((final for final in finals if final), None)


def times_out(cx: Context, scope: Scope, node: ast.AST) -> None:
    """Let a wait for an event end without one."""
    cx.throw(node, scope, TimedOut, "wait_for")


def _final(contract: Contract[Any, Any], child: Summary) -> str | None:
    """Return the name of what is final once the contract is fulfilled, or None when it can be taken back."""
    if contract.effect is Effect.FINAL:
        return contract.name
    return child.final if contract.effect is Effect.UNSTATED else None


def _refusals(cx: Context, scope: Scope, node: ast.AST, contract: Contract[Any, Any], child: Summary) -> None:
    for refusal in contract.refuses:
        cx.throw(node, scope, refusal, contract.name)
    if child.times_out and scope.final is not None:
        cx.report(
            node,
            Code.EFFECT,
            f"{contract.name} may time out after {scope.final}, which is final",
            f"let {contract.name} catch TimedOut, or await it before {scope.final}",
        )


def _allowed(cx: Context, node: ast.AST, contract: Contract[Any, Any]) -> Summary:
    """Report a contract that may not be awaited here, and return what is known of the workflow behind it."""
    own = cx.workflow.contract
    name_fits(cx, node, contract.name, "contract")
    name_fits(cx, node, contract.unit, "unit")
    child = cx.summary_of(cx, node, contract.name)
    cx.awaited.setdefault(contract.name, (contract, node))
    if contract.effect is Effect.UNDO:
        cx.report(
            node,
            Code.EFFECT,
            f"{contract.name} is an undo, and a workflow does not await one",
            "raise a refusal: what was done is then undone in reverse",
        )
    elif contract.effect is Effect.UNSTATED and child is None:
        cx.report(
            node,
            Code.EFFECT,
            f"contract {contract.name} is neither reads, undone_by nor final",
            f"state at {contract.name} what taking it back means: @contract(reads=True), undone_by=… or final=True",
        )
    elif own.effect is Effect.READS and contract.effect is not Effect.READS:
        cx.report(
            node,
            Code.EFFECT,
            f"{own.name} promises to read only, and {contract.name} does more",
            f"leave reads=True out of {own.name}",
        )
    return child or Summary(deep=0)


def _deepen(cx: Context, node: ast.AST, child: Summary, *, parallel: int) -> None:
    """Add to the workflow's own summary what stands below this call, within the limits."""
    if parallel > limits.PARALLEL_NESTING:
        cx.report(
            node,
            Code.LIMIT,
            f"gather and each stand {parallel} deep here, counting those of the workflows awaited",
            f"at most {limits.PARALLEL_NESTING}: await one after the other in one of them",
        )
    if child.deep + 1 > limits.CALLS_DEEP:
        cx.report(
            node,
            Code.LIMIT,
            f"workflows await workflows {child.deep + 1} deep here",
            f"at most {limits.CALLS_DEEP}: let one of them await the contracts itself",
        )
    cx.summary = msgspec.structs.replace(
        cx.summary, parallel=max(cx.summary.parallel, parallel), deep=max(cx.summary.deep, child.deep + 1)
    )
