"""Failures, as those see them who asked for one handler's answer."""

from __future__ import annotations

import msgspec

from isthmus.adapters.runtime.record import Failed, Outcome, Refused
from isthmus.adapters.sql.runs import StepState
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault


class HandlerFailed(EnvironmentFault):
    """Report that a handler failed in every attempt, or that nobody knows what its gateway did."""

    code = "ISTH350"


def as_error(composition: Composition, contract: str, outcome: Outcome) -> BaseException:
    """Return a refusal as itself, and a failure as HandlerFailed."""
    if outcome.state is StepState.REFUSED:
        refused = msgspec.json.decode(outcome.answer, type=Refused)
        refusal = composition.refusal(contract, refused.refusal)
        fields = msgspec.json.decode(refused.fields, type=refusal.Fields)
        return refusal(**{name: getattr(fields, name) for name in fields.__struct_fields__})
    failed = msgspec.json.decode(outcome.answer, type=Failed)
    return HandlerFailed(
        f"{contract} failed {outcome.attempts} times, at last with {failed.error}",
        place=failed.place,
        instead="see the log; the same key will answer the same",
    )
