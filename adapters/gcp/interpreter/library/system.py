"""Time, identifiers and the environment.

Pages: stdlib/time/*, stdlib/uuid/generate, stdlib/sys/now, stdlib/sys/get_env.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.faults import fault, value_fault
from isthmus.adapters.gcp.interpreter.library.registry import Surroundings, expect, library

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@library("time.format")
def format_time(_around: Surroundings, seconds: Any, timezone: Any = "") -> str:
    """Return a timestamp as ISO 8601, to the microsecond, in UTC or a zone of the tz database."""
    expect("time.format", seconds, int, float)
    expect("time.format", timezone, str)
    return moment(seconds).astimezone(_zone(timezone)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(seconds: float) -> datetime:
    """Return the instant that is so many seconds after the beginning of 1970."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise value_fault(f"{seconds} is no time") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise value_fault(f"{name} is no time zone") from None


@library("time.parse")
def parse_time(_around: Surroundings, value: Any) -> float:
    """Return the seconds since 1970 of a time in ISO 8601."""
    expect("time.parse", value, str)
    return seconds_of(value)


def seconds_of(text: str) -> float:
    """Return the seconds since 1970 of a time in ISO 8601 with its offset."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise value_fault(f"{text} is no time in ISO 8601") from None
    if parsed.tzinfo is None or "T" not in text:
        raise value_fault(f"{text} has no offset from UTC")
    return (parsed - EPOCH) / timedelta(seconds=1)


@library("uuid.generate")
def generate_uuid(around: Surroundings) -> str:
    """Return a random identifier."""
    return around.new_uuid()


@library("sys.now")
def now(around: Surroundings) -> float:
    """Return the seconds since 1970."""
    return around.now()


@library("sys.get_env")
def get_env(around: Surroundings, name: Any, default: Any = None) -> Any:
    """Return an environment variable, or the default when it is not set."""
    expect("sys.get_env", name, str)
    expect("sys.get_env", default, str, type(None))
    value = around.environment(name)
    if value is None and default is None and around.answers.of(Open.MISSING_ENV) == 0:
        raise fault("KeyError", f"no environment variable {name}")
    return default if value is None else value
