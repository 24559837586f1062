"""The edge: what comes from outside, held against the App and made into keys and wire forms."""

from __future__ import annotations

from typing import Any

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.core.codec import ENCODER, Codec, codec
from isthmus.core.errors import MessageInvalid, NotFound


def wire_of(unit: UnitOfWork, form: Codec, message: Any) -> bytes:
    """Return the wire form of a message from outside: a value, or the JSON text of one. Raises MessageInvalid."""
    try:
        text = bytes(message) if isinstance(message, bytes | bytearray) else ENCODER.encode(message)
    except (TypeError, ValueError, OverflowError) as error:
        raise MessageInvalid(str(error), place=type(message).__name__, instead="send a message or its JSON") from error
    return form.encode(form.decode_outer(text), unit.vault)


def key_of(text: str, place: str) -> str:
    """Return a key from outside, which may hold any character that both databases can. Raises MessageInvalid."""
    if not isinstance(text, str) or not text or "\0" in text:
        raise MessageInvalid("a key is text that is not empty", place=place, instead="use letters, digits and signs")
    return text


def input_codec(deployment: Deployment, contract: str) -> Codec:
    """Return the codec of a contract's input. Raises NotFound when the App has no such contract."""
    found = deployment.composition.contracts.get(contract)
    if found is None:
        names = ", ".join(sorted(deployment.composition.contracts))
        raise NotFound(f"the app has no contract {contract}", instead=f"name one of: {names}")
    return codec(found.input_type)
