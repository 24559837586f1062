"""Home: where this process is, and whether a policy lets it work there on what its handlers are for.

    ISTHMUS_REGION       a region of Azure or Google, as westeurope; on a machine of one's own its country, as DE
    ISTHMUS_RESIDENCY    the policy: a preset, a file, or its whole text

Without ISTHMUS_RESIDENCY nothing is asked. The same is asked on every backend, when a deployment is prepared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from typing import Final

from isthmus.adapters.runtime.clock import SystemClock
from isthmus.core.blueprint import Blueprint
from isthmus.core.errors import EnvironmentFault

REGION: Final = "ISTHMUS_REGION"
RESIDENCY: Final = "ISTHMUS_RESIDENCY"


class OutsideResidency(EnvironmentFault):
    """Report a process in a place where the policy does not let its handlers work on their data."""

    code = "ISTH380"


def stay_at_home(blueprint: Blueprint, settings: Mapping[str, str] = os.environ, *, today: date | None = None) -> None:
    """Refuse to work outside the policy, as it stands today by the machine's own clock.

    Raises OutsideResidency (ISTH380) with every handler that may not work here; PolicyInvalid (ISTH275),
    PolicyUnreadable (ISTH277).
    """
    reference = settings.get(RESIDENCY)
    if not reference:
        return
    from isthmus.adapters.residency.shipped import facts, policy_of  # noqa: PLC0415  # only where a policy is set
    from isthmus.core.residency.finding import standing, summed_up  # noqa: PLC0415
    from isthmus.core.residency.work import findings_of_work  # noqa: PLC0415

    region = settings.get(REGION, "")
    if not region:
        raise OutsideResidency(
            f"{RESIDENCY} is set, and nothing says where this is",
            place=REGION,
            instead=f"set {REGION} to the region, as westeurope, or to the country, as DE",
        )
    found = standing(
        findings_of_work(blueprint, policy_of(reference).on(today or SystemClock().now().date()), facts(), region)
    )
    if found:
        raise OutsideResidency(
            "; ".join(summed_up(found)),
            place=f"{REGION}={region}",
            instead="start where the policy allows it, or change the policy",
        )
