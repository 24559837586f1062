"""The lock: which versions of each workflow may have live runs, and where their sources are kept.

    workflows.lock                              beside the pyproject.toml of the app's module, else beside that module
    workflows.kept/<contract>_<version>.py      the function as it was, beside the lock

The lock is TOML, a table for each app: the versions of each contract, in the order in which they were locked.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.core.app import App
from isthmus.core.composition import Composition
from isthmus.core.errors import IsthmusError, SourceError
from isthmus.core.program import Problem
from isthmus.core.program.kept import Kept, LockInvalid, kept_text
from isthmus.core.versions import check_earlier, revive

LOCK: Final = "workflows.lock"
KEPT: Final = "workflows.kept"
HEAD: Final = (
    "# The versions of each workflow that may have live runs, in the order in which they were locked.\n"
    f"# `isthmus lock` writes this file, and keeps their sources in {KEPT}/: commit both.\n"
)
WRITTEN: Final = ".isthmus"
"""What stands below a folder of this name was written by a command, and belongs to the folder that holds it."""

INSTALLED: Final = ("site-packages", "dist-packages")

type Tables = dict[str, dict[str, list[str]]]
"""By app and contract, versions."""


class LockStale(SourceError):
    """Report workflows that have changed since workflows.lock was written."""

    code = "ISTH116"


def home_of(module: str) -> Path:
    """Return the folder in which the lock of an app's module belongs, be it there or not."""
    found = Path(str(importlib.import_module(module).__file__)).resolve().parent
    if WRITTEN in found.parts:
        found = Path(*found.parts[: found.parts.index(WRITTEN)])
    for folder in (found, *found.parents):
        if folder.name in INSTALLED:
            break
        if (folder / "pyproject.toml").is_file():
            return folder
    return found


def read_tables(folder: Path) -> Tables:
    """Return what the lock in a folder says; nothing when there is none. Raises LockInvalid (ISTH115)."""
    path = folder / LOCK
    if not path.is_file():
        return {}
    try:
        tables: Tables = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Tables.__value__)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as fault:
        raise _not_a_lock(path, str(fault)) from None
    for contracts in tables.values():
        for contract, versions in contracts.items():
            if not contract.isidentifier():
                raise _not_a_lock(path, f"{contract!r} is the name of no contract")
            for version in versions:
                if not re.fullmatch("[0-9a-f]{16}", version):
                    raise _not_a_lock(path, f"{version!r} is no version of {contract}: 16 hexadecimal digits")
    return tables


def _not_a_lock(path: Path, why: str) -> LockInvalid:
    return LockInvalid(f"it is no lock: {why}", place=str(path), instead="put it back as `isthmus lock` wrote it")


