"""Key Vault: the master key of what is personal, which never leaves the vault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm

from isthmus.adapters.azure.identity import identity
from isthmus.core.errors import InputError, KeyUnavailable

ALGORITHM: Final = KeyWrapAlgorithm.rsa_oaep_256
FEW_TRIES: Final = {"retry_total": 2, "retry_backoff_factor": 0.2, "connection_timeout": 5, "read_timeout": 10}
"""The vault is asked within a transaction: what does not answer soon fails, and is tried again as a whole."""

FORBIDDEN, NOT_THERE = 403, 404


class KeyVaultUrlInvalid(InputError):
    """Report a URL that names no key of a vault."""

    code = "ISTH263"


class KeyVault:
    """Wrap data keys by a key in Azure Key Vault, with the identity of whoever runs.

    `https://VAULT.vault.azure.net/keys/NAME`, an RSA key. `credential` and `options` are those of its client. Raises
    KeyVaultUrlInvalid (ISTH263).
    """

    def __init__(self, url: str, *, credential: Any = None, **options: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or len(parts.path.strip("/").split("/")) != len(("keys", "")):
            raise KeyVaultUrlInvalid(
                "it names no key of a vault", place=url, instead="write https://VAULT.vault.azure.net/keys/NAME"
            )
        self.name = url.rstrip("/")
        self._credential = credential
        self._options = {**FEW_TRIES, **options}
        self._clients: dict[str, CryptographyClient] = {}

    def __repr__(self) -> str:
        return f"KeyVault({self.name!r})"

    def wrap(self, plain: bytes) -> tuple[str, bytes]:
        """Return the version of the vault's key that wrapped, and what it made of it. Raises KeyUnavailable."""
        with self._asking():
            answer = self._client(self.name).wrap_key(ALGORITHM, plain)
        assert answer.key_id is not None
        return answer.key_id, answer.encrypted_key

    def unwrap(self, version: str, wrapped: bytes) -> bytes:
        """Return what a version of the vault's key wrapped. Raises KeyUnavailable."""
        with self._asking():
            return self._client(version).unwrap_key(ALGORITHM, wrapped).key

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
        return KeyUnavailable(problem, place=self.name, instead=instead)
