"""What every check of an expression needs: what stands for a refused one, and what may be looked at."""

from __future__ import annotations

import ast
import difflib

from isthmus.core.program import limits, nodes
from isthmus.core.program.context import Context, at
from isthmus.core.program.kinds import UNKNOWN, Kind
from isthmus.core.program.problem import Code
from isthmus.core.program.written import depth, written, written_alone

type Checked = tuple[nodes.Expression, Kind]


def nothing(node: ast.AST) -> Checked:
    """Stand for an expression that was refused."""
    return nodes.Literal(span=at(node), value=None), UNKNOWN


def refuse(cx: Context, node: ast.AST, code: Code, rule: str, instead: str) -> Checked:
    """Report a problem, and stand for the expression."""
    cx.report(node, code, rule, instead)
    return nothing(node)


def visible(cx: Context, node: ast.AST, kind: Kind, doing: str) -> bool:
    """Say whether a workflow may look at a value; report why not when it is personal."""
    if kind.personal:
        cx.report(
            node,
            Code.PERSONAL,
            f"personal data is sealed in a workflow and cannot be {doing}",
            "decide in a handler, or use the person's pseudonym",
        )
    return not kind.personal


def choices(name: str, among: list[str]) -> str:
    """Say what may have been meant by a name."""
    near = difflib.get_close_matches(name, among, n=1)
    if near:
        return f"did you mean {near[0]}?"
    shown = [one for one in among if not one.startswith("_")][:12]
    return f"read one of: {', '.join(shown)}" if shown else "it has no fields"


def name_fits(cx: Context, node: ast.AST | nodes.Span, name: str, what: str) -> None:
    """Report a name that is too long to stand in an expression of Workflows."""
    if len(name) > limits.NAME_CHARACTERS:
        cx.report(
            node,
            Code.LIMIT,
            f"the {what} {name[:20]}… has a name of {len(name)} characters, and {limits.NAME_CHARACTERS} fit",
            "give it a shorter one",
        )


def short_enough(cx: Context, found: nodes.Expression) -> None:
    """Report an expression that is nested too deep, and the parts of it that are written alone and are too long."""
    if depth(found) > limits.BUILDING:
        cx.report(
            found.span,
            Code.LIMIT,
            f"messages and lists stand {depth(found)} deep here, and {limits.BUILDING} fit",
            "build the inner part on a line of its own, and use its name here",
        )
    for part in written_alone(found):
        length = written(part)
        if length > limits.EXPRESSION_CHARACTERS:
            cx.report(
                part.span,
                Code.LIMIT,
                f"this expression takes {length} characters, and {limits.EXPRESSION_CHARACTERS} fit",
                "give a part of it a name on a line of its own",
            )
