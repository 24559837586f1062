"""Cron: the expression of a period, for services that call at minutes and know no other."""

from __future__ import annotations

from datetime import timedelta
from math import gcd

MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (60, 3_600, 86_400))


def cron_of(every: timedelta) -> str:
    """Return the expression that fires at every tick of a period of whole minutes, and more often where none fits."""
    if not every % DAY:
        return "0 0 * * *"
    if not every % HOUR:
        return f"0 */{gcd(every // HOUR, 24)} * * *"
    return f"*/{gcd(every // MINUTE, 60)} * * * *"
