"""What the keys of persons promise in a database: committed with what they sealed, one for each person, destroyable."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from isthmus.adapters.runtime.vault import KeyFile, Keyring, Vault, WrappedKey
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.faults import Conflict
from isthmus.adapters.sql.subject_keys import SqlSubjectKeys
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import KeyUnavailable
from isthmus.core.message import Sealed

NOW_US = 1_772_452_800_000_000


@pytest.fixture
def master(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "master.key")


def vault_in(transaction: Transaction, master: KeyFile, keyring: Keyring | None = None) -> Vault:
    return Vault(master, SqlSubjectKeys(transaction, NOW_US), keyring)


def test_what_is_sealed_in_one_transaction_opens_in_another(database: Database, master: KeyFile) -> None:
    with database.transaction() as transaction:
        vault = vault_in(transaction, master)
        old = vault.seal("client-7", b"Ada")
        assert vault.rotate("client-7") == 2
        new = vault.seal("client-7", b"Ada")
    with database.transaction() as transaction:
        vault = vault_in(transaction, master)

        assert (vault.open(old), vault.open(new)) == (b"Ada", b"Ada")
        assert (old.key_version, new.key_version) == (1, 2)


def test_a_key_is_rolled_back_with_what_it_sealed_and_never_used_again(database: Database, master: KeyFile) -> None:
    keyring = Keyring()
    with database.transaction() as transaction:
        transaction.mark()
        vault_in(transaction, master, keyring).seal("client-7", b"lost")
        transaction.back_to_mark()
        vault = vault_in(transaction, master, keyring)
        sealed = vault.seal("client-7", b"kept")
    vault.committed()
    with database.transaction() as transaction:
        assert len(SqlSubjectKeys(transaction, NOW_US).find("client-7")) == 1
        assert vault_in(transaction, master).open(sealed) == b"kept"


def test_forgetting_leaves_no_key_in_the_row(database: Database, master: KeyFile) -> None:
    with database.transaction() as transaction:
        vault = vault_in(transaction, master)
        sealed, other = vault.seal("client-7", b"Ada"), vault.seal("client-8", b"Grace")
        vault.rotate("client-7")
    with database.transaction() as transaction:
        assert vault_in(transaction, master).forget("client-7") == 2
        assert vault_in(transaction, master).forget("client-7") == 0
    with database.transaction() as transaction:
        vault = vault_in(transaction, master)
        kept = SqlSubjectKeys(transaction, NOW_US).find("client-7")

        assert [(key.key_version, key.wrapped) for key in kept] == [(1, None), (2, None)]
        assert vault.open(other) == b"Grace"
        with pytest.raises(KeyUnavailable, match="forgotten"):
            vault.open(sealed)


def test_a_forgetting_that_is_rolled_back_forgets_nothing(database: Database, master: KeyFile) -> None:
    keyring = Keyring()
    with database.transaction() as transaction:
        vault = vault_in(transaction, master, keyring)
        sealed = vault.seal("client-7", b"Ada")
    vault.committed()
    with pytest.raises(ZeroDivisionError), database.transaction() as transaction:  # noqa: PT012
        vault_in(transaction, master, keyring).forget("client-7")
        raise ZeroDivisionError
    with database.transaction() as transaction:
        assert vault_in(transaction, master, keyring).open(sealed) == b"Ada"


def test_a_version_that_is_there_is_not_overwritten(database: Database) -> None:
    with database.transaction() as transaction:
        keys = SqlSubjectKeys(transaction, NOW_US)

        assert keys.add(WrappedKey(subject="c", key_version=1, wrapped=b"ours"))
        assert not keys.add(WrappedKey(subject="c", key_version=1, wrapped=b"theirs"))
        assert [key.wrapped for key in keys.find("c")] == [b"ours"]


def test_many_that_seal_for_a_new_person_at_once_end_with_one_key(database: Database, master: KeyFile) -> None:
    at_once = threading.Barrier(4)
    sealed: list[Sealed] = []

    def seal() -> None:
        at_once.wait(10)
        while True:
            try:
                with database.transaction() as transaction:
                    value = vault_in(transaction, master).seal("client-7", b"Ada")
            except Conflict:
                continue
            sealed.append(value)
            return

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len({value.fingerprint for value in sealed}) == 1
    with database.transaction() as transaction:
        assert len(SqlSubjectKeys(transaction, NOW_US).find("client-7")) == 1
        assert [vault_in(transaction, master).open(value) for value in sealed] == [b"Ada"] * 4
