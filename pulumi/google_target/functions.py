"""Functions: a Cloud Run function for each unit, called by nobody but those who are let in.

https://cloud.google.com/functions/docs/deploy
https://cloud.google.com/run/docs/securing/ingress (internal: Workflows, Pub/Sub and Scheduler of the same project)
"""

from __future__ import annotations

from typing import Final, NamedTuple

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2

from isthmus.provision.demand import Demand, UnitDemand
from isthmus.provision.google_target.builds import Builds
from isthmus.provision.google_target.database import Database, user_name
from isthmus.provision.google_target.identity import MIGRATIONS, PUSHES, TICKS, WORKFLOWS, Identities
from isthmus.provision.google_target.journal import Journal
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.messaging import Messaging
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.site import Site
from isthmus.provision.google_target.telemetry import Telemetry
from isthmus.provision.packages import Package
from isthmus.provision.review import connections_per_instance

RUNTIME: Final = "python313"
ENTRY_POINT: Final = "isthmus"
NAME_MAX: Final = 49
SECONDS_MAX: Final = 3_600
MIGRATION_SECONDS: Final = 1_800
MB_PER_CPU: Final = 2_048


class Around(NamedTuple):
    """Be what stands around the functions."""

    site: Site
    network: Network
    identities: Identities
    database: Database
    messaging: Messaging
    keys: Keys
    journal: Journal
    telemetry: Telemetry
    builds: Builds

    @property
    def ready(self) -> list[pulumi.Resource]:
        """Return what must be there before the first function runs."""
        concerns = (self.network, self.database, self.messaging, self.keys, self.journal, self.telemetry, self.builds)
        return [one for concern in concerns for one in concern.ready]


