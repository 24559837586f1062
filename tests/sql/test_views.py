"""What views promise: everything that happened, in order, without an engine and without writing anything."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, update

from isthmus.adapters.sql import views as views_module
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.schema import DEAD_LETTER, INBOX, JOURNAL, OUTBOX, RUN
from isthmus.adapters.sql.statement import Statement
from isthmus.adapters.sql.views import Views
from isthmus.core.errors import InputError, IsthmusError, NotFound, StorageUnavailable

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
A, B, CHILD, GRANDCHILD, OTHER = ("a" * 32, "ab" + "0" * 30, "c" * 32, "d" * 32, "e" * 32)


@pytest.fixture
def views(database: Database) -> Iterator[Views]:
    with Views(database) as opened:
        yield opened


class Rows:
    """Write rows as an engine would, one moment after the other."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._now = (NOON + timedelta(microseconds=number) for number in itertools.count())

    def put(self, table: Table, **values: Any) -> None:
        with self._engine.connect() as connection:
            connection.execute(insert(table).values(values))
            connection.commit()

    def run(self, run_id: str, identity: str = "ORDER-1", **values: Any) -> None:
        defaults = {
            "contract": "place_order",
            "identity": identity,
            "input": b"{}",
            "input_hash": "h",
            "version": "v1",
            "status": "running",
            "actor": "cli",
            "on_behalf_of": "desk",
            "started_at": microseconds(next(self._now)),
        }
        self.put(RUN, run_id=run_id, **(defaults | values))

    def entry(self, run_id: str, kind: str, **values: Any) -> None:
        defaults = {
            "workflow": "place_order",
            "step": "",
            "subject": "",
            "actor": "cli",
            "on_behalf_of": "desk",
            "at": microseconds(next(self._now)),
            "code_version": "c1",
            "policy_version": "p1",
        }
        self.put(JOURNAL, run_id=run_id, kind=kind, **(defaults | values))

    def message(self, message_id: str, run_id: str) -> None:
        at = microseconds(next(self._now))
        self.put(OUTBOX, message_id=message_id, topic="t", ordering_key="", body=b"{}", run_id=run_id, written_at=at)

    def letter(self, run_id: str, **values: Any) -> None:
        defaults = {"kind": "undo", "step": "2", "subject": "s", "body": b"{}", "reason": "refused"}
        self.put(DEAD_LETTER, run_id=run_id, written_at=microseconds(next(self._now)), **(defaults | values))


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)


def test_a_run_is_shown_whole_with_its_times_in_utc(views: Views, rows: Rows) -> None:
    rows.run(A, status="completed", outcome=b"1", ended_at=microseconds(NOON + timedelta(seconds=1)))
    run = views.run(A)

    assert (run.run_id, run.contract, run.identity, run.status) == (A, "place_order", "ORDER-1", "completed")
    assert (run.input, run.outcome, run.parent_run) == (b"{}", b"1", None)
    assert (run.started_at, run.ended_at) == (NOON, NOON + timedelta(seconds=1))
    assert run.started_at.tzinfo is UTC


def test_a_run_is_found_by_what_its_id_alone_begins_with(views: Views, rows: Rows) -> None:
    rows.run(A)
    rows.run(B)

    assert views.run("aa").run_id == A
    assert views.run("ab").run_id == B
    assert views.run(B).run_id == B
    with pytest.raises(NotFound, match="more than one run begins so"):
        views.run("a")


@pytest.mark.parametrize("run_id", ["", "f", "ac", "A", "%", "'", "a" * 33, "0" * 32])
def test_a_run_that_is_not_there_is_not_found(views: Views, rows: Rows, run_id: str) -> None:
    rows.run(A)
    rows.run(B)

    with pytest.raises(NotFound, match="no such run"):
        views.run(run_id)


def test_runs_come_newest_first_and_page_by_page(views: Views, rows: Rows) -> None:
    moments = [microseconds(NOON)] * 3 + [microseconds(NOON + timedelta(seconds=1))] * 2
    for number, moment in enumerate(moments):
        rows.run(f"{number}" * 32, started_at=moment)
    pages: list[str] = []
    after = None
    while page := views.runs(limit=2, after=after):
        pages += [run.run_id[0] for run in page]
        after = page[-1].run_id

    assert pages == ["4", "3", "2", "1", "0"]


def test_runs_are_chosen_by_status_and_contract(views: Views, rows: Rows) -> None:
    rows.run(A, status="stuck")
    rows.run(B, status="stuck", contract="settle_trade")
    rows.run(OTHER)

    assert [run.run_id for run in views.runs(status="stuck")] == [B, A]
    assert [run.run_id for run in views.runs(status="stuck", contract="settle_trade")] == [B]
    assert views.runs(status="no such status") == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_a_bound(views: Views, limit: int) -> None:
    with pytest.raises(InputError, match="limit must be"):
        views.runs(limit=limit)


def test_steps_come_in_the_order_of_the_record(views: Views, rows: Rows) -> None:
    for step, ordinal, branch in (("3", 2, 0), ("1/1", 0, 1), ("1/0", 0, 0), ("2", 1, 0)):
        rows.put(
            INBOX,
            run_id=A,
            step=step,
            contract="hold",
            input=b"i",
            input_hash="h",
            state="answered",
            answer=b"a",
            ordinal=ordinal,
            branch=branch,
            attempts=1,
            recorded_at=microseconds(NOON),
        )

    assert [step.step for step in views.steps(A)] == ["1/0", "1/1", "2", "3"]
    assert views.steps(A)[0].recorded_at == NOON
    assert views.steps(B) == []


