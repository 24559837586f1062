"""The unit of work: one transaction in which a step's record, effects, messages and journal entries are one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.vault import Vault
from isthmus.adapters.sql.journal import APPEND, Kind, microseconds
from isthmus.adapters.sql.outbox import PUT
from isthmus.adapters.sql.subject_keys import SqlSubjectKeys
from isthmus.adapters.sql.transaction import Transaction


class OutgoingMessage:
    """Be a message that left with the unit of work, for the relay."""

    __slots__ = ("body", "message_id", "ordering_key", "run_id", "topic")

    def __init__(self, message_id: str, topic: str, ordering_key: str, body: bytes, run_id: str) -> None:
        self.message_id = message_id
        self.topic = topic
        self.ordering_key = ordering_key
        self.body = body
        self.run_id = run_id


class UnitOfWork:
    """Do one thing, of one run and step, within a transaction that somebody else begins and commits."""

    __slots__ = (
        "_vault",
        "actor",
        "created",
        "deployment",
        "ended",
        "now",
        "now_us",
        "on_behalf_of",
        "published",
        "run_id",
        "sent",
        "step",
        "transaction",
        "woken",
        "workflow",
    )

    def __init__(
        self,
        deployment: Deployment,
        transaction: Transaction,
        *,
        run_id: str,
        step: str,
        workflow: str,
        actor: str,
        on_behalf_of: str,
    ) -> None:
        self.deployment = deployment
        self.transaction = transaction
        self.run_id = run_id
        self.step = step
        self.workflow = workflow
        self.actor = actor
        self.on_behalf_of = on_behalf_of
        self.now: datetime = deployment.clock.now()
        self.now_us = microseconds(self.now)
        self.published: list[OutgoingMessage] = []
        self.sent = 0
        self.created = False
        """Whether a run was started here, rather than found started."""
        self.ended: list[str] = []
        """The runs that came to their end here, whoever saw to it."""
        self.woken: list[tuple[str, str]] = []
        """The runs and steps, of others, that were answered here."""
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        """Seal and open within this transaction."""
        if self._vault is None:
            keys = SqlSubjectKeys(self.transaction, self.now_us)
            self._vault = Vault(self.deployment.master, keys, self.deployment.keyring)
        return self._vault

    @property
    def key(self) -> str:
        """Return the key of this step: what undos and references are derived from."""
        return f"{self.run_id}/{self.step}"

    def committed(self) -> None:
        """Say that the transaction has committed."""
        if self._vault is not None:
            self._vault.committed()

    def journal(self, kind: Kind | str, subject: str, before: bytes | None = None, after: bytes | None = None) -> None:
        """Append an entry: who, on whose behalf, what, when, before and after, under which code and policy."""
        self.transaction.run(
            APPEND,
            self.run_id,
            self.workflow,
            self.step,
            str(kind),
            subject,
            self.actor,
            self.on_behalf_of,
            self.now_us,
            before,
            after,
            self.deployment.code_version,
            self.deployment.policy_version,
        )

    def journal_run(self, kind: Kind, subject: str, after: bytes) -> None:
        """Append an entry about the run itself, which stands at no place of its program."""
        own, self.step = self.step, ""
        self.journal(kind, subject, after=after)
        self.step = own

    def publish(self, topic: str, ordering_key: str, body: bytes, *, message_id: str | None = None) -> None:
        """Write a message to the outbox; the relay publishes it after the commit."""
        number = message_id or f"{self.run_id}/{self.step}#{len(self.published)}"
        message = OutgoingMessage(number, topic, ordering_key, body, self.run_id)
        written = self.transaction.run(PUT, number, topic, ordering_key, body, self.run_id, self.now_us)
        if written:
            self.published.append(message)
            self.journal(Kind.PUBLISHED, topic, after=body)

    def discard(self, published: int, woken: int) -> None:
        """Forget the messages that a rolled back handler wrote."""
        del self.published[published:]
        del self.woken[woken:]
        self.sent = 0


def unit_of(deployment: Deployment, transaction: Transaction, run: Any, step: str) -> UnitOfWork:
    """Return a unit of work of a run, in the name of whoever started it."""
    return UnitOfWork(
        deployment,
        transaction,
        run_id=run.run_id,
        step=step,
        workflow=run.contract,
        actor=run.actor,
        on_behalf_of=run.on_behalf_of,
    )