class Functions(pulumi.ComponentResource):
    """Make the functions, the one that migrates first."""

    def __init__(self, around: Around, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Functions", "functions", None, pulumi.ResourceOptions(parent=parent))
        self._around = around
        self._demand = demand
        self.of: dict[str, cloudfunctionsv2.Function] = {}
        self.callers: list[pulumi.Resource] = []

    def url(self, who: str) -> pulumi.Output[str]:
        """Return the address of a unit's functions, which is known before they are made.

        https://cloud.google.com/run/docs/triggering/https-request (deterministic URL)
        """
        site = self._around.site
        return pulumi.Output.concat(f"https://{service_name(site, who)}-", site.number, f".{site.region}.run.app")

    def make_migrations(self, package: Package) -> cloudfunctionsv2.Function:
        """Make the function that migrates, which the one-shot job of a deployment calls."""
        names = pulumi.Output.all(*(user_name(self._around.identities, unit.name) for unit in self._demand.units))
        settings = {**self._common(MIGRATIONS), "ISTHMUS_PRINCIPALS": names.apply(self._demand.rights_of)}
        made = self._function(MIGRATIONS, package, settings, [], seconds=MIGRATION_SECONDS)
        self._around.identities.may_call(MIGRATIONS, made.name, MIGRATIONS)
        return made

    def make_units(self, packages: dict[str, Package], after: list[pulumi.Resource]) -> None:
        """Make the units, home last, once the database is migrated."""
        for unit in (*self._demand.others, self._demand.home):
            settings = {**self._common(unit.name), **self._settings(unit)}
            made = self._function(unit.name, packages[unit.name], settings, after, unit=unit)
            self.of[unit.name] = made
            self._let_in(unit, made)
        self.register_outputs({})

    def _common(self, who: str) -> dict[str, pulumi.Input[str]]:
        around, stack = self._around, self._around.site.stack
        settings: dict[str, pulumi.Input[str]] = {
            "ISTHMUS_DATABASE": around.database.url(around.identities, who),
            "ISTHMUS_DATABASE_LOGIN": "iam",
            "ISTHMUS_KMS_KEY": around.keys.key,
            "ISTHMUS_REGION": stack.region,
        }
        if stack.residency:
            settings["ISTHMUS_RESIDENCY"] = stack.residency
        settings |= {name: pulumi.Output.secret(value) for name, value in stack.settings.items()}
        return settings

    def _settings(self, unit: UnitDemand) -> dict[str, pulumi.Input[str]]:
        around, identities = self._around, self._around.identities
        site = around.site
        region = f"projects/{site.project}/locations/{site.region}"
        settings: dict[str, pulumi.Input[str]] = {
            "ISTHMUS_PUBSUB": f"https://{site.region}-pubsub.googleapis.com/projects/{site.project}",
        }
        callers = [identities.of[name].email for name in (WORKFLOWS, PUSHES, TICKS) if name in identities.of]
        settings["ISTHMUS_URL"] = self.url(unit.name)
        settings["ISTHMUS_CALLERS"] = pulumi.Output.all(*callers).apply(",".join)
        if unit.is_home:
            settings["ISTHMUS_SEALED_JOURNAL"] = around.journal.location
        settings["ISTHMUS_WORKFLOWS"] = f"https://workflowexecutions.googleapis.com/{region}"
        return settings

    def _function(
        self,
        who: str,
        package: Package,
        settings: dict[str, pulumi.Input[str]],
        after: list[pulumi.Resource],
        *,
        unit: UnitDemand | None = None,
        seconds: int = SECONDS_MAX,
    ) -> cloudfunctionsv2.Function:
        around, sizes = self._around, self._around.site.stack.sizes.of(who)
        site = around.site
        return cloudfunctionsv2.Function(
            who,
            name=service_name(site, who),
            project=site.project,
            location=site.region,
            build_config={
                "runtime": RUNTIME,
                "entry_point": ENTRY_POINT,
                "source": {"storage_source": around.builds.source(who, package)},
                "docker_repository": around.builds.repository,
                "service_account": around.identities.of["builds"].id,
                "on_deploy_update_policy": {},
            },
            service_config={
                "available_memory": f"{sizes.memory_mb}Mi",
                "available_cpu": str(max(1, sizes.memory_mb // MB_PER_CPU)),
                "timeout_seconds": seconds,
                "max_instance_count": sizes.instances_max if unit else 1,
                "min_instance_count": sizes.always_ready if unit and unit.is_critical else 0,
                "max_instance_request_concurrency": connections_per_instance(site.stack, who) if unit else 1,
                "service_account_email": around.identities.of[who].email,
                "ingress_settings": "ALLOW_ALL" if unit and self._is_public(unit) else "ALLOW_INTERNAL_ONLY",
                "all_traffic_on_latest_revision": True,
                "direct_vpc_egress": "VPC_EGRESS_ALL_TRAFFIC",
                "direct_vpc_network_interfaces": [{"network": around.network.id, "subnetwork": around.network.subnet}],
                "environment_variables": settings,
                "secret_environment_variables": [
                    {
                        "key": secret_variable(name),
                        "project_id": site.project,
                        "secret": secret,
                        "version": "latest",
                    }
                    for name, secret in (around.keys.filled(unit) if unit else {}).items()
                ],
            },
            labels=site.labels,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*around.ready, *after]),
        )

    def _is_public(self, unit: UnitDemand) -> bool:
        return unit.has_endpoints and bool(self._around.site.stack.callers)

    def _let_in(self, unit: UnitDemand, function: cloudfunctionsv2.Function) -> None:
        identities, site = self._around.identities, self._around.site
        if WORKFLOWS in identities.of:
            self.callers.append(identities.may_call(WORKFLOWS, function.name, unit.name))
        pushed = {one.unit for topic in self._demand.topics for one in topic.subscribers}
        pushed |= {one.into.unit for one in self._demand.streams}
        ticked = {self._demand.home.name, *(one.unit for one in self._demand.schedules)}
        for who, units in ((PUSHES, pushed), (TICKS, ticked)):
            if unit.name in units:
                self.callers.append(identities.may_call(who, function.name, unit.name))
        for place, member in enumerate(site.stack.callers if self._is_public(unit) else ()):
            cloudrunv2.ServiceIamMember(
                f"caller-{place}-{unit.name}",
                name=function.name,
                location=site.region,
                project=site.project,
                role="roles/run.invoker",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )


def service_name(site: Site, who: str) -> str:
    """Return what a unit's function is called, and its service."""
    return site.names.whole(who, longest=NAME_MAX)


def secret_variable(name: str) -> str:
    """Return the variable that a secret is read from."""
    return f"ISTHMUS_SECRET_{name.upper().replace('-', '_')}"
