"""`isthmus start` and `isthmus send`: ask a contract for its work, and tell a run what it waits for.

When an engine holds the database (`isthmus serve`), what is asked is written there, and that engine goes on with it.
Otherwise an engine of this process takes it as far as it goes without time passing. With `--target azure` or
`--target google` it is written in the app's database, and what carries runs on there is told.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import say, say_json
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.adapters.cli.targets import Cloud, cloud_option, host_on, say_whether_told
from isthmus.core.errors import InputError, NotFound
from isthmus.core.refusal import Refusal

if TYPE_CHECKING:
    from isthmus.adapters.runtime.host import Host
    from isthmus.adapters.sql.database import Database
    from isthmus.core.composition import Composition

ACTOR: Final = "isthmus"
INPUT_BYTES_MAX: Final = 32 * 1024
SETTLE_SECONDS: Final = 60
BAD_OUTCOMES: Final = frozenset({"refused", "failed", "timed_out", "cancelled", "taken_back", "stuck"})


class InputUnreadable(InputError):
    """Report an --input that cannot be read."""

    code = "ISTH292"


def input_option[F: Any](function: F) -> F:
    """Add `--input` to a command."""
    return click.option(
        "--input",
        "given",
        required=True,
        metavar="JSON|@FILE|-",
        help="The message: JSON, @ and a file that holds it, or - for standard input.",
    )(function)


def message_of(given: str) -> bytes:
    """Return the message that `--input` gives.

    Raises InputUnreadable (ISTH292).
    """
    if given != "-" and not given.startswith("@"):
        return given.encode("utf-8", "surrogateescape")
    try:
        if given == "-":
            message = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
        else:
            with Path(given[1:]).open("rb") as file:
                message = file.read(INPUT_BYTES_MAX + 1)
    except OSError as fault:
        raise InputUnreadable(
            f"cannot be read: {fault.strerror}", place=f"--input {given}", instead="name a readable file"
        ) from None
    if len(message) > INPUT_BYTES_MAX:
        raise InputUnreadable(
            f"it is larger than {INPUT_BYTES_MAX} bytes", place=f"--input {given}", instead="send a reference instead"
        )
    return message


@click.command()
@app_option
@database_option
@cloud_option
@click.argument("contract")
@input_option
@click.option(
    "--key",
    help="The idempotency key, for a contract that a handler fulfils: the same key does it once. Default: the "
    "identity in the message, or a new key where it names none or the contract reads.",
)
@click.option("--actor", default=ACTOR, show_default=True, help="Who asks, for the journal.")
@click.option("--on-behalf-of", help="For whom. Default: the actor.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def start(
    app_reference: str | None,
    database_url: str | None,
    cloud: Cloud | None,
    contract: str,
    given: str,
    key: str | None,
    actor: str,
    on_behalf_of: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Start CONTRACT with a message.

    A workflow's run is named, and goes as far as it can; a handler answers. Both are known by the identity in their
    message: the same start again is the same run, or gets the answer that is recorded, and the same identity with
    other content is refused. A handler's contract whose message names no identity, or that reads, is done anew each
    time, unless --key says which start is the same. Exits with 1 when the outcome is a refusal or a failure.
    """
    message = message_of(given)
    composition = composition_of(app_reference)
    if contract not in composition.workflows and contract not in composition.handlers:
        known = ", ".join([*composition.workflows, *composition.handlers])
        raise NotFound(
            f"app {composition.name} has no contract {contract}", place="CONTRACT", instead=f"name one of: {known}"
        )
    if cloud is not None:
        with host_on(cloud, composition, database_url, "start") as host:
            asked_for = on_behalf_of or actor
            return _start_on(cloud, host, contract, message, actor, asked_for, as_json=as_json)
    if contract in composition.handlers:
        return _ask(
            composition,
            database_of(database_url),
            contract,
            message,
            key=key,
            actor=actor,
            on_behalf_of=on_behalf_of or actor,
            as_json=as_json,
        )
    if key is not None:
        raise click.BadParameter("a run is known by the identity in its message", param_hint="--key")
    from isthmus.adapters.cli.engines import engine_or_operations  # noqa: PLC0415  # after what can be wrong cheaply

    with engine_or_operations(composition, database_of(database_url)) as engine:
        run_id = engine.start(contract, message, actor=actor, on_behalf_of=on_behalf_of or actor)
        return _report(engine, database_of(database_url), run_id, as_json=as_json)


def _ask(
    composition: Composition,
    database_url: str,
    contract: str,
    message: bytes,
    *,
    key: str | None,
    actor: str,
    on_behalf_of: str,
    as_json: bool,
) -> int:
    import msgspec  # noqa: PLC0415

    from isthmus.adapters.cli.engines import engine_or_operations  # noqa: PLC0415

    with engine_or_operations(composition, database_url) as engine:
        try:
            found = engine.ask(contract, message, key=key, actor=actor, on_behalf_of=on_behalf_of)
            answer = msgspec.to_builtins(found)
        except Refusal as refusal:
            name, fields = type(refusal).__name__, msgspec.to_builtins(refusal.fields)
            if as_json:
                say_json({"refusal": name, "fields": fields})
            else:
                say(f"refused: {refusal}")
            return SOURCE
    say_json({"answer": answer} if as_json else answer)
    return 0


