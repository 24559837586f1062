"""A fulfilment: a handler prepared for being called, its ports sorted by what they are."""

from __future__ import annotations

from typing import Any, get_origin

from isthmus.core.codec import codec
from isthmus.core.contract import Effect
from isthmus.core.handler import Handler
from isthmus.core.ports import PROVIDED, is_gateway, is_table


class Fulfilment:
    """Hold a handler with its codecs, and its parameters as tables, a gateway, what is provided, and what is bound."""

    __slots__ = (
        "bound",
        "contract",
        "function",
        "gateway",
        "input",
        "keeps_input",
        "output",
        "provided",
        "refusals",
        "tables",
        "timeout_seconds",
    )

    def __init__(self, handler: Handler[..., Any]) -> None:
        self.contract = handler.contract
        self.function = handler.function
        self.input = codec(handler.contract.input_type)
        self.output = codec(handler.contract.output_type)
        self.refusals = {refusal: refusal.__name__ for refusal in handler.contract.refuses}
        self.timeout_seconds = handler.contract.timeout.total_seconds()
        self.tables = {name: port for name, port in handler.ports.items() if is_table(port)}
        self.gateway = next(((name, port) for name, port in handler.ports.items() if is_gateway(port)), None)
        self.provided = {name: port for name, port in handler.ports.items() if port in PROVIDED}
        taken = {*self.tables, *self.provided, *([self.gateway[0]] if self.gateway else [])}
        self.bound = {name: port for name, port in handler.ports.items() if name not in taken}
        self.keeps_input = self.contract.effect is Effect.UNDONE or self.gateway is not None

    @property
    def gateway_name(self) -> str:
        """Return the name of the gateway that the handler asks for."""
        assert self.gateway is not None
        port = self.gateway[1]
        name: str = (get_origin(port) or port).__name__
        return name
