"""What the program would make, by Pulumi's mocks and without the engine: fast, for what is about inputs alone."""

from __future__ import annotations

import asyncio
import functools
import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import computed
import preconditions
import pulumi
import pulumi.runtime
import sdk_types

from isthmus.core.blueprint import Blueprint
from isthmus.provision.azure_target import AzureTarget
from isthmus.provision.demand import Demand, demand_of
from isthmus.provision.google_target import GoogleTarget
from isthmus.provision.packages import Package
from isthmus.provision.stack import Stack, read_stack

APPLICATION = "11111111-2222-3333-4444-555555555555"
CONFIGURED: dict[str, dict[str, Any]] = {
    "azure": {"cloud": "azure", "region": "westeurope", "application": APPLICATION},
    "google": {"cloud": "google", "region": "europe-west1", "existing": {"project": "desk"}},
}
"""The least that a stack says."""


class Made(NamedTuple):
    """Be one resource that the program makes."""

    token: str
    name: str
    inputs: dict[str, Any]


class Recorder(pulumi.runtime.Mocks):
    """Answer as the stand-in does, and remember what was asked for."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.typ.startswith(("azure-native:", "gcp:")):
            return args.name, args.inputs
        inputs = dict(args.inputs)
        key = computed.name_property(args.typ)
        if key in sdk_types.inputs_of(args.typ) and not inputs.get(key):
            inputs[key] = computed.own_name(args.typ, args.name, "0123456789abcdef" * 4)
        self.made.append(Made(args.typ, args.name, inputs))
        identifier, known = computed.identity(args.typ, inputs, {})
        outputs = sdk_types.completed(args.typ, {**sdk_types.answered(args.typ, inputs), **known}, identifier)
        return identifier, outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[Any, Any]:
        return computed.answered(args.token, dict(args.args), {}) or {}


class Recorded:
    """Be all resources that a program makes."""

    def __init__(self, made: Iterable[Made]) -> None:
        self.made = list(made)

    def of(self, token: str) -> list[Made]:
        """Return those of a type."""
        return [one for one in self.made if one.token == token]

    def one(self, token: str, name: str = "") -> Made:
        """Return the one of a type, or the one whose name has a part."""
        (found,) = [one for one in self.of(token) if name in one.name]
        return found

    @property
    def text(self) -> str:
        """Return all that is said of all, as JSON."""
        return json.dumps([one.inputs for one in self.made], default=str)

    def faults(self) -> list[str]:
        """Return what the SDKs' types and the preconditions that look at one resource refuse."""
        return [
            f"{one.token} {one.name} {fault}"
            for one in self.made
            for fault in (
                *sdk_types.faults(one.token, one.inputs),
                *preconditions.broken_alone(one.token, one.inputs),
            )
        ]


def stack_of(cloud: str, name: str = "dev", app: str = "isthmus.handlers.app:app", **configuration: Any) -> Stack:
    """Return a stack's configuration."""
    return read_stack({"app": app, **CONFIGURED[cloud], **configuration}, name)


def mock_clouds(mocks: pulumi.runtime.Mocks, stack: str) -> None:
    """Have a recorder answer Pulumi, which wants an event loop: what ran before may have taken it away."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(mocks, project="desk", stack=stack, preview=False)


def record(program: Callable[[], object], stack: str = "dev") -> Recorded:
    """Run a program of resources, and return what it made."""
    recorder = Recorder()
    mock_clouds(recorder, stack)
    pulumi.runtime.test(lambda: (program(), None)[1])()
    return Recorded(recorder.made)


KNOWN: dict[str, Recorded] = {}


def recorded(stack: Stack, blueprint: Blueprint) -> Recorded:
    """Return what a stack makes of an App; the same is made once."""
    key = repr((stack, blueprint))
    if key not in KNOWN:
        with tempfile.TemporaryDirectory() as folder:
            demand = demand_of(blueprint, stack.cloud)
            KNOWN[key] = record(functools.partial(target_of, stack, demand, Path(folder)), stack.name)
    return KNOWN[key]


def target_of(
    stack: Stack,
    demand: Demand,
    folder: Path,
    packages: dict[str, Package] | None = None,
    migrations: Package | None = None,
) -> AzureTarget | GoogleTarget:
    """Make the target of a stack, with packages that hold nothing unless they are given."""
    packages = packages or {unit.name: package(unit.name, folder) for unit in demand.units}
    migrations = migrations or package("migrations", folder)
    for contract in demand.workflows:
        (folder / "workflows" / f"{contract}-0.yaml").write_text("main: {steps: []}", "utf-8")
    target = AzureTarget if stack.cloud == "azure" else GoogleTarget
    return target(demand.app, stack, demand, packages, migrations)


def package(unit: str, folder: Path, digest: str = "0" * 16) -> Package:
    """Return a package."""
    archive = folder / f"{unit}-{digest}.zip"
    archive.write_bytes(b"")
    (folder / "workflows").mkdir(exist_ok=True)
    return Package(unit=unit, folder=folder, archive=archive, digest=digest, carries_wheels=False)