def _start_on(
    cloud: Cloud, host: Host, contract: str, message: bytes, actor: str, on_behalf_of: str, *, as_json: bool
) -> int:
    """Write a start down and have it begun; the run that it already is goes on as it does."""
    from isthmus.adapters.runtime import operating  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415
    from isthmus.adapters.sql.views import Views  # noqa: PLC0415

    run_id = operating.start(host, contract, message, actor=actor, on_behalf_of=on_behalf_of)
    if not as_json:
        say(f"run {run_id} of {contract} is written down")
    told = cloud.tell(host)
    with Views(host.database) as views:
        run = views.run(run_id)
    if as_json:
        say_json(plain(run))
    else:
        say_whether_told(cloud, told=told, what=f"its {cloud.carrier} is begun; it is {run.status}")
    return SOURCE if run.status in BAD_OUTCOMES else 0


def _report(engine: Any, database_url: str, run_id: str, *, as_json: bool) -> int:
    """Let the run go as far as it can, and say how it stands."""
    from isthmus.adapters.cli.engines import views_of  # noqa: PLC0415
    from isthmus.adapters.cli.shown import body_text  # noqa: PLC0415
    from isthmus.adapters.sql.shown import plain  # noqa: PLC0415

    elsewhere = not hasattr(engine, "settle")
    if not elsewhere:
        engine.settle(timeout_seconds=SETTLE_SECONDS)
    with views_of(database_url) as views:
        run = views.run(run_id)
    if as_json:
        say_json(plain(run))
    else:
        outcome = "" if run.outcome is None else f": {body_text(run.outcome, 400)}"
        say(f"run {run.run_id} of {run.contract} is {run.status}{outcome}")
        if elsewhere and run.status in ("started", "running"):
            say("the engine that holds the database goes on with it")
    return SOURCE if run.status in BAD_OUTCOMES else 0


@click.command()
@app_option
@database_option
@cloud_option
@click.argument("event")
@click.option("--key", required=True, help="The key by which a run waits.")
@input_option
@click.option("--id", "event_id", help="The event's id: one that came before is not taken again.")
@click.option("--actor", default=ACTOR, show_default=True, help="Who sends it, for the journal.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def send(
    app_reference: str | None,
    database_url: str | None,
    cloud: Cloud | None,
    event: str,
    key: str,
    given: str,
    event_id: str | None,
    actor: str,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Send EVENT to the run that waits for it by its key, or will; when no run ever will, it is handled as late."""
    message = message_of(given)
    composition = composition_of(app_reference)
    if event not in composition.events:
        known = ", ".join(composition.events) or "it waits for none"
        raise NotFound(f"app {composition.name} has no event {event}", place="EVENT", instead=f"name one of: {known}")
    if cloud is not None:
        from isthmus.adapters.runtime import operating  # noqa: PLC0415

        with host_on(cloud, composition, database_url, "send") as host:
            operating.send(host, event, key, message, event_id=event_id, actor=actor)
            told = cloud.tell(host)
            _say_sent(host.database, event, key, as_json=as_json)
            if not as_json:
                say_whether_told(cloud, told=told, what=f"its {cloud.carrier} is told")
        return 0
    from isthmus.adapters.cli.engines import engine_or_operations  # noqa: PLC0415
    from isthmus.adapters.sql.database import Database  # noqa: PLC0415

    with engine_or_operations(composition, database_of(database_url)) as engine:
        engine.send(event, key=key, message=message, event_id=event_id, actor=actor)
        if hasattr(engine, "settle"):
            engine.settle(timeout_seconds=SETTLE_SECONDS)
    database = Database.open(database_of(database_url), migrate=False)
    try:
        _say_sent(database, event, key, as_json=as_json)
    finally:
        database.close()
    return 0


def _say_sent(database: Database, event: str, key: str, *, as_json: bool) -> None:
    """Say which run took the event, if one has."""
    from sqlalchemy import select  # noqa: PLC0415

    from isthmus.adapters.sql.schema import MAILBOX  # noqa: PLC0415
    from isthmus.adapters.sql.views import Views  # noqa: PLC0415

    query = (
        select(MAILBOX.c.state, MAILBOX.c.taken_by_run)
        .where(MAILBOX.c.event == event, MAILBOX.c.key == key)
        .order_by(MAILBOX.c.sequence.desc())
        .limit(1)
    )
    with database.engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    state, run_id = (row.state, row.taken_by_run) if row else ("sent", None)
    status = None
    if run_id is not None:
        with Views(database) as views:
            status = views.run(run_id).status
    if as_json:
        say_json({"event": event, "key": key, "state": state, "run_id": run_id, "run_status": status})
    elif run_id is not None:
        say(f"{event} {key} was taken by run {run_id}, which is {status}")
    else:
        say(f"{event} {key} is {state}")
