"""The Blueprint: what an App declares, and nothing else; the same for the same App."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.core import BATCH, Message, Retry, contract, handles, hours, seconds
from isthmus.core.blueprint import Blueprint
from isthmus.core.contract import Latency

sys.path.insert(0, str(Path(__file__).parent))
from desk import RIGHT, FixedRates, Rates, desk

HERE = Path(__file__).parent
NAMES = st.lists(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=8), max_size=4, unique=True)


def encoded(plan: Blueprint) -> bytes:
    return msgspec.json.encode(plan)


def test_the_same_app_gives_the_same_blueprint_in_any_process() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import msgspec, desk; "
        "sys.stdout.buffer.write(msgspec.json.encode(desk.desk().load().blueprint))"
    )
    others = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]

    assert {encoded(desk().load().blueprint), encoded(desk().load().blueprint), *others} == {others[0]}


def test_a_blueprint_can_be_written_as_json_and_read_again() -> None:
    plan = desk().load().blueprint

    assert msgspec.json.decode(encoded(plan), type=Blueprint) == plan


def test_a_blueprint_is_frozen_in_all_its_parts() -> None:
    plan = desk().load().blueprint
    parts: list[Any] = [plan, *plan.functions, *plan.workflows, *plan.topics, *plan.streams]
    parts += [*plan.schedules, *plan.endpoints, *plan.ports]
    for part in parts:
        assert hash(part)
        for name in part.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(part, name, None)


@given(secrets=NAMES, hosts=NAMES, countries=NAMES, backend=st.sampled_from(["local", "azure", "google"]))
def test_a_blueprint_carries_what_a_port_was_bound_with(
    secrets: list[str], hosts: list[str], countries: list[str], backend: str
) -> None:
    app = desk()
    app.bind(Rates, FixedRates, secrets=secrets, hosts=hosts, countries=countries, on=backend)
    first, second = app.load().blueprint.ports

    assert (first.backend, first.secrets) == (None, ("token",))
    assert (second.port, second.kind, second.implementation) == ("Rates", "bound", "FixedRates")
    assert (second.backend, second.secrets) == (backend, tuple(secrets))
    assert (second.hosts, second.countries) == (tuple(hosts), tuple(countries))


class Task(Message):
    text: str


@given(
    attempts=st.integers(1, 100),
    timeout=st.integers(1, 10_000),
    latency=st.sampled_from(Latency),
    unit=st.sampled_from([None, "reports"]),
    how=st.sampled_from(["reads", "final"]),
)
def test_a_blueprint_carries_what_a_contract_promises(
    attempts: int, timeout: int, latency: Latency, unit: str | None, how: str
) -> None:
    def do(task: Task) -> None:
        """Do it."""

    done: Any = cast("Any", contract)(
        **{how: True}, retry=Retry(attempts=attempts), timeout=seconds(timeout), latency=latency, unit=unit
    )(do)
    plan = desk(fulfils=[*RIGHT["fulfils"], handles(done)(do)]).load().blueprint
    function = next(one for one in plan.functions if one.contract == "do")

    assert (function.attempts, function.timeout_seconds) == (attempts, timeout)
    assert (function.latency, function.effect) == (latency.value, how)
    assert function.unit == (unit or latency.value)
    assert function.unit in plan.units
    assert function.handler.endswith(":test_a_blueprint_carries_what_a_contract_promises.<locals>.do")


def test_contracts_are_deployed_by_latency_unless_they_name_a_unit() -> None:
    @contract(reads=True, latency=BATCH)
    def report(task: Task) -> None:
        """Report."""

    @handles(report)
    def reporting(task: Task) -> None: ...

    assert desk(fulfils=[*RIGHT["fulfils"], reporting]).load().blueprint.units == ("batch", "books", "normal")


def test_what_makes_a_port_is_named_and_never_by_its_address() -> None:
    app = desk(bound=False)
    app.bind(Rates, partial(FixedRates))

    assert app.load().blueprint.ports[0].implementation == "FixedRates"


def test_a_blueprint_knows_schedules_in_seconds() -> None:
    assert desk().load().blueprint.schedules[0].every_seconds == hours(1).total_seconds()
