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
@click.option("--unit", metavar="NAME", help="Write this unit alone. Default: each, in a folder of its own.")
def azure(app_reference: str | None, folder: Path, unit: str | None) -> None:
    """Write a function app for each unit, and have Azure's own worker library index it.

    An app of one unit is written to FOLDER itself, each of several to FOLDER/UNIT. Exits with 1, and the worker's
    words, when Azure would not find its functions.
    """
    require("azure", "package azure")
    from isthmus.adapters.azure.package import write_units  # noqa: PLC0415  # an extra
    from isthmus.adapters.azure.units import units_of  # noqa: PLC0415

    composition = composition_of(app_reference)
    folders = write_units(reference_of(app_reference), composition, folder, unit)
    units = units_of(composition)
    for name, inside in folders.items():
        if len(units) > 1:
            home = ", home of the workflows and of all that reaches the app" if name == units[0] else ""
            say(f"Unit {name}{home}")
        _prove(inside)


def _prove(folder: Path) -> None:
    """Index a folder, and print what the worker found there."""
    from isthmus.adapters.azure.package import index_package  # noqa: PLC0415  # an extra
    from isthmus.adapters.runtime.packaging import size_of  # noqa: PLC0415

    indexed = index_package(folder)
    rows = [
        (name, bindings[-1].kind if len(bindings) == 1 else ", ".join(one.kind for one in bindings), detail)
        for name, bindings in indexed.functions.items()
        for detail in [next((one.detail for one in bindings if one.detail), "")]
    ]
    say_table(["function", "bindings", "reached by"], rows)
    say(f"\n{len(rows)} functions in {folder}: {size_of(folder) / KIB:,.0f} KiB")
    say(
        f"Import: {indexed.import_ms:,.0f} ms, of which Azure's own libraries {indexed.floor_ms:,.0f} ms "
        f"({indexed.import_ms / indexed.floor_ms:.2f} times these alone); "
        f"the app, at the first invocation: {indexed.load_ms:,.0f} ms\n"
    )
