"""How runs, steps, entries and dead letters are shown to people."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from isthmus.adapters.sql.shown import opened
from isthmus.adapters.sql.views import DeadLetterView, EntryView, RunView, StepView

TEXT_CHARACTERS_MAX: Final = 100
RUN_CHARACTERS: Final = 12


def body_text(body: bytes | None, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Return a body on one line, cut where it gets long."""
    if body is None:
        return "-"
    text = msgspec.json.encode(opened(body)).decode()
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def moment_text(at: datetime | None) -> str:
    """Return a time as people read it."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def run_row(run: RunView) -> tuple[str, ...]:
    """Return a run as a row of `RUN_COLUMNS`."""
    return (
        run.run_id[:RUN_CHARACTERS],
        run.contract,
        run.identity,
        run.status,
        moment_text(run.started_at),
        moment_text(run.ended_at),
    )


RUN_COLUMNS: Final = ("run", "contract", "identity", "status", "started", "ended")


def step_row(step: StepView) -> tuple[str, ...]:
    """Return a step as a row of `STEP_COLUMNS`."""
    return step.step, step.contract, step.state, str(step.attempts), body_text(step.answer, 80)


STEP_COLUMNS: Final = ("step", "contract", "state", ">attempts", "answer")


def entry_row(entry: EntryView) -> tuple[str, ...]:
    """Return a journal entry as a row of `ENTRY_COLUMNS`."""
    who = entry.actor if entry.on_behalf_of in ("", entry.actor) else f"{entry.actor} for {entry.on_behalf_of}"
    change = body_text(entry.after, 70)
    if entry.before is not None:
        change = f"{body_text(entry.before, 34)} -> {body_text(entry.after, 34)}"
    return moment_text(entry.at), entry.step or "-", entry.kind, entry.subject, who, change


ENTRY_COLUMNS: Final = ("at", "step", "kind", "what", "who", "before and after")


def letter_row(letter: DeadLetterView) -> tuple[str, ...]:
    """Return a dead letter as a row of `LETTER_COLUMNS`."""
    return (
        str(letter.dead_letter_id),
        letter.kind,
        letter.run_id[:RUN_CHARACTERS],
        letter.step,
        letter.subject,
        moment_text(letter.written_at),
        letter.reason,
    )


LETTER_COLUMNS: Final = (">id", "kind", "run", "step", "what", "since", "why")
