"""`isthmus dead-letters`: what nobody but a person can carry on."""

from __future__ import annotations

import click

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import say, say_json, say_table
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.adapters.cli.start import ACTOR, SETTLE_SECONDS
from isthmus.adapters.cli.targets import (
    AZURE,
    host_on_azure,
    hub_option,
    say_whether_told,
    target_option,
    tell_hub,
    views_on,
)


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

    with views_on(target, database_url) as views:
        letters = list(views.dead_letters(resolved=resolved))
    if as_json:
        for letter in letters:
            say_json(plain(letter))
        return
    say_table(LETTER_COLUMNS, [letter_row(letter) for letter in letters])
    say(f"{len(letters):,} dead letters {'resolved' if resolved else 'wait for a person'}")


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

    with views_on(target, database_url) as views:
        letter = views.dead_letter(number)
    if as_json:
        say_json(plain(letter))
        return
    say(f"dead letter {letter.dead_letter_id}: {letter.kind} {letter.subject}")
    say(f"  why       {letter.reason}")
    say(f"  run       {letter.run_id}, step {letter.step}")
    say(f"  since     {moment_text(letter.written_at)}")
    say(f"  resolved  {moment_text(letter.resolved_at)} {letter.resolution or ''}".rstrip())
    say(f"  body      {body_text(letter.body, 2_000)}")


@dead_letters.command()
@app_option
@database_option
@hub_option
@click.argument("number", type=click.IntRange(1))
@click.option("--actor", default=ACTOR, show_default=True, help="Who decided it, for the journal.")
def replay(
    app_reference: str | None, database_url: str | None, target: str, task_hub: str | None, number: int, actor: str
) -> int:
    """Try dead letter NUMBER again: its step, its undo, or its delivery.

    Exits with 1 when what was tried again is stuck again.
    """
    from isthmus.adapters.cli.engines import engine_or_operations, views_of  # noqa: PLC0415

    composition = composition_of(app_reference)
    if target == AZURE:
        from isthmus.adapters.azure import operating  # noqa: PLC0415  # an extra

        with host_on_azure(composition, database_url, "dead-letters replay") as host:
            operating.replay(host, number, actor=actor)
            say(f"dead letter {number} is resolved: it is tried again")
            say_whether_told(told=tell_hub(host, task_hub), what="the task hub is told; a delivery waits for the sweep")
        return 0
    url = database_of(database_url)
    with engine_or_operations(composition, url) as engine:
        engine.replay(number, actor=actor)
        if hasattr(engine, "settle"):
            engine.settle(timeout_seconds=SETTLE_SECONDS)
    with views_of(url) as views:
        letter = views.dead_letter(number)
        again = [other for other in views.dead_letters() if other.run_id == letter.run_id and other.step == letter.step]
    if again:
        say(f"dead letter {number} was tried again, and is stuck again: see dead letter {again[-1].dead_letter_id}")
        return SOURCE
    say(f"dead letter {number} is {'open' if letter.resolved_at is None else 'resolved'}")
    return 0
