"""Make a case that disagrees smaller: fewer actions, calmer calls, fewer statements, as long as it disagrees."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Final

from case import Case
from judgement import Disagreement

SECONDS_MAX: Final = 240


def reduced(case: Case, try_out: Callable[[Case], object]) -> tuple[Case, Disagreement | None]:
    """Return the smallest case that was found, and how it disagrees."""
    until = time.monotonic() + SECONDS_MAX
    found: Disagreement | None = None
    smaller = True
    while smaller:
        smaller = False
        for candidate in _candidates(case):
            if time.monotonic() > until:
                return case, found
            disagreement = _tried(candidate, try_out)
            if disagreement is not None:
                case, found, smaller = candidate, disagreement, True
                break
    return case, found


def _tried(case: Case, try_out: Callable[[Case], object]) -> Disagreement | None:
    try:
        try_out(case)
    except Disagreement as disagreement:
        return disagreement
    except Exception:  # noqa: BLE001  # no program any more, or no plan for it
        return None
    return None


def _candidates(case: Case) -> Iterator[Case]:
    if case.fault is not None:
        yield replace(case, fault=None)
    if case.twice:
        yield replace(case, twice=False)
    for place in range(len(case.actions) - 1, -1, -1):
        yield replace(case, actions=[*case.actions[:place], *case.actions[place + 1 :]])
    for source in _smaller_sources(case.source):
        yield replace(case, source=source)
    for contract, rows in case.rows.items():
        for place, row in enumerate(rows):
            if row["how"] != "ok":
                calm = [*rows[:place], {**row, "how": "ok"}, *rows[place + 1 :]]
                yield replace(case, rows={**case.rows, contract: calm})


def _smaller_sources(source: str) -> Iterator[str]:
    """Yield the source without one statement of its workflows, or with the inside of a block in its place."""
    head = source.index("\n\n@contract")
    tree = ast.parse(source[head:])
    places = [
        (number, name, place)
        for number, node in enumerate(ast.walk(tree))
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for name in ("body", "orelse", "handlers")
        if isinstance(getattr(node, name, None), list)
        for place in range(len(getattr(node, name)))
    ]
    for number, name, place in places:
        for keep in (False, True):
            twin = deepcopy(tree)
            owner = next(node for at, node in enumerate(ast.walk(twin)) if at == number)
            block = getattr(owner, name)
            inside = getattr(block[place], "body", None) if keep else []
            if inside is None:
                continue
            block[place : place + 1] = inside
            if name == "body" and not block:
                block.append(ast.Pass())
            yield source[:head] + "\n\n" + ast.unparse(twin) + "\n"
