"""The package: the folder that is deployed to Azure Functions, one for each unit, and the proof that it can be indexed.

function_app.py        names the App
functions.json         its functions, so that indexing need not import it
host.json              extension bundle, task hub, concurrency
requirements.txt       everything that runs here, at exactly these versions, the worker library included
settings.json          the app settings that it needs: names, and placeholders
local.settings.json    for those who have the Azure Functions Core Tools
.funcignore            what is left behind
workflows.lock         the versions that may have live runs, when the App has a lock,
workflows.kept/        and their sources
wheels/                our own code
<the App's module>     when it is none of ours

Every unit's folder has the same code; they differ in their functions, in host.json and in their settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.adapters.azure.app import functions_of_composition
from isthmus.adapters.azure.indexing import Indexed
from isthmus.adapters.azure.service_bus import NAMESPACE
from isthmus.adapters.azure.settings import ACTIVITIES_MAX, STRICT_TYPING, app_settings
from isthmus.adapters.azure.units import units_of
from isthmus.adapters.runtime.packaging import (
    LEFT_BEHIND,
    clear,
    folders_of,
    locked_home,
    prove,
    write,
    write_common,
    write_json,
)
from isthmus.adapters.runtime.settings import DATABASE, KEY_FILE
from isthmus.adapters.runtime.units import home_unit
from isthmus.core.composition import Composition
from isthmus.core.errors import SourceError

EXTENSION_BUNDLE: Final = "[4.22.0, 5.0.0)"
EXTRAS: Final = ("azure", "postgresql")

FUNCTION_APP: Final = '''"""The function app of {app}: `isthmus package azure` wrote this."""

from pathlib import Path

from isthmus.adapters.azure.functions import Packaged

packaged = Packaged("{reference}", Path(__file__).parent, unit={unit})
app = packaged.function_app()
'''


class WouldNotIndex(SourceError):
    """Report a package in which Azure would find no functions, in the words of its worker."""

    code = "ISTH141"


def write_units(reference: str, composition: Composition, folder: Path, only: str | None = None) -> dict[str, Path]:
    """Write a folder for each unit of an App, or for one, below one folder, and return them.

    What was written before goes. An App of one unit has its package in the folder itself. Raises UnfitForAzure
    (ISTH140), NotFound (ISTH203), PackageInTheWay (ISTH260); LockStale (ISTH116) and LockInvalid (ISTH115) when the App
    has a lock that does not list what would be deployed.
    """
    units = units_of(composition)
    home = locked_home(reference, composition)
    functions_of_composition(composition)  # what Azure would refuse is told before anything is taken away
    folders = folders_of(units, folder, only, _is_package)
    for unit, inside in folders.items():
        _write_folder(reference, composition, inside, unit if len(units) > 1 else None, home)
    return folders


def write_package(reference: str, composition: Composition, folder: Path) -> None:
    """Write the deployable folder of all of an App in one; one that was written before is written anew.

    Raises what write_units does, but for NotFound.
    """
    home = locked_home(reference, composition)
    functions_of_composition(composition)
    clear(folder, _is_package)
    _write_folder(reference, composition, folder, None, home)


def _write_folder(reference: str, composition: Composition, folder: Path, unit: str | None, home: Path) -> None:
    functions = functions_of_composition(composition, unit)
    write_common(reference, composition, folder, home, EXTRAS)
    named = "None" if unit is None else f'"{unit}"'
    write(folder / "function_app.py", FUNCTION_APP.format(app=composition.name, reference=reference, unit=named))
    functions.write(folder)
    write_json(folder / "host.json", host_settings(composition, unit))
    write_json(folder / "settings.json", app_settings(composition, unit))
    write_json(folder / "local.settings.json", LOCAL_SETTINGS)
    write(folder / ".funcignore", "\n".join(LEFT_BEHIND) + "\n")


def _is_package(folder: Path) -> bool:
    return (folder / "function_app.py").is_file() and (folder / "host.json").is_file()


def host_settings(composition: Composition, unit: str | None = None) -> dict[str, Any]:
    """Return host.json: the hub's name is letters and digits alone, and belongs to the App's home."""
    settings: dict[str, Any] = {
        "version": "2.0",
        "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": EXTENSION_BUNDLE},
        "extensions": {"http": {"routePrefix": ""}},
    }
    if unit is None or unit == home_unit(composition):
        settings["extensions"] |= _home_extensions(composition)
    return settings


def _home_extensions(composition: Composition) -> dict[str, Any]:
    hub = "".join(re.findall(r"[A-Za-z0-9]", composition.name)).lstrip("0123456789") or "isthmus"
    return {
        "serviceBus": {"maxConcurrentCalls": 16, "autoCompleteMessages": True},
        "durableTask": {
            "hubName": hub,
            "maxConcurrentActivityFunctions": ACTIVITIES_MAX,
            "maxConcurrentOrchestratorFunctions": 16,
            "storageProvider": {"type": "AzureStorage", "partitionCount": 1},
        },
    }


LOCAL_SETTINGS: Final = {
    "IsEncrypted": False,
    "Values": {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        STRICT_TYPING: "1",
        DATABASE: "sqlite:///isthmus.db",
        KEY_FILE: "isthmus.key",
        NAMESPACE: "<namespace>.servicebus.windows.net",
    },
}
"""What `func start` reads, with Azurite as its storage: for those who have these tools, and not run here."""


# The proof


def index_package(folder: Path) -> Indexed:
    """Have the worker library index a package, with the code of its own wheel, in a process of its own.

    Raises WouldNotIndex (ISTH141) with the worker's words.
    """
    line, words = prove(folder, "isthmus.adapters.azure.indexing")
    indexed = Indexed(failure=words) if line is None else msgspec.json.decode(line, type=Indexed)
    if line is None or indexed.failure:
        raise WouldNotIndex(indexed.failure, place=str(folder), instead="correct what the worker names")
    return indexed
