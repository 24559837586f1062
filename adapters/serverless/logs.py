"""Logs: the exact query that a cloud is asked, and the command of the cloud's own tool that asks it.

https://learn.microsoft.com/cli/azure/monitor/app-insights#az-monitor-app-insights-query
https://cloud.google.com/sdk/gcloud/reference/logging/read
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from isthmus.core.errors import InputError

AT_MOST: Final = 200
SINCE: Final = re.compile(r"[1-9][0-9]{0,4}[smhd]")
UNTOLD: Final = "1h"


class TimeUnreadable(InputError):
    """Report a time from which logs are asked for, and which is none."""

    code = "ISTH289"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Say which logs are asked for: of which contract, since when, and with which text."""

    contract: str
    since: str = UNTOLD
    text: str | None = None


def since_of(text: str | None) -> str:
    """Return a time as both clouds' queries are given it: `5m`, or a moment in UTC. Raises TimeUnreadable (ISTH289)."""
    if text is None or SINCE.fullmatch(text):
        return text or UNTOLD
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TimeUnreadable(
            f"{text!r} is no time", place="--startTime", instead="write 5m, 2h, 1d, or 2026-11-28T09:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def azure_query(asked: Question) -> str:
    """Return the query in Kusto's language over Application Insights."""
    since = f"ago({asked.since})" if SINCE.fullmatch(asked.since) else f"datetime({asked.since})"
    parts = [
        "union traces, exceptions",
        f"where timestamp > {since}",
        f"where operation_Name == {_quoted(asked.contract)} or message has {_quoted(asked.contract)}",
    ]
    if asked.text is not None:
        parts.append(f"where message contains {_quoted(asked.text)}")
    parts += ["project timestamp, severityLevel, operation_Name, message", f"top {AT_MOST} by timestamp desc"]
    return " | ".join(parts)


def azure_command(query: str, component: str) -> list[str]:
    """Return the command of Azure's tool, for the component of Application Insights by its id."""
    return ["az", "monitor", "app-insights", "query", "--apps", component, "--analytics-query", query, "-o", "table"]


def google_query(asked: Question) -> str:
    """Return the filter in Cloud Logging's language."""
    parts = [
        'resource.type=("cloud_run_revision" OR "workflows.googleapis.com/Workflow")',
        _quoted(asked.contract),
    ]
    if asked.text is not None:
        parts.append(_quoted(asked.text))
    if not SINCE.fullmatch(asked.since):
        parts.append(f'timestamp>="{asked.since}"')
    return " AND ".join(parts)


def google_command(query: str, project: str, since: str) -> list[str]:
    """Return the command of Google's tool; a time that is no moment is told as freshness."""
    fresh = [f"--freshness={since}"] if SINCE.fullmatch(since) else []
    return ["gcloud", "logging", "read", query, f"--project={project}", *fresh, f"--limit={AT_MOST}"]


def _quoted(text: str) -> str:
    """Quote a text for both languages, in which a backslash escapes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
