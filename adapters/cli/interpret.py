"""`isthmus interpret`: run a Google Workflows YAML on this machine, compiled or written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import complain, say_json
from isthmus.adapters.cli.start import InputUnreadable
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import MessageInvalid

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter import Outcome, Request

FILE_BYTES_MAX: Final = 1024 * 1024


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--args", "arguments", metavar="JSON", help="The argument of the execution.")
@click.option("--env", "environment", metavar="NAME=VALUE", multiple=True, help="An environment variable; repeatable.")
@click.option("--token", metavar="TOKEN", help="The bearer token of calls with auth; without it they are AuthErrors.")
@click.option(
    "--choices", type=int, metavar="SEED", help="Draw what no page says from a seed, and tell what was drawn."
)
@click.option("--real-time", is_flag=True, help="Let sleeps and time-outs take their time; serve callbacks.")
def interpret(  # one parameter an option
    file: Path,
    arguments: str | None,
    environment: tuple[str, ...],
    token: str | None,
    choices: int | None,
    *,
    real_time: bool,
) -> int:
    """Run the Google Workflows YAML (or JSON) in FILE, and print {"result": …} or {"error": …}.

    It does what Google documents, with every limit, and refuses what no page describes. Where pages leave a point open
    it takes the first answer of docs/portable-python.md, or draws one: a workflow whose result changes with --choices
    depends on what nobody promises. HTTP calls are real; time is virtual unless --real-time is given. Exits with 1 when
    the execution fails or FILE is no workflow.
    """
    require("google", "interpret")
    text, argument = _text_of(file), _argument_of(arguments)
    outcome, drawn = _run(text, file.name, argument, _environment_of(environment), token, choices, real_time=real_time)
    for question, answer in drawn.items():
        complain(f"drawn: {question}: {answer}")
    for entry in outcome.logs:
        complain(f"{entry.severity}: {entry.payload}")
    if outcome.failed:
        complain(outcome.context)
        say_json({"error": outcome.error})
        return SOURCE
    say_json({"result": outcome.result})
    return 0


def _run(
    text: str,
    name: str,
    argument: Any,
    environment: dict[str, str],
    token: str | None,
    seed: int | None,
    *,
    real_time: bool,
) -> tuple[Outcome, dict[str, str]]:
    from isthmus.adapters.gcp.interpreter import (  # noqa: PLC0415  # only here
        CallbackServer,
        First,
        HttpTransport,
        RealClock,
        Scheduler,
        Seeded,
        VirtualClock,
        load,
        start,
    )

    def identity(_: Request) -> str:
        return f"Bearer {token}"

    workflow = load(text, name=name)
    choices = First() if seed is None else Seeded(seed)
    transport = HttpTransport(None if token is None else identity)
    scheduler = Scheduler(RealClock() if real_time else VirtualClock(), choices)
    try:
        with CallbackServer(scheduler) as server:
            execution = start(
                workflow,
                argument,
                scheduler=scheduler,
                transport=transport,
                callbacks=server.callbacks,
                environment=environment,
            )
            scheduler.run()
    finally:
        transport.close()
    assert execution.outcome is not None
    drawn = {} if seed is None else {point.question: answer for point, answer in execution.answers.given.items()}
    return execution.outcome, drawn


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(FILE_BYTES_MAX + 1)
        return raw.decode()
    except OSError as fault:
        problem = f"cannot be read: {fault.strerror}"
    except UnicodeDecodeError:
        problem = "cannot be read: it is not UTF-8"
    raise InputUnreadable(problem, place=str(file), instead="name a file with a workflow")


def _argument_of(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogateescape"))
    except UNREADABLE as wrong:
        raise MessageInvalid(f"this is not JSON: {wrong}", place="--args", instead="""write '{"key": 1}'""") from None


def _environment_of(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals or name.startswith(("GOOGLE_", "WORKFLOWS_")):
            raise click.BadParameter(f"{pair} is not NAME=VALUE, or a reserved name", param_hint="--env")
        found[name] = value
    return found
