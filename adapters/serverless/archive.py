"""The archive: what `package` makes of a stage, what `deploy` takes, and what is kept so that it can be deployed again.

isthmus.zip                                            in .serverless/, or where --package says
    stage.json                                         Packed: whose it is
    package/…                                          what `isthmus package CLOUD` wrote
.isthmus/serverless/STAGE/kept/20261128T210500Z.zip    one for each deployment that went well
"""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from isthmus.adapters.serverless.module import FOLDER, write_private
from isthmus.core.errors import InputError

PACKAGE: Final = "package"
STAGE: Final = "stage.json"
KEPT: Final = "kept"
KEPT_AT_MOST: Final = 5
MOMENT: Final = "%Y%m%dT%H%M%SZ"


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """Say whose an archive is, and by which version it was made."""

    service: str
    stage: str
    cloud: str
    app: str
    isthmus: str


class ArchiveInvalid(InputError):
    """Report an archive that is none of this stage, or none at all."""

    code = "ISTH287"


class NothingKept(InputError):
    """Report a package that was not kept, so that it cannot be deployed again."""

    code = "ISTH288"


def pack(folder: Path, packed: Packed, archive: Path) -> None:
    """Write the archive of a packaged folder, readable by its owner alone."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    write_private(archive, b"")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(_entry(STAGE), msgspec.json.encode(packed))
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            written.writestr(_entry(f"{PACKAGE}/{file.relative_to(folder).as_posix()}"), file.read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry without a time: the same package gives the same archive."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def unpack(archive: Path, wanted: Packed, folder: Path) -> Path:
    """Unpack the archive of a stage, and return the packaged folder. Raises ArchiveInvalid (ISTH287)."""
    try:
        with zipfile.ZipFile(archive) as opened:
            packed = msgspec.json.decode(opened.read(STAGE), type=Packed)
            _hold_to(packed, wanted, archive)
            opened.extractall(folder)
    except (OSError, zipfile.BadZipFile, KeyError, msgspec.DecodeError):
        raise ArchiveInvalid(
            "it is no archive of serverless package", place=str(archive), instead="package the service first"
        ) from None
    return folder / PACKAGE


def _hold_to(packed: Packed, wanted: Packed, archive: Path) -> None:
    for name in ("service", "stage", "cloud"):
        found, expected = getattr(packed, name), getattr(wanted, name)
        if found != expected:
            raise ArchiveInvalid(
                f"it is of {name} {found}, and not {expected}", place=str(archive), instead="package this stage"
            )


def keep(archive: Path, stage: str, now: datetime) -> Path:
    """Keep an archive that was deployed, and forget the oldest beyond the last few."""
    folder = FOLDER / stage / KEPT
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{now.astimezone(UTC):{MOMENT}}.zip"
    write_private(path, archive.read_bytes())
    for old in kept(stage)[:-KEPT_AT_MOST]:
        (folder / f"{old}.zip").unlink()
    return path


def kept(stage: str) -> list[str]:
    """Return the moments of the deployments that are kept, the oldest first."""
    return sorted(path.stem for path in (FOLDER / stage / KEPT).glob("*.zip"))


def kept_archive(stage: str, moment: str) -> Path:
    """Return the archive of a deployment that is kept. Raises NothingKept (ISTH288)."""
    moments = kept(stage)
    if moment not in moments:
        known = ", ".join(moments) or "there is none"
        raise NothingKept("no deployment of that time is kept", place=f"-t {moment}", instead=f"name one of: {known}")
    return FOLDER / stage / KEPT / f"{moment}.zip"
