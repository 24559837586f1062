"""`isthmus package`: write what is deployed, and prove that it would be found there."""

from __future__ import annotations

from pathlib import Path

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.output import say, say_table
from isthmus.adapters.cli.project import app_option, composition_of, reference_of
from isthmus.adapters.runtime.packaging import size_of

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


@package.command()
@app_option
@click.option(
    "-o",
    "--output",
    "folder",
    default=Path("dist/google"),
    show_default=True,
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write it.",
)
@click.option("--unit", metavar="NAME", help="Write this unit alone. Default: each, in a folder of its own.")
def google(app_reference: str | None, folder: Path, unit: str | None) -> None:
    """Write a function for each unit, and the workflows; load them as functions-framework does.

    An app of one unit is written to FOLDER itself, each of several to FOLDER/UNIT. Exits with 1 when Google Cloud would
    refuse the app, or a folder does not load.
    """
    require("google", "package google")
    from isthmus.adapters.gcp.manifest import read_manifest  # noqa: PLC0415  # an extra
    from isthmus.adapters.gcp.package import WORKFLOWS, load_package, write_units  # noqa: PLC0415
    from isthmus.core.blueprint import reached_units  # noqa: PLC0415

    composition = composition_of(app_reference)
    folders = write_units(reference_of(app_reference), composition, folder, unit)
    home, *others = reached_units(composition.blueprint)
    for name, inside in folders.items():
        if others:
            say(f"Unit {name}{', home of the workflows' if name == home else ''}")
        manifest = read_manifest(inside)
        rows = [
            (one.kind, f"{one.method} {one.path}", one.subscription or one.cron, str(inside / "main.py"))
            for one in manifest.triggers
        ]
        if rows:
            say_table(["called by", "path", "by name or cron", "file"], rows)
        loaded = load_package(inside)
        say(f"\nOne function in {inside}: {size_of(inside) / KIB:,.0f} KiB")
        say(
            f"Import: {loaded.import_ms:,.0f} ms, of which functions-framework {loaded.floor_ms:,.0f} ms "
            f"({loaded.import_ms / loaded.floor_ms:.2f} times that alone); "
            f"the app, at the first request: {loaded.load_ms:,.0f} ms\n"
        )
    if home in folders:
        written = sorted((folders[home] / WORKFLOWS).iterdir())
        say_table(["workflow", "file"], [(file.stem, str(file)) for file in written])
