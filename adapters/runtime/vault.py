"""The vault: what is personal leaves a handler only sealed under the key of the person it is about.

    sealed = vault.seal("client-7", b'"Ada Lovelace"')     AES-256-GCM under a random key of client-7 alone
    vault.open(sealed)                                     b'"Ada Lovelace"'
    vault.forget("client-7")                               the key is destroyed; so is all that was sealed, everywhere

A subject's keys are kept wrapped under the master key, in the database of the App: destroying the row's bytes
forgets the person. Copies of the data, however many and wherever they are, stay what they were: noise.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from isthmus.core.errors import KeyUnavailable
from isthmus.core.message import Sealed

KEY_BYTES = 32
NONCE_BYTES = 12
KEYS_IN_MEMORY_MAX = 4096
KEY_SECONDS_IN_MEMORY_MAX = 60.0
KEY_FILE_BEGINS = "isthmus-master-key-1 "


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """Be one version of a subject's key, as it is kept: `wrapped` is None once it was destroyed."""

    subject: str
    key_version: int
    wrapped: bytes | None

    def __repr__(self) -> str:
        return f"WrappedKey(subject={self.subject!r}, key_version={self.key_version})"


class SubjectKeys(Protocol):
    """Keep the wrapped keys of subjects, within the transaction of whoever seals or opens."""

    def find(self, subject: str) -> Sequence[WrappedKey]:
        """Return all versions of the subject's key, the oldest first."""
        ...

    def add(self, key: WrappedKey) -> bool:
        """Keep a new version; say False, and change nothing, when another process was first."""
        ...

    def destroy(self, subject: str) -> int:
        """Overwrite all versions of the subject's key, and say how many there were."""
        ...


class MasterKey(Protocol):
    """Wrap the keys of subjects, so that the database alone opens nothing."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Return the key, sealed together with its context."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the key. Raises KeyUnavailable when it is not of this master key, or of another context."""
        ...


class KeyFile:
    """Hold the master key in a file that its owner alone can read; the file is made when there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cipher = AESGCM(_read_key(path) if path.exists() else _make_key(path))

    def __repr__(self) -> str:
        return f"KeyFile({str(self._path)!r})"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Return the key, sealed together with its context."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return the key. Raises KeyUnavailable when it is not of this master key, or of another context."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailable(
                "the keys in the database were not made with this master key",
                place=str(self._path),
                instead="use the key file that the database was made with",
            ) from error


def _make_key(path: Path) -> bytes:
    """Write a new key file whole or not at all, and let the first of two writers win."""
    key = os.urandom(KEY_BYTES)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{KEY_FILE_BEGINS}{key.hex()}\n")
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read_key(path)
        finally:
            draft.unlink()
        _flush_folder(path.parent)
    except OSError as error:
        raise KeyUnavailable(
            f"the key file cannot be made: {error.strerror}",
            place=str(path),
            instead="name a folder that can be written",
        ) from error
    return key


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_key(path: Path) -> bytes:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnavailable(
            "the key file cannot be read", place=str(path), instead="restore it from a backup; keys are not made again"
        ) from error
    if mode & 0o077:
        raise KeyUnavailable(
            f"others than its owner may use the key file (mode {mode:04o})",
            place=str(path),
            instead=f"chmod 600 {path}",
        )
    try:
        key = bytes.fromhex(text.removeprefix(KEY_FILE_BEGINS).strip()) if text.startswith(KEY_FILE_BEGINS) else b""
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(
            "the key file does not hold a master key", place=str(path), instead="restore it from a backup"
        )
    return key


class SubjectKey:
    """Seal and open under one version of one subject's key.

    Fingerprints are made under a key derived from the first version, so that they outlive a rotation.
    """

    __slots__ = ("_cipher", "_context", "_fingerprint_key", "key_version", "subject")

    def __init__(self, subject: str, key_version: int, key: bytes, first_key: bytes) -> None:
        self.subject = subject
        self.key_version = key_version
        self._context = context_of(subject, key_version)
        self._cipher = AESGCM(key)
        self._fingerprint_key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"isthmus fingerprint 1").derive(first_key)

    def __repr__(self) -> str:
        return f"SubjectKey(subject={self.subject!r}, key_version={self.key_version})"

    def seal(self, plaintext: bytes) -> Sealed:
        """Encrypt with a fresh nonce; subject and version are bound in, so that neither can be exchanged."""
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(
            subject=self.subject,
            key_version=self.key_version,
            bytes=nonce + self._cipher.encrypt(nonce, plaintext, self._context),
            fingerprint=self.fingerprint(plaintext),
        )

    def open(self, sealed: Sealed) -> bytes:
        """Decrypt, and check that nothing was changed: not the bytes, the subject, the version or the fingerprint."""
        try:
            plaintext = self._cipher.decrypt(sealed.bytes[:NONCE_BYTES], sealed.bytes[NONCE_BYTES:], self._context)
        except (InvalidTag, ValueError) as error:
            raise _tampered(sealed) from error
        if not hmac.compare_digest(self.fingerprint(plaintext).encode(), sealed.fingerprint.encode()):
            raise _tampered(sealed)
        return plaintext

    def fingerprint(self, plaintext: bytes) -> str:
        """Return what equals for equal values of this person, and tells nobody without the key anything else."""
        return hmac.digest(self._fingerprint_key, plaintext, "sha256").hex()


class Keyring:
    """Remember keys that are committed, at most so many and so long: one for a process, shared by its vaults.

    A key that this process has made is not remembered before its transaction is known to have committed: a key
    that a rollback took away must never seal anything again. What another process destroys is forgotten here when
    the time is over.
    """

    def __init__(self, *, keys_max: int = KEYS_IN_MEMORY_MAX, seconds_max: float = KEY_SECONDS_IN_MEMORY_MAX) -> None:
        self._keys_max = keys_max
        self._seconds_max = seconds_max
        self._found: OrderedDict[str, tuple[float, Mapping[int, SubjectKey]]] = OrderedDict()
        self._uncommitted: set[str] = set()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Keyring({len(self._found)} subjects)"

    def get(self, subject: str) -> Mapping[int, SubjectKey] | None:
        """Return the subject's keys by version, if they are remembered."""
        with self._lock:
            remembered = self._found.get(subject)
            if remembered is None:
                return None
            if monotonic() >= remembered[0]:
                del self._found[subject]
                return None
            self._found.move_to_end(subject)
            return remembered[1]

    def keep(self, subject: str, keys: Mapping[int, SubjectKey]) -> None:
        """Remember the keys, unless they may be of a transaction that has not committed."""
        with self._lock:
            if subject in self._uncommitted:
                return
            self._found[subject] = (monotonic() + self._seconds_max, keys)
            self._found.move_to_end(subject)
            if len(self._found) > self._keys_max:
                self._found.popitem(last=False)

    def begun(self, subject: str) -> None:
        """Note that a transaction has changed the subject's keys."""
        with self._lock:
            self._uncommitted.add(subject)
            self._found.pop(subject, None)

    def committed(self, subjects: Iterable[str]) -> None:
        """Note that the transaction which changed their keys has committed."""
        with self._lock:
            self._uncommitted.difference_update(subjects)