def test_the_journal_of_a_run_holds_its_children_and_what_its_messages_caused(views: Views, rows: Rows) -> None:
    rows.run(A)
    rows.run(CHILD, identity="", parent_run=A, parent_step="2")
    rows.run(GRANDCHILD, identity="", parent_run=CHILD, parent_step="1")
    rows.run(OTHER, identity="ORDER-2")
    rows.message(f"{CHILD}/1#0", CHILD)
    rows.message(f"{CHILD}/1#0/x#0", f"{CHILD}/1#0")
    rows.message(f"{OTHER}/1#0", OTHER)
    mine = [A, CHILD, GRANDCHILD, f"{CHILD}/1#0", f"{CHILD}/1#0/x#0", A]
    for run_id in (*mine[:3], OTHER, *mine[3:5], f"{OTHER}/1#0", mine[5]):
        rows.entry(run_id, "answered")

    assert [entry.run_id for entry in views.journal(run_id=A)] == mine
    assert [entry.run_id for entry in views.journal(run_id="aaa")] == mine
    assert [entry.run_id for entry in views.journal(run_id=CHILD)] == mine[1:5]
    assert len(list(views.journal())) == 8


def test_the_journal_of_an_identity_holds_every_run_with_it(views: Views, rows: Rows) -> None:
    rows.run(A)
    rows.run(B, contract="settle_trade")
    rows.run(OTHER, identity="ORDER-2")
    for run_id in (A, OTHER, B, A):
        rows.entry(run_id, "answered", before=b"b", after=None)
    entries = list(views.journal(identity="ORDER-1"))

    assert [entry.run_id for entry in entries] == [A, B, A]
    assert [entry.sequence for entry in entries] == sorted(entry.sequence for entry in entries)
    assert (entries[0].before, entries[0].after, entries[0].at.tzinfo) == (b"b", None, UTC)
    assert list(views.journal(identity="nobody's")) == []


def test_the_journal_of_a_run_that_is_not_there_is_refused(views: Views) -> None:
    with pytest.raises(NotFound):
        views.journal(run_id="f")


def test_long_answers_are_read_page_by_page(views: Views, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_module, "PAGE_ROWS", 3)
    monkeypatch.setattr(views_module, "IDS_IN_A_QUERY_MAX", 1)
    rows.run(A)
    rows.run(CHILD, identity="", parent_run=A, parent_step="2")
    for number in range(9):
        rows.entry((A, CHILD)[number % 2], f"{number}")
    lazily = views.journal(run_id=A)
    first = next(lazily)
    rows.entry(A, "written while reading")

    assert [first.kind, *(entry.kind for entry in lazily)] == [*map(str, range(9)), "written while reading"]


def test_dead_letters_wait_until_a_person_resolves_them(views: Views, rows: Rows) -> None:
    rows.letter(A)
    rows.letter(B, resolved_at=microseconds(NOON), resolution="replayed")
    rows.letter(CHILD)
    waiting = list(views.dead_letters())

    assert [letter.run_id for letter in waiting] == [A, CHILD]
    assert [(letter.run_id, letter.resolved_at, letter.resolution) for letter in views.dead_letters(resolved=True)] == [
        (B, NOON, "replayed")
    ]
    assert views.dead_letter(waiting[1].dead_letter_id) == waiting[1]
    with pytest.raises(NotFound, match="no such dead letter"):
        views.dead_letter(99)


def test_everything_is_counted(views: Views, rows: Rows) -> None:
    assert views.counts().runs == {}
    rows.run(A)
    rows.run(B, status="completed")
    rows.run(OTHER, status="completed")
    rows.entry(A, "started")
    rows.letter(A)
    rows.letter(A, resolved_at=1)
    rows.message("m", A)
    counts = views.counts()

    assert counts.runs == {"completed": 2, "running": 1}
    assert (counts.journal_entries, counts.dead_letters, counts.unpublished) == (1, 1, 1)


def test_views_read_while_another_writes(views: Views, rows: Rows, database: Database) -> None:
    rows.run(A)
    with database.transaction() as writer:
        writer.run(Statement(update(RUN).values(status="stuck")))
        status = views.run(A).status

    assert (status, views.run(A).status) == ("running", "stuck")


def test_views_cannot_write(database: Database) -> None:
    connection = views_module.connect_to_read(database)
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        connection.cursor().execute("delete from run")
    connection.close()


def test_looking_at_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    with (
        Views(Database.open(f"sqlite:///{file}", migrate=False)) as views,
        pytest.raises(StorageUnavailable) as refused,
    ):
        views.counts()

    assert "there is no such database" in str(refused.value)
    assert not file.exists()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.db"
    file.write_bytes(b"MZ" * 5000)

    with (
        Views(Database.open(f"sqlite:///{file}", migrate=False)) as views,
        pytest.raises(IsthmusError, match="ISTH322"),
    ):
        views.counts()


def test_a_path_with_odd_characters_is_read(tmp_path: Path) -> None:
    with Views(Database.open(f"sqlite:///{tmp_path}/a # é.db")) as views:
        assert views.counts().journal_entries == 0
