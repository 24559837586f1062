"""Key Vault: the master key of what is personal, which never leaves the vault.

    the vault's RSA key   wraps   a data key of this process   wraps   the key of a person   seals   what is personal

The vault is asked once for each data key and not for each person, and what is wrapped names the version of the vault's
key, so that a rotation there needs nothing here. A data key is bound to no person; what it wraps is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from isthmus.adapters.azure.identity import identity
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import InputError, KeyUnavailable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SECONDS_IN_MEMORY_MAX: Final = 600.0
DATA_KEYS_IN_MEMORY_MAX: Final = 1_000

ALGORITHM: Final = KeyWrapAlgorithm.rsa_oaep_256
FEW_TRIES: Final = {"retry_total": 2, "retry_backoff_factor": 0.2, "connection_timeout": 5, "read_timeout": 10}
"""The vault is asked within a transaction: what does not answer soon fails, and is tried again as a whole."""

FORBIDDEN, NOT_THERE = 403, 404


class KeyVaultUrlInvalid(InputError):
    """Report a URL that names no key of a vault."""

    code = "ISTH263"


class _Wrapped(msgspec.Struct, frozen=True, array_like=True):
    """Be a person's key as it is kept: the vault's key, the data key that it wrapped, and what that sealed."""

    key_id: str
    data_key: bytes
    nonce: bytes
    sealed: bytes


class KeyVault:
    """Wrap the keys of persons by a key in Azure Key Vault, with the identity of whoever runs.

    `https://VAULT.vault.azure.net/keys/NAME`, an RSA key. `credential` and `options` are those of its client. Raises
    KeyVaultUrlInvalid (ISTH263).
    """

    def __init__(self, url: str, *, credential: Any = None, **options: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or len(parts.path.strip("/").split("/")) != len(("keys", "")):
            raise KeyVaultUrlInvalid(
                "it names no key of a vault", place=url, instead="write https://VAULT.vault.azure.net/keys/NAME"
            )
        self._url = url.rstrip("/")
        self._credential = credential
        self._options = {**FEW_TRIES, **options}
        self._lock = Lock()
        self._clients: dict[str, CryptographyClient] = {}
        self._known: dict[bytes, tuple[float, AESGCM]] = {}
        self._current: tuple[float, str, bytes, AESGCM] | None = None

    def __repr__(self) -> str:
        return f"KeyVault({self._url!r})"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Return the key, sealed together with its context. Raises KeyUnavailable when the vault does not do it."""
        with self._lock:
            _, key_id, data_key, cipher = self._data_key()
        nonce = os.urandom(NONCE_BYTES)
        sealed = cipher.encrypt(nonce, key, context)
        return msgspec.msgpack.encode(_Wrapped(key_id=key_id, data_key=data_key, nonce=nonce, sealed=sealed))

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the key.

        Raises KeyUnavailable when it is not of this vault's key, or of another context, or the vault does not do it.
        """
        try:
            found = msgspec.msgpack.decode(wrapped, type=_Wrapped)
        except UNREADABLE:
            raise self._strange() from None
        if not found.key_id.startswith(f"{self._url}/"):  # nobody's database sends our identity to another vault
            raise self._strange()
        with self._lock:
            cipher = self._opened(found)
        try:
            return cipher.decrypt(found.nonce, found.sealed, context)
        except (InvalidTag, ValueError):
            raise self._strange() from None

    def _data_key(self) -> tuple[float, str, bytes, AESGCM]:
        if self._current is None or monotonic() >= self._current[0]:
            plain = os.urandom(KEY_BYTES)
            with self._asking():
                answer = self._client(self._url).wrap_key(ALGORITHM, plain)
            assert answer.key_id is not None
            until = monotonic() + SECONDS_IN_MEMORY_MAX
            self._current = until, answer.key_id, answer.encrypted_key, AESGCM(plain)
        return self._current

    def _opened(self, found: _Wrapped) -> AESGCM:
        """Return the data key that the vault unwraps, from memory while it may be there."""
        known = self._known.get(found.data_key)
        if known is None or monotonic() >= known[0]:
            with self._asking():
                plain = self._client(found.key_id).unwrap_key(ALGORITHM, found.data_key).key
            if len(self._known) >= DATA_KEYS_IN_MEMORY_MAX:
                self._known.clear()
            known = self._known[found.data_key] = (monotonic() + SECONDS_IN_MEMORY_MAX, AESGCM(plain))
        return known[1]

    def _client(self, key_id: str) -> CryptographyClient:
        if key_id not in self._clients:
            self._clients[key_id] = CryptographyClient(key_id, self._credential or identity(), **self._options)
        return self._clients[key_id]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say of what the vault does not do: why, and what is to be done about it. Its words stay out of it."""
        try:
            yield
        except ClientAuthenticationError:
            raise self._unavailable(
                "the vault does not know who asks", "give the app a managed identity, or sign in: az login"
            ) from None
        except HttpResponseError as error:
            if error.status_code == FORBIDDEN:
                remedy = "give the identity the role Key Vault Crypto User, and the app a way through its firewall"
                raise self._unavailable("the vault forbids it", remedy) from None
            if error.status_code == NOT_THERE:
                raise self._unavailable(
                    "the vault has no such key, or no such version", "restore it: purged keys are lost for good"
                ) from None
            raise self._unavailable(f"the vault answers {error.status_code}", "see whether the vault is well") from None
        except AzureError as error:
            raise self._unavailable(
                f"the vault cannot be reached: {type(error).__name__}", "see its name, network and firewall"
            ) from None

    def _unavailable(self, problem: str, instead: str) -> KeyUnavailable:
        return KeyUnavailable(problem, place=self._url, instead=instead)

    def _strange(self) -> KeyUnavailable:
        return self._unavailable(
            "the keys in the database were not made with this master key",
            "name the vault's key, or the key file, that the database was made with",
        )
