"""What the vault promises: sealed values open for their person alone, unchanged, and not after forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.runtime.vault import KeyFile, Keyring, SubjectKey, Vault, WrappedKey
from isthmus.core.errors import KeyUnavailable
from isthmus.core.message import Sealed


class KeysInMemory:
    """Keep wrapped keys in a list, as a database that others write to as well."""

    def __init__(self) -> None:
        self.rows: list[WrappedKey] = []
        self.reads = 0

    def find(self, subject: str) -> Sequence[WrappedKey]:
        self.reads += 1
        return [row for row in self.rows if row.subject == subject]

    def add(self, key: WrappedKey) -> bool:
        if any((row.subject, row.key_version) == (key.subject, key.key_version) for row in self.rows):
            return False
        self.rows.append(key)
        return True

    def destroy(self, subject: str) -> int:
        mine = self.find(subject)
        self.rows = [msgspec.structs.replace(row, wrapped=None) if row in mine else row for row in self.rows]
        return len(mine)


class SlowKeys(KeysInMemory):
    """Let another process be first, between our look and our insertion."""

    def __init__(self, first: Vault, shared: KeysInMemory) -> None:
        super().__init__()
        self.rows = shared.rows
        self._first: Vault | None = first

    def add(self, key: WrappedKey) -> bool:
        if self._first is not None:
            self._first.seal(key.subject, b"theirs")
            self._first = None
        return super().add(key)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    return KeyFile(tmp_path_factory.mktemp("keys") / "master.key")


subjects = st.text(max_size=40).filter(lambda text: text.isprintable())


@given(subject=subjects, plaintext=st.binary(max_size=300))
def test_what_was_sealed_opens_to_the_same(master: KeyFile, subject: str, plaintext: bytes) -> None:
    vault = Vault(master, KeysInMemory())

    assert vault.open(vault.seal(subject, plaintext)) == plaintext


@given(plaintext=st.binary(max_size=60), data=st.data())
def test_a_change_of_any_bit_is_noticed(master: KeyFile, plaintext: bytes, data: st.DataObject) -> None:
    vault = Vault(master, KeysInMemory())
    sealed = vault.seal("client-7", plaintext)
    place = data.draw(st.integers(0, len(sealed.bytes) * 8 - 1))
    changed = bytearray(sealed.bytes)
    changed[place // 8] ^= 1 << place % 8

    with pytest.raises(KeyUnavailable, match="was changed"):
        vault.open(msgspec.structs.replace(sealed, bytes=bytes(changed)))


@given(kept=st.integers(0, 43))
def test_a_value_that_was_cut_short_is_noticed(master: KeyFile, kept: int) -> None:
    vault = Vault(master, KeysInMemory())
    sealed = vault.seal("client-7", b"sixteen bytes ok")
    assert len(sealed.bytes) == 44

    with pytest.raises(KeyUnavailable, match="was changed"):
        vault.open(msgspec.structs.replace(sealed, bytes=sealed.bytes[:kept]))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"subject": "client-8"}, id="another person's"),
        pytest.param({"key_version": 2}, id="another version"),
        pytest.param({"fingerprint": "0" * 64}, id="another fingerprint"),
        pytest.param({"fingerprint": "é"}, id="a fingerprint that is none"),
    ],
)
def test_a_sealed_value_cannot_be_given_another_label(master: KeyFile, change: dict[str, object]) -> None:
    vault = Vault(master, KeysInMemory())
    sealed = vault.seal("client-7", b"Ada")
    vault.rotate("client-7")
    vault.seal("client-8", b"Grace")

    with pytest.raises(KeyUnavailable, match="was changed"):
        vault.open(msgspec.structs.replace(sealed, **change))


@given(one=st.tuples(subjects, st.binary(max_size=9)), other=st.tuples(subjects, st.binary(max_size=9)))
def test_fingerprints_are_equal_for_equal_values_of_one_person_alone(
    master: KeyFile, one: tuple[str, bytes], other: tuple[str, bytes]
) -> None:
    vault = Vault(master, KeysInMemory())
    first, again, second = vault.seal(*one), vault.seal(*one), vault.seal(*other)

    assert first.fingerprint == again.fingerprint
    assert first.bytes != again.bytes
    assert (first.fingerprint == second.fingerprint) == (one == other)


@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_a_rotation_keeps_what_was_sealed_readable_and_fingerprints_comparable(
    master: KeyFile, before: bytes, after: bytes
) -> None:
    vault = Vault(master, KeysInMemory())
    old = vault.seal("client-7", before)
    version = vault.rotate("client-7")
    new = vault.seal("client-7", after)

    assert (old.key_version, new.key_version, version) == (1, 2, 2)
    assert (vault.open(old), vault.open(new)) == (before, after)
    assert (old.fingerprint == new.fingerprint) == (before == after)


@given(plaintexts=st.lists(st.binary(max_size=9), min_size=1, max_size=4))
def test_a_forgotten_person_stays_forgotten_and_nobody_else_is(master: KeyFile, plaintexts: list[bytes]) -> None:
    vault = Vault(master, KeysInMemory())
    theirs = [vault.seal("client-7", plaintext) for plaintext in plaintexts]
    other = vault.seal("client-8", b"Grace")
    vault.committed()
    vault.open(theirs[0])

    assert vault.forget("client-7") == 1

    for sealed in theirs:
        with pytest.raises(KeyUnavailable, match="forgotten"):
            vault.open(sealed)
    with pytest.raises(KeyUnavailable, match="forgotten"):
        vault.seal("client-7", b"again")
    with pytest.raises(KeyUnavailable, match="forgotten"):
        vault.rotate("client-7")
    assert vault.open(other) == b"Grace"


def test_a_value_whose_key_is_nowhere_is_refused(master: KeyFile) -> None:
    sealed = Vault(master, KeysInMemory()).seal("client-7", b"Ada")

    with pytest.raises(KeyUnavailable, match="there is no such key"):
        Vault(master, KeysInMemory()).open(sealed)


def test_two_processes_that_make_a_key_at_once_end_with_the_same(master: KeyFile) -> None:
    shared = KeysInMemory()
    theirs = Vault(master, shared)
    ours = Vault(master, SlowKeys(theirs, shared))
    sealed = ours.seal("client-7", b"Ada")

    assert len(shared.rows) == 1
    assert theirs.open(sealed) == b"Ada"


def test_a_key_that_a_rollback_took_away_never_seals_again(master: KeyFile) -> None:
    store, keyring = KeysInMemory(), Keyring()
    Vault(master, store, keyring).seal("client-7", b"rolled back")
    Vault(master, store, keyring).seal("client-7", b"in the same group, rolled back as well")
    store.rows.clear()
    vault = Vault(master, store, keyring)
    sealed = vault.seal("client-7", b"committed")
    vault.committed()

    assert Vault(master, store, Keyring()).open(sealed) == b"committed"


def test_committed_keys_are_read_once(master: KeyFile) -> None:
    store, keyring = KeysInMemory(), Keyring()
    first = Vault(master, store, keyring)
    first.seal("client-7", b"Ada")
    first.committed()
    Vault(master, store, keyring).seal("client-7", b"Ada")
    reads = store.reads
    for _ in range(10):
        Vault(master, store, keyring).seal("client-7", b"Ada")

    assert store.reads == reads


def test_a_keyring_remembers_only_so_many_and_drops_the_least_used(master: KeyFile) -> None:
    store, keyring = KeysInMemory(), Keyring(keys_max=2)
    for subject in ("a", "b", "a", "c"):
        vault = Vault(master, store, keyring)
        vault.seal(subject, b"")
        vault.committed()
        vault.seal(subject, b"")

    assert [keyring.get(subject) is not None for subject in "abc"] == [True, False, True]


def test_what_another_process_destroyed_is_soon_forgotten_here(master: KeyFile) -> None:
    store = KeysInMemory()
    here = Vault(master, store, Keyring(seconds_max=0.0))
    sealed = here.seal("client-7", b"Ada")
    here.committed()
    assert here.open(sealed) == b"Ada"
    Vault(master, store).forget("client-7")

    with pytest.raises(KeyUnavailable, match="forgotten"):
        here.open(sealed)


def test_the_database_alone_opens_nothing(master: KeyFile, tmp_path: Path) -> None:
    store = KeysInMemory()
    sealed = Vault(master, store).seal("client-7", b"Ada")

    with pytest.raises(KeyUnavailable, match="not made with this master key"):
        Vault(KeyFile(tmp_path / "other.key"), store).open(sealed)


def test_a_wrapped_key_cannot_be_moved_to_another_person(master: KeyFile) -> None:
    store = KeysInMemory()
    Vault(master, store).seal("client-7", b"Ada")
    store.rows = [msgspec.structs.replace(row, subject="client-8") for row in store.rows]

    with pytest.raises(KeyUnavailable):
        Vault(master, store).seal("client-8", b"Grace")


@given(plaintext=st.binary(min_size=4, max_size=60))
def test_what_is_sealed_holds_no_trace_of_the_plaintext(master: KeyFile, plaintext: bytes) -> None:
    store = KeysInMemory()
    sealed = Vault(master, store).seal("client-7", plaintext)

    assert plaintext not in sealed.bytes
    assert plaintext.hex() not in repr(sealed)


def test_no_representation_shows_a_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    master, store, keyring = KeyFile(path), KeysInMemory(), Keyring()
    vault = Vault(master, store, keyring)
    vault.seal("client-7", b"")
    vault.committed()
    vault.seal("client-7", b"")
    keys = keyring.get("client-7")
    assert keys is not None
    wrapped = store.rows[0].wrapped
    assert wrapped is not None
    shown = " ".join(map(repr, (master, vault, keyring, keys, store.rows)))

    assert path.read_text().split()[-1] not in shown
    assert repr(wrapped)[2:12] not in shown


class TestKeyFile:
    def test_it_is_made_for_its_owner_alone_and_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "below" / "master.key"
        wrapped = KeyFile(path).wrap(b"k" * 32, b"context")

        assert path.stat().st_mode & 0o777 == 0o600
        assert KeyFile(path).unwrap(wrapped, b"context") == b"k" * 32
        assert [file.name for file in path.parent.iterdir()] == ["master.key"]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
    def test_one_that_others_may_use_is_refused_with_the_remedy(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "master.key"
        KeyFile(path)
        path.chmod(mode)

        with pytest.raises(KeyUnavailable, match=f"chmod 600 {path}"):
            KeyFile(path)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"isthmus-master-key-1 ",
            b"isthmus-master-key-1 zz",
            b"isthmus-master-key-1 00ff\n",
            b"\xff\xfe",
            b"00" * 32,
        ],
    )
    def test_one_that_holds_no_key_is_refused_and_left_alone(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "master.key"
        path.write_bytes(content)
        path.chmod(0o600)

        with pytest.raises(KeyUnavailable):
            KeyFile(path)
        assert path.read_bytes() == content

    def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(KeyUnavailable, match="cannot be made"):
            KeyFile(tmp_path / "file" / "master.key")


def test_every_sealed_value_differs_even_for_the_same_plaintext(master: KeyFile) -> None:
    vault = Vault(master, KeysInMemory())
    sealed: list[Sealed] = [vault.seal("client-7", b"Ada") for _ in range(200)]

    assert len({value.bytes for value in sealed}) == 200


@pytest.mark.parametrize(("subject", "key_version"), [("client-8", 1), ("client-7", 2), ("1 client-7", 1)])
def test_a_value_is_bound_to_its_person_and_version_even_under_the_same_key(subject: str, key_version: int) -> None:
    key = bytes(range(32))
    sealed = SubjectKey("client-7", 1, key, key).seal(b"Ada")

    with pytest.raises(KeyUnavailable, match="was changed"):
        SubjectKey(subject, key_version, key, key).open(sealed)
