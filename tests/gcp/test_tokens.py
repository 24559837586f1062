"""Tokens of this process: google-auth asks for them, at a metadata server of this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
from metadata import ACCOUNT, TOKEN, Metadata, asked_for
from signing import Published

from isthmus.adapters.gcp.oidc import OidcCallers
from isthmus.adapters.gcp.tokens import CLOUD_PLATFORM, Tokens, TokenUnavailable, fetched

UNIT = "https://desk-places-1234.run.app"


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    with asked_for(monkeypatch) as server:
        yield server


def test_googles_apis_are_asked_with_an_access_token_that_is_fetched_once(metadata: Metadata) -> None:
    tokens = Tokens()

    assert [tokens.token(CLOUD_PLATFORM) for _ in range(3)] == [TOKEN] * 3
    assert metadata.asked == [CLOUD_PLATFORM]


def test_a_unit_is_asked_with_a_token_for_it_alone_by_which_it_knows_who_asks(metadata: Metadata) -> None:
    token = Tokens().token(UNIT)

    published = Published(metadata.signer)
    assert OidcCallers(frozenset({ACCOUNT}), published.url).check({"authorization": f"Bearer {token}"}, UNIT) == ACCOUNT
    assert metadata.asked == [UNIT]
    published.close()


def test_a_token_that_is_about_to_end_is_fetched_anew_and_serves_while_none_can_be_had(metadata: Metadata) -> None:
    metadata.seconds = 200
    tokens = Tokens()
    tokens.token(CLOUD_PLATFORM)
    metadata.token = "ya29.new"
    assert tokens.token(CLOUD_PLATFORM) == "ya29.new"
    metadata.status = 404

    assert tokens.token(CLOUD_PLATFORM) == "ya29.new"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_end_of_a_token_is_the_same_moment_in_every_time_zone(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        seconds = fetched(CLOUD_PLATFORM).expires_on - time.time()
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert 3_000 < seconds <= 3_600


def test_who_is_given_no_token_is_told_so_without_googles_words(
    metadata: Metadata, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "isthmus")
    metadata.status = 404
    for wanted in (CLOUD_PLATFORM, UNIT):
        with pytest.raises(TokenUnavailable, match="ISTH366") as fault:
            Tokens().token(wanted)
        assert fault.value.place == wanted
        assert "t" * 20 not in str(fault.value) + caplog.text
        assert fault.value.__cause__ is None


def test_a_machine_without_an_identity_says_how_to_get_one(metadata: Metadata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("GCE_METADATA_IP", "127.0.0.1:1")
    for wanted in (CLOUD_PLATFORM, UNIT):
        with pytest.raises(TokenUnavailable, match="gcloud auth application-default login"):
            fetched(wanted)


def test_a_token_is_not_shown() -> None:
    from isthmus.adapters.gcp.tokens import GoogleToken  # noqa: PLC0415

    assert TOKEN not in repr(GoogleToken(1, TOKEN))
