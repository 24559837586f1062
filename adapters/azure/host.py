"""The host of an App on Azure: its database, its ports, its clock, and the topics that its messages leave by.

Settings say where these are; a rehearsal puts its own in their place.

    ISTHMUS_DATABASE        the database's URL; without a password in it, a server's is a token of Entra ID
    ISTHMUS_DATABASE_LOGIN  `entra` or `url`, where that has to be said
    ISTHMUS_KEY_VAULT       the master key, by its URL in Key Vault; without it
    ISTHMUS_KEY_FILE        the file of the master key, on a share that is mounted and outlives the app
    ISTHMUS_FOLDER          where ports find the files of their own
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from isthmus.adapters.azure.identity import identity
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.adapters.runtime.configuration import configuration_in
from isthmus.adapters.runtime.deployment import Clock, Deployment
from isthmus.adapters.runtime.operations import SCHEDULE_TOPIC, STREAM_TOPIC, outer_unit, reject, subscribers
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.runtime.vault import KeyFile, MasterKey
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.notes import ABOUT_STEP, FORGET_NOTE_ABOUT, NOTE
from isthmus.adapters.sql.outbox import MARK_PUBLISHED, UNPUBLISHED, UNPUBLISHED_OF_KEY
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault, InputError, KeyUnavailable

log = logging.getLogger("isthmus.azure")

CONFLICTS_MAX = 50

HANDLED_HERE = (STREAM_TOPIC, SCHEDULE_TOPIC)
"""What goes through the outbox and not through Service Bus: whoever took it in has it handled too."""

YOUNG = timedelta(minutes=10)
"""How long a function may be at it: the longest that the platform lets one run."""

DATABASE, KEY_VAULT, KEY_FILE, FOLDER = "ISTHMUS_DATABASE", "ISTHMUS_KEY_VAULT", "ISTHMUS_KEY_FILE", "ISTHMUS_FOLDER"
LOGIN = "ISTHMUS_DATABASE_LOGIN"


class SettingMissing(EnvironmentFault):
    """Report an app setting that is not there, or says nothing that is known."""

    code = "ISTH360"


class Outlet(Protocol):
    """Send messages to topics."""

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages of one topic and key, in their order."""
        ...


class Surroundings(Protocol):
    """Give a host what it stands on."""

    def database(self) -> Database:
        """Return the database."""
        ...

    def master(self) -> MasterKey:
        """Return the master key, which wraps the keys of persons."""
        ...

    def folder(self) -> Path:
        """Return the folder in which ports find what is their own."""
        ...

    def clock(self) -> Clock:
        """Return the clock."""
        ...

    def outlet(self) -> Outlet | None:
        """Return what messages leave by; None where they are left to the sweep of the app."""
        ...

    def token(self, scope: str) -> str:
        """Return a token of this app's identity, for another unit."""
        ...


class Settings:
    """Read the surroundings from the settings of the function app."""

    def database(self) -> Database:
        """Open the database; its schema was brought up to date before the app was deployed."""
        database = Database.open(setting(DATABASE), migrate=False)
        if not _is_by_token(database):
            return database
        from isthmus.adapters.azure.entra import log_in_by_token  # noqa: PLC0415  # only where a server is logged in to

        return log_in_by_token(database)

    def master(self) -> MasterKey:
        """Return the master key: the vault's, or else a file's, which is never made here: a moved app would lose it."""
        vault = os.environ.get(KEY_VAULT)
        if vault:
            from isthmus.adapters.azure.key_vault import KeyVault  # noqa: PLC0415  # its client is slow to import

            return KeyVault(vault)
        path = Path(setting(KEY_FILE))
        if not path.is_file():
            raise KeyUnavailable(
                "there is no such file",
                place=str(path),
                instead=f"mount it, name it in {KEY_FILE}; or set {KEY_VAULT}",
            )
        return KeyFile(path)

    def folder(self) -> Path:
        """Return the folder, by default the one that the app is deployed to."""
        return Path(os.environ.get(FOLDER, "."))

    def clock(self) -> Clock:
        """Return the machine's clock."""
        return SystemClock()

    def outlet(self) -> Outlet | None:
        """Return the topics of Service Bus."""
        from isthmus.adapters.azure.service_bus import ServiceBusOutlet  # noqa: PLC0415  # its client is slow to import

        return ServiceBusOutlet()

    def token(self, scope: str) -> str:
        """Return a token of the managed identity; its library keeps one until shortly before it expires."""
        return identity().get_token(scope).token


class OperatorSettings(Settings):
    """Read the surroundings of an operator's machine, which sends no messages itself."""

    def outlet(self) -> Outlet | None:
        """Return nothing: what is published waits for the sweep."""
        return None


def setting(name: str) -> str:
    """Return an app setting. Raises SettingMissing (ISTH360)."""
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"{name} is not set", place="app settings", instead=f"set {name}")
    return value


def _is_by_token(database: Database) -> bool:
    """Say whether Entra ID gives the password: where none is known of a server that is reached over a network."""
    login = os.environ.get(LOGIN)
    if login not in {None, "", "entra", "url"}:
        raise SettingMissing(f"{LOGIN} is neither entra nor url", place="app settings", instead="set one of them")
    url = database.engine.url
    if database.dialect != "postgresql" or login == "url":
        return False
    return login == "entra" or (bool(url.host) and not url.password)


