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
from collections.abc import Iterator
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import msgspec

from isthmus.adapters.azure.app import functions_of_composition
from isthmus.adapters.azure.indexing import Indexed
from isthmus.adapters.azure.service_bus import NAMESPACE
from isthmus.adapters.azure.settings import ACTIVITIES_MAX, STRICT_TYPING, app_settings
from isthmus.adapters.azure.units import home_unit, units_of
from isthmus.adapters.runtime.settings import DATABASE, KEY_FILE
from isthmus.adapters.runtime.workflows_lock import copy_lock, hold_to_lock, home_of, is_locked
from isthmus.core.composition import Composition
from isthmus.core.errors import InputError, NotFound, SourceError

EXTENSION_BUNDLE: Final = "[4.22.0, 5.0.0)"
EXTRAS: Final = ("azure", "postgresql")
SECONDS_TO_INDEX_MAX: Final = 120
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

FUNCTION_APP: Final = '''"""The function app of {app}: `isthmus package azure` wrote this."""

from pathlib import Path

from isthmus.adapters.azure.functions import Packaged

packaged = Packaged("{reference}", Path(__file__).parent, unit={unit})
app = packaged.function_app()
'''


class WouldNotIndex(SourceError):
    """Report a package in which Azure would find no functions, in the words of its worker."""

    code = "ISTH141"


class PackageInTheWay(InputError):
    """Report a folder that holds something else than a package."""

    code = "ISTH260"


def write_units(reference: str, composition: Composition, folder: Path, only: str | None = None) -> dict[str, Path]:
    """Write a folder for each unit of an App, or for one, below one folder, and return them.

    What was written before goes. An App of one unit has its package in the folder itself. Raises what write_package
    does, and NotFound (ISTH203).
    """
    units = units_of(composition)
    if only is not None and only not in units:
        raise NotFound("the app has no such unit", place=only, instead=f"name one of {', '.join(units)}")
    if len(units) == 1:
        write_package(reference, composition, folder)
        return {units[0]: folder}
    home = _locked_home(reference, composition)
    functions_of_composition(composition)  # what Azure would refuse is told before anything is taken away
    if only is None or _is_package(folder):
        _clear(folder)
    folders = {unit: folder / unit for unit in ([only] if only else units)}
    for unit, inside in folders.items():
        _write_folder(reference, composition, inside, unit, home)
    return folders


def write_package(reference: str, composition: Composition, folder: Path, unit: str | None = None) -> None:
    """Write the deployable folder of an App, of a unit or of all of it; one that was written before is written anew.

    Raises UnfitForAzure (ISTH140); PackageInTheWay (ISTH260); LockStale (ISTH116) and LockInvalid (ISTH115) when the
    App has a lock that does not list what would be deployed.
    """
    _write_folder(reference, composition, folder, unit, _locked_home(reference, composition))


def _write_folder(reference: str, composition: Composition, folder: Path, unit: str | None, home: Path) -> None:
    functions = functions_of_composition(composition, unit)
    _clear(folder)
    (folder / "wheels").mkdir(parents=True)
    wheel = write_wheel(folder / "wheels")
    named = "None" if unit is None else f'"{unit}"'
    _write(folder / "function_app.py", FUNCTION_APP.format(app=composition.name, reference=reference, unit=named))
    functions.write(folder)
    _write_json(folder / "host.json", host_settings(composition, unit))
    _write_json(folder / "settings.json", app_settings(composition, unit))
    _write_json(folder / "local.settings.json", LOCAL_SETTINGS)
    _write(folder / ".funcignore", "\n".join(LEFT_BEHIND) + "\n")
    _write(folder / "requirements.txt", "\n".join([f"./wheels/{wheel.name}", *sorted(pinned())]) + "\n")
    _copy_app(reference.partition(":")[0], folder)
    copy_lock(composition.name, home, folder)


def _locked_home(reference: str, composition: Composition) -> Path:
    """Return the folder of an App's lock, which lists what would be deployed."""
    home = home_of(reference.partition(":")[0])
    if is_locked(composition.name, home):
        hold_to_lock(composition, home)
    return home


def _clear(folder: Path) -> None:
    """Take a package away, or those of units. Raises PackageInTheWay (ISTH260) when there is something else."""
    if folder.exists() and not _is_package(folder) and not all(map(_is_package, folder.iterdir())):
        raise PackageInTheWay("it holds something else", place=str(folder), instead="name a new folder with -o")
    shutil.rmtree(folder, ignore_errors=True)


def _is_package(folder: Path) -> bool:
    return (folder / "function_app.py").is_file() and (folder / "host.json").is_file()


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _write_json(path: Path, value: Any) -> None:
    _write(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


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


def pinned() -> set[str]:
    """Return what our code needs on Azure, with what that needs, at the versions that are installed here."""
    found: dict[str, str] = {}
    waiting = [(name, frozenset[str]()) for name in _needed("isthmus", frozenset(EXTRAS))]
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


def index_package(folder: Path) -> Indexed:
    """Have the worker library index a package, with the code of its own wheel, in a process of its own.

    Raises WouldNotIndex (ISTH141) with the worker's words.
    """
    with tempfile.TemporaryDirectory(prefix="isthmus-") as unpacked:
        for wheel in (folder / "wheels").glob("*.whl"):
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(unpacked)
        compileall.compile_dir(unpacked, quiet=2)  # as an installation does: the import time is told
        done = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-P", "-m", "isthmus.adapters.azure.indexing", str(folder.resolve())],
            env={**os.environ, "PYTHONPATH": unpacked},
            capture_output=True,
            check=False,
            text=True,
            timeout=SECONDS_TO_INDEX_MAX,
        )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise WouldNotIndex(done.stderr.strip(), place=str(folder), instead="correct what the worker names")
    indexed = msgspec.json.decode(lines[-1], type=Indexed)
    if indexed.failure:
        raise WouldNotIndex(indexed.failure, place=str(folder), instead="correct what the worker names")
    return indexed


def size_of(folder: Path) -> int:
    """Return how many bytes a package has."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
