"""Functions: a Cloud Run function for each unit, with its settings and who may call it.

https://cloud.google.com/functions/docs/deploy
https://cloud.google.com/functions/docs/running/direct-vpc
https://cloud.google.com/run/docs/triggering/https-request#deterministic

No setting holds a secret: connections are by the unit's account, and a secret is a reference. A function's address is
known before it is made, and is what identity tokens for it are made out to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import pulumi
from pulumi_gcp import cloudfunctionsv2

from isthmus.provision.demand import Demand, UnitDemand
from isthmus.provision.google_target.database import Database, login_of
from isthmus.provision.google_target.identity import BUILDS, PUSHES, TICKS, WORKFLOWS, Identities
from isthmus.provision.google_target.journal import Journal
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.messaging import Messaging
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.registry import Registry
from isthmus.provision.google_target.secret_places import LATEST, SecretPlaces
from isthmus.provision.google_target.site import Site
from isthmus.provision.google_target.telemetry import Telemetry
from isthmus.provision.google_target.triggers import pushes_of, ticks_of
from isthmus.provision.packages import Package
from isthmus.provision.review import connections_per_instance

RUNTIME: Final = "python313"
ENTRY_POINT: Final = "isthmus"
FUNCTION_MAX: Final = 50
"""Its name, a hyphen and the project's number are one label of its address, which has 63 characters at most."""

SECONDS_MAX: Final = 3_600
"""The longest that a function may take: the contract's own timeout ends an attempt before."""

MEMORY_MAX_MB: Final = ((1, 4_096), (2, 8_192), (4, 16_384))
EVERYTHING_THROUGH_THE_NETWORK: Final = "VPC_EGRESS_ALL_TRAFFIC"


class Around(NamedTuple):
    """Be what stands around the functions."""

    site: Site
    network: Network
    identities: Identities
    database: Database
    messaging: Messaging
    keys: Keys
    secrets: SecretPlaces
    journal: Journal
    registry: Registry
    telemetry: Telemetry

    @property
    def ready(self) -> list[pulumi.Resource]:
        """Return what must be there before the first function runs."""
        concerns = (self.network, self.database, self.messaging, self.secrets, self.journal, self.registry)
        return [*(one for concern in concerns for one in concern.ready), *self.telemetry.ready, *self.keys.users]


