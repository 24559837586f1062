"""`isthmus package`: write what is deployed, and prove that it would be found there."""

from __future__ import annotations

from pathlib import Path

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.output import say, say_table
from isthmus.adapters.cli.project import app_option, composition_of, reference_of

KIB = 1024


@click.group()
def package() -> None:
    """Write the deployable folder of an app."""


@package.command()
@app_option
@click.option(
    "-o",
    "--output",
    "folder",
    default=Path("dist/azure"),
    show_default=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it.",
)
def azure(app_reference: str | None, folder: Path) -> None:
    """Write a function app, and have Azure's own worker library index it.

    Exits with 1, and the worker's words, when Azure would not find its functions.
    """
    require("azure", "package azure")
    from isthmus.adapters.azure.package import index_package, size_of, write_package  # noqa: PLC0415  # an extra

    composition = composition_of(app_reference)
    write_package(reference_of(app_reference), composition, folder)
    indexed = index_package(folder)
    rows = [
        (name, bindings[-1].kind if len(bindings) == 1 else ", ".join(one.kind for one in bindings), detail)
        for name, bindings in indexed.functions.items()
        for detail in [next((one.detail for one in bindings if one.detail), "")]
    ]
    say_table(["function", "bindings", "reached by"], rows)
    units = composition.blueprint.units
    say(f"\n{len(rows)} functions in {folder}: {size_of(folder) / KIB:,.0f} KiB")
    say(
        f"Import: {indexed.import_ms:,.0f} ms, of which Azure's own libraries {indexed.floor_ms:,.0f} ms "
        f"({indexed.import_ms / indexed.floor_ms:.2f} times these alone); "
        f"the app, at the first invocation: {indexed.load_ms:,.0f} ms"
    )
    if len(units) > 1:
        say(f"The units {', '.join(units)} share this one folder: they scale together.")
