"""Tokens: how this process proves to Google's services, and to other units, who it is.

    https://www.googleapis.com/auth/cloud-platform    an OAuth scope: an access token for Google's APIs
    https://desk-places-1234.run.app                  a unit's address: a token that says who calls, for it alone

In Google Cloud the metadata server gives them, for the service account that the function runs as. On a machine of
one's own it is whoever signed in there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from threading import Lock
from typing import Any, Final

import msgspec
from google.auth import default
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token_credentials

from isthmus.adapters.runtime.passwords import KeptToken
from isthmus.core.errors import EnvironmentFault

CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
SCOPES: Final = "https://www.googleapis.com/auth/"
"""What the scopes of Google's APIs begin with, and no unit's address does."""


class TokenUnavailable(EnvironmentFault):
    """Report that this process has no identity at Google, or that it is given no token now."""

    code = "ISTH366"


class GoogleToken(msgspec.Struct, frozen=True):
    """Be a token, with its end in seconds since 1970."""

    expires_on: int
    token: str

    def __repr__(self) -> str:
        return f"GoogleToken(expires_on={self.expires_on})"


class Tokens:
    """Give tokens of this process's identity, each fetched seldom. Any number of threads at once."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptToken] = {}
        self._lock = Lock()

    def token(self, wanted: str) -> str:
        """Return a token for a scope of Google's APIs, or for the unit at an address. Raises TokenUnavailable."""
        with self._lock:
            kept = self._kept.setdefault(wanted, KeptToken(lambda: fetched(wanted)))
        return kept.current()


def fetched(wanted: str) -> GoogleToken:
    """Fetch a token for a scope of Google's APIs, or for the unit at an address. Raises TokenUnavailable (ISTH366)."""
    request = Request()
    with _asking(wanted):
        found = credentials(wanted) if wanted.startswith(SCOPES) else _identity(wanted, request)
        found.refresh(request)
    return GoogleToken(int(found.expiry.replace(tzinfo=UTC).timestamp()), found.token)


def credentials(scope: str) -> Any:
    """Return the credentials of this process for a scope, as Google's clients take them. Raises TokenUnavailable."""
    with _asking(scope):
        return default(scopes=[scope])[0]


def _identity(audience: str, request: Request) -> Any:
    return fetch_id_token_credentials(audience, request)  # type: ignore[no-untyped-call]  # google-auth gives it none


@contextmanager
def _asking(wanted: str) -> Iterator[None]:
    """Say of what is not given: why, and what is to be done about it. Google's words stay out of it."""
    try:
        yield
    except DefaultCredentialsError:
        raise TokenUnavailable(
            "this process has no identity at Google",
            place=wanted,
            instead="let the function run as a service account; on a machine of your own: "
            "gcloud auth application-default login",
        ) from None
    except RefreshError:
        raise TokenUnavailable(
            "Google gives no token to this identity",
            place=wanted,
            instead="see whether the account is enabled; on a machine of your own, sign in again",
        ) from None
    except GoogleAuthError as error:
        raise TokenUnavailable(
            f"Google gives no token: {type(error).__name__}", place=wanted, instead="see the network of this process"
        ) from None
