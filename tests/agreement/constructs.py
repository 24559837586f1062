"""Count what a drawn program says, and how deep its blocks stand in one another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

BLOCKS: Final = (ast.If, ast.For, ast.While, ast.Try)

CONSTRUCTS: Final = (
    *("call", "gather", "each", "sleep", "wait_for", "sub-workflow", "await inside", "reads", "undone_by", "final"),
    *("undone workflow", "gateway", "retry", "if", "elif", "else", "for", "range", "while", "break", "continue", "try"),
    *("try else", "several refusals", "caught by name", "TimedOut", "raise", "raise again", "raise by name"),
    *("return in the middle", "assignment", "counting", "arithmetic", "f-string", "in", "not in", "len", "and", "or"),
    *("not", "order", "None", "enumeration", "message", "list", "key of an answer", "pass"),
)


def constructs(source: str) -> set[str]:
    """Return the constructs that occur in the workflows of a program, and in what these await."""
    tree = ast.parse(source)
    flows = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    contracts = {ast.unparse(flow.decorator_list[0].args[0]) for flow in flows}  # type: ignore[attr-defined]
    found = {name for flow in flows for node in ast.walk(flow) for name in _names(node, contracts)}
    for flow in flows:
        found |= _of_flow(flow)
    asked = {ast.unparse(node.func) for flow in flows for node in ast.walk(flow) if isinstance(node, ast.Call)}
    asked |= {
        ast.unparse(node.args[0])
        for flow in flows
        for node in ast.walk(flow)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "each"
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in asked:
            found |= _of_contract(node, contracts)
        if isinstance(node, ast.FunctionDef) and any(one.arg == "outside" for one in node.args.args):
            found.add("gateway")
    return found


def nesting(source: str) -> int:
    """Return how deep blocks of the workflows stand in one another."""
    flows = [node for node in ast.parse(source).body if isinstance(node, ast.AsyncFunctionDef)]
    return max(_depth(flow) for flow in flows)


def _depth(node: ast.AST) -> int:
    inner = max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    return inner + isinstance(node, BLOCKS)


def _of_contract(node: ast.FunctionDef, flows: set[str]) -> Iterator[str] | set[str]:
    shown = ast.unparse(node.decorator_list[0])
    found = {word for word in ("reads", "undone_by", "final") if f"{word}=" in shown}
    if node.name in flows and "undone_by" in found:
        found.add("undone workflow")
    if "Retry(" in shown and "attempts=1)" not in shown:
        found.add("retry")
    return found


def _of_flow(flow: ast.AsyncFunctionDef) -> set[str]:
    found = set()
    for node in ast.walk(flow):
        if isinstance(node, ast.Return) and node is not flow.body[-1]:
            found.add("return in the middle")
        if isinstance(node, ast.If):
            found.add("if")
            chained = len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
            found |= {"elif"} if chained else {"else"} if node.orelse else set()
        whole = node.value if isinstance(node, ast.Assign | ast.Expr) else None
        inside = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.Await) and part is not whole]
        if inside:
            found.add("await inside")
    return found


def _names(node: ast.AST, contracts: set[str]) -> Iterator[str]:
    match node:
        case ast.Await(value=ast.Call(func=ast.Name(id=name))):
            known = name in {"gather", "each", "sleep", "wait_for"}
            yield name if known else "sub-workflow" if name in contracts else "call"
        case ast.Call(func=ast.Name(id="len" | "range" as name)):
            yield name
        case ast.Call(func=ast.Name(id="Part" | "Job" | "Answer")):
            yield "message"
        case ast.For():
            yield "for"
        case ast.While():
            yield "while"
        case ast.Break():
            yield "break"
        case ast.Continue():
            yield "continue"
        case ast.Pass():
            yield "pass"
        case ast.Try(orelse=orelse):
            yield "try"
            if orelse:
                yield "try else"
        case ast.ExceptHandler(type=caught, name=name):
            if isinstance(caught, ast.Tuple):
                yield "several refusals"
            if caught is not None and "TimedOut" in ast.unparse(caught):
                yield "TimedOut"
            if name:
                yield "caught by name"
        case ast.Raise(exc=raised):
            yield {type(None): "raise again", ast.Name: "raise by name"}.get(type(raised), "raise")
        case ast.Assign(value=value) if not isinstance(value, ast.Await):
            yield "assignment"
        case ast.AugAssign():
            yield "counting"
        case ast.BinOp():
            yield "arithmetic"
        case ast.JoinedStr():
            yield "f-string"
        case ast.List():
            yield "list"
        case ast.BoolOp(op=word):
            yield "and" if isinstance(word, ast.And) else "or"
        case ast.UnaryOp(op=ast.Not()):
            yield "not"
        case ast.Compare(ops=[sign]):
            named = {ast.In: "in", ast.NotIn: "not in", ast.Is: "None", ast.IsNot: "None"}
            yield named.get(type(sign), "order" if isinstance(sign, ast.Lt | ast.LtE | ast.Gt | ast.GtE) else "if")
        case ast.Attribute(value=ast.Name(id="Mark")):
            yield "enumeration"
        case ast.keyword(arg="key", value=ast.JoinedStr() as key) if ".number" in ast.unparse(key):
            yield "key of an answer"