_surroundings: list[Surroundings] = [Settings()]


@contextmanager
def surrounded_by(surroundings: Surroundings) -> Iterator[None]:
    """Let hosts that are opened meanwhile stand on these surroundings."""
    _surroundings.append(surroundings)
    try:
        yield
    finally:
        _surroundings.remove(surroundings)


class Host:
    """Do units of work, each in a transaction of its own, and send what they published.

    `elsewhere` names the contracts whose work another unit does, with that unit.
    """

    def __init__(self, composition: Composition, elsewhere: Mapping[str, str] | None = None) -> None:
        self.composition = composition
        self.elsewhere = elsewhere or {}
        self._around = _surroundings[-1]
        self.subscribers = subscribers(composition)
        self._opened: tuple[Deployment, Database, Outlet | None] | None = None

    @property
    def deployment(self) -> Deployment:
        """Return the prepared App."""
        return self._open()[0]

    @property
    def database(self) -> Database:
        """Return the database."""
        return self._open()[1]

    def _open(self) -> tuple[Deployment, Database, Outlet | None]:
        """Open what the host stands on when it is first needed: indexing needs none of it."""
        if self._opened is None:
            around = self._around
            deployment = Deployment(
                self.composition,
                backend="azure",
                master=around.master,
                clock=around.clock(),
                configure=configuration_in(around.folder()),
            )
            self._opened = deployment, around.database(), around.outlet()
        return self._opened

    def token(self, scope: str) -> str:
        """Return a token of this app's identity."""
        return self._around.token(scope)

    def close(self) -> None:
        """Let go of the database."""
        if self._opened is not None:
            self._opened[1].close()

    def do[U: UnitOfWork | None, T](self, work: Callable[[Transaction], tuple[U, T]]) -> tuple[U, T]:
        """Do a unit of work, again while it loses against others, and send what it published.

        Of each run that it has answered a note is left, until somebody has woken it.
        """

        def noted(transaction: Transaction) -> tuple[U, T]:
            unit, result = work(transaction)
            for run_id, step in unit.woken if unit is not None else ():
                transaction.run(NOTE, ABOUT_STEP, f"{run_id}/{step}")
            return unit, result

        unit, result = self.database.do(noted, tries=CONFLICTS_MAX, pause_seconds=0.001)
        if unit is not None:
            unit.committed()
            self._relay_after(unit)
        return unit, result

    def do_from_outside[T](
        self, subject: str, actor: str, on_behalf_of: str, work: Callable[[UnitOfWork], T]
    ) -> tuple[UnitOfWork, T]:
        """Do what the outside asks for; what it did wrong is journaled, and leaves nothing else. Raises InputError."""

        def done(transaction: Transaction) -> tuple[UnitOfWork, T]:
            unit = outer_unit(self.deployment, transaction, actor, on_behalf_of, "outside")
            return unit, work(unit)

        try:
            return self.do(done)
        except InputError as error:
            with self.database.transaction() as transaction:
                reject(outer_unit(self.deployment, transaction, actor, on_behalf_of, "outside"), subject, error)
            raise

    def forget_woken(self, unit: UnitOfWork) -> None:
        """Take away the notes of the runs that a unit of work has answered: they have been woken."""
        with self.database.transaction() as transaction:
            for run_id, step in unit.woken:
                transaction.run(FORGET_NOTE_ABOUT, ABOUT_STEP, f"{run_id}/{step}")

    def _relay_after(self, unit: UnitOfWork) -> None:
        """Send what was published. What cannot be sent now is left to the sweep: it is in the outbox."""
        for topic, key in dict.fromkeys((one.topic, one.ordering_key) for one in unit.published):
            try:
                self._relay(topic, key)
            except Exception:
                log.exception("messages of %s were not sent; the sweep will try again", topic)

    def _relay(self, topic: str, key: str) -> None:
        """Send what waits to leave under one topic and key, in sequence, and mark it."""
        outlet = self._open()[2]
        if topic.startswith(HANDLED_HERE) or outlet is None:
            return
        with self.database.transaction() as transaction:
            rows = transaction.rows(UNPUBLISHED_OF_KEY, topic, key)
        messages = [OutgoingMessage(row[1], row[2], row[3], bytes(row[4]), row[5]) for row in rows]
        if messages and self.subscribers.get(topic):
            outlet.send(messages)
        self.mark_published(messages)

    def mark_published(self, messages: Sequence[OutgoingMessage]) -> None:
        """Note that messages have left, or were handled here."""
        now_us = microseconds(self.deployment.clock.now())
        with self.database.transaction() as transaction:
            for message in messages:
                transaction.run(MARK_PUBLISHED, now_us, message.message_id)

    def relay_all(self) -> list[OutgoingMessage]:
        """Send what a crash has left in the outbox; return what is to be handled here, unless it is young.

        A young one is being handled by whoever wrote it down.
        """
        with self.database.transaction() as transaction:
            rows = transaction.rows(UNPUBLISHED, 0)
        for topic, key in dict.fromkeys((row[2], row[3]) for row in rows):
            self._relay(topic, key)
        written_before_us = microseconds(self.deployment.clock.now() - YOUNG)
        return [
            OutgoingMessage(number, topic, key, bytes(body), run_id)
            for _, number, topic, key, body, run_id, written_at in rows
            if topic.startswith(HANDLED_HERE) and written_at <= written_before_us
        ]
