"""`isthmus check`: load an app, and print every problem with what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_of, app_option, loaded

if TYPE_CHECKING:
    from isthmus.core.composition import Composition
    from isthmus.core.residency.finding import Finding


@click.command()
@app_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: app, ok, problems, workflows, residency.")
@click.option("--policy", "policy_reference", metavar="FILE|PRESET", help="Hold the app to a policy of residency too.")
@click.option("--cloud", type=click.Choice(("azure", "google")), help="The cloud that it would be on.")
@click.option("--region", metavar="NAME", help="The region that it would be in.")
@click.option(
    "--availability",
    "listings",
    multiple=True,
    metavar="[SERVICE=]FILE",
    help="What az or gcloud printed of the regions that have a service, as for isthmus regions.",
)
def check(
    app_reference: str | None,
    as_json: bool,  # noqa: FBT001  # click passes it
    policy_reference: str | None,
    cloud: str | None,
    region: str | None,
    listings: tuple[str, ...],
) -> int:
    """Check an app as every backend will, and print every problem with what to write instead.

    With --policy, --cloud and --region it is held to a policy of residency too, before any cloud is called: each
    finding names the part of the app, the class of data, the country, the rule and what to do.

    Exits with 1 when there are problems or findings.
    """
    from isthmus.core.app import AppRefused  # noqa: PLC0415  # no app, no import

    given = (policy_reference, cloud, region)
    if any(given) and not all(given):
        raise click.UsageError("--policy, --cloud and --region are given together")
    app = app_of(app_reference)
    try:
        composition = loaded(app, app_reference)
    except AppRefused as refused:
        if as_json:
            say_json({"app": app.name, "ok": False, "problems": refused.problems, "workflows": [], "residency": None})
        else:
            say("\n\n".join(refused.problems))
            say(f"\napp {app.name}: {counted(len(refused.problems), 'problem')}")
        return SOURCE
    residency = None
    if policy_reference and cloud and region:
        residency = _held_to(composition, policy_reference, cloud, region, listings)
    if as_json:
        ok = residency is None or not residency.findings
        flows = composition.blueprint.workflows
        say_json({"app": app.name, "ok": ok, "problems": [], "workflows": flows, "residency": residency})
    else:
        _say_what_is_fine(composition)
        if residency is not None:
            _say_residency(residency)
    return SOURCE if residency is not None and residency.findings else 0


class Residency(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a policy has against an app where it would be, and what it has excepted."""

    policy: str
    cloud: str
    region: str
    findings: tuple[Finding, ...]
    excepted: tuple[Finding, ...]


def _held_to(composition: Composition, reference: str, cloud: str, region: str, listings: tuple[str, ...]) -> Residency:
    from isthmus.adapters.residency.shipped import facts, listings_of, policy_of  # noqa: PLC0415  # only here
    from isthmus.adapters.runtime.clock import SystemClock  # noqa: PLC0415
    from isthmus.core.residency.finding import standing  # noqa: PLC0415
    from isthmus.core.residency.placement import check as findings_of  # noqa: PLC0415

    policy = policy_of(reference)
    listed = [listing for one in listings for listing in listings_of(one)]
    today = SystemClock().now().date()
    found = findings_of(composition.blueprint, policy.on(today), cloud, region, facts(), listings=listed)
    return Residency(
        policy=policy.title,
        cloud=cloud,
        region=region,
        findings=tuple(standing(found)),
        excepted=tuple(one for one in found if one.exemption is not None),
    )


def _say_residency(residency: Residency) -> None:
    from isthmus.core.residency.finding import summed_up  # noqa: PLC0415  # only here

    for line in summed_up(residency.findings):
        say(f"\n{line}")
    for one in residency.excepted:
        if one.exemption is not None:
            why = f"excepted until {one.exemption.until} by {one.exemption.approved_by}: {one.exemption.reason}"
            say(f"{one.resource}: {one.problem} ({why})")
    told = counted(len(residency.findings), "finding") if residency.findings else "nothing against it"
    say(f"\n{residency.policy}, {residency.cloud} {residency.region}: {told}")


def _say_what_is_fine(composition: Composition) -> None:
    plan = composition.blueprint
    say_table(
        ["workflow", "version", "carries", "calls", "waits for"],
        [
            (
                one.contract,
                one.version[:12],
                _earlier(composition, one.contract, one.version),
                ", ".join(one.calls),
                ", ".join(one.waits_for) or "-",
            )
            for one in plan.workflows
        ],
    )
    say()
    say_table(
        ["handler of", "effect", "undone by", "refuses", "ports"],
        [
            (
                one.contract,
                one.effect,
                one.undone_by or "-",
                ", ".join(one.refuses) or "-",
                ", ".join(one.ports) or "-",
            )
            for one in plan.functions
        ],
    )
    counts = [
        counted(len(plan.workflows), "workflow"),
        counted(len(plan.functions), "handler"),
        counted(len(plan.topics), "topic"),
        counted(len(plan.endpoints), "endpoint"),
    ]
    say(f"\napp {plan.app} is fine: {', '.join(counts)}")


def _earlier(composition: Composition, contract: str, today: str) -> str:
    return ", ".join(one[:12] for name, one in composition.versions if name == contract and one != today) or "-"
