"""Asking: one handler's contract alone, under a key of the caller's, whichever process does it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.edge import input_codec, key_of, wire_of
from isthmus.adapters.runtime.invocation import (
    Fenced,
    GatewayAnswer,
    Intent,
    StepRequest,
    call_gateway,
    conclude,
    perform,
)
from isthmus.adapters.runtime.record import Failed, Outcome, Refused
from isthmus.adapters.runtime.runs import run_id_of
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.runs import StepState
from isthmus.core.codec import codec
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault, IdentityConflict, NotFound, ReplayMismatch

STEP = "ask"


class HandlerFailed(EnvironmentFault):
    """Report that a handler failed in every attempt, or that nobody knows what its gateway did."""

    code = "ISTH350"

    def __init__(
        self, problem: str, *, contract: str = "", error: str = "", place: str = "", instead: str = ""
    ) -> None:
        super().__init__(problem, place=place, instead=instead)
        self.contract = contract
        self.error = error


def ask_once(
    unit: UnitOfWork, contract: str, message: Any, key: str, answer: GatewayAnswer | None = None
) -> Outcome | Intent:
    """Make one attempt at what is asked, or its last part with a gateway's answer; return what is recorded of it.

    Raises NotFound, MessageInvalid, and IdentityConflict when the key was used with another input.
    """
    request = _request(unit, contract, message, key)
    try:
        outcome = perform(unit, request) if answer is None else conclude(unit, request, answer)
    except ReplayMismatch as error:
        raise IdentityConflict(
            f"key {key!r} was used with another input", place=contract, instead="give each request a key of its own"
        ) from error
    assert not isinstance(outcome, Fenced)  # it belongs to no run that could be fenced
    return outcome


def _request(unit: UnitOfWork, contract: str, message: Any, key: str) -> StepRequest:
    """Return the step; it is made anew in each transaction, since what was sealed in one may be rolled back."""
    form = input_codec(unit.deployment, contract)
    if contract not in unit.deployment.fulfilments:
        raise NotFound(f"no handler fulfils {contract}", instead="start it: a workflow does")
    unit.run_id, unit.step = run_id_of(contract, key_of(key, "key"), "asked"), STEP
    return StepRequest(
        run_id=unit.run_id,
        step=STEP,
        contract=contract,
        input=wire_of(unit, form, message),
        ordinal=0,
        branch=0,
        expects=None,
    )


def answer_of(unit: UnitOfWork, contract: str, outcome: Outcome | Intent) -> Any:
    """Return the answer as the caller sees it, open, once there is one."""
    if isinstance(outcome, Intent) or outcome.state is not StepState.ANSWERED:
        return None
    return codec(unit.deployment.composition.contracts[contract].output_type).decode(outcome.answer, unit.vault)


def call_in_time(deployment: Deployment, contract: str, intent: Intent) -> GatewayAnswer:
    """Ask a gateway from a thread of its own; no answer within the contract's timeout is a failure."""
    answered: Future[GatewayAnswer] = Future()
    threading.Thread(
        target=lambda: answered.set_result(call_gateway(deployment, contract, intent)), name="gateway", daemon=True
    ).start()
    try:
        return answered.result(deployment.composition.contracts[contract].timeout.total_seconds())
    except TimeoutError:
        return GatewayAnswer(None, TimeoutError())  # one that comes from nowhere: the place is the handler's call


type Attempt = Callable[[UnitOfWork], tuple[Outcome | Intent, Any]]


def ask_until_settled(
    deployment: Deployment,
    contract: str,
    message: Any,
    key: str,
    do: Callable[[Attempt], tuple[Outcome | Intent, Any]],
) -> Any:
    """Make attempts until one settles what is asked, and return the answer; `do` does each in a unit of work.

    Raises the Refusal; NotFound, MessageInvalid, IdentityConflict; HandlerFailed (ISTH350) after the last attempt that
    the contract's policy allows.
    """
    answer: GatewayAnswer | None = None

    def attempt(unit: UnitOfWork) -> tuple[Outcome | Intent, Any]:
        outcome = ask_once(unit, contract, message, key, answer)
        return outcome, answer_of(unit, contract, outcome)

    while True:
        outcome, value = do(attempt)
        answer = None
        if isinstance(outcome, Intent):
            answer = call_in_time(deployment, contract, outcome)
        elif outcome.state is StepState.ANSWERED:
            return value
        elif outcome.state is StepState.FAILING:
            retry = deployment.composition.contracts[contract].retry
            time.sleep(retry.delay_after(outcome.attempts).total_seconds())
        else:
            raise as_error(deployment.composition, contract, outcome)


def as_error(composition: Composition, contract: str, outcome: Outcome) -> BaseException:
    """Return a refusal as itself, and a failure as HandlerFailed."""
    if outcome.state is StepState.REFUSED:
        refused = msgspec.json.decode(outcome.answer, type=Refused)
        refusal = composition.refusal(contract, refused.refusal)
        fields = msgspec.json.decode(refused.fields, type=refusal.Fields)
        return refusal(**{name: getattr(fields, name) for name in fields.__struct_fields__})
    failed = msgspec.json.decode(outcome.answer, type=Failed)
    often = "once" if outcome.attempts == 1 else f"{outcome.attempts} times, at last"
    return HandlerFailed(
        f"{contract} failed {often} with {failed.error}",
        contract=contract,
        error=failed.error,
        place=failed.place,
        instead="see the log; the same key "
        + ("inquires again" if outcome.state is StepState.UNKNOWN else "will answer the same"),
    )
