"""Stand in for Cloud KMS: its gRPC service on this machine, with real keys, versions and CRC32C."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.cloud.kms_v1 import KeyManagementServiceClient
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcTransport
from google.cloud.kms_v1.types import DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse
from google_crc32c import value as crc32c

NAME = "projects/desk/locations/europe-west3/keyRings/isthmus/cryptoKeys/master"


class Kms:
    """Encrypt and decrypt with one key, of which there may be versions; the last is the primary one."""

    def __init__(self) -> None:
        self.versions = [AESGCM(os.urandom(32))]
        self.asked: list[str] = []
        self.code: grpc.StatusCode | None = None
        self.corrupts: str | None = None
        self._server = grpc.server(ThreadPoolExecutor(4))
        methods = {
            "Encrypt": grpc.unary_unary_rpc_method_handler(
                self._encrypt, EncryptRequest.deserialize, EncryptResponse.serialize
            ),
            "Decrypt": grpc.unary_unary_rpc_method_handler(
                self._decrypt, DecryptRequest.deserialize, DecryptResponse.serialize
            ),
        }
        service = grpc.method_handlers_generic_handler("google.cloud.kms.v1.KeyManagementService", methods)
        self._server.add_generic_rpc_handlers((service,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def client(self) -> KeyManagementServiceClient:
        """Return Google's own client, of this server."""
        channel = grpc.insecure_channel(self.address)
        return KeyManagementServiceClient(transport=KeyManagementServiceGrpcTransport(channel=channel))

    def close(self) -> None:
        self._server.stop(None).wait()

    def _begin(self, method: str, name: str, sent: bytes, checksum: int, context: Any) -> None:
        self.asked.append(method)
        if self.code is not None:
            context.abort(self.code, f"no, {sent!r}")
        if name != NAME:
            context.abort(grpc.StatusCode.NOT_FOUND, f"CryptoKey {name} not found.")
        if checksum != crc32c(sent):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The checksum in field does not match the data.")

    def _encrypt(self, request: EncryptRequest, context: Any) -> EncryptResponse:
        self._begin("encrypt", request.name, request.plaintext, request.plaintext_crc32c, context)
        version = len(self.versions)
        nonce = os.urandom(12)
        made = bytes([version]) + nonce + self.versions[-1].encrypt(nonce, request.plaintext, NAME.encode())
        return EncryptResponse(
            name=f"{NAME}/cryptoKeyVersions/{version}",
            ciphertext=made,
            ciphertext_crc32c=crc32c(made) ^ (self.corrupts == "ciphertext"),
            verified_plaintext_crc32c=self.corrupts != "verified",
        )

    def _decrypt(self, request: DecryptRequest, context: Any) -> DecryptResponse:
        self._begin("decrypt", request.name, request.ciphertext, request.ciphertext_crc32c, context)
        sent = request.ciphertext
        try:
            plain = self.versions[sent[0] - 1].decrypt(sent[1:13], sent[13:], NAME.encode())
        except (InvalidTag, IndexError):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Decryption failed: the ciphertext is invalid.")
        return DecryptResponse(plaintext=plain, plaintext_crc32c=crc32c(plain) ^ (self.corrupts == "plaintext"))
