"""Review trades after they were made: what surveillance found decides."""

from __future__ import annotations

from isthmus.contracts.compliance import PostTradeVerdict, Surveillance, VerdictStatus, review_trade
from isthmus.contracts.execution import OrderExecuted
from isthmus.core import Mailbox, handles

PASSED = "surveillance.passed"


@handles(review_trade)
def review_by_surveillance(
    executed: OrderExecuted, surveillance: Surveillance, verdicts: Mailbox[PostTradeVerdict]
) -> None:
    """Send the order its verdict: rejected by the rule that surveillance found broken, else accepted."""
    rule = surveillance.finding(executed.sender, executed.cl_ord_id)
    verdict = PostTradeVerdict(
        order_id=executed.order_id,
        status=VerdictStatus.ACCEPTED if rule is None else VerdictStatus.REJECTED,
        rule=rule or PASSED,
    )
    verdicts.send(verdict, key=executed.order_id)
