"""`isthmus regions`: which regions of both clouds a policy of residency allows, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import find_project
from isthmus.adapters.residency.shipped import PRESETS, facts, listings_of, policy_of
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.core.residency.facts import CLOUDS, UNKNOWN, YES
from isthmus.core.residency.regions import Pairing, Verdict, pairings, verdicts

POLICY_FILE: Final = "residency.toml"


@click.command()
@click.option(
    "--policy",
    "reference",
    metavar="FILE|PRESET",
    help=f"The policy: a file, or one of {', '.join(PRESETS)}. Default: {POLICY_FILE} of the project.",
)
@click.option("--cloud", type=click.Choice(CLOUDS), help="List one cloud alone.")
@click.option("--data", "classes", multiple=True, metavar="CLASS", help="Judge for this class of data alone.")
@click.option(
    "--availability",
    "listings",
    multiple=True,
    metavar="[SERVICE=]FILE",
    help="What az or gcloud printed of the regions that have a service; the file may be called after the service.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: policy, regions, pairs, facts.")
def regions(
    reference: str | None,
    cloud: str | None,
    classes: tuple[str, ...],
    listings: tuple[str, ...],
    as_json: bool,  # noqa: FBT001  # click passes it
) -> None:
    """List every region of Azure and Google: whether the policy allows it, and why not.

    Allowed is about residency alone. Whether a region has a service stands beside it: yes, no, or unknown, which is
    the truth until you bring a listing (az functionapp list-flexconsumption-locations, gcloud workflows locations
    list, …). Where to recover is proposed for each allowed region.
    """
    policy = policy_of(reference or policy_of_project())
    known = facts()
    clouds = (cloud,) if cloud else CLOUDS
    listed = [listing for one in listings for listing in listings_of(one)]
    judged = verdicts(policy.on(SystemClock().now().date()), known, clouds, listings=listed, classes=classes)
    pairs = pairings(judged, known)
    if as_json:
        sources = {name: one for name, one in known.clouds.items() if name in clouds}
        say_json(
            {
                "policy": {"title": policy.title, "source": policy.source, "dated": policy.dated, "sure": policy.sure},
                "regions": judged,
                "pairs": pairs,
                "facts": {
                    name: {"as_of": one.as_of, "sources": one.sources, "notes": one.notes}
                    for name, one in sources.items()
                },
            }
        )
        return
    _say(policy.title, judged, pairs)
    dates = " and ".join(f"{name} of {known.clouds[name].as_of}" for name in clouds)
    say(f"Facts: {dates}. A region that is not listed is unknown, and so not allowed.")


def policy_of_project() -> str:
    """Return the path of the project's own policy; a usage error when it has none."""
    path = find_project(Path.cwd()).folder / POLICY_FILE
    if not path.is_file():
        raise click.UsageError(f"there is no {POLICY_FILE} here: give --policy a file, or one of {', '.join(PRESETS)}")
    return str(path)


def _say(title: str, judged: Sequence[Verdict], pairs: Sequence[Pairing]) -> None:
    allowed = [one for one in judged if one.allowed]
    refused = [one for one in judged if not one.allowed]
    recovery = {(one.cloud, one.primary): one for one in pairs}
    say(f"{title}: {counted(len(allowed), 'region')} allowed, {len(refused)} not")
    say()
    say_table(
        ["allowed", "region", "in", "recover in", "services"],
        [
            (one.cloud, one.name, one.country, _recovery(recovery[one.cloud, one.name]), _services(one))
            for one in allowed
        ],
    )
    say()
    say_table(
        ["not allowed", "region", "in", "because"],
        [(one.cloud, one.name, one.country, "; ".join(one.reasons)) for one in refused],
    )
    for one in judged:
        for exception in one.excepted:
            say(f"{one.cloud} {one.name}: {exception}")
    say()


def _recovery(pairing: Pairing) -> str:
    if pairing.near:
        return f"{', '.join(pairing.recovery)} ({pairing.why})"
    return "any other that is allowed" if pairing.recovery else "-"


def _services(verdict: Verdict) -> str:
    known = [f"{name} {answer}" for name, answer in verdict.services.items() if answer not in {YES, UNKNOWN}]
    there = [name for name, answer in verdict.services.items() if answer == YES]
    unknown = sum(answer == UNKNOWN for answer in verdict.services.values())
    return ", ".join([*there, *known, *([f"{unknown} unknown"] if unknown else [])])
