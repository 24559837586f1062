"""An App on Google Cloud: everything that its Blueprint asks for, as one component of ordinary Pulumi resources.

identity   who each part is       network     what reaches what        database   the Cloud SQL instance
messaging  topics and pushes      keys        the key, secrets         journal    what is sealed
telemetry  logs                   workflows   what packages carry      functions  one for each unit
builds     packages, images       migrations  before new code          schedules  what calls at its times
budget     what may be spent
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.budget import make_budget
from isthmus.provision.google_target.builds import Builds
from isthmus.provision.google_target.database import Database
from isthmus.provision.google_target.functions import Around, Functions
from isthmus.provision.google_target.identity import MIGRATIONS, Identities
from isthmus.provision.google_target.journal import Journal
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.messaging import Messaging
from isthmus.provision.google_target.migrations import migrated
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.review import review_of
from isthmus.provision.google_target.schedules import Schedules
from isthmus.provision.google_target.site import site_of
from isthmus.provision.google_target.telemetry import Telemetry
from isthmus.provision.google_target.workflows import Workflows
from isthmus.provision.naming import Names
from isthmus.provision.packages import Package
from isthmus.provision.stack import Stack


class GoogleTarget(pulumi.ComponentResource):
    """Be an App on Google Cloud."""

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
        super().__init__("isthmus:google:Target", name, None, opts)
        self.review = review_of(stack, demand)
        site = site_of(stack, Names(demand.app, stack.name), demand, self)
        identities = Identities(site, demand, self)
        network = Network(site, demand.hosts, self)
        around = Around(
            site=site,
            network=network,
            identities=identities,
            database=Database(site, network, identities, demand, self),
            messaging=Messaging(site, identities, demand, self),
            keys=Keys(site, identities, demand, self),
            journal=Journal(site, identities, demand, self),
            telemetry=Telemetry(site, identities, demand, self),
            builds=Builds(site, identities, self),
        )
        functions = Functions(around, demand, self)
        migrating = functions.make_migrations(migrations)
        url = functions.url(MIGRATIONS)
        done = migrated(site, network, identities, migrating, url, migrations, self)
        functions.make_units(packages, [done])
        urls = {unit.name: functions.url(unit.name) for unit in demand.units}
        if demand.workflows:
            Workflows(site, identities, demand, packages[demand.home.name], urls, functions.callers, self)
        around.messaging.push(urls, functions.callers)
        Schedules(site, identities, demand, urls, functions.callers, self)
        if stack.budget:
            make_budget(site, stack.budget, self)
        asked = [unit.name for unit in demand.units if unit.has_endpoints]
        self.endpoints = pulumi.Output.all(**{name: urls[name] for name in asked})
        self.sealed_journal = around.journal.location
        self.register_outputs({"endpoints": self.endpoints, "sealedJournal": self.sealed_journal})
