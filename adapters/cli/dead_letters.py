"""`isthmus dead-letters`: what nobody but a person can carry on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import counted, say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.adapters.cli.start import ACTOR, SETTLE_SECONDS
from isthmus.adapters.cli.targets import (
    Cloud,
    cloud_of,
    cloud_option,
    host_on,
    say_whether_told,
    target_option,
    views_on,
)
from isthmus.adapters.sql.dead_letters import DeadLetterKind
from isthmus.adapters.sql.runs import StepState

if TYPE_CHECKING:
    from isthmus.adapters.sql.views import DeadLetterView, Views

LOOK_SECONDS: Final = 0.2
UNRECORDED: Final = ""
UNDER_WAY: Final = frozenset({UNRECORDED, StepState.INTENT, StepState.FAILING})


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show and replay what waits for a person."""


@dead_letters.command("list")
@database_option
@target_option
@click.option("--resolved", is_flag=True, help="Those that a person has resolved.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_letters(
    database_url: str | None,
    target: str,
    resolved: bool,  # noqa: FBT001  # click passes it
    as_json: bool,  # noqa: FBT001
) -> None:
    """List dead letters, the oldest first."""
    from isthmus.adapters.cli.shown import LETTER_COLUMNS, letter_row  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    with views_on(cloud_of(target), database_url) as views:
        letters = list(views.dead_letters(resolved=resolved))
    if as_json:
        for letter in letters:
            say_json(plain(letter))
        return
    say_table(LETTER_COLUMNS, [letter_row(letter) for letter in letters])
    waiting = "waits for a person" if len(letters) == 1 else "wait for a person"
    say(f"{counted(len(letters), 'dead letter')} {'resolved' if resolved else waiting}")


@dead_letters.command("show")
@database_option
@target_option
@click.argument("number", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_letter(
    database_url: str | None,
    target: str,
    number: int,
    as_json: bool,  # noqa: FBT001  # click passes it
) -> None:
    """Show dead letter NUMBER with its body."""
    from isthmus.adapters.cli.shown import body_text, moment_text  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    with views_on(cloud_of(target), database_url) as views:
        letter = views.dead_letter(number)
    if as_json:
        say_json(plain(letter))
        return
    say(f"dead letter {letter.dead_letter_id}: {letter.kind} {letter.subject}")
    say(f"  why       {letter.reason}")
    say(f"  run       {letter.run_id}, step {letter.step}")
    if letter.stuck_run != letter.run_id:
        say(f"  stuck     {letter.stuck_run}, which takes it back")
    say(f"  since     {moment_text(letter.written_at)}")
    say(f"  resolved  {moment_text(letter.resolved_at)} {letter.resolution or ''}".rstrip())
    say(f"  body      {body_text(letter.body, 2_000)}")


@dead_letters.command()
@app_option
@database_option
@cloud_option
@click.argument("number", type=click.IntRange(1))
@click.option("--actor", default=ACTOR, show_default=True, help="Who decided it, for the journal.")
def replay(app_reference: str | None, database_url: str | None, cloud: Cloud | None, number: int, actor: str) -> int:
    """Try dead letter NUMBER again: its step, its undo, or its delivery.

    Says what came of it, whichever process tried it. Exits with 1 when it, or what follows it, is stuck again.
    """
    from isthmus.adapters.cli.engines import engine_or_operations, views_of  # noqa: PLC0415

    composition = composition_of(app_reference)
    if cloud is not None:
        from isthmus.adapters.runtime import operating  # noqa: PLC0415

        with host_on(cloud, composition, database_url, "dead-letters replay") as host:
            operating.replay(host, number, actor=actor)
            say(f"dead letter {number} is resolved: it is tried again")
            what = f"the run's {cloud.carrier} is told; a delivery waits for the sweep"
            say_whether_told(cloud, told=cloud.tell(host), what=what)
        return 0
    url = database_of(database_url)
    with engine_or_operations(composition, url) as engine:
        engine.replay(number, actor=actor)
        settle = getattr(engine, "settle", None)
        if settle is not None:
            settle(timeout_seconds=SETTLE_SECONDS)
    with views_of(url) as views:
        letter = views.dead_letter(number)
        state = _state_of(views, letter)
        deadline = time.monotonic() + SETTLE_SECONDS
        while settle is None and state in UNDER_WAY and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            state = _state_of(views, letter)
        after = _after(views, letter)
    what = f"{letter.subject} was tried again"
    if after and (after[-1].run_id, after[-1].step) == (letter.run_id, letter.step):
        say(f"{what}, and is stuck again: see dead letter {after[-1].dead_letter_id}")
    elif after:
        say(f"{what}, and is {state}; its run is stuck further on: see dead letter {after[-1].dead_letter_id}")
    elif state in UNDER_WAY:
        say(f"dead letter {number} is resolved: {what}, and is still under way")
    else:
        say(f"dead letter {number} is resolved: {what}, and is {state}")
    return SOURCE if after else 0


def _state_of(views: Views, letter: DeadLetterView) -> str:
    """Return how what was tried again stands; a run that it held up is under way until it stands, too."""
    recorded = {step.step: step.state for step in views.steps(letter.run_id)}.get(letter.step, UNRECORDED)
    if letter.kind != DeadLetterKind.DELIVERY:
        status = views.run(letter.stuck_run).status
        if status == "taking_back" or (status == "running" and recorded in UNDER_WAY):
            return UNRECORDED
        if recorded in UNDER_WAY:
            return status
    return "done" if recorded == StepState.ANSWERED else recorded


def _after(views: Views, letter: DeadLetterView) -> list[DeadLetterView]:
    """Return the dead letters that were written since: of the same step, or of the run that it held up."""
    return [
        other
        for other in views.dead_letters()
        if other.dead_letter_id > letter.dead_letter_id
        and other.stuck_run == letter.stuck_run
        and (other.step == letter.step or letter.kind != DeadLetterKind.DELIVERY)
    ]
