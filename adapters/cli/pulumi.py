"""`isthmus pulumi`: begin a Pulumi project that deploys an app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from isthmus.adapters.cli.output import say
from isthmus.adapters.cli.project import app_of, app_option, find_project
from isthmus.core.errors import InputError

PROJECT: Final = """name: {name}
description: Deploys the app {app}.
runtime: python
"""

PROGRAM: Final = '''"""Deploy the app {app}."""

from isthmus.provision.deployment import deploy

deploy()
'''


class ProjectInTheWay(InputError):
    """Report a folder that has a Pulumi project already."""

    code = "ISTH284"


@click.group()
def pulumi() -> None:
    """Deploy an app to Azure or Google Cloud with Pulumi."""


@pulumi.command()
@app_option
@click.option(
    "-o",
    "--output",
    "folder",
    default=Path(),
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it. Default: the current folder.",
)
def init(app_reference: str | None, folder: Path) -> None:
    """Write Pulumi.yaml and a __main__.py of five lines; `pulumi up` does the rest.

    What is there already is left as it is.
    """
    app = app_of(app_reference)
    reference = app_reference or find_project(Path.cwd()).app
    files = {
        "Pulumi.yaml": PROJECT.format(name=re.sub(r"[^A-Za-z0-9_.-]", "-", app.name), app=app.name),
        "__main__.py": PROGRAM.format(app=app.name),
    }
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise ProjectInTheWay(
            f"{' and '.join(taken)} is there already", place=str(folder), instead="name another folder with -o"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    say(f"Wrote {' and '.join(files)} in {folder.resolve()}. Next:")
    say("  pulumi stack init dev")
    say(f"  pulumi config set isthmus:app {reference}")
    say("  pulumi config set isthmus:cloud azure        (or google)")
    say("  pulumi config set isthmus:region westeurope")
    say("  pulumi preview")
