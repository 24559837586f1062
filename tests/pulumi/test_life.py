"""The life of a stack on the real engine: preview, up, up again, drift, new code, failures, the lock, the end."""

from __future__ import annotations

from typing import Any

import pytest
from apps import addresses, brokerage
from pulumi.automation.errors import CommandError
from recorded import package, stack_of, target_of

from isthmus.provision.demand import demand_of
from isthmus.provision.deployment import tell

CLOUDS = ["azure", "google"]
CODE = {"azure": "azure-native:resources:Deployment", "google": "gcp:cloudfunctionsv2/function:Function"}
MIGRATES = {"azure": "azure-native:resources:AzureCliScript", "google": "gcp:cloudrunv2/job:Job"}


class Deployed:
    """Be a program whose code and configuration a test changes between updates."""

    def __init__(self, cloud: str, blueprint: Any, folder: Any, **configuration: Any) -> None:
        self.cloud, self.blueprint, self.folder = cloud, blueprint, folder
        self.configuration = configuration
        self.digests: dict[str, str] = {}

    def __call__(self) -> None:
        stack = stack_of(self.cloud, **self.configuration)
        demand = demand_of(self.blueprint, stack.cloud)
        packages = {unit.name: self._package(unit.name) for unit in demand.units}
        target = target_of(stack, demand, self.folder, packages, self._package("migrations"))
        tell(target.review)

    def _package(self, unit: str) -> Any:
        return package(unit, self.folder, self.digests.get(unit, "0" * 16))

    def change_code(self, *units: str) -> None:
        """Have these units, and migrations, carry other code."""
        self.digests = dict.fromkeys((*units, "migrations"), "1" * 16)


@pytest.fixture(params=CLOUDS)
def cloud(request) -> str:
    return request.param


def test_a_stack_lives_from_its_preview_to_its_end(cloud, inline, stand_in, tmp_path) -> None:
    program = Deployed(cloud, brokerage(), tmp_path)
    stack = inline(program)

    foreseen = stack.preview()["create"]
    assert stand_in.resources() == {}, "a preview makes nothing"
    assert stack.up()["create"] == foreseen
    assert stack.up() == {"same": foreseen}, "the same program changes nothing"

    def drift(resources: dict[str, Any]) -> None:
        gone = next(
            key
            for key, one in resources.items()
            if one["type"] in ("azure-native:servicebus:Topic", "gcp:pubsub/topic:Topic")
        )
        del resources[gone]
        changed = next(
            one
            for one in resources.values()
            if one["type"] in ("azure-native:storage:StorageAccount", "gcp:storage/bucket:Bucket")
        )
        for part in (changed["inputs"], changed["state"]):
            part["tags" if cloud == "azure" else "labels"] = {"owner": "somebody else"}

    stand_in.edit(drift)
    assert stack.refresh() == {"same": foreseen - 2, "update": 1, "delete": 1}
    mended = stack.up()
    assert (mended["create"], mended["update"]) == (1, 1)

    program.change_code("critical", "normal")
    stand_in.order.clear()
    upgraded = stack.up()
    assert upgraded.get("delete", 0) == 0
    order = [one.split()[0] for one in stand_in.order if one.split()[0] in (CODE[cloud], MIGRATES[cloud])]
    assert order == [CODE[cloud], MIGRATES[cloud], CODE[cloud], CODE[cloud]], "migrations come before new code"
    assert "critical" in [one for one in stand_in.order if one.startswith(CODE[cloud])][-1], "home comes last"

    assert stack.destroy()["delete"] == foreseen
    left = {one["type"].rpartition(":")[2] for one in stand_in.resources().values()}
    said = {"Key", "CryptoKey", "Service", "ServiceIdentity"}
    assert left <= said, "the key of what is personal is left, and the project's APIs, as the preview says"


def test_code_of_one_unit_is_deployed_without_the_other(cloud, inline, stand_in, tmp_path) -> None:
    program = Deployed(cloud, brokerage(), tmp_path)
    stack = inline(program)
    stack.up()
    program.digests = {"normal": "2" * 16}
    stand_in.order.clear()

    stack.up()

    deployed = [one.split()[1] for one in stand_in.order if one.startswith(CODE[cloud])]
    assert deployed == ["normal-code" if cloud == "azure" else "normal"]
    assert not any(one.startswith(MIGRATES[cloud]) for one in stand_in.order)


def test_a_migration_that_fails_stops_the_deployment_before_new_code_takes_traffic(
    cloud, inline, stand_in, tmp_path
) -> None:
    program = Deployed(cloud, addresses(), tmp_path)
    stack = inline(program)
    stack.up()
    (unit,) = [one.name for one in demand_of(addresses(), cloud).units]
    program.change_code(unit)
    stand_in.failures.named = {"migrate": "the schema could not be brought up to date"}
    stand_in.order.clear()

    with pytest.raises(CommandError, match="the schema could not be brought up to date"):
        stack.up()

    assert [one for one in stand_in.order if one.startswith(CODE[cloud]) and unit in one.split()[1]] == []
    stand_in.failures.named = {}
    stack.up()
    assert any(one.startswith(CODE[cloud]) and unit in one.split()[1] for one in stand_in.order)


def test_the_sealed_journal_is_locked_by_a_deployment_of_its_own_and_then_stays(
    cloud, inline, stand_in, tmp_path
) -> None:
    program = Deployed(cloud, addresses(), tmp_path, environment="production")
    stack = inline(program)
    stack.up()
    program.configuration["lock"] = True

    stack.preview()
    assert "Cannot be undone" in stack.said
    assert "sealed journal: the lock of its 2557 days" in stack.said
    stack.up()

    program.configuration["retention_days"] = None
    program.configuration = {**program.configuration, "retentionDays": 2_000}
    del program.configuration["retention_days"]
    with pytest.raises(CommandError, match="a_locked"):
        stack.up()
    with pytest.raises(CommandError, match="protect"):
        stack.destroy()


def test_two_stacks_of_an_app_live_side_by_side(inline, tmp_path) -> None:
    inline(Deployed("azure", addresses(), tmp_path)).up()

    beside = Deployed("azure", addresses(), tmp_path, name="prod", environment="production")

    assert inline(beside, "prod").up()["create"] > 0, "the stand-in refuses a name that is taken"
