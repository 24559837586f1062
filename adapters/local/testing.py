"""The world that tests and laws run in: an App on the embedded engine, a temporary database and a moved clock.

It is what `isthmus.core.testing.run_locally` gives. A crash is an exception that no code of ours may catch: the engine
it was raised in is abandoned as a killed process leaves it, and another one opens the same database. A client whose
call died asks again, as clients do: every call is made until it was heard.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.runtime.record import Refused
from isthmus.adapters.sql.database import Database
from isthmus.core.app import App
from isthmus.core.codec import codec
from isthmus.core.composition import Composition
from isthmus.core.contract import Contract
from isthmus.core.law import Ended
from isthmus.core.message import Event, Message, Undo
from isthmus.core.testing import Crash

OPENING: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
SETTLE_SECONDS: Final = 30
MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a world ends with its test, so it need not reach a disk

ACCOUNTS: Final = """
select account, commodity, posted_debits, posted_credits, pending_debits, pending_credits from account order by 1, 2
"""
TRANSFERS: Final = """
select transfer_id, kind, pending_id, debit_account, credit_account, commodity, amount from transfer order by 1
"""


@lru_cache(maxsize=1)
def empty_database() -> bytes:
    """Return the file of a database whose schema is up to date and which holds nothing."""
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder:
        file = Path(folder) / "empty.db"
        Database.open(f"sqlite:///{file}").close()
        connection = sqlite3.connect(file)
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.close()
        return file.read_bytes()


def without_seals(value: Any) -> Any:
    """Return a body in which what is sealed is named by its fingerprint: a seal is another one each time."""
    if isinstance(value, dict):
        if value.keys() == {"subject", "key_version", "bytes", "fingerprint"}:
            return f"sealed {value['fingerprint']}"
        return {name: without_seals(inner) for name, inner in value.items()}
    return [without_seals(inner) for inner in value] if isinstance(value, list) else value


class LocalWorld:
    """Run an App for as long as the block lasts."""

    def __init__(self, app: App | Composition, *, faults: Callable[[str, str, str], None] | None = None) -> None:
        self._composition = app.load() if isinstance(app, App) else app
        self._faults = faults
        self._clock = MovedClock(OPENING)
        self._asked = 0

    def __enter__(self) -> Self:
        self._made = tempfile.TemporaryDirectory(prefix="isthmus-", dir=MEMORY if MEMORY.is_dir() else None)
        self._folder = Path(self._made.name)
        self.database = self._folder / "world.db"
        self.database.write_bytes(empty_database())
        self._engine = self._opened()
        return self

    def __exit__(self, *exception: object) -> None:
        self._engine.close()
        self._made.cleanup()

    def _opened(self) -> Engine:
        database = Database.open(f"sqlite:///{self.database}", migrate=False)
        engine = Engine(self._composition, database, folder=self._folder, clock=self._clock, faults=self._faults)
        engine.open()
        return engine

    def stop(self) -> None:
        """End the engine as a process ends that is killed; `restart` opens another one."""
        self._engine.abandon()

    def restart(self) -> None:
        """End the engine as a process ends that is killed, and open another one on the same database."""
        self.stop()
        self._engine = self._opened()
        self.settle()

    def _until_heard[T](self, call: Callable[[Engine], T]) -> T:
        """Return what a call returns, from the first engine that lives through it and all that follows."""
        while True:
            try:
                answer = call(self._engine)
                self._engine.settle(timeout_seconds=SETTLE_SECONDS)
            except Crash:
                self._engine.abandon()
                self._engine = self._opened()
            else:
                return answer

    def ask[I, O](self, contract: Contract[I, O], message: I, *, key: str | None = None) -> O:
        """Return a handler's answer; the same key again returns the recorded one. Time passes between attempts."""
        self._asked += 1
        name = key or f"ask {self._asked}"
        answer: O = self._until_heard(lambda engine: self._answer_of(engine, contract, message, name))
        return answer

    def _answer_of(self, engine: Engine, contract: Contract[Any, Any], message: Any, key: str) -> Any:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(engine.ask, contract.name, message, key=key)
            while not wait([asked], timeout=0.001).done:
                engine.settle(timeout_seconds=SETTLE_SECONDS)
                if not wait([asked], timeout=0.005).done:  # what can go on has gone on: it waits to be tried again
                    self._clock.move(contract.retry.at_most)
            return asked.result()

    def undo[I, O](self, contract: Contract[I, O], message: I, *, key: str, result: O | None = None) -> None:
        """Ask the contract's undo to take back what was asked with the key."""
        assert contract.undone_by is not None, f"{contract.name} is not undone"
        undo: Any = Undo(key=key, input=message, result=result)
        self.ask(contract.undone_by, undo, key=f"undo:{key}")

    def start(self, contract: Contract[Any, Any], message: Message) -> str:
        """Start a workflow, let it go as far as it can, and return its run's id."""
        return self._until_heard(lambda engine: engine.start(contract.name, message, actor="test"))

    def send(self, event: Event, *, key: str, event_id: str | None = None) -> None:
        """Send an event, and let the runs go as far as they can."""
        number = event_id or uuid.uuid4().hex
        self._until_heard(lambda engine: engine.send(type(event).__name__, key=key, message=event, event_id=number))

    def move(self, duration: timedelta) -> None:
        """Let time pass, and the runs go as far as they can."""
        self._clock.move(duration)
        self.settle()

    def settle(self) -> None:
        """Let everything go as far as it can without time passing."""
        self._until_heard(lambda _engine: None)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query, on a connection that only reads."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def status_of(self, contract: Contract[Any, Any], identity: str) -> str:
        """Return how the run of an identity stands."""
        found = self.rows("select status from run where contract = ? and identity = ?", contract.name, identity)
        return str(found[0][0]) if found else "unknown"

    def dead_letters(self) -> int:
        """Return for how many things a person is asked."""
        return int(self.rows("select count(*) from dead_letter where resolved_at is null")[0][0])

    def journal(self, run_id: str) -> list[tuple[str, str, str]]:
        """Return the (step, kind, subject) of a run's entries, in order."""
        statement = "select step, kind, subject from journal where run_id = ? order by sequence"
        return [(str(step), str(kind), str(subject)) for step, kind, subject in self.rows(statement, run_id)]

    def ended(self, run_id: str) -> Ended:
        """Return how a run stands."""
        ((contract_name, status, outcome),) = self.rows(
            "select contract, status, outcome from run where run_id = ?", run_id
        )
        contract = self._composition.contract(contract_name)
        if status == "completed":
            return Ended(status=status, answer=codec(contract.output_type).decode_opaque(outcome))
        if status == "refused":
            refused = msgspec.json.decode(outcome, type=Refused)
            refusal = self._composition.refusal(contract_name, refused.refusal)
            fields = msgspec.json.decode(refused.fields, type=refusal.Fields)
            return Ended(status=status, refusal=refusal(**msgspec.structs.asdict(fields)))
        return Ended(status=status)

    def tables(self) -> Mapping[str, Sequence[tuple[Any, ...]]]:
        """Return what handlers keep, and what they published."""
        records = self.rows("select kind, key, body from record order by kind, key")
        outbox = self.rows("select topic, ordering_key, body from outbox order by topic, ordering_key, sequence")
        return {
            "record": [(kind, key, without_seals(json.loads(body))) for kind, key, body in records],
            "account": self.rows(ACCOUNTS),
            "transfer": self.rows(TRANSFERS),
            "outbox": [(topic, key, without_seals(json.loads(body))) for topic, key, body in outbox],
        }

    def state(self) -> dict[str, str]:
        """Return what is kept now, whatever led to it: every record, and every account that is not at zero."""
        tables = self.tables()
        records = {f"{kind} {key}": json.dumps(body, sort_keys=True) for kind, key, body in tables["record"]}
        standing = {
            f"account {account} {commodity}": (posted_debits - posted_credits, pending_debits, pending_credits)
            for account, commodity, posted_debits, posted_credits, pending_debits, pending_credits in tables["account"]
        }
        return records | {account: str(amounts) for account, amounts in standing.items() if any(amounts)}

    def waits(self) -> list[tuple[str, str]]:
        """Return the (event, key) that runs are waiting for."""
        found = self.rows("select event, key from wait where state = 'open' order by run_id, step")
        return [(str(event), str(key)) for event, key in found]

    def find(self, text: bytes) -> list[str]:
        """Return the tables in which a text lies open."""
        tables = [str(row[0]) for row in self.rows("select name from sqlite_master where type = 'table'")]
        return [table for table in tables if any(text in _bytes(cell) for row in self._all(table) for cell in row)]

    def _all(self, table: str) -> list[tuple[Any, ...]]:
        return self.rows(f'select * from "{table}"')  # noqa: S608  # a name from the schema


def _bytes(cell: Any) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()
