"""The master key in Key Vault: the real client, against a vault of this machine that speaks its REST for one key."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from isthmus.adapters.runtime.envelope import Envelope
from isthmus.core.errors import KeyUnavailable

PADDING = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
KEY, CONTEXT = b"k" * 32, b"isthmus 1 1 client-7"


def coded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Vault(ThreadingHTTPServer):
    """Stand in for a vault that holds one RSA key in one version: it challenges, wraps and unwraps."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked: list[str] = []
        self.status = 200
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate = folder / "vault.pem"
        self.certificate.write_bytes(certificate(self.private))
        context.load_cert_chain(self.certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_port}/keys/master"


class Handler(BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        self.answer("get")

    def do_POST(self) -> None:
        self.answer(self.path.partition("?")[0].rpartition("/")[2])

    def answer(self, what: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "authorization" not in self.headers:
            self.reply(401, {}, 'Bearer authorization="https://login.example/tenant", resource="https://vault.example"')
            return
        self.server.asked.append(what)
        if self.server.status != 200:
            self.reply(self.server.status, {"error": {"code": "No", "message": "no"}})
            return
        public, key_id = self.server.private.public_key(), f"{self.server.url}/v1"
        if what == "get":
            numbers = public.public_numbers()
            shown = {
                "kid": key_id,
                "kty": "RSA",
                "key_ops": ["wrapKey", "unwrapKey"],
                "n": coded(numbers.n.to_bytes(256)),
            }
            self.reply(200, {"key": {**shown, "e": coded(numbers.e.to_bytes(3))}, "attributes": {"enabled": True}})
            return
        value = decoded(json.loads(body)["value"])
        done = public.encrypt(value, PADDING) if what == "wrapkey" else self.server.private.decrypt(value, PADDING)
        self.reply(200, {"kid": key_id, "value": coded(done)})

    def reply(self, status: int, value: Any, challenge: str = "") -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if challenge:
            self.send_header("www-authenticate", challenge)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + made.public_bytes(pem)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    served = Vault(tmp_path)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()


def key_of(vault: Vault, **options: Any) -> Any:
    from isthmus.adapters.azure.key_vault import KeyVault  # noqa: PLC0415  # an extra

    def get_token(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(token="token", expires_on=4_000_000_000)

    return Envelope(
        KeyVault(
            vault.url,
            credential=SimpleNamespace(get_token=get_token),
            connection_verify=str(vault.certificate),
            verify_challenge_resource=False,
            retry_total=0,
            **options,
        )
    )


def test_what_was_wrapped_is_unwrapped_by_another_process_with_the_same_key_of_the_vault(vault: Vault) -> None:
    wrapped = key_of(vault).wrap(KEY, CONTEXT)

    assert key_of(vault).unwrap(wrapped, CONTEXT) == KEY
    assert KEY not in wrapped


def test_the_vault_is_asked_for_each_data_key_and_not_for_each_person(vault: Vault) -> None:
    writer, reader = key_of(vault), key_of(vault)
    contexts = [f"isthmus 1 1 client-{number}".encode() for number in range(20)]
    wrapped = [writer.wrap(KEY, context) for context in contexts]
    assert [reader.unwrap(one, context) for one, context in zip(wrapped, contexts, strict=True)] == [KEY] * 20

    assert vault.asked.count("unwrapkey") == 1
    assert len(set(wrapped)) == 20


def test_a_key_of_another_person_or_of_another_master_key_is_not_given_out(vault: Vault, tmp_path: Path) -> None:
    from isthmus.adapters.runtime.vault import KeyFile  # noqa: PLC0415

    ours = key_of(vault)
    wrapped = ours.wrap(KEY, CONTEXT)
    strangers = [
        (wrapped, b"isthmus 1 1 client-8"),
        (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT),
        (KeyFile(tmp_path / "key").wrap(KEY, CONTEXT), CONTEXT),
        (b"", CONTEXT),
        (b"\x99\xbd" + b"\xf6" * 60, CONTEXT),
    ]
    for strange, context in strangers:
        with pytest.raises(KeyUnavailable, match="not made with this master key"):
            ours.unwrap(strange, context)


def test_a_database_that_names_another_vault_does_not_send_our_identity_there(vault: Vault) -> None:
    wrapped = key_of(vault).wrap(KEY, CONTEXT)
    asked = len(vault.asked)
    there = vault.url.replace("127.0.0.1", "127.0.0.2").encode()

    with pytest.raises(KeyUnavailable, match="not made with this master key"):
        key_of(vault).unwrap(wrapped.replace(vault.url.encode(), there), CONTEXT)
    assert len(vault.asked) == asked


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "Key Vault Crypto User"), (404, "has no such key"), (401, "does not know who asks"), (503, "answers 503")],
)
def test_a_vault_that_does_not_do_it_says_why_and_what_to_do_and_no_key(
    vault: Vault, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrapped = key_of(vault).wrap(KEY, CONTEXT)
    vault.status = status

    for ask in (lambda: key_of(vault).wrap(KEY, CONTEXT), lambda: key_of(vault).unwrap(wrapped, CONTEXT)):
        with pytest.raises(KeyUnavailable, match=words):
            ask()
    for secret in (KEY.decode(), KEY.hex(), coded(KEY), "token"):
        assert secret not in caplog.text.replace("get_token", "")


def test_a_vault_that_cannot_be_reached_is_named(vault: Vault) -> None:
    ours = key_of(vault)
    vault.shutdown()
    vault.server_close()

    with pytest.raises(KeyUnavailable, match="cannot be reached") as fault:
        ours.wrap(KEY, CONTEXT)
    assert fault.value.place == vault.url


@pytest.mark.parametrize(
    "url", ["http://v.example/keys/k", "https://v.example/keys", "https://v.example/keys/k/v1", "k"]
)
def test_what_names_no_key_of_a_vault_is_refused(url: str) -> None:
    from isthmus.adapters.azure.key_vault import KeyVault, KeyVaultUrlInvalid  # noqa: PLC0415  # an extra

    with pytest.raises(KeyVaultUrlInvalid, match="ISTH263"):
        KeyVault(url)


def test_settings_choose_the_vault_before_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from isthmus.adapters.azure.surroundings import Settings  # noqa: PLC0415
    from isthmus.adapters.runtime.vault import KeyFile  # noqa: PLC0415

    monkeypatch.delenv("ISTHMUS_KEY_VAULT", raising=False)
    monkeypatch.setenv("ISTHMUS_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(KeyUnavailable, match="ISTHMUS_KEY_VAULT"):
        Settings().master()
    KeyFile(tmp_path / "key")
    assert isinstance(Settings().master(), KeyFile)
    monkeypatch.setenv("ISTHMUS_KEY_VAULT", "https://desk.vault.azure.net/keys/master")
    assert repr(Settings().master()) == "Envelope(KeyVault('https://desk.vault.azure.net/keys/master'))"
