"""Stand in for those who sign tokens: an RSA key, its certificate, and the server that publishes it."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

ACCOUNT = "workflows@desk.iam.gserviceaccount.com"
AUDIENCE = "https://desk-home-1234.europe-west3.run.app"


def coded(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


class Signer:
    """Sign tokens with a key of its own."""

    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id = key_id
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, *, header: dict[str, Any] | None = None, signature: str | None = None, **changed: Any) -> str:
        """Return a token; a claim that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": AUDIENCE,
            "email": ACCOUNT,
            "email_verified": True,
            "sub": "1234567890",
            "iat": now,
            "exp": now + 3_600,
        } | changed
        named = {"alg": "RS256", "typ": "JWT", "kid": self.key_id} | (header or {})
        signed = f"{coded(named)}.{coded({k: v for k, v in claims.items() if v is not None})}"
        if signature is None:
            signature = coded(self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))
        return f"{signed}.{signature}"

    def certificate(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")])
        made = (
            x509.CertificateBuilder(name, name, self.private.public_key(), x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .sign(self.private, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def certificate_for_tls(self) -> bytes:
        """Return a key and a certificate of this machine, for a server with TLS."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        made = (
            x509.CertificateBuilder(name, name, self.private.public_key(), x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.private, hashes.SHA256())
        )
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        return self.private.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)


class Published(ThreadingHTTPServer):
    """Publish certificates as Google does: a map of their ids."""

    def __init__(self, *signers: Signer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.signers = list(signers)
        self.asked = 0
        self.body: bytes | None = None
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/oauth2/v1/certs"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Published

    def do_GET(self) -> None:
        self.server.asked += 1
        body = self.server.body or json.dumps({one.key_id: one.certificate() for one in self.server.signers}).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return
