"""The edge: what comes from outside, held against the App and made into keys and wire forms."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from isthmus.adapters.runtime.deployment import Deployment
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.core.annotations import named
from isthmus.core.codec import ENCODER, Codec, codec, hold_size
from isthmus.core.composition import Composition
from isthmus.core.contract import Effect
from isthmus.core.errors import MessageInvalid, NotFound


def wire_of(unit: UnitOfWork, form: Codec, message: Any) -> bytes:
    """Return the wire form of a message from outside: a value, or the JSON text of one. Raises MessageInvalid."""
    return hold_size(form.encode(form.decode_outer(_text_of(message)), unit.vault), named(form.annotation))


def _text_of(message: Any) -> bytes:
    try:
        return bytes(message) if isinstance(message, bytes | bytearray) else ENCODER.encode(message)
    except (TypeError, ValueError, OverflowError) as error:
        raise MessageInvalid(str(error), place=type(message).__name__, instead="send a message or its JSON") from error


def key_of(text: str, place: str) -> str:
    """Return a key from outside, which may hold any character that both databases can. Raises MessageInvalid."""
    if not isinstance(text, str) or not text or "\0" in text:
        raise MessageInvalid("a key is text that is not empty", place=place, instead="use letters, digits and signs")
    return text


def asking_key(composition: Composition, contract: str, message: Any) -> str:
    """Return the key of what is asked without one: the identity of its message, so that the same is done once.

    A message that names no identity is done each time that it is asked, and what reads looks anew each time. What is
    wrong with the message is said when it is asked.
    """
    found = composition.contracts.get(contract)
    field = getattr(found.input_type, "__identity_field__", None) if found is not None else None
    if found is None or field is None or found.effect is Effect.READS:
        return uuid4().hex
    try:
        return str(getattr(codec(found.input_type).decode_outer(_text_of(message)), field))
    except MessageInvalid:
        return uuid4().hex


def input_codec(deployment: Deployment, contract: str) -> Codec:
    """Return the codec of a contract's input. Raises NotFound when the App has no such contract."""
    found = deployment.composition.contracts.get(contract)
    if found is None:
        names = ", ".join(sorted(deployment.composition.contracts))
        raise NotFound(f"the app has no contract {contract}", instead=f"name one of: {names}")
    return codec(found.input_type)
