"""The package: the folders that are deployed to Google Cloud, one for each unit, and the proof that they load.

main.py                names the App; its function is called `isthmus`
isthmus.json           what calls it, and the workflows with what they need to know
settings.json          the environment variables that it needs: names, and placeholders
requirements.txt       everything that runs here, at exactly these versions
.gcloudignore          what is left behind
workflows/             in the home unit: the YAML of each workflow, of every version that may have live runs
workflows.lock         these versions, when the App has a lock,
workflows.kept/        and their sources
wheels/                our own code
<the App's module>     when it is none of ours

Every unit's folder has the same code; they differ in what calls them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from isthmus.adapters.gcp.fitness import workflows_of
from isthmus.adapters.gcp.loading import Loaded
from isthmus.adapters.gcp.manifest import MANIFEST, manifest_of
from isthmus.adapters.gcp.settings import app_settings
from isthmus.adapters.runtime.packaging import (
    LEFT_BEHIND,
    folders_of,
    locked_home,
    prove,
    write,
    write_common,
    write_json,
)
from isthmus.core.blueprint import home_unit, reached_units
from isthmus.core.composition import Composition
from isthmus.core.errors import SourceError

EXTRAS: Final = ("google", "postgresql")
WORKFLOWS: Final = "workflows"

MAIN: Final = '''"""The functions of {app}: `isthmus package google` wrote this."""

from pathlib import Path

from isthmus.adapters.gcp.packaged import Packaged

packaged = Packaged("{reference}", Path(__file__).parent, unit={unit})
isthmus = packaged.function()
'''


class WouldNotLoad(SourceError):
    """Report a package that functions-framework could not serve, or whose App would fail at the first request."""

    code = "ISTH156"


def write_units(reference: str, composition: Composition, folder: Path, only: str | None = None) -> dict[str, Path]:
    """Write a folder for each unit of an App, or for one, below one folder, and return them.

    What was written before goes. An App of one unit has its package in the folder itself. Raises UnfitForGoogle
    (ISTH155), NotFound (ISTH203), PackageInTheWay (ISTH260); LockStale (ISTH116) and LockInvalid (ISTH115) when the App
    has a lock that does not list what would be deployed.
    """
    units = reached_units(composition.blueprint)
    home = locked_home(reference, composition)
    workflows = workflows_of(composition)  # what Google would refuse is told before anything is taken away
    folders = folders_of(units, folder, only, _is_package)
    for unit, inside in folders.items():
        _write_folder(reference, composition, inside, unit if len(units) > 1 else None, home)
    if units[0] in folders:
        written = folders[units[0]] / WORKFLOWS
        written.mkdir()
        for name, text in workflows.items():
            write(written / f"{name}.yaml", text)
    return folders


def _write_folder(reference: str, composition: Composition, folder: Path, unit: str | None, home: Path) -> None:
    write_common(reference, composition, folder, home, EXTRAS)
    named = "None" if unit is None else f'"{unit}"'
    write(folder / "main.py", MAIN.format(app=composition.name, reference=reference, unit=named))
    write_json(folder / MANIFEST, manifest_of(composition, unit))
    write_json(folder / "settings.json", app_settings(unit or home_unit(composition.blueprint)))
    write(folder / ".gcloudignore", "\n".join([*LEFT_BEHIND, f"/{WORKFLOWS}"]) + "\n")


def _is_package(folder: Path) -> bool:
    return (folder / "main.py").is_file() and (folder / MANIFEST).is_file()


def load_package(folder: Path) -> Loaded:
    """Load a package as functions-framework does, with the code of its own wheel, in a process of its own.

    Raises WouldNotLoad (ISTH156).
    """
    line, words = prove(folder, "isthmus.adapters.gcp.loading")
    loaded = Loaded(failure=words) if line is None else msgspec.json.decode(line, type=Loaded)
    if loaded.failure:
        raise WouldNotLoad(loaded.failure, place=str(folder), instead="correct what is named there")
    return loaded
