"""`isthmus compile`: workflows as YAML for Google's Workflows."""

from __future__ import annotations

from pathlib import Path

import click

from isthmus.adapters.cli.output import say
from isthmus.adapters.cli.project import app_option, composition_of
from isthmus.core.errors import NotFound


@click.command("compile")
@app_option
@click.option("--workflow", metavar="NAME", help="Only the workflow of this contract.")
@click.option("-o", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Write files here.")
def compile_(app_reference: str | None, workflow: str | None, folder: Path | None) -> None:
    """Print each workflow compiled to Google's Workflows, or write them as DIR/NAME.yaml.

    The same source gives the same bytes. Each file holds the workflows that it awaits, and takes {"run_id": …} as its
    argument; step names carry the lines of the source. DIR is made when it is not there, and what stands in it under
    other names is left alone. Exits with 1 when the app cannot be loaded: then nothing is written.
    """
    from isthmus.adapters.gcp.compiler import compile_workflow  # noqa: PLC0415  # only here

    composition = composition_of(app_reference)
    names = [workflow] if workflow else list(composition.programs)
    if not names:
        raise NotFound("the app has no workflow", place="the app", instead="name one in fulfils")
    for name in names:
        if name not in composition.programs:
            known = ", ".join(composition.programs) or "it has none"
            raise NotFound(f"the app has no workflow of {name}", place="--workflow", instead=f"name one of: {known}")
    texts = {name: compile_workflow(composition, name) for name in names}
    if folder is None:
        say("---\n".join(texts.values()).rstrip("\n"))
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
        say(str(folder / f"{name}.yaml"))
