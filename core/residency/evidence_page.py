"""The page of the evidence: one HTML file that needs nothing else, for reading and for printing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from isthmus.core.residency.evidence import Evidence, Holding, Where
from isthmus.core.residency.finding import Finding
from isthmus.core.residency.policy import Grant, Policy, Verb
from isthmus.core.residency.preview.keys_and_readers import Reader

SEPARATED: Final = re.compile(r"([:/._](?=[^:/._;]))")
STYLE: Final = """
:root { color-scheme: light dark; --line: #b9c0c8; --soft: #f3f5f7; --ink: #1b1f24; --bad: #a40e26; --good: #0b6b3a; }
@media (prefers-color-scheme: dark) {
  :root { --line: #4a5560; --soft: #20262d; --ink: #e8ecf0; --bad: #ff9a9a; --good: #7fe0a8; }
  body { background: #14181d; }
}
body { color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .4rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); } tbody th { font-weight: 600; }
code { font: .88em ui-monospace, monospace; overflow-wrap: break-word; } .day { white-space: nowrap; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); font-weight: 600; }
.note { background: var(--soft); border-left: .3rem solid var(--line); padding: .6rem 1rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; --line: #b9c0c8; --soft: #f3f5f7; --ink: #000; --bad: #a40e26; --good: #0b6b3a; }
  body { background: none; margin: 0; max-width: none; font-size: 11px; padding: 0; } .scroll { overflow: visible; }
  tr { break-inside: avoid; } h2, caption { break-after: avoid; }
}
"""


def page(evidence: Evidence) -> str:
    """Return the whole page."""
    count = len(evidence.findings)
    verdict = (
        f'<p class="bad">{count} finding{"" if count == 1 else "s"}: this deployment is not within the policy.</p>'
        if count
        else '<p class="good">No finding: every resource of the preview is within the policy.</p>'
    )
    title = f"Where data lives: {evidence.stack}"
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            f"<p>{escape(evidence.policy.title)}, as it stood on {_day(evidence.on.isoformat())}.</p>",
            verdict,
            '<div class="note">' + _list(evidence.never_seen) + "</div>",
            _findings(evidence),
            _map(evidence.holdings),
            _controls(evidence),
            _policy(evidence.policy),
            _exceptions(evidence),
            _sources(evidence),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column heads its rows; cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in columns)
    lines = [
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    ]
    if not lines:
        return ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in items) + "</ul>"


def _code(text: str) -> str:
    """Return a name as code, which may only break after what separates its parts."""
    return f"<code>{SEPARATED.sub(r'\1<wbr>', escape(text))}</code>" if text else "-"


def _day(day: str) -> str:
    return f'<span class="day">{escape(day)}</span>'


def _findings(evidence: Evidence) -> str:
    if not evidence.findings:
        return ""
    columns = ("Resource", "Property", "Data", "What is wrong", "Rule", "What to do")
    return "<h2>Findings</h2>" + _table(
        "What stands against the policy", columns, (_finding(one) for one in evidence.findings)
    )


def _finding(one: Finding) -> tuple[str, ...]:
    return (
        f"{escape(one.resource)}<br>{_code(one.type)}",
        f"{_code(one.property)}<br>{escape(one.value)}",
        escape(", ".join(one.data)),
        escape(one.problem),
        _code(one.rule.value),
        escape(one.instead),
    )


def _map(holdings: Sequence[Holding]) -> str:
    columns = ("Resource", "Holds", "Where", "Copied to", "Key", "Who has a role here")
    rows = (
        (
            f"{escape(one.resource)}<br>{_code(one.type)}",
            escape(", ".join(one.data)) + ("" if one.labelled else "<br>(no label: taken as any)"),
            _places(one.where)
            if one.where
            else escape(f"part of {', '.join(one.part_of)}" if one.part_of else "not said"),
            _places(one.copied_to) if one.copied_to else "nowhere that it says",
            escape(one.key),
            _readers(one.readers),
        )
        for one in holdings
    )
    return "<h2>Data map</h2>" + _table("Every resource that may hold data", columns, rows)


def _readers(readers: Sequence[Reader]) -> str:
    """Return a line for each who has a role, with all that they have."""
    roles = {one.who: [other.role for other in readers if other.who == one.who] for one in readers}
    lines = [f"{escape(who)}: {escape(', '.join(had))}" for who, had in roles.items()]
    return "<br>".join(lines) or "nobody by this deployment"


def _places(places: Sequence[Where]) -> str:
    return "<br>".join(
        f"{escape(one.place)} ({escape(', '.join(one.countries)) or 'no country known'})<br>{_code(one.property)}"
        for one in dict.fromkeys(places)
    )


def _controls(evidence: Evidence) -> str:
    rows = (
        (
            escape(one.name),
            escape(one.keeps),
            escape(", ".join(one.resources)) or '<span class="bad">none in this preview</span>',
            _code(one.test),
        )
        for one in evidence.controls
    )
    return "<h2>Controls</h2>" + _table(
        "Each control, with what carries it and the test behind it", ("Control", "Keeps", "Carried by", "Test"), rows
    )


def _policy(policy: Policy) -> str:
    rest = "everything else" if policy.data else "every class, and what has none"
    grants = [*policy.data.items(), (rest, policy.default)]
    rows = ((escape(name), *(_countries(grant, verb) for verb in Verb)) for name, grant in grants)
    about = ", ".join(
        one for one in (policy.source, policy.dated, f"sure: {policy.sure}" if policy.sure else "") if one
    )
    return (
        "<h2>Policy</h2>"
        + (f"<p>{escape(about)}</p>" if about else "")
        + _table("Countries by class of data", ("Data", "Store", "Process", "Replicate"), rows)
    )


def _countries(grant: Grant, verb: Verb) -> str:
    return escape(", ".join(sorted(grant.countries(verb)))) or "nowhere"


def _exceptions(evidence: Evidence) -> str:
    used = (
        (
            f"{escape(one.resource)}<br>{_code(one.property)}",
            _code(one.rule.value),
            escape(one.exemption.reason if one.exemption else ""),
            escape(one.exemption.approved_by if one.exemption else ""),
            _day(one.exemption.until.isoformat() if one.exemption else ""),
        )
        for one in evidence.excepted
    )
    expired = (
        (_code(one.rule.value), escape(one.reason), escape(one.approved_by), _day(one.until.isoformat()))
        for one in evidence.expired
    )
    shown = _table("Findings that are excepted", ("Resource", "Rule", "Reason", "Approved by", "Until"), used) + _table(
        "Exceptions that have run out, and no longer count", ("Rule", "Reason", "Approved by", "Until"), expired
    )
    return "<h2>Exceptions</h2>" + (shown or "<p>None.</p>")


def _sources(evidence: Evidence) -> str:
    digests = ((escape(name), _code(digest)) for name, digest in evidence.inputs.items())
    sources = (
        (escape(cloud.cloud), escape(one.what), escape(one.covers), _day(one.date))
        for cloud in evidence.facts
        for one in cloud.sources
    )
    return (
        "<h2>Inputs</h2>"
        + _table("SHA-256 of what this was made from", ("Input", "Digest"), digests)
        + _table("Sources of the facts about regions", ("Cloud", "Source", "Covers", "Date"), sources)
    )
