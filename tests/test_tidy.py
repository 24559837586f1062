"""What holds for the project as a whole: packages, exports, sizes, errors, imports, and the words of its text."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
import types
from importlib.metadata import version
from pathlib import Path

import pytest

from isthmus.core.errors import IsthmusError
from isthmus.core.program import limits
from isthmus.core.program.problem import Code

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGE_FOLDERS = ("core", "contracts", "handlers", "adapters")
PROVISION = "pulumi"
"""The folder of `isthmus.provision`: never a package itself, for it would hide Pulumi's SDK."""
LINES_OF_A_MODULE_MAX = 500
LINES_OF_A_FUNCTION_MAX = 70

# Each has a reason; a new one needs a better one.
LONG_MODULES: frozenset[str] = frozenset()
LONG_FUNCTIONS: frozenset[str] = frozenset(
    {"adapters/sql/migrations/versions/v0001_first.py:upgrade"}  # a list of tables, which is never edited again
)


def modules() -> list[Path]:
    return sorted(path for folder in (*PACKAGE_FOLDERS, PROVISION) for path in (ROOT / folder).rglob("*.py"))


def tracked_text() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".mako", ".cfg", ""}
    paths = (ROOT / name for name in listed.split("\0") if name and not name.startswith(("tests/data", ".import")))
    return [path for path in paths if path.suffix in suffixes and path.is_file()]


# Packaging


def test_the_packages_of_the_wheel_are_the_folders_that_have_an_init() -> None:
    folders = {
        ".".join(("isthmus", *path.parent.relative_to(ROOT).parts))
        for folder in PACKAGE_FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }

    folders |= {f"isthmus.provision.{path.parent.name}" for path in (ROOT / PROVISION).glob("*/__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders | {"isthmus.provision", "isthmus.trading_day"}


def test_every_folder_with_modules_is_a_package() -> None:
    outside = [path for path in modules() if not (path.parent / "__init__.py").is_file()]

    assert [path for path in outside if path.parent != ROOT / PROVISION] == []


@pytest.mark.parametrize("folder", [*PACKAGE_FOLDERS, PROVISION])
def test_every_package_says_that_it_is_typed(folder: str) -> None:
    assert (ROOT / folder / "py.typed").is_file()


def test_no_package_of_ours_hides_the_pulumi_sdk() -> None:
    assert not (ROOT / "pulumi" / "__init__.py").exists()


def test_what_provisions_knows_core_and_residency_and_no_clouds_target_the_others() -> None:
    for path in (ROOT / PROVISION).rglob("*.py"):
        ours = {name for name in imported_by(path) if name.startswith("isthmus.")}
        allowed = (
            "isthmus.core.",
            "isthmus.provision.",
            "isthmus.adapters.residency.",
            "isthmus.adapters.runtime.home.",
        )
        assert {name for name in ours if not f"{name}.".startswith(allowed)} == set(), path
        other = {"azure_target": "google_target", "google_target": "azure_target"}.get(path.parent.name)
        assert not [name for name in ours if other and f".{other}" in name], path


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_base_install_needs_no_cloud_and_no_testing_library() -> None:
    needed = " ".join(PROJECT["project"]["dependencies"])

    assert not re.search(r"azure|google|functions|pulumi|boto|hypothesis|pytest", needed)


def test_the_command_says_the_version_of_the_project() -> None:
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "--version"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout

    assert said == f"isthmus {PROJECT['project']['version']}\n"
    assert version("isthmus") == PROJECT["project"]["version"]


def test_the_changelog_knows_the_version() -> None:
    assert f"## [{PROJECT['project']['version']}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


# The public surface


def test_core_exports_what_is_visible_sorted() -> None:
    core = importlib.import_module("isthmus.core")
    visible = {
        name
        for name, value in vars(core).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert set(core.__all__) == visible
    assert core.__all__ == sorted(core.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


def test_importing_core_brings_no_database_no_web_no_cloud_and_no_testing_library() -> None:
    script = "import sys; bare = {*sys.modules}; import isthmus.core; print('\\n'.join({*sys.modules} - bare))"
    imported = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    unwanted = {"sqlalchemy", "hypothesis", "click", "rich", "starlette", "cryptography", "azure", "google", "pulumi"}

    assert {name.partition(".")[0] for name in imported.splitlines()} & unwanted == set()


def test_importing_core_costs_less_than_twice_what_msgspec_costs() -> None:
    cost: dict[str, list[float]] = {"msgspec": [], "isthmus.core": []}
    for _ in range(11):
        for module, seconds in cost.items():
            script = f"import time; began = time.process_time(); import {module}; print(time.process_time() - began)"
            done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
            seconds.append(float(done.stdout))
    ratio = min(cost["isthmus.core"]) / min(cost["msgspec"])
    print(f"import isthmus.core costs {ratio:.2f} times import msgspec")

    assert ratio < 2


# Errors


def errors() -> set[type[IsthmusError]]:
    for folder in (*PACKAGE_FOLDERS, "provision"):
        package = importlib.import_module(f"isthmus.{folder}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    waiting, known = [IsthmusError], set()
    while waiting:
        one = waiting.pop()
        if one.__module__.startswith("isthmus."):
            known.add(one)
            waiting += one.__subclasses__()
    return known


def test_every_class_of_errors_has_a_code_of_its_own() -> None:
    owners: dict[str, set[str]] = {}
    for error in errors():
        owners.setdefault(error.code, set()).add(f"{error.__module__}.{error.__name__}")

    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def test_every_code_is_in_the_family_of_its_fault() -> None:
    family = {"SourceError": "ISTH1", "InputError": "ISTH2", "EnvironmentFault": "ISTH3", "InternalError": "ISTH9"}
    for error in errors() - {IsthmusError}:
        fault = next(base.__name__ for base in reversed(error.__mro__) if base.__name__ in family)
        assert re.fullmatch(rf"{family[fault]}\d\d", error.code), error


def test_the_page_of_errors_names_every_code_and_no_other() -> None:
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(ISTH\d{3})` \| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    classes = {(error.code, error.__name__, promise(error)) for error in errors() - {IsthmusError}}

    assert set(rows) == classes | {(code.value, "Problem", code.name.lower()) for code in Code}
    assert rows == sorted(rows)


def promise(error: type[IsthmusError]) -> str:
    return (error.__doc__ or "").partition("\n")[0]


def test_the_page_of_limits_names_every_limit() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    numbers = {name: value for name, value in vars(limits).items() if name.isupper()}
    shown = {
        name: {"INTEGER": "±(2^53 - 1)", "DURATION_SECONDS": f"{value // 86_400} days"}.get(name, f"{value:,}")
        for name, value in numbers.items()
    }

    assert [name for name, text in shown.items() if f" {text}" not in page] == []


# Sizes


def test_modules_can_be_read_in_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT))
        for path in modules()
        if len(path.read_text("utf-8").splitlines()) > LINES_OF_A_MODULE_MAX
    }

    assert long - LONG_MODULES == set()


def test_functions_tell_one_story() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LINES_OF_A_FUNCTION_MAX
    }

    assert long - LONG_FUNCTIONS == set()


# Words


@pytest.mark.parametrize("path", tracked_text(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_text_speaks_of_the_project_and_of_no_machine(path: Path) -> None:
    text = path.read_text("utf-8", "replace")
    machine = r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+|opt/wheels)(?:/|\b)(?! of)"

    assert re.findall(machine, text) == []
