"""What an App asks of a cloud, and nothing more."""

from __future__ import annotations

import json

import pytest
from apps import addresses, brokerage, desk
from recorded import recorded, stack_of

from isthmus.core.blueprint import deployed_units, home_unit
from isthmus.provision.demand import demand_of

CLOUDS = ["azure", "google"]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_unit_reads_the_secrets_and_calls_the_hosts_of_its_own_handlers_ports_alone(cloud) -> None:
    units = {unit.name: unit for unit in demand_of(desk(streams=()), cloud).units}

    assert (units["orders"].secrets, units["orders"].hosts) == ((), ())
    assert (units["prices"].secrets, units["prices"].hosts) == (("quotes-token",), ("quotes.example",))
    assert (units["venues"].secrets, units["venues"].hosts) == (("venue-key",), ("venue.example",))


def test_what_reaches_the_app_is_done_by_home_on_azure_and_by_its_own_unit_on_google() -> None:
    on = {cloud: {unit.name: unit for unit in demand_of(desk(), cloud).units} for cloud in CLOUDS}

    assert "quotes-token" in on["azure"]["orders"].secrets, "the stream goes into `price`, which home is asked for"
    assert on["google"]["orders"].secrets == ()
    assert demand_of(desk(), "google").streams[0].into.unit == "prices"
    assert demand_of(desk(), "azure").streams[0].into.unit == "orders"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_unit_may_send_to_the_topics_that_its_handlers_publish_to_and_home_to_all(cloud) -> None:
    units = {unit.name: unit.sends_to for unit in demand_of(desk(), cloud).units}

    assert units == {"orders": ("executed", "late.Verdict"), "prices": (), "venues": ("executed",)}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_unit_writes_the_tables_that_its_handlers_ask_for(cloud) -> None:
    demand = demand_of(desk(streams=(), topics=(), schedules=()), cloud)

    rights = json.loads(demand.rights_of([unit.name for unit in demand.units]))

    assert rights == {"orders": ["ledger", "records"], "prices": ["records"], "venues": []}


def test_a_binding_for_one_cloud_comes_before_one_for_all() -> None:
    assert demand_of(addresses(), "azure").secrets == ("risk-token",)
    assert demand_of(addresses(), "azure").hosts == ("risk.example",)


def test_the_units_that_are_deployed_are_those_that_are_packaged() -> None:
    composition = pytest.importorskip("isthmus.adapters.azure.units")
    app = __import__("isthmus.handlers.app", fromlist=["app"]).app.load()

    assert deployed_units(app.blueprint) == composition.units_of(app)
    assert [unit.name for unit in demand_of(app.blueprint, "azure").units] == list(composition.units_of(app))


def test_the_units_that_are_deployed_on_google_are_those_that_workflows_find_by_their_package() -> None:
    manifest = pytest.importorskip("isthmus.adapters.gcp.manifest")
    app = __import__("isthmus.handlers.app", fromlist=["app"]).app.load()
    deployed = [unit.name for unit in demand_of(app.blueprint, "google").units]

    assert deployed[0] == home_unit(app.blueprint)
    assert [f"ISTHMUS_URL_{unit.upper()}" for unit in deployed] == list(manifest.manifest_of(app, None).addresses)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize("blueprint", [brokerage, addresses, desk])
def test_what_is_made_fits_the_sdks_types_and_the_conditions_of_each_resource(cloud, environment, blueprint) -> None:
    made = recorded(stack_of(cloud, environment=environment), blueprint())

    assert made.faults() == []
