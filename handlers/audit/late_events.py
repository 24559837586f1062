"""File what came when nobody waited for it, so that a person sees it."""

from __future__ import annotations

from isthmus.contracts.audit import LateConfirmation, LateVerdict, file_late_confirmation, file_late_verdict
from isthmus.contracts.compliance import PostTradeVerdict
from isthmus.contracts.settlement import SettlementConfirmation
from isthmus.core import Records, handles


@handles(file_late_verdict)
def keep_late_verdict(verdict: PostTradeVerdict, late: Records[LateVerdict]) -> None:
    """Keep the latest of an order; the journal has them all."""
    late.put(verdict.order_id, LateVerdict(verdict=verdict))


@handles(file_late_confirmation)
def keep_late_confirmation(confirmation: SettlementConfirmation, late: Records[LateConfirmation]) -> None:
    """Keep the latest of a trade; the journal has them all."""
    late.put(confirmation.trade_id, LateConfirmation(confirmation=confirmation))
