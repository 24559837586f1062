"""What a stack's configuration may say, and what a preview is refused for."""

from __future__ import annotations

from datetime import date

import pytest
from apps import brokerage, desk
from recorded import CONFIGURED, stack_of

from isthmus.provision.azure_target.review import review_of as review_on_azure
from isthmus.provision.demand import demand_of
from isthmus.provision.google_target.review import review_of as review_on_google
from isthmus.provision.review import TooManyConnections, connections_of, hold_to_connections
from isthmus.provision.stack import StackInvalid, read_stack

APP = "isthmus.handlers.app:app"
BUDGET = {"amount": 500, "since": "2027-01-01", "alert": ["desk@example.com"]}
REVIEWS = {"azure": review_on_azure, "google": review_on_google}


@pytest.mark.parametrize(
    ("configuration", "says"),
    [
        ({"regoin": "westeurope"}, "there is no isthmus:regoin"),
        ({"cloud": "aws"}, "Invalid enum value 'aws'"),
        ({"region": None}, "Expected `str`, got `null`"),
        ({"environment": "prod"}, "Invalid enum value 'prod'"),
        ({"sizes": {"instanceMax": 3}}, "unknown field `instanceMax`"),
        ({"sizes": {"instancesMax": 0}}, "at least one instance"),
        ({"sizes": {"units": {"critical": {"alwaysReady": 11}}}}, "no more always ready than that"),
        ({"budget": {**BUDGET, "since": "2027-01-15"}}, "first of a month"),
        ({"budget": {**BUDGET, "alert": []}}, "tells somebody"),
        ({"budget": {**BUDGET, "amount": "much"}}, "Expected `int`"),
        ({"application": None}, "an Entra application"),
        ({"lock": True}, "what cannot be undone is for production"),
        ({"residencyScope": "subscription"}, "only with a policy"),
        ({"residencyScope": "tenant", "residency": "eu"}, "Invalid enum value 'tenant'"),
    ],
)
def test_an_ill_configuration_is_refused_by_its_key_and_rule(configuration, says) -> None:
    with pytest.raises(StackInvalid, match="stack dev") as refused:
        read_stack({"app": APP, **CONFIGURED["azure"], **configuration}, "dev")

    assert says in str(refused.value)
    assert "ISTH280" in str(refused.value)


NEW = {"billingAccount": "01A2B3-C4D5E6-F7A8B9"}


@pytest.mark.parametrize(
    ("configuration", "says"),
    [
        ({"existing": {}}, "one that is there, or one that is made"),
        ({"project": {**NEW, "folder": 1}}, "one that is there, or one that is made"),
        ({"existing": {}, "project": NEW}, "in a folder, or in an organisation"),
        ({"existing": {}, "project": {**NEW, "folder": 1, "organization": 2}}, "in a folder, or in an organisation"),
        ({"existing": {}, "project": {"folder": 1}}, "missing required field `billingAccount`"),
        ({"existing": {}, "project": {**NEW, "folder": "desks"}}, "Expected `int"),
        ({"budget": BUDGET}, "belongs to a billing account"),
    ],
)
def test_on_google_a_project_is_there_or_made_somewhere_and_billed_to_somebody(configuration, says) -> None:
    with pytest.raises(StackInvalid) as refused:
        read_stack({"app": APP, **CONFIGURED["google"], **configuration}, "dev")

    assert says in str(refused.value)
    assert "ISTH280" in str(refused.value)


@pytest.mark.parametrize("folder", [123456789012, "123456789012"])
def test_the_number_of_a_folder_is_a_number_or_its_text(folder) -> None:
    stack = stack_of("google", existing={}, project={**NEW, "folder": folder})

    assert stack.project is not None
    assert stack.project.folder == 123456789012


def test_values_are_typed_and_units_differ_where_they_say_so() -> None:
    stack = stack_of(
        "azure",
        budget=BUDGET,
        sizes={"instancesMax": "6", "units": {"normal": {"instancesMax": 2}}},
        callers=["192.0.2.1"],
    )

    assert stack.budget is not None
    assert stack.budget.since == date(2027, 1, 1)
    assert (stack.sizes.of("critical").instances_max, stack.sizes.of("normal").instances_max) == (6, 2)


@pytest.mark.parametrize(
    ("cloud", "size", "connections"),
    [
        ("azure", "Standard_B1ms", 35),
        ("azure", "Standard_D2ds_v5", 844),
        ("azure", "Standard_D4ads_v5", 1_703),
        ("azure", "Standard_E16ds_v4", 4_985),
        ("google", "db-custom-1-3840", 100),
        ("google", "db-custom-2-7680", 400),
        ("google", "db-custom-8-30720", 600),
    ],
)
def test_a_database_takes_as_many_connections_as_its_providers_page_lists(cloud, size, connections) -> None:
    assert connections_of(stack_of(cloud, sizes={"database": size})) == connections


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_a_database_of_a_size_that_no_page_lists_is_refused(cloud) -> None:
    with pytest.raises(StackInvalid, match="db-f1-micro"):
        connections_of(stack_of(cloud, sizes={"database": "db-f1-micro"}))


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_more_instances_than_the_database_has_connections_for_are_refused_with_the_sum(cloud) -> None:
    stack = stack_of(cloud, sizes={"instancesMax": 100, "connectionsPerInstance": 20})

    with pytest.raises(TooManyConnections, match=r"critical 100 x 20 \+ normal 100 x 20 = 4000 connections"):
        hold_to_connections(stack, demand_of(brokerage(), cloud))


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_the_connections_of_a_database_that_is_there_are_what_its_owner_leaves(cloud) -> None:
    there = {"server": "data", "host": "10.0.0.4", "connectionsMax": 90}
    existing = {**CONFIGURED[cloud].get("existing", {}), "database": there}
    sizes = {"instancesMax": 3, "connectionsPerInstance": 15}

    hold_to_connections(stack_of(cloud, existing=existing, sizes=sizes), demand_of(brokerage(), cloud))
    with pytest.raises(TooManyConnections, match="takes 90"):
        hold_to_connections(
            stack_of(cloud, existing=existing, sizes={**sizes, "instancesMax": 4}), demand_of(brokerage(), cloud)
        )


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_nothing_is_irreversible_outside_production_and_the_lock_is_told_there(cloud) -> None:
    review, demand = REVIEWS[cloud], demand_of(desk(), cloud)

    assert review(stack_of(cloud), demand).irreversible == ()
    told = review(stack_of(cloud, environment="production", lock=True), demand).irreversible
    assert any("sealed journal" in one and "2557 days" in one for one in told)


@pytest.mark.parametrize("cloud", ["azure", "google"])
def test_what_bills_while_idle_is_told(cloud) -> None:
    told = " ".join(REVIEWS[cloud](stack_of(cloud), demand_of(desk(), cloud)).bills)

    assert "database" in told
    assert "unit orders: 1 instances" in told
    assert "quotes.example, venue.example" in told
