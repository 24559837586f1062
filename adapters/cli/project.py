"""Which app and which database a command works on.

    [tool.isthmus]                       in the nearest pyproject.toml, upwards from the current folder
    app = "fees.app:app"                 else the brokerage
    database = "sqlite:///fees.db"       else sqlite:///isthmus.db

Anything else in that table is refused. A relative path in pyproject.toml is relative to its folder. `--app` and
`--database` come before both; a relative path given there is relative to the current folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from isthmus.adapters.cli.faults import app_fails
from isthmus.core.errors import InputError, IsthmusError

if TYPE_CHECKING:
    from isthmus.core.app import App
    from isthmus.core.composition import Composition

BROKERAGE = "isthmus.handlers.app:app"
DATABASE = "sqlite:///isthmus.db"
SQLITE_FILE = "sqlite:///"
KNOWN_KEYS = ("app", "database")


class ProjectInvalid(InputError):
    """Report a pyproject.toml that cannot be read."""

    code = "ISTH290"


class Project(NamedTuple):
    """Say what the nearest pyproject.toml chooses: the folder it stands in, the app and the database."""

    folder: Path
    app: str
    database: str


def find_project(start: Path) -> Project:
    """Read the nearest pyproject.toml, upwards from a folder; without one the folder itself is the project.

    Raises ProjectInvalid (ISTH290).
    """
    found = next((one for one in (start, *start.parents) if (one / "pyproject.toml").is_file()), None)
    if found is None:
        return Project(start, BROKERAGE, _in_folder(DATABASE, start))
    chosen = _tool_table(found / "pyproject.toml")
    return Project(found, chosen.get("app", BROKERAGE), _in_folder(chosen.get("database", DATABASE), found))


def _tool_table(pyproject: Path) -> dict[str, str]:
    try:
        tools = tomllib.loads(pyproject.read_text("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ProjectInvalid(f"it is not TOML: {fault}", place=str(pyproject), instead="correct it") from None
    table = tools.get("isthmus", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise ProjectInvalid("tool.isthmus is no table", place=str(pyproject), instead="write [tool.isthmus]")
    for name, value in table.items():
        if name not in KNOWN_KEYS:
            raise ProjectInvalid(
                f"[tool.isthmus] has no {name}", place=str(pyproject), instead=f"it knows {' and '.join(KNOWN_KEYS)}"
            )
        if not isinstance(value, str):
            raise ProjectInvalid(
                f"[tool.isthmus] {name} is no text", place=str(pyproject), instead=f'write {name} = "…"'
            )
    return dict(table)


def _in_folder(url: str, folder: Path) -> str:
    """Make the path of an SQLite URL absolute; other URLs stay as they are."""
    path = url.removeprefix(SQLITE_FILE)
    if not url.startswith(SQLITE_FILE) or not path or path == ":memory:" or Path(path).is_absolute():
        return url
    return SQLITE_FILE + str(folder / path)


def app_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--app` to a command."""
    return click.option(
        "--app",
        "app_reference",
        metavar="MODULE:APP",
        help="The app. Default: [tool.isthmus] app in the nearest pyproject.toml, else the brokerage.",
    )(function)


def database_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--database` to a command."""
    return click.option(
        "--database",
        "database_url",
        metavar="URL",
        help="sqlite:///FILE or postgresql+psycopg://…. Default: [tool.isthmus] database in the nearest "
        "pyproject.toml, else isthmus.db beside it (without one: in the current folder). The key file of what is "
        "personal and what ports keep stand beside the database, in FILE.files/.",
    )(function)


def database_of(given: str | None) -> str:
    """Return the URL of the database that a command works on."""
    return _in_folder(given, Path.cwd()) if given else find_project(Path.cwd()).database


def composition_of(given: str | None) -> Composition:
    """Import the app that a command works on, and load it with the earlier versions that its lock keeps.

    Raises click.BadParameter when there is no such app, AppFails (ISTH111) when its module fails, LockInvalid
    (ISTH115), and AppRefused (ISTH110) with every problem found.
    """
    return loaded(app_of(given), given)


def loaded(app: App, given: str | None) -> Composition:
    """Load an app that was imported, with the earlier versions that its lock keeps."""
    from isthmus.adapters.runtime.workflows_lock import load_app  # noqa: PLC0415  # no app, no import

    return load_app(app, module_of(given))


def module_of(given: str | None) -> str:
    """Return the name of the module of the app that a command works on."""
    return reference_of(given).partition(":")[0]


def reference_of(given: str | None) -> str:
    """Return the `MODULE:APP` that a command works on."""
    return given or find_project(Path.cwd()).app


def app_of(given: str | None) -> App:
    """Import the app that a command works on."""
    project = find_project(Path.cwd())
    reference = reference_of(given)
    folder = str(project.folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return import_app(reference)


def import_app(reference: str) -> App:
    """Import an app by `MODULE:APP`."""
    module_name, colon, attribute = reference.partition(":")
    if not (colon and module_name and attribute.isidentifier()):
        raise _wrong(f"{reference!r} is not of the form MODULE:APP, as in fees.app:app")
    module = _import(module_name, reference)
    from isthmus.core.app import App  # noqa: PLC0415  # imported with the module in any case

    found = getattr(module, attribute, None)
    if isinstance(found, App):
        return found
    apps = ", ".join(name for name, value in vars(module).items() if isinstance(value, App))
    known = f"its apps: {apps}" if apps else "it defines no App"
    raise _wrong(f"{module_name} has no App named {attribute!r} ({known})")


def _import(module_name: str, reference: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except IsthmusError as fault:
        raise app_fails(reference, fault) from None
    except ModuleNotFoundError as fault:
        if fault.name and (module_name == fault.name or module_name.startswith(fault.name + ".")):
            where = find_project(Path.cwd()).folder
            raise _wrong(f"there is no module {fault.name} (looked in {where} and in what is installed)") from None
        raise app_fails(reference, fault) from None
    except (Exception, SystemExit) as fault:  # noqa: BLE001
        raise app_fails(reference, fault) from None


def _wrong(problem: str) -> click.BadParameter:
    return click.BadParameter(problem, param_hint="--app")
