"""`isthmus evidence`: what a deployment would hold, where, under which controls: a page to read and a file to check."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Final

import click
import msgspec

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import counted, say
from isthmus.adapters.cli.regions import policy_of_project
from isthmus.adapters.residency.shipped import PolicyUnreadable, facts, facts_bytes, policy_text
from isthmus.adapters.runtime.clock import SystemClock
from isthmus.core.errors import EnvironmentFault
from isthmus.core.residency.evidence import evidence as evidence_of
from isthmus.core.residency.evidence_page import page
from isthmus.core.residency.policy_file import read_policy
from isthmus.core.residency.preview.resource import read_preview

PAGE: Final = "evidence.html"
DATA: Final = "evidence.json"


class PulumiUnavailable(EnvironmentFault):
    """Report that Pulumi could not preview the stack, in its own words."""

    code = "ISTH381"


@click.command()
@click.option("--stack", metavar="NAME", help="The stack to preview. Default: the one that is selected.")
@click.option(
    "--preview",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What pulumi preview --json --show-sames printed. Default: it is run here.",
)
@click.option(
    "--policy", "reference", metavar="FILE|PRESET", help="The policy. Default: residency.toml of the project."
)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Where to write {PAGE} and {DATA}.",
)
def evidence(stack: str | None, file: Path | None, reference: str | None, folder: Path) -> int:
    """Write what a stack would hold, where, under which key, who may read, and each control with its test.

    It is built from a preview, so it exists before anything is deployed, and says what was never run in a real cloud.
    Exits with 1 when a resource is not within the policy: the findings are in what was written.
    """
    name, text = policy_text(reference or policy_of_project())
    known = facts()
    policy = read_policy(text, known, name=name)
    printed = _preview_of(stack) if file is None else _read(file)
    shown = evidence_of(
        read_preview(printed, name=str(file or "pulumi preview")),
        policy,
        known,
        stack=stack or (file.stem if file else "the selected stack"),
        on=SystemClock().now().date(),
        inputs=_digests({"preview": printed, "policy": text.encode(), "facts about regions": facts_bytes()}),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(shown), "utf-8")
    (folder / DATA).write_bytes(msgspec.json.format(msgspec.json.encode(shown, order="deterministic"), indent=1))
    told = counted(len(shown.findings), "finding") if shown.findings else "no finding"
    say(f"{counted(len(shown.holdings), 'resource')} that may hold data, {told}: {folder / PAGE} and {folder / DATA}")
    return SOURCE if shown.findings else 0


def _digests(inputs: dict[str, bytes]) -> dict[str, str]:
    """Return the digest of each input, and of all of them together."""
    each = {name: sha256(content).hexdigest() for name, content in inputs.items()}
    return {**each, "all of these": sha256("\n".join(f"{k} {v}" for k, v in each.items()).encode()).hexdigest()}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise PolicyUnreadable(
            f"it cannot be read: {fault.strerror}", place=str(file), instead="pulumi preview --json --show-sames > FILE"
        ) from None


def _preview_of(stack: str | None) -> bytes:
    command = shutil.which("pulumi")
    if command is None:
        raise PulumiUnavailable("there is no pulumi", place="PATH", instead="install it, or give --preview FILE")
    chosen = ["--stack", stack] if stack else []
    arguments = [command, "preview", "--json", "--show-sames", "--non-interactive", *chosen]
    done = subprocess.run(arguments, capture_output=True, check=False)  # noqa: S603  # it is the command that was found
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise PulumiUnavailable(
            words[-1] if words else "it said nothing", place="pulumi preview", instead="see that pulumi preview works"
        )
    return done.stdout
