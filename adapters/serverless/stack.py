"""The stack: the Pulumi program of a stage, and its configuration, as serverless.yml says them.

    provider.cloud, region, residency     isthmus:cloud, isthmus:region, isthmus:residency
    provider.availability                 isthmus:availability, files by their whole paths
    provider.project                      isthmus:existing.project, gcp:project
    provider.subscription                 azure-native:subscriptionId
    provider.environment                  isthmus:settings, encrypted
    custom.isthmus.stack                  any other key of isthmus:

The stack is called after the stage, its project after the service. What is written here is derived, so it may go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.adapters.serverless.module import FOLDER, write_private
from isthmus.adapters.serverless.service import Service, ServiceInvalid

OF_THE_PROVIDER: Final = ("app", "cloud", "region", "residency", "availability", "packages", "settings")
"""Keys of the stack that are said elsewhere in serverless.yml."""

PROGRAM: Final = '''"""Deploy service {service}: `isthmus serverless` wrote this."""

from isthmus.provision.deployment import deploy

deploy()
'''


def configuration_of(service: Service, app: str, packages: Path) -> dict[str, Any]:
    """Return the configuration of a stage's stack. Raises ServiceInvalid (ISTH190)."""
    provider, given = service.provider, service.isthmus.stack
    problems = [
        f"at 'custom.isthmus.stack': {key} is said by the service: leave it out"
        for key in OF_THE_PROVIDER
        if key in given
    ]
    if provider.region is None:
        problems.append(f"at 'provider': stage {service.stage} has no region: write region")
    if problems:
        raise ServiceInvalid(problems)
    own: dict[str, Any] = {
        **given,
        "app": app,
        "cloud": provider.cloud,
        "region": provider.region,
        "packages": str(packages),
    }
    if provider.residency is not None:
        own["residency"] = policy_text(provider.residency)
    if provider.availability:
        own["availability"] = [whole_path(listing) for listing in provider.availability]
    if provider.project is not None:
        own["existing"] = {"project": provider.project, **given.get("existing", {})}
    return {**{f"isthmus:{key}": value for key, value in own.items()}, **place_of(service)}


def secrets_of(service: Service) -> dict[str, str]:
    """Return the part of the configuration that is kept encrypted: variables may come from anywhere."""
    environment = service.provider.environment
    return {"isthmus:settings": msgspec.json.encode(environment).decode()} if environment else {}


def place_of(service: Service) -> dict[str, str]:
    """Return the configuration of the cloud's provider: where it makes things."""
    provider = service.provider
    said = (
        {"azure-native:location": provider.region, "azure-native:subscriptionId": provider.subscription}
        if provider.cloud == "azure"
        else {"gcp:region": provider.region, "gcp:project": provider.project}
    )
    return {key: value for key, value in said.items() if value is not None}


MIGRATING: Final = frozenset({"azure-native:resources:AzureCliScript", "gcp:cloudrunv2/job:Job"})
FUNCTION: Final = "gcp:cloudfunctionsv2/function:Function"


def code_of(resources: Sequence[Mapping[str, Any]], unit: str) -> list[str]:
    """Return the URNs of what a unit's code is: its package, what takes it, and what migrates the database before."""
    named = {f"{who}-{what}" for who in (unit, "migrations") for what in ("package", "code")}
    return [
        str(one["urn"])
        for one in resources
        for name in [str(one["urn"]).rpartition("::")[2]]
        if name in named or one["type"] in MIGRATING or (one["type"] == FUNCTION and name in {unit, "migrations"})
    ]


def policy_text(reference: str) -> str:
    """Return a policy of residency: a preset's name, or the text of a file, which is then the same everywhere."""
    path = Path(reference)
    return path.read_text("utf-8") if path.is_file() else reference


def whole_path(listing: str) -> str:
    """Return a listing, FILE or SERVICE=FILE, as it is found from any folder: the program has one of its own."""
    service, equals, file = listing.rpartition("=")
    return f"{service}{equals}{Path(file).resolve()}"


def write_program(service: Service) -> Path:
    """Write the program of a stage, unless the service has one of its own, and return its folder."""
    if service.isthmus.program is not None:
        return Path(service.isthmus.program)
    folder = FOLDER / service.stage / "program"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(folder / "Pulumi.yaml", f"name: {service.name}\nruntime: python\nmain: .\n".encode())
    write_private(folder / "__main__.py", PROGRAM.format(service=service.name).encode())
    return folder


def write_configuration(service: Service, configuration: Mapping[str, Any]) -> Path:
    """Write the configuration of a stage's stack for its owner alone, and return the file."""
    path = FOLDER / service.stage / f"Pulumi.{service.stage}.yaml"
    write_private(path, msgspec.json.encode({"config": configuration}))  # JSON is YAML
    return path
