"""Ports: made when the engine opens, given what they declared, and what every handler is provided with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.configuration import SecretUnavailable
from isthmus.adapters.runtime.deployment import PortUnavailable
from isthmus.adapters.sql.database import Database
from isthmus.core import App, Caller, Clock, Configuration, Message, Reference, contract, handles
from isthmus.core.errors import EnvironmentFault

MORNING = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Question(Message):
    number: int


class Told(Message):
    at: datetime
    by: str
    reference: str
    secret: str


class Oracle(Protocol):
    def says(self) -> str: ...


@contract(reads=True)
def tell(question: Question) -> Told:
    """Tell what a handler is provided with."""


@handles(tell)
def tell_all(question: Question, clock: Clock, caller: Caller, reference: Reference, oracle: Oracle) -> Told:
    return Told(
        at=clock.now(), by=f"{caller.actor} for {caller.on_behalf_of}", reference=reference, secret=oracle.says()
    )


class Delphi:
    closed = 0

    def __init__(self, configuration: Configuration) -> None:
        self._secret = configuration.secret("omen")

    def says(self) -> str:
        return self._secret

    def close(self) -> None:
        Delphi.closed += 1


def app_with(oracle: object, secrets: tuple[str, ...] = ("omen",)) -> App:
    app = App("oracle", fulfils=[tell_all])
    app.bind(Oracle, oracle, secrets=secrets)  # type: ignore[arg-type]
    return app


def engine_of(app: App, database_url: str, folder: Path) -> Engine:
    return Engine(app.load(), Database.open(database_url), folder=folder, clock=MovedClock(MORNING))


def test_a_handler_is_provided_with_the_time_the_caller_a_reference_and_its_ports(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "omen").write_text("crows\n")
    before = Delphi.closed
    with engine_of(app_with(Delphi), database_url, tmp_path) as engine:
        engine.clock.move(timedelta(minutes=5))  # type: ignore[union-attr]
        told = engine.ask("tell", Question(number=1), key="k", actor="anna", on_behalf_of="ben")
        again = engine.ask("tell", Question(number=1), key="k", actor="carl")

    assert (told.at, told.by, told.secret) == (MORNING + timedelta(minutes=5), "anna for ben", "crows")
    assert len(told.reference) == 26
    assert again == told
    assert Delphi.closed == before + 1


def test_a_secret_that_is_not_there_is_missed_when_the_engine_opens(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="omen"):
        engine_of(app_with(Delphi), database_url, tmp_path).open()


class Jammed:
    def says(self) -> str:
        return ""

    def close(self) -> None:
        raise OSError("the door is stuck")


def test_a_port_that_cannot_be_closed_leaves_the_lock_free(database_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with engine_of(app_with(Jammed, secrets=()), database_url, tmp_path):
            pass


def unreachable(_configuration: Configuration) -> Delphi:
    raise ConnectionError("nobody answers")


def test_a_port_that_cannot_be_made_keeps_the_engine_from_opening_and_leaves_the_lock_free(
    database_url: str, tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(PortUnavailable, match="nobody answers") as refused:
            engine_of(app_with(unreachable), database_url, tmp_path).open()
        assert isinstance(refused.value, EnvironmentFault)
