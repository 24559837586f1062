"""Packages: the folders that `isthmus package` writes, each as one archive that is the same for the same code.

dist/azure/critical/, dist/azure/normal/    the folder of each unit; of an App of one unit, dist/azure itself
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from isthmus.core.errors import InputError
from isthmus.provision.demand import Demand
from isthmus.provision.stack import Stack

WRITTEN_HERE: Final = Path(".isthmus/packages")
"""Where the program has packages written, and keeps what it uploads."""

VENDORED: Final = ".python_packages/lib/site-packages"
"""Where a package carries wheels that are installed already, as Azure Functions looks for them."""

FITTING_TAG: Final = re.compile(r"(?:cp3\d+|py3|py2\.py3)-(?:cp313|abi3|none)-(?:any|(?:many)?linux\S*_x86_64)")
"""The wheels that run where the functions do: CPython 3.13 on Linux, x86-64."""

LEFT_BEHIND: Final = frozenset({"local.settings.json", "settings.json", ".funcignore", ".gcloudignore"})
"""What a package says to people, and is not deployed."""

DIGEST_LENGTH: Final = 16

MIGRATIONS: Final = "migrations"

ENTRY_OF_MIGRATIONS: Final = {
    "azure": {
        "function_app.py": """\"\"\"Migrate the database of this app: the program of `pulumi up` wrote this.\"\"\"

from isthmus.adapters.azure.migrating import migrating_app

app = migrating_app()
""",
        "functions.json": "[]\n",
        "host.json": """{
  "version": "2.0",
  "extensions": {"http": {"routePrefix": ""}}
}
""",
    },
    "google": {
        "main.py": """\"\"\"Migrate the database of this app: the program of `pulumi up` wrote this.\"\"\"

import functions_framework.aio

from isthmus.adapters.gcp.migrating import migrate

isthmus = functions_framework.aio.http(migrate)
""",
    },
}
"""What home's package has instead, where it is deployed to migrate: the same code, with another door."""


class PackageMissing(InputError):
    """Report a package that is not where it should be, or is not one of this App's units."""

    code = "ISTH281"


class WheelsDoNotFit(InputError):
    """Report wheels in a package that would not run where it is deployed."""

    code = "ISTH282"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """Be the package of a unit: its folder, its archive, and a digest of what is in it."""

    unit: str
    folder: Path
    archive: Path
    digest: str
    carries_wheels: bool


def packages_of(stack: Stack, demand: Demand, here: Path) -> dict[str, Package]:
    """Return the package of each unit, written now unless the stack names a folder.

    Raises PackageMissing (ISTH281), WheelsDoNotFit (ISTH282).
    """
    folder = here / stack.packages if stack.packages else _written(stack, here)
    found = {}
    for unit in demand.units:
        inside = folder if len(demand.units) == 1 else folder / unit.name
        found[unit.name] = archived(unit.name, inside, here / WRITTEN_HERE / "archives" / stack.name)
    return found


def _written(stack: Stack, here: Path) -> Path:
    folder = here / WRITTEN_HERE / stack.cloud
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "package", stack.cloud]
    done = subprocess.run(  # noqa: S603  # our own command
        [*command, "--app", stack.app, "-o", str(folder)], cwd=here, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackageMissing(
            f"the app cannot be packaged:\n{done.stderr.strip() or done.stdout.strip()}",
            place=stack.app,
            instead=f"isthmus package {stack.cloud}",
        )
    return folder


def migrations_of(home: Package, stack: Stack) -> Package:
    """Return the package that migrates the database: home's, with another entry."""
    return archived(MIGRATIONS, home.folder, home.archive.parent, ENTRY_OF_MIGRATIONS[stack.cloud])


def archived(unit: str, folder: Path, into: Path, instead: Mapping[str, str] | None = None) -> Package:
    """Write the archive of a package, whose bytes and name follow from the package's content alone.

    Files can have other content than in the folder. Raises PackageMissing (ISTH281), WheelsDoNotFit (ISTH282).
    """
    contents = {file.relative_to(folder).as_posix(): file.read_bytes() for file in _deployed(folder)}
    if not contents:
        raise PackageMissing(
            f"there is no package of unit {unit}", place=str(folder), instead="isthmus package, with the same -o"
        )
    _hold_to_platform(folder)
    contents |= {name: text.encode() for name, text in (instead or {}).items()}
    short = _digest(contents)
    archive = into / f"{unit}-{short}.zip"
    if not archive.is_file():
        into.mkdir(parents=True, exist_ok=True)
        _write(archive, contents)
    carries_wheels = any(name.startswith(VENDORED) for name in contents)
    return Package(unit=unit, folder=folder, archive=archive, digest=short, carries_wheels=carries_wheels)


def _digest(contents: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:DIGEST_LENGTH]


def _deployed(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*") if folder.is_dir() else ():
        inside = file.relative_to(folder)
        if file.is_file() and inside.as_posix() not in LEFT_BEHIND and "__pycache__" not in inside.parts:
            yield file


def _write(archive: Path, contents: Mapping[str, bytes]) -> None:
    unfinished = archive.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            opened.writestr(entry, content)
    unfinished.replace(archive)


def _hold_to_platform(folder: Path) -> None:
    """Raise WheelsDoNotFit (ISTH282) when some installed wheel is for another platform or Python."""
    for described in sorted((folder / VENDORED).glob("*.dist-info/WHEEL")):
        tags = re.findall(r"^Tag: (\S+)$", described.read_text("utf-8"), re.MULTILINE)
        if not any(FITTING_TAG.fullmatch(tag) for tag in tags):
            raise WheelsDoNotFit(
                f"{described.parent.name.removesuffix('.dist-info')} is for {', '.join(tags) or 'nothing'}",
                place=str(folder),
                instead="pip install --platform manylinux_2_28_x86_64 --python-version 3.13 --only-binary :all:, "
                f"with --target {VENDORED}",
            )
