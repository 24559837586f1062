"""Which app a command works on, and what it says when that app is wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from isthmus.adapters.cli.project import BROKERAGE, ProjectInvalid, find_project

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

FINE = """
from isthmus.core import App, Message, contract, handles

class Ping(Message):
    text: str

@contract(reads=True)
def echo(ping: Ping) -> Ping:
    \"\"\"Say the same again.\"\"\"

@handles(echo)
def say(ping: Ping) -> Ping:
    return ping

app = App("pings", fulfils=[say])
"""


def test_without_a_project_it_is_the_brokerage_and_a_database_here(folder: Path) -> None:
    project = find_project(folder)

    assert (project.app, project.database) == (BROKERAGE, f"sqlite:///{folder}/isthmus.db")


def test_the_nearest_project_chooses_app_and_database(folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.isthmus]\napp = "pings:app"\ndatabase = "sqlite:///data/pings.db"\n')
    below = folder / "a" / "b"
    below.mkdir(parents=True)

    assert find_project(below) == (folder, "pings:app", f"sqlite:///{folder}/data/pings.db")


def test_a_server_url_stays_as_it_is(folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.isthmus]\ndatabase = "postgresql+psycopg://localhost/x"\n')

    assert find_project(folder).database == "postgresql+psycopg://localhost/x"


@pytest.mark.parametrize("text", ["[tool.isthmus\n", "[tool.isthmus]\napp = 3\n", "[tool]\nisthmus = 3\n"])
def test_a_pyproject_that_cannot_be_read_is_named(folder: Path, write: Write, text: str) -> None:
    write("pyproject.toml", text)

    with pytest.raises(ProjectInvalid) as raised:
        find_project(folder)
    assert raised.value.place == str(folder / "pyproject.toml")


def test_a_key_that_nobody_knows_is_refused_with_those_that_are_known(isthmus: Isthmus, write: Write) -> None:
    path = write("pyproject.toml", '[tool.isthmus]\napp = "pings:app"\ndatabse = "sqlite:///pings.db"\n')
    write("pings.py", FINE)
    done = isthmus("check")

    assert (done.returncode, "[tool.isthmus] has no databse (it knows app and database)" in done.stderr) == (3, True)
    assert str(path) in done.stderr


def test_check_finds_the_projects_own_app_from_a_folder_below(isthmus: Isthmus, folder: Path, write: Write) -> None:
    write("pyproject.toml", '[tool.isthmus]\napp = "pings:app"\n')
    write("pings.py", FINE)
    below = folder / "below"
    below.mkdir()

    done = isthmus("check", cwd=below)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "app pings is fine: 0 workflows, 1 handler, 0 topics, 0 endpoints",
    )


WRONG_APPS = [
    ("pings", "", 2, "MODULE:APP"),
    ("pings:", "", 2, "MODULE:APP"),
    ("nowhere:app", "", 2, "no module nowhere"),
    ("pings:other", FINE, 2, "its apps: app"),
    ("pings:Ping", FINE, 2, "its apps: app"),
    ("pings:app", "app = 3\n", 2, "it defines no App"),
    ("pings:app", "import nowhere_else\n", 1, "pings.py:1: ModuleNotFoundError"),
    ("pings:app", "x = 1\nboom(\n", 1, "pings.py:2: SyntaxError"),
    ("pings:app", "def f():\n    return 1 / 0\nf()\n", 1, "pings.py:2: ZeroDivisionError"),
    ("pings:app", "raise SystemExit(0)\n", 1, "pings.py:1: SystemExit"),
    ("pings:app", FINE.replace('"""Say the same again."""', "..."), 1, "has no docstring"),
]


@pytest.mark.parametrize(("reference", "source", "code", "said"), WRONG_APPS)
def test_a_wrong_app_is_told_by_the_users_own_line(
    isthmus: Isthmus, write: Write, reference: str, source: str, code: int, said: str
) -> None:
    write("pings.py", source)
    done = isthmus("check", "--app", reference)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "adapters/cli" not in done.stderr
