"""Residency of a stack: its App meets the policy before anything is asked of a cloud."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from isthmus.adapters.residency.shipped import PRESETS, facts, listings_of, policy_of, policy_text
from isthmus.core.blueprint import Blueprint
from isthmus.core.errors import SourceError
from isthmus.core.residency.finding import standing, summed_up
from isthmus.core.residency.placement import carried, check, region_of
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.policy_file import read_policy
from isthmus.core.residency.regions import findings_of_region
from isthmus.provision.stack import Stack


class OutsidePolicy(SourceError):
    """Report an App that the stack's policy of residency does not let be where the stack would put it."""

    code = "ISTH171"


def hold_to_residency(stack: Stack, blueprint: Blueprint, *, today: date | None = None) -> Stack:
    """Refuse an App in a region that the stack's policy does not allow, as it stands today.

    Returns the stack with the policy as running code is given it: a preset by its name, a file by its text.
    Raises OutsidePolicy (ISTH171), PolicyInvalid (ISTH275), PolicyUnreadable (ISTH277), RegionUnknown (ISTH278).
    """
    if not stack.residency:
        return stack
    name, text = policy_text(stack.residency)
    policy = read_policy(text, facts(), name=name).on(today or datetime.now(UTC).date())
    listed = [listing for one in stack.availability for listing in listings_of(one)]
    found = standing(check(blueprint, policy, stack.cloud, stack.region, facts(), listings=listed))
    if found:
        raise OutsidePolicy(
            "\n  ".join([f"{policy.title!r} does not allow it:", *summed_up(found)]),
            place=f"stack {stack.name}: isthmus:residency",
            instead="choose another region, or let the policy except what it names",
        )
    _hold_region(stack, blueprint, policy)
    return msgspec.structs.replace(stack, residency=name if name in PRESETS else text)


def _hold_region(stack: Stack, blueprint: Blueprint, policy: Policy) -> None:
    """Refuse a region that only parts of an App may be in: the cloud itself is told regions, and knows no parts."""
    region = region_of(facts(), stack.cloud, stack.region)
    found = standing(findings_of_region(policy, facts(), stack.cloud, region, carried(blueprint)))
    if found:
        raise OutsidePolicy(
            "\n  ".join([f"{policy.title!r} does not allow all that is kept in {region.name}:", *summed_up(found)]),
            place=f"stack {stack.name}: isthmus:residency",
            instead="choose another region, or let an exception name the region or its country and no part of the App",
        )


def policy_today(stack: Stack) -> Policy | None:
    """Return the policy of a stack as it stands today, for what tells the cloud itself; None when it has none.

    Raises PolicyInvalid (ISTH275), PolicyUnreadable (ISTH277).
    """
    return policy_of(stack.residency).on(datetime.now(UTC).date()) if stack.residency else None
