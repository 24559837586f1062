"""The brokerage: which handlers fulfil which contracts, and what reaches them. Adapters are imported here alone."""

from __future__ import annotations

from isthmus.adapters.venues.paper import PaperVenue
from isthmus.adapters.venues.reference_data import FilePrices, FileSurveillance
from isthmus.contracts.audit import (
    file_late_confirmation,
    file_late_verdict,
    order_status,
    track_accepted,
    track_executed,
    track_taken_back,
)
from isthmus.contracts.compliance import PostTradeVerdict, Surveillance, review_trade
from isthmus.contracts.execution import OrderExecuted, Venue
from isthmus.contracts.market import Prices
from isthmus.contracts.orders import OrderAccepted, OrderTakenBack
from isthmus.contracts.placement import place_order
from isthmus.contracts.settlement import SettlementConfirmation, settle_trade
from isthmus.core import App, endpoint, topic
from isthmus.handlers.accounts.opening import open_with_what_is_brought
from isthmus.handlers.audit.late_events import keep_late_confirmation, keep_late_verdict
from isthmus.handlers.audit.status import show_order
from isthmus.handlers.compliance.review import review_by_surveillance
from isthmus.handlers.compliance.value_limit import check_order_value, keep_value_limit
from isthmus.handlers.orders.acceptance import tell_accepted, tell_taken_back
from isthmus.handlers.orders.booking import book_against_hold
from isthmus.handlers.orders.execution import bust_at_venue, execute_at_venue
from isthmus.handlers.orders.flow import order_flow
from isthmus.handlers.orders.hold import hold_cash_or_position, release_cash_or_position
from isthmus.handlers.orders.monitor import view_accepted, view_executed, view_taken_back
from isthmus.handlers.orders.validation import validate_fields
from isthmus.handlers.settlement.flow import settlement_flow
from isthmus.handlers.settlement.instruction import book_both_sides, give_back, set_aside

app = App(
    "brokerage",
    fulfils=[
        # orders
        order_flow,
        validate_fields,
        check_order_value,
        hold_cash_or_position,
        release_cash_or_position,
        tell_accepted,
        tell_taken_back,
        execute_at_venue,
        bust_at_venue,
        book_against_hold,
        review_by_surveillance,
        view_accepted,
        view_executed,
        view_taken_back,
        # settlement
        settlement_flow,
        set_aside,
        give_back,
        book_both_sides,
        # accounts, limits and audit
        open_with_what_is_brought,
        keep_value_limit,
        show_order,
        keep_late_verdict,
        keep_late_confirmation,
    ],
    topics=[
        topic("orders.accepted", OrderAccepted, key="order_id", subscribers=[track_accepted]),
        topic("orders.executed", OrderExecuted, key="order_id", subscribers=[track_executed, review_trade]),
        topic("orders.taken_back", OrderTakenBack, key="order_id", subscribers=[track_taken_back]),
    ],
    endpoints=[
        endpoint("POST", "/orders", starts=place_order),
        endpoint("POST", "/orders/status", starts=order_status),
        endpoint("POST", "/trades", starts=settle_trade),
    ],
    late_events={PostTradeVerdict: file_late_verdict, SettlementConfirmation: file_late_confirmation},
)
app.bind(Venue, PaperVenue)
app.bind(Prices, FilePrices)
app.bind(Surveillance, FileSurveillance)
