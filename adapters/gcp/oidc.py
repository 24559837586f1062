"""OpenID Connect: the tokens by which Workflows, Pub/Sub and Cloud Scheduler prove who calls.

    authorization: Bearer eyJ…    signed by Google for a service account, for this function alone, for an hour

A caller's token is checked for its signature, issuer, times, audience and account. What is wrong with it stands in the
log; whoever sent it hears only that it is not enough.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec
from google.auth.jwt import decode_header
from google.auth.transport import Request, Response
from google.oauth2.id_token import verify_token

from isthmus.adapters.gcp.callers import Unauthorized
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import EnvironmentFault

log = logging.getLogger("isthmus.google.callers")

CERTIFICATES_URL: Final = "https://www.googleapis.com/oauth2/v1/certs"
"""Where Google publishes the certificates that its tokens are signed with."""

ISSUERS: Final = frozenset({"https://accounts.google.com", "accounts.google.com"})
SKEW_SECONDS: Final = 10
SECONDS_KEPT: Final = 3_600.0
"""How long certificates are kept: Google publishes a new one days before it signs with it."""

SECONDS_BETWEEN_LOOKS: Final = 60.0
"""How often a token that is signed with an unknown certificate has them fetched anew."""

SECONDS_TO_FETCH_MAX: Final = 10
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403
JWK_SET: Final = "keys"
"""What stands where keys are published in another form, which google-auth would need another library for."""

ON_THIS_MACHINE: Final = "127.0.0.1"


class CertificatesUnavailable(EnvironmentFault):
    """Report that the certificates by which callers are known cannot be fetched."""

    code = "ISTH365"


class OidcCallers:
    """Know callers by their tokens: those of some service accounts, signed with one of the certificates at a URL."""

    def __init__(self, accounts: frozenset[str], certificates_url: str = CERTIFICATES_URL) -> None:
        self._accounts = accounts
        self._certificates = _Certificates(certificates_url)

    def check(self, headers: Mapping[str, str], audience: str) -> str:
        """Return the service account that a token is for, when it may call this audience or a path below it.

        Raises Unauthorized (ISTH264) with status 401, or 403 for an account that may not; CertificatesUnavailable
        (ISTH365).
        """
        claims = self._claims(headers.get("authorization", ""))
        if claims.get("iss") not in ISSUERS:
            raise _turned_away(f"its token is by another issuer: {claims.get('iss')!r}")
        meant = claims.get("aud")
        if not isinstance(meant, str) or not (meant == audience or meant.startswith(f"{audience.rstrip('/')}/")):
            raise _turned_away(f"its token is for another audience: {meant!r}, and not {audience!r}")
        account = claims.get("email")
        if not isinstance(account, str) or claims.get("email_verified") is not True:
            raise _turned_away("its token names no account")
        if account not in self._accounts:
            raise _turned_away(f"{account!r} is not one of the accounts that may call", FORBIDDEN)
        return account

    def _claims(self, authorization: str) -> Mapping[str, Any]:
        """Return what a token claims, when it is signed as it must be and of now."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _turned_away("it has no token")
        certificates = self._certificates
        certificates.look_for(_key_id(token.strip()))
        try:
            claims = verify_token(
                token.strip(), certificates, certs_url=certificates.url, clock_skew_in_seconds=SKEW_SECONDS
            )
        except CertificatesUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a token, it lets nobody in
            raise _turned_away(f"its token is not good: {str(error).partition(':')[0]!r}") from None
        if not isinstance(claims, Mapping):
            raise _turned_away("its token claims nothing")
        return claims


def _turned_away(reason: str, status: int = UNAUTHORIZED) -> Unauthorized:
    log.warning("a call was turned away: %s", reason)
    known = status == FORBIDDEN
    return Unauthorized("you may not call this" if known else "the call proves no caller that is known", status=status)


def _key_id(token: str) -> str | None:
    """Return which certificate a token says it is signed with."""
    try:
        found = decode_header(token).get("kid")  # type: ignore[no-untyped-call]  # google-auth gives it none
    except Exception:  # noqa: BLE001  # what is wrong with it is told when it is verified
        return None
    return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class _Kept(Response):
    """Be certificates as they were fetched."""

    ids: frozenset[str]
    fetched_at: float
    data: bytes = b""
    status: int = OK
    headers: Mapping[str, str] = field(default_factory=dict)


class _Certificates(Request):
    """Fetch certificates for google-auth, seldom: it asks for them at each token."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname != ON_THIS_MACHINE:
            raise CertificatesUnavailable("they are not fetched without TLS", place=url, instead="write https://…")
        self.url = url
        self._lock = Lock()
        self._kept: _Kept | None = None

    def __call__(self, url: Any, *_: Any, **__: Any) -> Response:
        """Return the response that google-auth asks for."""
        assert url == self.url
        with self._lock:
            return self._current(SECONDS_KEPT)

    def look_for(self, key_id: str | None) -> None:
        """Fetch certificates anew, if a token is signed with one that is not among them and they are not fresh."""
        if key_id is None or self._kept is None:
            return
        with self._lock:
            if key_id not in self._kept.ids:
                self._current(SECONDS_BETWEEN_LOOKS)

    def _current(self, seconds_old_max: float) -> _Kept:
        """Return certificates of at most this age; older ones serve while no new ones can be had."""
        kept = self._kept
        if kept is None or monotonic() - kept.fetched_at > seconds_old_max:
            try:
                self._kept = self._fetched()
            except CertificatesUnavailable:
                if kept is None:
                    raise
                log.exception("the certificates that are known serve on")
                self._kept = replace(kept, fetched_at=monotonic())
        assert self._kept is not None
        return self._kept

    def _fetched(self) -> _Kept:
        try:
            response = httpx2.get(self.url, timeout=SECONDS_TO_FETCH_MAX)
            found = msgspec.json.decode(response.content, type=dict[str, str])
        except httpx2.HTTPError as error:
            raise self._unavailable(type(error).__name__) from None
        except UNREADABLE:
            raise self._unavailable(f"{response.status_code}, and no certificates by their ids") from None
        if response.status_code != OK or not found or JWK_SET in found:
            raise self._unavailable(f"{response.status_code}, and no certificates by their ids")
        return _Kept(frozenset(found), monotonic(), response.content)

    def _unavailable(self, why: str) -> CertificatesUnavailable:
        """Return the fault that says why there are none."""
        return CertificatesUnavailable(
            f"they cannot be fetched: {why}", place=self.url, instead="see whether this URL can be reached from here"
        )
