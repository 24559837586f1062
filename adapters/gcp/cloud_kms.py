"""Cloud KMS: the master key of what is personal, which never leaves the service.

What is sent and what comes back is checked by CRC32C on both sides, as Google asks for: a bit that turned over on the
way would lose a person's data for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

from google.api_core.exceptions import (
    FailedPrecondition,
    Forbidden,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    RetryError,
    ServiceUnavailable,
    Unauthenticated,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud.kms_v1 import KeyManagementServiceClient
from google_crc32c import value as crc32c

from isthmus.adapters.gcp.tokens import CLOUD_PLATFORM, credentials
from isthmus.adapters.runtime.envelope import strange_key
from isthmus.core.errors import InputError, KeyUnavailable

NAME: Final = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}", re.ASCII)

SECONDS_MAX: Final = 10.0
FEW_TRIES: Final = Retry(if_exception_type(ServiceUnavailable), initial=0.2, maximum=1.0, timeout=SECONDS_MAX)
"""The service is asked within a transaction: what does not answer soon fails, and is tried again as a whole."""


class KmsKeyNameInvalid(InputError):
    """Report a name that is no key of Cloud KMS."""

    code = "ISTH265"


class CloudKms:
    """Wrap data keys by a symmetric key in Cloud KMS, with the identity of whoever runs.

    `projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY`. `client` is the service's own, when it is not to
    be made here. Raises KmsKeyNameInvalid (ISTH265).
    """

    def __init__(self, name: str, client: KeyManagementServiceClient | None = None) -> None:
        if not NAME.fullmatch(name):
            raise KmsKeyNameInvalid(
                "it names no key of Cloud KMS",
                place=name,
                instead="write projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version",
            )
        self.name = name
        self._client = client
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"CloudKms({self.name!r})"

    def wrap(self, plain: bytes) -> tuple[str, bytes]:
        """Return the version of the key that wrapped, and what it made of it. Raises KeyUnavailable."""
        with self._asking():
            answer = self._opened().encrypt(
                request={"name": self.name, "plaintext": plain, "plaintext_crc32c": crc32c(plain)},
                retry=FEW_TRIES,
                timeout=SECONDS_MAX,
            )
        is_whole = answer.verified_plaintext_crc32c and answer.ciphertext_crc32c == crc32c(answer.ciphertext)
        if not is_whole or not answer.name.startswith(f"{self.name}/"):
            raise self._corrupted()
        return answer.name, answer.ciphertext

    def unwrap(self, version: str, wrapped: bytes) -> bytes:  # noqa: ARG002  # what was wrapped says which
        """Return what a version of the key wrapped. Raises KeyUnavailable."""
        with self._asking():
            answer = self._opened().decrypt(
                request={"name": self.name, "ciphertext": wrapped, "ciphertext_crc32c": crc32c(wrapped)},
                retry=FEW_TRIES,
                timeout=SECONDS_MAX,
            )
        if answer.plaintext_crc32c != crc32c(answer.plaintext):
            raise self._corrupted()
        return answer.plaintext

    def _opened(self) -> KeyManagementServiceClient:
        with self._lock:
            if self._client is None:
                self._client = KeyManagementServiceClient(credentials=credentials(CLOUD_PLATFORM))
            return self._client

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Say of what the service does not do: why, and what is to be done about it. Its words stay out of it."""
        try:
            yield
        except Unauthenticated:
            raise self._unavailable(
                "Cloud KMS does not know who asks",
                "let the function run as a service account, or sign in: gcloud auth application-default login",
            ) from None
        except Forbidden:
            remedy = "give the identity the role Cloud KMS CryptoKey Encrypter/Decrypter on this key"
            raise self._unavailable("Cloud KMS forbids it", remedy) from None
        except NotFound:
            raise self._unavailable(
                "Cloud KMS has no such key", "name the key that the database was made with"
            ) from None
        except FailedPrecondition:
            raise self._unavailable(
                "the version of the key is disabled or destroyed", "enable it; what is destroyed is lost for good"
            ) from None
        except InvalidArgument:
            raise strange_key(self.name) from None
        except GoogleAPICallError as error:
            raise self._unavailable(
                f"Cloud KMS answers {type(error).__name__}", "see whether it is well, and the network of this process"
            ) from None
        except (RetryError, GoogleAuthError) as error:
            raise self._unavailable(
                f"Cloud KMS cannot be reached: {type(error).__name__}", "see the network of this process"
            ) from None

    def _corrupted(self) -> KeyUnavailable:
        return self._unavailable("what Cloud KMS answered was changed on the way", "try again")

    def _unavailable(self, problem: str, instead: str) -> KeyUnavailable:
        return KeyUnavailable(problem, place=self.name, instead=instead)
