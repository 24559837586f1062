"""An App on Google Cloud: everything that its Blueprint asks for, as one component of ordinary Pulumi resources.

project    made, or there already       locations  where things may be   services   APIs and their agents
identity   who each unit is             network    what reaches what
keys       two keys of Cloud KMS        secrets    a place for each      database   Cloud SQL
messaging  topics, streams, pushes      journal    what is sealed        telemetry  a log bucket in the region
registry   packages and images          functions  one for each unit     delivery   migrations, then new code
workflows  one for each version         schedules  what is called        budget     what may be spent
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import pulumi

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.budget import make_budget
from isthmus.provision.google_target.database import Database
from isthmus.provision.google_target.delivery import Delivery
from isthmus.provision.google_target.functions import Around, Functions
from isthmus.provision.google_target.identity import Identities
from isthmus.provision.google_target.journal import Journal
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.locations import constraint_of, hold_to_said
from isthmus.provision.google_target.messaging import Messaging
from isthmus.provision.google_target.network import Network
from isthmus.provision.google_target.project import hold_to_id
from isthmus.provision.google_target.registry import Registry
from isthmus.provision.google_target.review import review_of
from isthmus.provision.google_target.schedules import Schedules
from isthmus.provision.google_target.secret_places import SecretPlaces
from isthmus.provision.google_target.site import hold_to_prefix, prefix_of, site_of
from isthmus.provision.google_target.telemetry import Telemetry
from isthmus.provision.google_target.triggers import pushes_of, ticks_of
from isthmus.provision.google_target.workflows import Workflows, hold_to_names, sources_of
from isthmus.provision.naming import Names
from isthmus.provision.packages import Package
from isthmus.provision.stack import Stack, StackInvalid

CALLER: Final = re.compile(r"(?:user|group|serviceAccount|domain|principal|principalSet):\S+")
"""A member of policies: cloud.google.com/iam/docs/principal-identifiers. Everybody is none."""


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
        names = Names(demand.app, stack.name)
        hold_to_google(stack, names)
        sources = sources_of(packages[demand.home.name], demand)
        hold_to_names(sources, prefix_of(names))
        told = constraint_of(stack, demand)
        super().__init__("isthmus:google:Target", name, None, opts)
        self.review = review_of(stack, demand)
        site = site_of(stack, names, demand, told, self)
        identities = Identities(site, demand, self)
        network = Network(site, demand, self)
        keys = Keys(site, identities, demand, self)
        messaging = Messaging(site, keys, identities, demand, self)
        around = Around(
            site=site,
            network=network,
            identities=identities,
            database=Database(site, network, keys, identities, demand, self),
            messaging=messaging,
            keys=keys,
            secrets=SecretPlaces(site, keys, identities, demand, self),
            journal=Journal(site, keys, identities, demand, self),
            registry=Registry(site, keys, identities, self),
            telemetry=Telemetry(site, self),
        )
        functions = Functions(around, demand, self)
        Delivery(around, functions, packages, migrations, demand, self)
        calls = let_in(identities, functions, stack, demand)
        Workflows(site, keys, identities, functions, demand, sources, calls, self)
        addresses = {unit.name: functions.address_of(unit.name) for unit in demand.units}
        messaging.deliver(pushes_of(demand), addresses, calls)
        Schedules(site, identities, ticks_of(demand), addresses, calls, self)
        if stack.budget:
            make_budget(site, stack.budget, self)
        shown = [unit.name for unit in demand.units if unit.has_endpoints or unit.is_home]
        self.endpoints = pulumi.Output.all(**{name: addresses[name] for name in shown})
        self.sealed_journal = around.journal.location
        self.register_outputs({"endpoints": self.endpoints, "sealedJournal": self.sealed_journal})


def let_in(identities: Identities, functions: Functions, stack: Stack, demand: Demand) -> list[pulumi.Resource]:
    """Let those call a unit that are to, and whom the stack names a unit that has endpoints."""
    calls: list[pulumi.Resource] = []
    for unit in demand.units:
        service, made = functions.name_of(unit.name), functions.made[unit.name]
        calls += [identities.may_call(who, service, made, unit.name) for who in functions.callers_of(unit.name)]
        for place, caller in enumerate(stack.callers if unit.has_endpoints else ()):
            identities.admit(f"caller-{place}-calls-{unit.name}", caller, service, made)
    return calls


def hold_to_google(stack: Stack, names: Names) -> None:
    """Refuse what Google Cloud would refuse later.

    Raises StackInvalid (ISTH280).
    """
    hold_to_prefix(stack, names)
    hold_to_id(stack, names)
    hold_to_said(stack)
    for caller in stack.callers:
        if not CALLER.fullmatch(caller):
            raise StackInvalid(
                f"{caller} is no principal: Cloud Run admits callers by who they are, not by their address",
                place=f"stack {stack.name}: isthmus:callers",
                instead="write user:NAME@DOMAIN, group:…, serviceAccount:… or domain:…",
            )
