"""Failures: whatever a handler does, the engine goes on, and the record says what kind of error it was and where."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.runtime.clock import MovedClock
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.views import Views
from isthmus.core import App, Message, Retry, contract, handles, seconds, workflow
from isthmus.core.errors import MessageInvalid


class Ask(Message, identity="id"):
    id: str
    how: str


class Said(Message):
    text: str


@contract(reads=True, retry=Retry(attempts=1, first=seconds(1)))
def say(ask: Ask) -> Said:
    """Say something, or fail in the way that is asked for."""


@contract()
def talk(ask: Ask) -> Said:
    """Talk once."""


@handles(say)
def say_or_fail(ask: Ask) -> Said:
    if ask.how == "exits":
        sys.exit(5)
    if ask.how == "raises":
        raise LookupError("Ada Lovelace")
    return Said(text=5 if ask.how == "answers wrongly" else "well")  # type: ignore[arg-type]


@workflow(talk)
async def talking(ask: Ask) -> Said:
    return await say(ask)


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Any:
    app = App("talk", fulfils=[say_or_fail, talking])
    clock = MovedClock(datetime(2026, 1, 5, tzinfo=UTC))
    with Engine(app.load(), Database.open(database_url), folder=tmp_path, clock=clock) as opened:
        yield opened


@pytest.mark.parametrize(
    ("how", "error"),
    [("exits", "SystemExit"), ("raises", "LookupError"), ("answers wrongly", "AnswerInvalid")],
)
def test_a_handler_may_do_what_it_likes_and_the_engine_goes_on(engine: Engine, how: str, error: str) -> None:
    failed = engine.wait(engine.start("talk", Ask(id=how, how=how)), timeout_seconds=10)
    well = engine.wait(engine.start("talk", Ask(id="w", how="well")), timeout_seconds=10)

    assert (failed.status, well.status) == ("failed", "completed")
    entries = [entry for entry in _entries(engine, failed.run_id) if entry.kind == "failed"]
    told = msgspec.json.decode(entries[0].after)
    assert told["error"] == error
    assert told["place"].startswith("test_failures.py:")
    assert told["place"].endswith("in say_or_fail")
    assert "Ada" not in str([entry.after for entry in _entries(engine, failed.run_id)])


def _entries(engine: Engine, run_id: str) -> list[Any]:
    with Views(engine.database) as views:
        return list(views.journal(run_id=run_id))


def test_an_empty_key_or_identity_is_refused(engine: Engine) -> None:
    with pytest.raises(MessageInvalid):
        engine.ask("say", Ask(id="1", how="well"), key="")
    with pytest.raises(MessageInvalid):
        engine.start("talk", Ask(id="", how="well"))

    engine.clock.move(timedelta(seconds=1))  # type: ignore[union-attr]
    assert engine.ask("say", Ask(id="1", how="well"), key="k") == Said(text="well")
