"""The master key in Cloud KMS: the real client, against a gRPC service of this machine that has one key."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import grpc
import pytest
from kms import NAME, Kms

from isthmus.adapters.gcp.cloud_kms import CloudKms, KmsKeyNameInvalid
from isthmus.adapters.runtime.envelope import Envelope
from isthmus.core.errors import KeyUnavailable

KEY, CONTEXT = b"k" * 32, b"isthmus 1 1 client-7"


@pytest.fixture
def kms() -> Iterator[Kms]:
    served = Kms()
    yield served
    served.close()


def key_of(kms: Kms) -> Envelope:
    return Envelope(CloudKms(NAME, kms.client()))


def test_what_was_wrapped_is_unwrapped_by_another_process_with_the_same_key(kms: Kms) -> None:
    wrapped = key_of(kms).wrap(KEY, CONTEXT)

    assert key_of(kms).unwrap(wrapped, CONTEXT) == KEY
    assert KEY not in wrapped


def test_what_an_older_version_wrapped_is_unwrapped_after_a_rotation(kms: Kms) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    wrapped = key_of(kms).wrap(KEY, CONTEXT)
    kms.versions.append(AESGCM(b"r" * 32))
    newer = key_of(kms).wrap(KEY, CONTEXT)

    assert b"/cryptoKeyVersions/1" in wrapped
    assert b"/cryptoKeyVersions/2" in newer
    assert [key_of(kms).unwrap(one, CONTEXT) for one in (wrapped, newer)] == [KEY, KEY]


def test_the_service_is_asked_for_each_data_key_and_not_for_each_person(kms: Kms) -> None:
    writer, reader = key_of(kms), key_of(kms)
    contexts = [f"isthmus 1 1 client-{number}".encode() for number in range(20)]
    wrapped = [writer.wrap(KEY, context) for context in contexts]
    assert [reader.unwrap(one, context) for one, context in zip(wrapped, contexts, strict=True)] == [KEY] * 20

    assert kms.asked == ["encrypt", "decrypt"]


def test_a_key_of_another_person_or_of_another_master_key_is_not_given_out(kms: Kms) -> None:
    wrapped = key_of(kms).wrap(KEY, CONTEXT)
    other = Kms()
    strangers = [
        (wrapped, b"isthmus 1 1 client-8"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT),
        (key_of(other).wrap(KEY, CONTEXT), CONTEXT),
        (wrapped.replace(b"/master/", b"/muster/"), CONTEXT),
        (b"", CONTEXT),
        (b"\x99\xbd" + b"\xf6" * 60, CONTEXT),
    ]
    for strange, context in strangers:
        with pytest.raises(KeyUnavailable, match="not made with this master key"):
            key_of(kms).unwrap(strange, context)
    other.close()


@pytest.mark.parametrize("what", ["ciphertext", "verified"])
def test_a_data_key_that_was_changed_on_the_way_is_not_used(kms: Kms, what: str) -> None:
    kms.corrupts = what
    with pytest.raises(KeyUnavailable, match="changed on the way"):
        key_of(kms).wrap(KEY, CONTEXT)


def test_an_opened_data_key_that_was_changed_on_the_way_is_not_used(kms: Kms) -> None:
    wrapped = key_of(kms).wrap(KEY, CONTEXT)
    kms.corrupts = "plaintext"
    with pytest.raises(KeyUnavailable, match="changed on the way"):
        key_of(kms).unwrap(wrapped, CONTEXT)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "CryptoKey Encrypter/Decrypter"),
        (grpc.StatusCode.NOT_FOUND, "has no such key"),
        (grpc.StatusCode.UNAUTHENTICATED, "does not know who asks"),
        (grpc.StatusCode.FAILED_PRECONDITION, "disabled or destroyed"),
        (grpc.StatusCode.INTERNAL, "answers InternalServerError"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "answers"),
    ],
)
def test_a_service_that_does_not_do_it_says_why_and_what_to_do_and_no_key(
    kms: Kms, code: grpc.StatusCode, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrapped = key_of(kms).wrap(KEY, CONTEXT)
    kms.code = code

    for ask in (lambda: key_of(kms).wrap(KEY, CONTEXT), lambda: key_of(kms).unwrap(wrapped, CONTEXT)):
        with pytest.raises(KeyUnavailable, match=words) as fault:
            ask()
        assert fault.value.place == NAME
        assert "no, b" not in str(fault.value)
    assert KEY.decode() not in caplog.text


def test_a_service_that_cannot_be_reached_is_asked_again_and_then_named(
    kms: Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.adapters.gcp import cloud_kms  # noqa: PLC0415

    monkeypatch.setattr(cloud_kms, "FEW_TRIES", cloud_kms.FEW_TRIES.with_timeout(1.0))
    ours = key_of(kms)
    kms.code = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(KeyUnavailable, match="cannot be reached"):
        ours.wrap(KEY, CONTEXT)
    assert len(kms.asked) > 1
    kms.close()
    with pytest.raises(KeyUnavailable, match="cannot be reached"):
        ours.wrap(KEY, CONTEXT)


@pytest.mark.parametrize(
    "name",
    [
        "master",
        NAME.replace("projects/desk/", ""),
        f"{NAME}/cryptoKeyVersions/1",
        f"//cloudkms.googleapis.com/{NAME}",
        NAME.replace("master", "mas ter"),
        NAME.replace("master", "maßter"),
        f"{NAME}\n",
        "",
    ],
)
def test_what_names_no_key_is_refused(name: str) -> None:
    with pytest.raises(KmsKeyNameInvalid, match="ISTH265"):
        CloudKms(name)
