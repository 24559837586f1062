"""Calls: what threads ask of the engine, and wait for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from isthmus.adapters.local.work import Work
from isthmus.adapters.runtime import operations
from isthmus.adapters.runtime.asking import answer_of, as_error, ask_once
from isthmus.adapters.runtime.invocation import GatewayAnswer, Intent
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.runs import StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import InputError

if TYPE_CHECKING:
    from isthmus.adapters.local.carrier import Carrier


class CallWork(Work):
    """Do what a thread asks for, which waits for what comes of it."""

    __slots__ = ("_actor", "_do", "_error", "_on_behalf_of", "_result", "_then", "future")

    def __init__(
        self,
        engine: Carrier,
        subject: str,
        actor: str,
        on_behalf_of: str,
        do: Callable[[UnitOfWork], Any],
        then: Callable[[UnitOfWork, Any], Any],
    ) -> None:
        super().__init__(engine, "", subject)
        self.future: Future[Any] = Future()
        self._actor = actor
        self._on_behalf_of = on_behalf_of
        self._do = do
        self._then = then
        self._result: Any = None
        self._error: InputError | None = None

    def perform(self, transaction: Transaction) -> None:
        """Do it. What the caller did wrong is journaled, leaves nothing else, and is what the caller hears."""
        self.unit = self._outer(transaction)
        self._error = None
        transaction.mark()
        try:
            self._result = self._do(self.unit)
        except InputError as error:
            transaction.back_to_mark()
            self.unit = self._outer(transaction)
            operations.reject(self.unit, self.step, error)
            self._error = error
        else:
            transaction.forget_mark()

    def _outer(self, transaction: Transaction) -> UnitOfWork:
        return operations.outer_unit(self.engine.deployment, transaction, self._actor, self._on_behalf_of, "outside")

    def settled(self) -> None:
        """Hand over the result, or the error."""
        assert self.unit is not None
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._then(self.unit, self._result))

    def failed(self, error: BaseException) -> None:
        """Hand over the error."""
        self.future.set_exception(error)
        super().failed(error)


class AskWork(CallWork):
    """Ask one handler's contract alone, as a thread wants it; failures are tried again by the contract's policy."""

    __slots__ = ("_answer", "_contract", "_key", "_message")

    def __init__(self, engine: Carrier, contract: str, message: Any, key: str, actor: str, on_behalf_of: str) -> None:
        super().__init__(engine, contract, actor, on_behalf_of, self._ask, lambda _unit, result: result)
        self._contract = contract
        self._message = message
        self._key = key
        self._answer: GatewayAnswer | None = None

    def _ask(self, unit: UnitOfWork) -> tuple[Outcome | Intent, Any]:
        """Do the step, in the savepoint of the call."""
        outcome = ask_once(unit, self._contract, self._message, self._key, self._answer)
        self.run_id = unit.run_id
        return outcome, answer_of(unit, self._contract, outcome)

    def settled(self) -> None:
        """Hand over the answer, the refusal or the failure; or try again, or ask the gateway."""
        if self._error is not None:
            self.future.set_exception(self._error)
            return
        outcome, value = self._result
        self._answer = None
        if isinstance(outcome, Intent):
            self.engine.ask_gateway(self._contract, outcome, self.run_id, self.step, self._with)
        elif outcome.state is StepState.FAILING:
            self.engine.later(self.engine.contract(self._contract).retry.delay_after(outcome.attempts), self)
        elif outcome.state is StepState.ANSWERED:
            self.future.set_result(value)
        else:
            self.future.set_exception(as_error(self.engine.composition, self._contract, outcome))

    def _with(self, answer: GatewayAnswer) -> Work:
        self._answer = answer
        return self
