"""The command itself: what it lists, how fast it starts, how it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import pytest

from isthmus.adapters.cli.faults import EXIT_CODES
from isthmus.adapters.cli.main import ENTRIES

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]


def test_the_version_is_that_of_the_package(isthmus: Isthmus) -> None:
    done = isthmus("--version")

    assert (done.returncode, done.stdout.strip()) == (0, f"isthmus {version('isthmus')}")


def test_help_groups_commands_by_what_they_are_for(isthmus: Isthmus) -> None:
    lines = isthmus("--help").stdout.splitlines()

    headings = [line.rstrip(":") for line in lines if line in ("Write:", "Run:", "Ship:", "Prove:")]
    assert headings == ["Write", "Run", "Ship", "Prove"]
    for name in ENTRIES:
        assert any(line.startswith(f"  {name} ") for line in lines), name


def test_help_explains_every_exit_code(isthmus: Isthmus) -> None:
    text = " ".join(isthmus("--help").stdout.split())

    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in text


@pytest.mark.parametrize("name", ENTRIES)
def test_every_command_that_is_listed_can_be_imported_and_explains_itself(isthmus: Isthmus, name: str) -> None:
    done = isthmus(name, "--help")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: isthmus {name}")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_looking_imports_no_database_no_server_and_no_app(option: str) -> None:
    program = (
        "import sys\nfrom isthmus.adapters.cli.main import main\ntry: main([sys.argv[1]])\nexcept SystemExit: pass\n"
        "print(sorted({'sqlalchemy','starlette','uvicorn','rich','hypothesis','cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, option], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_looking_takes_at_most_as_long_as_a_few_bare_interpreters() -> None:
    def seconds(*arguments: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return time.perf_counter() - begun

    bare = min(seconds("-c", "pass") for _ in range(3))
    looking = min(seconds("-m", "isthmus.adapters.cli.main", "--version") for _ in range(3))
    assert looking < max(0.3, 8 * bare)


def test_an_unknown_command_is_wrong_usage(isthmus: Isthmus) -> None:
    done = isthmus("fly")

    assert done.returncode == 2
    assert "fly" in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m isthmus.adapters.cli.main --help | head -c 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode in (0, 141)
    assert done.stderr == ""
