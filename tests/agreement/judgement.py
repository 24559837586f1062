"""Judge a case: whoever plays it must come to the same as the model, and as each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from case import Case
from showing import Shown

WHAT = ("runs", "journal", "undone", "kept", "outside", "letters", "mail")


class Disagreement(AssertionError):
    """Report that two players of a case have not come to the same."""


def judge(case: Case, model: Shown, played: Mapping[str, Shown]) -> None:
    """Compare all players with the model, and with the first of them. Raises Disagreement."""
    problems: list[str] = []
    for name, shown in played.items():
        problems += differences("model", model, name, shown, WHAT)
    first, *others = played
    for name in others:
        problems += differences(first, played[first], name, played[name], ("details",))
    if problems:
        raise Disagreement("\n".join([*problems, "", told(case)]))


def differences(one: str, here: Shown, other: str, there: Shown, what: tuple[str, ...]) -> list[str]:
    """Return what one shows and another does not, in words."""
    found: list[str] = []
    for part in what:
        left, right = _counted(getattr(here, part)), _counted(getattr(there, part))
        for name, more in ((one, left - right), (other, right - left)):
            found += [f"{part}, {name} alone: {_line(entry)}{_times(count)}" for entry, count in more.items()]
    return found


def _counted(part: Any) -> Counter[Any]:
    if isinstance(part, Counter):
        return part
    entries = part.items() if isinstance(part, dict) else part
    return Counter(json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in entries)


def _line(entry: Any) -> str:
    return entry if isinstance(entry, str) else " | ".join("" if part is None else str(part) for part in entry)


def _times(count: int) -> str:
    return f"  ({count} times)" if count > 1 else ""


def told(case: Case) -> str:
    """Write a case for a person: its workflows, its plan, and what was meant to go wrong."""
    flows = case.source[case.source.index("\n\n@contract") :]
    lines = [flows.strip("\n"), "", "# How calls go"]
    for contract, rows in case.rows.items():
        lines.append(f"#   {contract}: " + ", ".join(_row(row) for row in rows))
    lines += ["", "# What comes from outside"]
    lines += [f"#   {' '.join(map(str, action))}" for action in case.actions]
    if case.fault is not None:
        lines.append(f"# The process dies: {case.fault[0]}, passing {case.fault[1]}")
    if case.twice:
        lines.append("# Every delivery comes twice")
    return "\n".join(lines)


def _row(row: Mapping[str, Any]) -> str:
    return f"{row['how']} {row['times']}" if row["how"] == "few" else str(row["how"])