class Vault:
    """Seal and open what is personal, within one transaction.

    A key that is made here is committed together with what it sealed, or neither is. Call `committed` after the
    commit; whoever forgets to is slower, never wrong.
    """

    __slots__ = ("_changed", "_keyring", "_master", "_store")

    def __init__(self, master: MasterKey, store: SubjectKeys, keyring: Keyring | None = None) -> None:
        self._master = master
        self._store = store
        self._keyring = Keyring() if keyring is None else keyring
        self._changed: set[str] = set()

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Seal under the newest key of the subject; its first key is made when there is none."""
        keys = self._keys(subject) or self._new_version(subject)
        return keys[max(keys)].seal(plaintext)

    def open(self, sealed: Sealed) -> bytes:
        """Return the plaintext. Raises KeyUnavailable when the person was forgotten, or anything was changed."""
        key = self._keys(sealed.subject).get(sealed.key_version)
        if key is None:
            raise KeyUnavailable(
                "there is no such key",
                place=f"subject {sealed.subject!r}, key version {sealed.key_version}",
                instead="use the database that the value was sealed with",
            )
        return key.open(sealed)

    def rotate(self, subject: str) -> int:
        """Seal under a new key from now on, and return its version; what was sealed before can still be opened."""
        self._keys(subject)
        return max(self._new_version(subject))

    def forget(self, subject: str) -> int:
        """Destroy the subject's keys, and with them all that was sealed; say how many there were.

        Nothing is sealed for a forgotten subject again: a person who returns gets a new pseudonym.
        """
        self._change(subject)
        return self._store.destroy(subject)

    def committed(self) -> None:
        """Say that the transaction has committed, so that its keys may be remembered."""
        if self._changed:
            self._keyring.committed(self._changed)
            self._changed.clear()

    def _change(self, subject: str) -> None:
        self._changed.add(subject)
        self._keyring.begun(subject)

    def _keys(self, subject: str) -> Mapping[int, SubjectKey]:
        keys = self._keyring.get(subject)
        if keys is None:
            keys = self._unwrap(subject, self._store.find(subject))
            if keys:
                self._keyring.keep(subject, keys)
        return keys

    def _new_version(self, subject: str) -> Mapping[int, SubjectKey]:
        self._change(subject)
        key_version = max((key.key_version for key in self._store.find(subject)), default=0) + 1
        wrapped = self._master.wrap(os.urandom(KEY_BYTES), context_of(subject, key_version))
        self._store.add(WrappedKey(subject=subject, key_version=key_version, wrapped=wrapped))
        # Read again rather than trust what was written: another process may have been first.
        return self._unwrap(subject, self._store.find(subject))

    def _unwrap(self, subject: str, wrapped: Sequence[WrappedKey]) -> Mapping[int, SubjectKey]:
        plain: dict[int, bytes] = {}
        for key in wrapped:
            if key.wrapped is None:
                raise _forgotten(subject)
            plain[key.key_version] = self._master.unwrap(key.wrapped, context_of(subject, key.key_version))
        return {version: SubjectKey(subject, version, key, plain[min(plain)]) for version, key in plain.items()}


def context_of(subject: str, key_version: int) -> bytes:
    """Return what a key and its ciphertexts are bound to; the version comes first, so no two contexts are alike."""
    return f"isthmus 1 {key_version} {subject}".encode()


def _tampered(sealed: Sealed) -> KeyUnavailable:
    return KeyUnavailable(
        "the sealed value was changed, or belongs to someone else",
        place=f"subject {sealed.subject!r}, key version {sealed.key_version}",
        instead="restore the row it is in; the journal says what it was",
    )


def _forgotten(subject: str) -> KeyUnavailable:
    return KeyUnavailable(
        "the key was destroyed: this person was forgotten",
        place=f"subject {subject!r}",
        instead="do without the value; it is gone on purpose",
    )
