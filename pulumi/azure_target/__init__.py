"""An App on Azure: everything that its Blueprint asks for, as one component of ordinary Pulumi resources.

identity   who each unit is         network     what reaches what       database   the flexible server
messaging  topics and streams       keys        the vault, secrets      journal    what is sealed
telemetry  logs and traces          workflows   the task hub            functions  an app for each unit
delivery   packages, migrations     budget      what may be spent            site       the group, and its tags
allowed_locations   what Azure itself refuses
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from isthmus.provision.azure_target.budget import make_budget
from isthmus.provision.azure_target.database import Database
from isthmus.provision.azure_target.delivery import Delivery, store_of
from isthmus.provision.azure_target.functions import Around, Functions
from isthmus.provision.azure_target.identity import Identities
from isthmus.provision.azure_target.journal import Journal
from isthmus.provision.azure_target.keys import Keys
from isthmus.provision.azure_target.messaging import Messaging
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.review import review_of
from isthmus.provision.azure_target.site import site_of
from isthmus.provision.azure_target.telemetry import Telemetry
from isthmus.provision.azure_target.workflows import Workflows
from isthmus.provision.demand import Demand
from isthmus.provision.packages import Package
from isthmus.provision.stack import Stack


class AzureTarget(pulumi.ComponentResource):
    """Be an App on Azure."""

    endpoints: pulumi.Output[Mapping[str, str]]
    sealed_journal: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        stack: Stack,
        demand: Demand,
        packages: dict[str, Package],
        migrations: Package,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("isthmus:azure:Target", name, None, opts)
        self.review = review_of(stack, demand)
        site = site_of(stack, demand, self)
        identities = Identities(site, demand, self)
        network = Network(site, demand.hosts, self)
        around = Around(
            site=site,
            network=network,
            identities=identities,
            database=Database(site, network, identities, self),
            messaging=Messaging(site, network, identities, demand, self),
            keys=Keys(site, network, identities, demand, self),
            journal=Journal(site, network, identities, demand, self),
            telemetry=Telemetry(site, identities, demand, self),
            workflows=Workflows(site, network, identities, demand, self) if demand.workflows else None,
        )
        store = store_of(site, network, identities, self)
        functions = Functions(around, demand, store, self)
        Delivery(site, network, identities, functions, store, packages, migrations, demand, self)
        if stack.budget:
            make_budget(site, stack.budget, self)
        home = functions.apps[demand.home.name]
        self.endpoints = home.default_host_name.apply(lambda host: {"home": f"https://{host}"})
        self.sealed_journal = around.journal.location
        self.register_outputs({"endpoints": self.endpoints, "sealedJournal": self.sealed_journal})
