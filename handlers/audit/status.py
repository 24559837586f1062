"""Tell where an order stands."""

from __future__ import annotations

from isthmus.contracts.audit import OrderQuery, OrderView, UnknownOrder, order_status
from isthmus.core import Records, handles


@handles(order_status)
def show_order(query: OrderQuery, views: Records[OrderView]) -> OrderView:
    """Return the view that the monitor keeps."""
    view = views.get(query.order_id)
    if view is None:
        raise UnknownOrder(order_id=query.order_id)
    return view
