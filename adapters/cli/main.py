"""The `isthmus` command: one table of its commands, each imported when it is asked for.

    isthmus check        write    isthmus.adapters.cli.check:check
    isthmus run          run      isthmus.adapters.cli.run:run

So `isthmus --help` and `isthmus --version` import neither a database nor an app.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import click

from isthmus.adapters.cli.faults import EXIT_CODES, report_and_exit


class Entry(NamedTuple):
    """Say where a command is, and what the overview says of it."""

    name: str
    module: str
    attribute: str
    summary: str


GROUPS: tuple[tuple[str, str, tuple[Entry, ...]], ...] = (
    (
        "Write",
        "",
        (
            Entry("check", "check", "check", "Check an app; print every problem, and what to write."),
            Entry("inspect", "inspect", "inspect", "Show workflows step by step, and the Blueprint."),
        ),
    ),
    (
        "Run",
        "",
        (
            Entry("run", "run", "run", "Put FIX orders through the brokerage, sum up the day."),
            Entry("serve", "serve", "serve", "Serve endpoints, topics and schedules on 127.0.0.1."),
            Entry("start", "start", "start", "Start a contract with a message."),
            Entry("send", "start", "send", "Send an event to the run that waits for it."),
            Entry("workflows", "workflows", "workflows", "List, show and cancel runs."),
            Entry("journal", "journal", "journal", "Show or export what was asked, decided and done."),
            Entry("dead-letters", "dead_letters", "dead_letters", "List, show and replay what waits for a person."),
        ),
    ),
    (
        "Ship",
        "",
        (
            Entry("lock", "lock", "lock", "Keep the versions of workflows that may have live runs."),
            Entry("regions", "regions", "regions", "List where a policy lets data live, and why not elsewhere."),
            Entry("evidence", "evidence", "evidence", "Write what a stack would hold, where, and its controls."),
            Entry("package", "package", "package", "Write what is deployed to a cloud, and prove that it loads."),
            Entry("serverless", "serverless", "serverless", "Do a verb for the Serverless Framework's plugin."),
            Entry("compile", "compile", "compile_", "Compile workflows to YAML for Google's Workflows."),
            Entry("pulumi", "pulumi", "pulumi", "Begin a Pulumi project that deploys an app."),
        ),
    ),
    (
        "Prove",
        "",
        (
            Entry("verify", "verify", "verify", "Hold handlers to their contracts' laws, under crashes."),
            Entry("rehearse", "rehearse", "rehearse", "Run the trading day as a cloud would; compare the journals."),
            Entry("interpret", "interpret", "interpret", "Run a Google Workflows YAML on this machine."),
        ),
    ),
)

ENTRIES = {entry.name: entry for _, _, entries in GROUPS for entry in entries}

EPILOG = "Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."


class Overview(click.Group):
    """List commands by what they are for, and import one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click passes it
        """Return the names of all commands."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, or return None when there is none of that name."""
        entry = ENTRIES.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"isthmus.adapters.cli.{entry.module}")
        found: click.Command = getattr(module, entry.attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands under the headings write, run, ship and prove."""
        for heading, note, entries in GROUPS:
            with formatter.section(heading):
                if note:
                    formatter.write_text(note)
                if entries:
                    formatter.write_dl([(entry.name, entry.summary) for entry in entries], col_max=14)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # click passes it
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415  # only for this

        click.echo(f"isthmus {version('isthmus')}")
        ctx.exit()


@click.group(
    cls=Overview, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.option("-v", "--verbose", is_flag=True, help="Log all, with tracebacks: may show personal data.")
@click.pass_context
def isthmus(context: click.Context, *, verbose: bool) -> None:
    """Write an order flow once, in typed Python; prove it and run it on this machine."""
    context.meta["isthmus.verbose"] = verbose


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command, and end the process with the code that says whose fault a failure is."""
    report_and_exit(lambda: isthmus.main(arguments, prog_name="isthmus", standalone_mode=False))


if __name__ == "__main__":
    main()
