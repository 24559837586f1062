"""Deliveries: messages and events on their way to whoever handles them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.adapters.local.relay import Delivery
from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.deliveries import delivery_of, hand_over, leave_to_person, unit_of_delivery
from isthmus.adapters.runtime.events import make_unowned_late
from isthmus.adapters.runtime.invocation import Fenced, GatewayAnswer, Intent
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import OutgoingMessage
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.notes import ABOUT_MESSAGE, FORGET_NOTE, NOTES
from isthmus.adapters.sql.outbox import MARK_PUBLISHED, MESSAGE
from isthmus.adapters.sql.runs import StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import IsthmusError

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class DeliverWork(Work):
    """Deliver a message to one subscriber: a handler's contract is asked, a workflow's is started."""

    __slots__ = ("_answer", "_delivery", "_refused", "_request", "_result")

    def __init__(self, engine: Carrier, delivery: Delivery, answer: GatewayAnswer | None = None) -> None:
        message = delivery.message
        self._request = delivery_of(message, delivery.subscriber)
        super().__init__(engine, self._request.run_id, self._request.step)
        self._delivery = delivery
        self._answer = answer
        self._result: Outcome | Intent | Fenced | Run | None = None
        self._refused: IsthmusError | None = None

    def perform(self, transaction: Transaction) -> None:
        """Have the subscriber handle it; what it cannot handle goes to a person."""
        message = self._delivery.message
        self.unit = unit = unit_of_delivery(self.engine.deployment, transaction, message, self._request)
        if self._refused is not None:
            leave_to_person(unit, message, self._request, ENCODER.encode({"code": self._refused.code, "place": ""}))
            return
        self._result = hand_over(unit, message, self._request, self._answer, claimed_by=self.engine.claimant)

    def refused(self, error: IsthmusError) -> bool:
        """Leave the message to a person when it cannot be handled at all."""
        self._refused, self._result = error, None
        return True

    def settled(self) -> None:
        """Go on with the queue, or try again."""
        result = self._result
        if isinstance(result, Outcome) and result.state is StepState.FAILING:
            delay = self.engine.contract(self._delivery.subscriber).retry.delay_after(result.attempts)
            self.engine.later(delay, DeliverWork(self.engine, self._delivery))
        elif isinstance(result, Intent):
            self.engine.ask_gateway(self._request.contract, result, self.run_id, self.step, self._with)
        else:
            if isinstance(result, Run) and self.unit is not None and self.unit.created:
                self.engine.carry_on(result, {})
            self.engine.delivered(self._delivery)

    def _with(self, answer: GatewayAnswer) -> Work:
        return DeliverWork(self.engine, self._delivery, answer)


class MarkWork(Work):
    """Mark messages that all their subscribers have settled."""

    __slots__ = ("_messages",)

    def __init__(self, engine: Carrier, messages: list[str]) -> None:
        super().__init__(engine, "", "mark")
        self._messages = messages

    def perform(self, transaction: Transaction) -> None:
        """Mark each."""
        now_us = microseconds(self.engine.deployment.clock.now())
        for message_id in self._messages:
            transaction.run(MARK_PUBLISHED, now_us, message_id)


class SweepWork(Work):
    """Hand on events that were held for runs which ended without naming their key."""

    __slots__ = ("_more",)

    def __init__(self, engine: Carrier) -> None:
        super().__init__(engine, "", "sweep")
        self._more = False

    def perform(self, transaction: Transaction) -> None:
        """Look for them."""
        self.unit = operations.outer_unit(self.engine.deployment, transaction, "engine", "engine", "sweep")
        self._more = make_unowned_late(self.unit)

    def settled(self) -> None:
        """Look again when there may be more."""
        if self._more:
            self.engine.push(SweepWork(self.engine))


class NotesWork(Work):
    """Read the notes that other processes left for the engine."""

    __slots__ = ("_messages", "_notes")

    def __init__(self, engine: Carrier) -> None:
        super().__init__(engine, "", "notes")
        self._notes: list[tuple[str, str]] = []
        self._messages: list[tuple[OutgoingMessage, str]] = []

    def perform(self, transaction: Transaction) -> None:
        """Take the notes, and read the messages that they name."""
        self._notes, self._messages = [], []
        for sequence, kind, subject in transaction.rows(NOTES):
            transaction.run(FORGET_NOTE, sequence)
            what, _, subscriber = kind.partition(">")
            row = transaction.row(MESSAGE, subject) if what == ABOUT_MESSAGE else None
            if row is not None:
                message = OutgoingMessage(row[1], row[2], row[3], bytes(row[4]), row[5])
                self._messages.append((message, subscriber))
            else:
                self._notes.append((kind, subject))

    def settled(self) -> None:
        """Go on with what they name."""
        self.engine.noted(self._notes, self._messages)
