"""The envelope: a master key that never leaves a key service, asked once for each data key and not for each person.

    the service's key   wraps   a data key of this process   wraps   the key of a person   seals   what is personal

What is wrapped names the version of the service's key, so that a rotation there needs nothing here. A data key is bound
to no person; what it wraps is.
"""

from __future__ import annotations

import os
from threading import Lock
from time import monotonic
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import KeyUnavailable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SECONDS_IN_MEMORY_MAX: Final = 600.0
DATA_KEYS_IN_MEMORY_MAX: Final = 1_000


class DataKeys(Protocol):
    """Wrap the data keys of processes by a key of a service. Asked by one thread at a time."""

    @property
    def name(self) -> str:
        """Return the service's key, by what its versions' names begin with."""
        ...

    def wrap(self, plain: bytes) -> tuple[str, bytes]:
        """Return the version of the key that wrapped, and what it made of it. Raises KeyUnavailable."""
        ...

    def unwrap(self, version: str, wrapped: bytes) -> bytes:
        """Return what a version wrapped. Raises KeyUnavailable."""
        ...


class _Wrapped(msgspec.Struct, frozen=True, array_like=True):
    """Be a person's key as it is kept: the service's key, the data key that it wrapped, and what that sealed."""

    version: str
    data_key: bytes
    nonce: bytes
    sealed: bytes


class Envelope:
    """Be a master key: wrap the keys of persons by data keys, and these by a key service."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys
        self._lock = Lock()
        self._known: dict[bytes, tuple[float, AESGCM]] = {}
        self._current: tuple[float, str, bytes, AESGCM] | None = None

    def __repr__(self) -> str:
        return f"Envelope({self._keys!r})"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Return the key, sealed together with its context. Raises KeyUnavailable when the service does not do it."""
        with self._lock:
            _, version, data_key, cipher = self._data_key()
        nonce = os.urandom(NONCE_BYTES)
        sealed = cipher.encrypt(nonce, key, context)
        return msgspec.msgpack.encode(_Wrapped(version=version, data_key=data_key, nonce=nonce, sealed=sealed))

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the key.

        Raises KeyUnavailable when it is not of this key, or of another context, or the service does not do it.
        """
        try:
            found = msgspec.msgpack.decode(wrapped, type=_Wrapped)
        except UNREADABLE:
            raise strange_key(self._keys.name) from None
        if not found.version.startswith(f"{self._keys.name}/"):  # no database sends our identity to another service
            raise strange_key(self._keys.name)
        with self._lock:
            cipher = self._opened(found)
        try:
            return cipher.decrypt(found.nonce, found.sealed, context)
        except (InvalidTag, ValueError):
            raise strange_key(self._keys.name) from None

    def _data_key(self) -> tuple[float, str, bytes, AESGCM]:
        if self._current is None or monotonic() >= self._current[0]:
            plain = os.urandom(KEY_BYTES)
            version, data_key = self._keys.wrap(plain)
            self._current = monotonic() + SECONDS_IN_MEMORY_MAX, version, data_key, AESGCM(plain)
        return self._current

    def _opened(self, found: _Wrapped) -> AESGCM:
        """Return the data key that the service unwraps, from memory while it may be there."""
        known = self._known.get(found.data_key)
        if known is None or monotonic() >= known[0]:
            plain = self._keys.unwrap(found.version, found.data_key)
            if len(self._known) >= DATA_KEYS_IN_MEMORY_MAX:
                self._known.clear()
            known = self._known[found.data_key] = (monotonic() + SECONDS_IN_MEMORY_MAX, AESGCM(plain))
        return known[1]


def strange_key(place: str) -> KeyUnavailable:
    """Return the fault of a key that this master key has not wrapped."""
    return KeyUnavailable(
        "the keys in the database were not made with this master key",
        place=place,
        instead="name the key, or the key file, that the database was made with",
    )
