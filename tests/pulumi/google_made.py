"""What the component makes, without the engine: Pulumi's own mocks, and what was asked of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import google_computed
import google_packages
import pulumi
import pulumi.runtime
from recorded import mock_clouds

from isthmus.provision.demand import demand_of
from isthmus.provision.packages import migrations_of, packages_of
from isthmus.provision.stack import read_stack

REGION, PROJECT = "europe-west3", "desk-project"


class Made(NamedTuple):
    """Be a resource as it was asked for."""

    token: str
    name: str
    inputs: dict[str, Any]

    def at(self, path: str) -> Any:
        """Return a property by a dotted path; None where nothing is said."""
        value: Any = self.inputs
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else (value or {}).get(step)
        return value


class Deployment(NamedTuple):
    """Be all that a stack makes, and what it tells."""

    resources: tuple[Made, ...]
    outputs: dict[str, Any]
    review: list[str]

    def of(self, kind: str) -> list[Made]:
        """Return the resources of a kind, as `pubsub/topic:Topic`."""
        return [one for one in self.resources if one.token == f"gcp:{kind}"]

    def one(self, kind: str, name: str) -> Made:
        """Return a resource by its kind and its name in the program."""
        return next(one for one in self.of(kind) if one.name == name)

    def grants(self) -> Iterator[tuple[str, str, Made]]:
        """Yield who is given which role, and by what."""
        for one in self.resources:
            if {"member", "role"} <= one.inputs.keys():
                yield who(one.inputs["member"]), one.inputs["role"].removeprefix("roles/"), one


def who(member: str) -> str:
    """Return whose a member is: a unit's or a part's name, or the domain of an agent."""
    account, _, domain = member.rpartition(":")[2].partition("@")
    if account.startswith("service-"):
        return domain.partition(".")[0]
    return account.removeprefix("desk-dev-").removeprefix("desk-prod-")


class Recorder(pulumi.runtime.Mocks):
    """Answer as the stand-in does, and remember what was asked."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Keep a resource."""
        self.made.append(Made(args.typ, args.name, dict(args.inputs)))
        if not args.typ.startswith("gcp:"):
            return args.name, dict(args.inputs)
        named = google_computed.NAME_PROPERTY.get(args.typ, "name")
        inputs = {named: f"{args.name}-1234567", **args.inputs}
        identifier, computed = google_computed.identity(args.typ, inputs, {})
        return identifier, {**inputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        """Answer a function of the provider."""
        return google_computed.answered(args.token, dict(args.args), {}) or {}


@functools.cache
def packaged(folder: Path) -> Path:
    """Write the packages of the desk, once."""
    return google_packages.write_packages("ticket_desk:app", folder)


def deployed(folder: Path, name: str = "dev", **configuration: Any) -> Deployment:
    """Deploy the desk without an engine."""
    import ticket_desk  # noqa: PLC0415  # on the path of these tests

    from isthmus.provision.google_target import GoogleTarget  # noqa: PLC0415  # an extra

    values: Mapping[str, Any] = {
        "app": "ticket_desk:app",
        "cloud": "google",
        "region": REGION,
        "packages": str(packaged(folder)),
        **configuration,
        "existing": {"project": PROJECT, **configuration.get("existing", {})},
    }
    stack = read_stack(values, name)
    demand = demand_of(ticket_desk.app.load().blueprint, "google")
    packages = packages_of(stack, demand, folder)
    recorder = Recorder()
    mock_clouds(recorder, name)
    told: dict[str, Any] = {}
    review: list[str] = []

    @pulumi.runtime.test
    def build() -> Any:
        target = GoogleTarget("desk", stack, demand, packages, migrations_of(packages[demand.home.name], stack))
        review.extend(target.review.lines())
        return pulumi.Output.all(endpoints=target.endpoints, journal=target.sealed_journal).apply(told.update)

    build()
    return Deployment(tuple(recorder.made), told, review)
