"""Who calls a private path proves it by a token: google-auth itself checks them, against a key of this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from signing import ACCOUNT, AUDIENCE, Published, Signer, coded

from isthmus.adapters.gcp.callers import Unauthorized
from isthmus.adapters.gcp.oidc import CertificatesUnavailable, OidcCallers


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def published(signer: Signer) -> Iterator[Published]:
    server = Published(signer)
    yield server
    server.close()


@pytest.fixture
def callers(published: Published) -> OidcCallers:
    return OidcCallers(frozenset({ACCOUNT}), published.url)


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_who_has_a_token_of_an_account_that_may_call_is_known_by_it(callers: OidcCallers, signer: Signer) -> None:
    assert callers.check(bearing(signer.token()), AUDIENCE) == ACCOUNT


def test_a_token_may_be_for_a_path_of_the_function_as_pubsub_and_scheduler_ask_for_one(
    callers: OidcCallers, signer: Signer
) -> None:
    assert callers.check(bearing(signer.token(aud=f"{AUDIENCE}/pubsub/told/note")), AUDIENCE) == ACCOUNT


def with_symmetric_key(signer: Signer) -> str:
    """Sign with the public key as a secret: what a confused verifier takes for good."""
    import hmac  # noqa: PLC0415

    signed = signer.token(header={"alg": "HS256"}).rpartition(".")[0]
    public = signer.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"{signed}.{coded(hmac.digest(public, signed.encode(), 'sha256'))}"


def of_another_body(signer: Signer) -> str:
    head, _, signature = signer.token().split(".")
    return f"{head}.{signer.token(email='other@desk.iam.gserviceaccount.com').split('.')[1]}.{signature}"


WRONG: dict[str, tuple[Callable[[Signer], str], int, str]] = {
    "not signed": (lambda s: s.token(signature=""), 401, "not good"),
    "alg none": (lambda s: s.token(header={"alg": "none"}, signature=""), 401, "algorithm none"),
    "alg HS256": (with_symmetric_key, 401, "algorithm HS256"),
    "alg of another kind": (lambda s: s.token(header={"alg": ["RS256"]}), 401, "not good"),
    "signed by another": (lambda s: Signer(s.key_id).token(), 401, "not good"),
    "signed with an unknown key": (lambda _: Signer("key-9").token(), 401, "key-9 not found"),
    "another body": (of_another_body, 401, "not good"),
    "expired": (lambda s: s.token(exp=int(time.time()) - 60), 401, "expired"),
    "of the future": (lambda s: s.token(iat=int(time.time()) + 600), 401, "too early"),
    "without times": (lambda s: s.token(exp=None), 401, "not good"),
    "times of no kind": (lambda s: s.token(exp="soon"), 401, "not good"),
    "wrong audience": (lambda s: s.token(aud="https://other.run.app"), 401, "another audience"),
    "audience that begins alike": (lambda s: s.token(aud=f"{AUDIENCE}.evil.example"), 401, "another audience"),
    "several audiences": (lambda s: s.token(aud=[AUDIENCE]), 401, "another audience"),
    "no audience": (lambda s: s.token(aud=None), 401, "another audience"),
    "wrong issuer": (lambda s: s.token(iss="https://accounts.evil.example"), 401, "another issuer"),
    "no account": (lambda s: s.token(email=None), 401, "no account"),
    "account that is not verified": (lambda s: s.token(email_verified=False), 401, "no account"),
    "account that may not": (lambda s: s.token(email="eve@desk.iam.gserviceaccount.com"), 403, "eve@desk"),
    "two parts": (lambda s: s.token().rpartition(".")[0], 401, "not good"),
    "no JSON": (lambda s: f"{coded(b'x')}.{coded(b'y')}.z", 401, "not good"),
    "JSON that never ends": (lambda s: f"{coded(b'[' * 100_000)}.{coded({})}.z", 401, "not good"),
    "JSON of another kind": (lambda s: f"{coded([])}.{coded([])}.z", 401, "not good"),
}


@pytest.mark.parametrize(("make", "status", "reason"), WRONG.values(), ids=WRONG.keys())
def test_who_proves_nothing_is_turned_away_with_the_reason_in_the_log_alone(
    callers: OidcCallers,
    signer: Signer,
    make: Callable[[Signer], str],
    status: int,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    token = make(signer)
    with pytest.raises(Unauthorized) as fault:
        callers.check(bearing(token), AUDIENCE)

    assert fault.value.status == status
    assert reason.lower() in caplog.text.lower()
    assert reason.lower() not in str(fault.value).lower()
    assert not fault.value.place
    assert token not in caplog.text


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer "}, {"authorization": "Basic eA=="}]
)
def test_who_has_no_token_is_turned_away(
    callers: OidcCallers, published: Published, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unauthorized) as fault:
        callers.check(headers, AUDIENCE)

    assert fault.value.status == 401
    assert "no token" in caplog.text
    assert published.asked == 0


def test_certificates_are_fetched_once_for_many_calls(
    callers: OidcCallers, signer: Signer, published: Published
) -> None:
    for _ in range(5):
        callers.check(bearing(signer.token()), AUDIENCE)

    assert published.asked == 1


def test_a_new_key_is_known_when_the_certificates_are_a_minute_old(
    callers: OidcCallers, signer: Signer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.adapters.gcp import oidc  # noqa: PLC0415

    callers.check(bearing(signer.token()), AUDIENCE)
    new = Signer("key-2")
    published.signers.append(new)
    for _ in range(3):
        with pytest.raises(Unauthorized):
            callers.check(bearing(new.token()), AUDIENCE)
    assert published.asked == 1  # whoever invents keys does not have Google asked at each call

    now = time.monotonic()
    monkeypatch.setattr(oidc, "monotonic", lambda: now + 61)
    assert callers.check(bearing(new.token()), AUDIENCE) == ACCOUNT
    assert published.asked == 2


def test_known_certificates_serve_on_while_no_new_ones_can_be_had(
    callers: OidcCallers, signer: Signer, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.adapters.gcp import oidc  # noqa: PLC0415

    callers.check(bearing(signer.token()), AUDIENCE)
    published.status = 500
    now = time.monotonic()
    monkeypatch.setattr(oidc, "monotonic", lambda: now + 4_000)

    assert callers.check(bearing(signer.token()), AUDIENCE) == ACCOUNT
    assert published.asked == 2


@pytest.mark.parametrize("body", [b"no", b"{}", b'{"keys": []}', b'{"keys": "x"}', b'{"key-1": 1}'])
def test_what_is_no_certificates_is_a_fault_of_the_environment_and_lets_nobody_in(
    callers: OidcCallers, signer: Signer, published: Published, body: bytes
) -> None:
    published.body = body
    with pytest.raises(CertificatesUnavailable, match="no certificates by their ids"):
        callers.check(bearing(signer.token()), AUDIENCE)


def test_certificates_that_cannot_be_reached_are_a_fault_of_the_environment(signer: Signer) -> None:
    gone = Published(signer)
    gone.close()
    with pytest.raises(CertificatesUnavailable, match="cannot be fetched") as fault:
        OidcCallers(frozenset({ACCOUNT}), gone.url).check(bearing(signer.token()), AUDIENCE)
    assert fault.value.place == gone.url


def test_certificates_are_not_fetched_without_tls_from_another_machine() -> None:
    with pytest.raises(CertificatesUnavailable, match="without TLS"):
        OidcCallers(frozenset({ACCOUNT}), "http://certificates.example/certs")


def test_nobody_may_call_where_no_account_is_named(published: Published, signer: Signer) -> None:
    nobody: Any = frozenset()
    with pytest.raises(Unauthorized) as fault:
        OidcCallers(nobody, published.url).check(bearing(signer.token()), AUDIENCE)
    assert fault.value.status == 403


def test_no_token_that_lets_in_is_logged(
    callers: OidcCallers, signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "isthmus")
    callers.check(bearing(signer.token()), AUDIENCE)
    assert "eyJ" not in caplog.text
