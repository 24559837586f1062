"""Packaging: what the folders that are deployed to a cloud have in common, and how they are written.

requirements.txt   everything that runs there, at exactly these versions
wheels/            our own code
workflows.lock     the versions that may have live runs, when the App has a lock,
workflows.kept/    and their sources
<the App's module> when it is none of ours

What a cloud finds in a folder is proved in a process of its own, with the code of the folder's own wheel.
"""

from __future__ import annotations

import compileall
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.adapters.runtime.workflows_lock import copy_lock, hold_to_lock, home_of, is_locked
from isthmus.core.composition import Composition
from isthmus.core.errors import InputError, NotFound, SourceError

SECONDS_TO_PROVE_MAX: Final = 120
LEFT_BEHIND: Final = (
    ".git*",
    ".venv",
    "__pycache__",
    "*.pyc",
    "tests",
    "/settings.json",
    "local.settings.json",
    "*.db",
    "*.db.files",
)
"""What is not deployed: of the App's package, and by the clouds' own tools of the folder."""


class OtherApp(SourceError):
    """Report an App that is not the one which its folder was packaged from."""

    code = "ISTH142"


class PackageInTheWay(InputError):
    """Report a folder that holds something else than a package."""

    code = "ISTH260"


# Folders


def folders_of(
    units: Sequence[str], folder: Path, only: str | None, is_package: Callable[[Path], bool]
) -> dict[str, Path]:
    """Return the folder of each unit, or of one, below one folder, whose packages are taken away.

    An App of one unit has its package in the folder itself. Raises NotFound (ISTH203), PackageInTheWay (ISTH260).
    """
    if only is not None and only not in units:
        raise NotFound("the app has no such unit", place=only, instead=f"name one of {', '.join(units)}")
    if len(units) == 1:
        folders = {units[0]: folder}
    else:
        folders = {unit: folder / unit for unit in ([only] if only else units)}
        if only is None or is_package(folder):
            clear(folder, is_package)
    for inside in folders.values():
        clear(inside, is_package)
    return folders


def clear(folder: Path, is_package: Callable[[Path], bool]) -> None:
    """Take a package away, or those of units. Raises PackageInTheWay (ISTH260) when there is something else."""
    if folder.exists() and not is_package(folder) and not all(map(is_package, folder.iterdir())):
        raise PackageInTheWay("it holds something else", place=str(folder), instead="name a new folder with -o")
    shutil.rmtree(folder, ignore_errors=True)


def locked_home(reference: str, composition: Composition) -> Path:
    """Return the folder of an App's lock, which lists what would be deployed.

    Raises LockStale (ISTH116), LockInvalid (ISTH115).
    """
    home = home_of(reference.partition(":")[0])
    if is_locked(composition.name, home):
        hold_to_lock(composition, home)
    return home


def write_common(reference: str, composition: Composition, folder: Path, home: Path, extras: Iterable[str]) -> None:
    """Make a folder, and write what every cloud's folder has: our code, what it needs, the App, and its lock."""
    (folder / "wheels").mkdir(parents=True)
    wheel = write_wheel(folder / "wheels")
    write(folder / "requirements.txt", "\n".join([f"./wheels/{wheel.name}", *sorted(pinned(extras))]) + "\n")
    _copy_app(reference.partition(":")[0], folder)
    copy_lock(composition.name, home, folder)


def write(path: Path, text: str) -> None:
    """Write a file of text."""
    path.write_text(text, "utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a file of JSON, for people to read."""
    write(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def size_of(folder: Path) -> int:
    """Return how many bytes a package has."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# Our own code


def write_wheel(folder: Path) -> Path:
    """Write a wheel of the packages of ours that run in this process, and return its path."""
    about = metadata.metadata("isthmus")
    name = f"isthmus-{about['Version']}"
    path = folder / f"{name}-py3-none-any.whl"
    record: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file, inside in _own_files():
            record.append(_put(wheel, inside, file.read_bytes()))
        record.append(_put(wheel, f"{name}.dist-info/METADATA", str(about).encode()))
        tags = b"Wheel-Version: 1.0\nGenerator: isthmus\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record.append(_put(wheel, f"{name}.dist-info/WHEEL", tags))
        record.append(f"{name}.dist-info/RECORD,,")
        wheel.writestr(_entry(f"{name}.dist-info/RECORD"), "\n".join(record) + "\n")
    return path


def _own_files() -> Iterator[tuple[Path, str]]:
    for package in ("core", "contracts", "handlers", "adapters", "trading_day"):
        root = Path(importlib.import_module(f"isthmus.{package}").__path__[0])
        for file in sorted(root.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file, f"isthmus/{package}/{file.relative_to(root).as_posix()}"


def _put(wheel: zipfile.ZipFile, inside: str, content: bytes) -> str:
    wheel.writestr(_entry(inside), content)
    digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
    return f"{inside},sha256={digest},{len(content)}"


def _entry(inside: str) -> zipfile.ZipInfo:
    """Return an entry without a time: the same code gives the same wheel."""
    entry = zipfile.ZipInfo(inside, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def pinned(extras: Iterable[str]) -> set[str]:
    """Return what our code needs with some extras, and what that needs, at the versions that are installed here."""
    found: dict[str, str] = {}
    waiting = [(name, frozenset[str]()) for name in _needed("isthmus", frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        (requirement, _) = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        name, extras = _name_and_extras(requirement)
        try:
            found[re.sub(r"[-_.]+", "-", name).lower()] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # its marker is for another platform or version of Python
        waiting += [(inner, frozenset[str]()) for inner in _needed(name, extras)]
    return {f"{name}=={version}" for name, version in found.items()}


def _needed(name: str, extras: frozenset[str]) -> list[str]:
    needed = []
    for requirement in metadata.requires(name) or ():
        text, _, marker = requirement.partition(";")
        wanted = re.search(r"""extra\s*==\s*['"]([^'"]+)['"]""", marker)
        if wanted is None or wanted[1] in extras:
            needed.append(text)
    return needed


def _name_and_extras(requirement: str) -> tuple[str, frozenset[str]]:
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", requirement)
    assert match is not None
    return match[1], frozenset(one.strip() for one in (match[2] or "").split(",") if one.strip())


def _copy_app(module: str, folder: Path) -> None:
    """Copy the top-level module or package that the App is in, unless it is one of ours."""
    top = module.partition(".")[0]
    if top == "isthmus":
        return
    found = importlib.import_module(top)
    if hasattr(found, "__path__"):
        source = Path(next(iter(found.__path__)))
        shutil.copytree(source, folder / top, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    else:
        shutil.copy(Path(str(found.__file__)), folder / f"{top}.py")


# The proof


def prove(folder: Path, module: str, *arguments: str) -> tuple[bytes | None, str]:
    """Run a module of ours on a package, with the code of its own wheel; return its last line, or None, and stderr."""
    with tempfile.TemporaryDirectory(prefix="isthmus-") as unpacked:
        for wheel in (folder / "wheels").glob("*.whl"):
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(unpacked)
        compileall.compile_dir(unpacked, quiet=2)  # as an installation does: the import time is told
        done = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-P", "-m", module, str(folder.resolve()), *arguments],
            env={**os.environ, "PYTHONPATH": unpacked},
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS_TO_PROVE_MAX,
        )
    lines = done.stdout.splitlines()
    return (lines[-1].encode() if lines and not done.returncode else None), done.stderr.strip()