def write_tables(folder: Path, tables: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Write a lock, whole or not at all."""
    lines = [HEAD]
    for app, contracts in sorted(tables.items()):
        lines.append(f"\n[{app if re.fullmatch('[A-Za-z0-9_-]+', app) else json.dumps(app)}]\n")
        for contract, versions in sorted(contracts.items()):
            lines.append(f"{contract} = {json.dumps(versions)}\n")
    written = folder / f"{LOCK}.new"
    written.write_text("".join(lines), "utf-8")
    written.replace(folder / LOCK)


def source_file(folder: Path, contract: str, version: str) -> Path:
    """Return the file in which a version's source is kept."""
    return folder / KEPT / f"{contract}_{version}.py"


def kept_sources(app: str, folder: Path) -> list[Kept]:
    """Return the sources that the lock in a folder keeps for an app. Raises LockInvalid (ISTH115)."""
    return [
        _kept(folder, contract, version)
        for contract, versions in read_tables(folder).get(app, {}).items()
        for version in versions
    ]


def _kept(folder: Path, contract: str, version: str) -> Kept:
    path = source_file(folder, contract, version)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise LockInvalid(
            f"the source of version {version} of {contract} is locked, and cannot be read",
            place=str(path),
            instead=f"put it back, or have no live run of it and: isthmus lock --drop {contract} {version}",
        ) from None
    return Kept(contract=contract, version=version, file=str(path), text=text)


def load_app(app: App, module: str, folder: Path | None = None) -> Composition:
    """Load an App with the earlier versions that its lock keeps, which is in the folder or where it belongs.

    Raises AppRefused (ISTH110), LockInvalid (ISTH115).
    """
    return app.load(kept_sources(app.name, home_of(module) if folder is None else folder))


def is_locked(app: str, folder: Path) -> bool:
    """Say whether the lock in a folder keeps versions of an app."""
    return app in read_tables(folder)


def unlocked(composition: Composition, folder: Path) -> list[tuple[str, str]]:
    """Return the contracts, each with today's version, that the lock of a folder does not list."""
    locked = read_tables(folder).get(composition.name, {})
    return [
        (name, program.version)
        for name, program in composition.programs.items()
        if program.version not in locked.get(name, ())
    ]


def hold_to_lock(composition: Composition, folder: Path) -> None:
    """See that the lock lists every version of today, with a source that is still that version.

    Raises LockStale (ISTH116), LockInvalid (ISTH115).
    """
    missing = ", ".join(f"{name} {version}" for name, version in unlocked(composition, folder))
    if missing:
        raise LockStale(
            f"it does not list today's versions: {missing}",
            place=str(folder / LOCK),
            instead="run `isthmus lock` and commit what it writes",
        )
    for name, program in composition.programs.items():
        prove(_kept(folder, name, program.version), composition)


def prove(kept: Kept, composition: Composition) -> None:
    """See that a kept source is the version that it is kept as. Raises LockInvalid (ISTH115)."""
    problems: list[SourceError | Problem] = []
    earlier = revive([kept], composition.workflows, problems.append)
    check_earlier(earlier, composition.workflows, (), problems.append)
    if problems:
        raise LockInvalid(
            "\n".join([f"the kept source is not version {kept.version}:", *map(str, problems)]),
            place=kept.file,
            instead="run `isthmus lock`",
        )


def update_lock(app: App, folder: Path) -> list[tuple[str, str]]:
    """Lock the versions of today beside those that are locked, and return what was added.

    Nothing is written when an earlier version can no longer be loaded.

    Raises AppRefused (ISTH110), LockInvalid (ISTH115).
    """
    today = app.load()
    tables = read_tables(folder)
    locked = tables.setdefault(app.name, {})
    versions = {name: program.version for name, program in today.programs.items()}
    app.load(
        [_kept(folder, name, one) for name, listed in locked.items() for one in listed if one != versions.get(name)]
    )
    writing: list[Kept] = []
    for name, version in versions.items():
        if not _is_kept(today, folder, name, version):
            text = kept_text(today.workflows[name], version)
            file = str(source_file(folder, name, version))
            writing.append(Kept(contract=name, version=version, file=file, text=text))
            prove(writing[-1], today)
    added = unlocked(today, folder)
    for one in writing:
        Path(one.file).parent.mkdir(exist_ok=True)
        Path(one.file).write_text(one.text, "utf-8")
    for name, version in added:
        locked.setdefault(name, []).append(version)
    if added:
        write_tables(folder, tables)
    return added


def _is_kept(composition: Composition, folder: Path, contract: str, version: str) -> bool:
    try:
        prove(_kept(folder, contract, version), composition)
    except IsthmusError:
        return False
    return True


def drop_version(app: str, folder: Path, contract: str, version: str) -> None:
    """Take a version off the lock, and its source away. Whoever calls knows that it has no live runs."""
    tables = read_tables(folder)
    locked = tables[app]
    locked[contract] = [one for one in locked[contract] if one != version]
    if not locked[contract]:
        del locked[contract]
    write_tables(folder, tables)
    if not any(version in contracts.get(contract, ()) for contracts in tables.values()):
        source_file(folder, contract, version).unlink(missing_ok=True)


def copy_lock(app: str, folder: Path, target: Path) -> None:
    """Copy what the lock of a folder keeps for an app into another folder, when there is one."""
    locked: dict[str, Any] = read_tables(folder).get(app, {})
    if not locked:
        return
    write_tables(target, {app: locked})
    (target / KEPT).mkdir()
    for contract, versions in locked.items():
        for version in versions:
            shutil.copy(source_file(folder, contract, version), source_file(target, contract, version))
