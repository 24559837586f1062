"""`isthmus compile`: what it prints and writes, and how it ends for what it cannot compile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.handlers.app import app

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

LARGE = '''
    from isthmus.core import App, Message, contract, handles, workflow


    class Order(Message, identity="id"):
        id: str


    @contract(reads=True)
    def look(order: Order) -> Order:
        """Look."""


    @contract()
    def place(order: Order) -> Order:
        """Place."""


    @handles(look)
    def look_up(order: Order) -> Order:
        return order


    @workflow(place)
    async def flow(order: Order) -> Order:
BODY
        return order


    app = App("large", fulfils=[look_up, flow])
'''


def test_it_prints_every_workflow_as_the_compiler_makes_it(isthmus: Isthmus) -> None:
    done = isthmus("compile")

    composition = app.load()
    wanted = "---\n".join(compile_workflow(composition, name) for name in composition.programs)
    assert (done.returncode, done.stdout) == (0, wanted)


def test_it_writes_the_workflow_that_is_named_and_leaves_the_rest_of_the_folder_alone(
    isthmus: Isthmus, write: Write
) -> None:
    kept = write("out/settle_trade.yaml", "mine\n")

    done = isthmus("compile", "--workflow", "place_order", "-o", "out")

    made = kept.parent / "place_order.yaml"
    assert (done.returncode, done.stdout) == (0, "out/place_order.yaml\n")
    assert made.read_text("utf-8") == compile_workflow(app.load(), "place_order")
    assert kept.read_text("utf-8") == "mine\n"


def test_the_same_source_gives_the_same_bytes_in_every_process(folder: Path) -> None:
    texts = set()
    for seed in ("0", "1", "424242"):
        done = subprocess.run(
            [sys.executable, "-c", "from isthmus.adapters.cli.main import main; main(['compile'])"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=folder,
            capture_output=True,
            check=True,
        )
        texts.add(done.stdout)

    assert len(texts) == 1


def test_a_workflow_that_is_not_there_is_told_with_those_that_are(isthmus: Isthmus) -> None:
    done = isthmus("compile", "--workflow", "place_ordre")

    assert (done.returncode, done.stdout) == (3, "")
    assert "the app has no workflow of place_ordre (name one of: place_order, settle_trade) [ISTH203]" in done.stderr


def test_an_app_without_workflows_has_nothing_to_compile(isthmus: Isthmus, write: Write) -> None:
    write("empty.py", "from isthmus.core import App\n\napp = App('empty', fulfils=[])\n")

    done = isthmus("compile", "--app", "empty:app")

    assert (done.returncode, done.stdout) == (3, "")
    assert "the app has no workflow" in done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0\n", "ISTH111"),
        ("from isthmus.core import App\n\napp = App('empty', fulfils=[])\nraise ValueError('x')\n", "ISTH111"),
        (LARGE.replace("BODY", "        await look(order)\n" * 200), "and 120000 fit"),
        (LARGE.replace("BODY", "        print(order)\n"), "ISTH127"),
    ],
    ids=["an app that fails", "an app that fails late", "a workflow that is too large", "a workflow that prints"],
)
def test_an_app_that_cannot_be_loaded_is_told_with_its_line_and_nothing_is_written(
    isthmus: Isthmus, write: Write, source: str, said: str
) -> None:
    file = write("wrong.py", source)

    done = isthmus("compile", "--app", "wrong:app", "-o", "out")

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "wrong.py:" in done.stderr
    assert not (file.parent / "out").exists()


@pytest.mark.parametrize("command", ["compile", "check"])
def test_what_is_too_large_for_google_is_refused_everywhere(isthmus: Isthmus, write: Write, command: str) -> None:
    write("wrong.py", LARGE.replace("BODY", "        await look(order)\n" * 200))

    done = isthmus(command, "--app", "wrong:app")

    assert done.returncode == 1
    assert "bytes when compiled, and 120000 fit [ISTH126]" in done.stderr + done.stdout
    assert "instead: make workflows of its parts" in done.stderr + done.stdout


def test_a_folder_that_cannot_be_written_is_a_fault_of_the_machine(isthmus: Isthmus, write: Write) -> None:
    write("taken", "a file\n")

    done = isthmus("compile", "-o", "taken/out")

    assert (done.returncode, done.stdout) == (4, "")
    assert "taken/out" in done.stderr
    assert "[ISTH300]" in done.stderr


def test_a_file_in_the_place_of_the_folder_is_wrong_usage(isthmus: Isthmus, write: Write) -> None:
    write("taken", "a file\n")

    assert isthmus("compile", "-o", "taken").returncode == 2


def test_help_says_what_is_written_and_what_its_argument_is(isthmus: Isthmus) -> None:
    done = isthmus("compile", "--help")

    assert done.returncode == 0
    for word in ("--app", "--workflow", "-o DIR", '{"run_id": …}', "DIR/NAME.yaml"):
        assert word in done.stdout