class Functions(pulumi.ComponentResource):
    """Make the function of each unit: those that home calls for first, and home last."""

    def __init__(self, around: Around, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Functions", "functions", None, pulumi.ResourceOptions(parent=parent))
        self._around = around
        self._demand = demand
        self._pushed = {one.unit for one in pushes_of(demand)}
        self._ticked = {one.unit for one in ticks_of(demand)}
        self.made: dict[str, cloudfunctionsv2.Function] = {}
        self.register_outputs({})

    def name_of(self, who: str) -> str:
        """Return the name of a function, and of the Cloud Run service that it is."""
        return self._around.site.names.whole(who, longest=FUNCTION_MAX)

    def address_of(self, who: str) -> pulumi.Output[str]:
        """Return where a function listens, before it is made."""
        site = self._around.site
        return pulumi.Output.concat("https://", self.name_of(who), "-", site.number, f".{site.region}.run.app")

    def make(self, unit: UnitDemand, package: Package, after: list[pulumi.Resource]) -> cloudfunctionsv2.Function:
        """Make the function of a unit, after what must have happened before its code takes traffic."""
        site = self._around.site
        sizes = site.stack.sizes.of(unit.name)
        made = self.function(
            unit.name,
            package,
            {**self.settings_of(unit.name), **self._settings(unit)},
            ingress=self._ingress(unit),
            instances=(sizes.always_ready if unit.is_critical else 0, sizes.instances_max),
            seconds=SECONDS_MAX,
            secrets=unit.secrets,
            # Home sends what any unit left in the outbox.
            labels=site.labels if unit.is_home else site.labels_of(unit.data_classes),
            after=after,
        )
        self.made[unit.name] = made
        return made

    def settings_of(self, who: str) -> dict[str, pulumi.Input[str]]:
        """Return the settings that every function has."""
        around, stack = self._around, self._around.site.stack
        settings: dict[str, pulumi.Input[str]] = {
            "ISTHMUS_DATABASE_LOGIN": "iam",
            "ISTHMUS_DATABASE": around.database.url(login_of(around.identities.email(who))),
            "ISTHMUS_REGION": stack.region,
        }
        if stack.residency:
            settings["ISTHMUS_RESIDENCY"] = stack.residency
        settings |= {name: pulumi.Output.secret(value) for name, value in stack.settings.items()}
        return settings

    def _settings(self, unit: UnitDemand) -> dict[str, pulumi.Input[str]]:
        around = self._around
        site = around.site
        settings: dict[str, pulumi.Input[str]] = {
            "ISTHMUS_URL": self.address_of(unit.name),
            "ISTHMUS_CALLERS": pulumi.Output.all(
                *(around.identities.email(one) for one in self.callers_of(unit.name))
            ).apply(",".join),
            "ISTHMUS_KMS_KEY": around.keys.personal,
            "ISTHMUS_PUBSUB": f"https://{site.region}-pubsub.googleapis.com/projects/{site.project}/topics/{site.prefix}",
        }
        at = f"https://workflowexecutions.googleapis.com/projects/{site.project}/locations/{site.region}"
        settings["ISTHMUS_WORKFLOWS"] = f"{at}/workflows/{site.prefix}"
        if unit.is_home:
            settings["ISTHMUS_SEALED_JOURNAL"] = around.journal.location
        return settings

    def callers_of(self, unit: str) -> list[str]:
        """Return who of our own calls a unit."""
        callers = [WORKFLOWS] if self._demand.workflows else []
        callers += [PUSHES] if unit in self._pushed else []
        return callers + ([TICKS] if unit in self._ticked else [])

    def _ingress(self, unit: UnitDemand) -> str:
        """Admit from outside to units with endpoints alone, when the stack names who may call: Cloud Run asks them."""
        is_public = unit.has_endpoints and bool(self._around.site.stack.callers)
        return "ALLOW_ALL" if is_public else "ALLOW_INTERNAL_ONLY"

    def function(
        self,
        who: str,
        package: Package,
        settings: Mapping[str, pulumi.Input[str]],
        *,
        ingress: str,
        instances: tuple[int, int],
        seconds: int,
        secrets: tuple[str, ...] = (),
        labels: dict[str, str],
        after: list[pulumi.Resource],
    ) -> cloudfunctionsv2.Function:
        """Build and run a package."""
        around, site = self._around, self._around.site
        uploaded = around.registry.uploaded(package)
        sizes = site.stack.sizes.of(who)
        least, most = instances
        return cloudfunctionsv2.Function(
            who,
            name=self.name_of(who),
            project=site.project,
            location=site.region,
            description=f"code {package.digest}",
            kms_key_name=around.keys.at_rest,
            build_config={
                "runtime": RUNTIME,
                "entry_point": ENTRY_POINT,
                "docker_repository": around.registry.repository.id,
                "service_account": around.identities.of[BUILDS].name,
                "source": {"storage_source": {"bucket": around.registry.bucket.name, "object": uploaded.name}},
            },
            service_config={
                "service_account_email": around.identities.email(who),
                "available_memory": f"{sizes.memory_mb}Mi",
                "available_cpu": processors_for(sizes.memory_mb),
                "max_instance_request_concurrency": connections_per_instance(site.stack, who),
                "min_instance_count": least,
                "max_instance_count": most,
                "timeout_seconds": seconds,
                "ingress_settings": ingress,
                "all_traffic_on_latest_revision": True,
                "direct_vpc_network_interfaces": [
                    {"network": around.network.id, "subnetwork": around.network.subnets[who]}
                ],
                "direct_vpc_egress": EVERYTHING_THROUGH_THE_NETWORK,
                "environment_variables": dict(sorted(settings.items())),
                "secret_environment_variables": [
                    {
                        "key": secret_setting(name),
                        "project_id": site.project,
                        "secret": around.secrets.ids[name],
                        "version": LATEST,
                    }
                    for name in secrets
                    if name in site.stack.secrets
                ],
            },
            labels=labels,
            opts=site.options(
                self, "cloudfunctions", "run", "cloudbuild", after=[*around.ready, *around.keys.ready, *after]
            ),
        )


def processors_for(memory_mb: int) -> str:
    """Return the fewest processors that so much memory takes: cloud.google.com/run/docs/configuring/memory-limits."""
    return next((str(count) for count, most_mb in MEMORY_MAX_MB if memory_mb <= most_mb), "8")


def secret_setting(name: str) -> str:
    """Return the setting that a secret is read from."""
    return f"ISTHMUS_SECRET_{re.sub(r'[^A-Z0-9]', '_', name.upper())}"


def unit_setting(unit: str) -> str:
    """Return the variable by which a compiled workflow knows where a unit listens."""
    return f"ISTHMUS_URL_{re.sub(r'[^A-Z0-9]', '_', unit.upper())}"
