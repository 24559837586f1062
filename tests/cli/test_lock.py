"""The lock: versions are kept like migrations, what is stale or spoilt is refused, what lives is not dropped."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

PAIRS = '''
from isthmus.core import App, Event, Message, Records, Undo, contract, days, handles, wait_for, workflow
{imports}

class Pair(Message, identity="id"):
    id: str


class Word(Event):
    text: str


@contract(reads=True)
def left(pair: Pair) -> Pair:
    """Look at the left one."""


@contract(reads=True)
def right(pair: Pair) -> Pair:
    """Look at the right one."""


@contract()
def both(pair: Pair) -> Pair:
    """Look at both."""


@contract(final=True)
def keep_late(word: Word) -> None:
    """Keep what came late."""


@handles(left)
def look_left(pair: Pair) -> Pair:
    return pair


@handles(right)
def look_right(pair: Pair) -> Pair:
    return pair


@handles(keep_late)
def keep_late_word(word: Word, words: Records[Word]) -> None:
    words.put(word.text, word)


{constants}
@workflow(both)
async def look_at_both(pair: Pair) -> Pair:
{flow}


app = App("pairs", fulfils=[look_at_both, look_left, look_right, keep_late_word], late_events={{Word: keep_late}})
'''
LEFT_FIRST = """    await left(pair)
    await wait_for(Word, key=pair.id, within=days(1))
    return await right(pair)"""
RIGHT_FIRST = """    seen = await right(pair)
    await wait_for(Word, key=pair.id, within=days(1))
    return seen"""


def pairs(flow: str = LEFT_FIRST, imports: str = "", constants: str = "") -> str:
    return PAIRS.format(flow=flow, imports=imports, constants=constants)


@pytest.fixture
def project(write: Write) -> Callable[[str], None]:
    """Return a function that writes the app's source, in a project that names it."""
    write("pyproject.toml", '[tool.isthmus]\napp = "pairs:app"\n')

    def put(source: str) -> None:
        write("pairs.py", source)

    return put


def versions(folder: Path) -> list[str]:
    return re.findall(r'"([0-9a-f]{16})"', (folder / "workflows.lock").read_text("utf-8"))


def test_each_version_is_locked_once_with_its_source(isthmus: Isthmus, folder: Path, project: Write) -> None:
    project(pairs())
    first = isthmus("lock")
    again = isthmus("lock")
    project(pairs(RIGHT_FIRST))
    second = isthmus("lock")

    assert (first.returncode, again.returncode, second.returncode) == (0, 0, 0), first.stderr + second.stderr
    assert "locked both" in first.stdout
    assert "locked" not in again.stdout
    one, other = versions(folder)
    kept = {path.name: path.read_text("utf-8") for path in (folder / "workflows.kept").iterdir()}
    assert set(kept) == {f"both_{one}.py", f"both_{other}.py"}
    assert LEFT_FIRST in kept[f"both_{one}.py"]
    assert RIGHT_FIRST in kept[f"both_{other}.py"]
    checked = isthmus("check")
    assert checked.returncode == 0
    assert one[:12] in checked.stdout


def test_check_fails_when_a_workflow_changed_and_says_what_to_do(
    isthmus: Isthmus, folder: Path, project: Write
) -> None:
    project(pairs())
    assert isthmus("lock", "--check").returncode == 1
    isthmus("lock")
    assert isthmus("lock", "--check").returncode == 0
    project(pairs(LEFT_FIRST + "  # a comment is no change"))
    assert isthmus("lock", "--check").returncode == 0
    project(pairs(RIGHT_FIRST))
    stale = isthmus("lock", "--check")

    assert stale.returncode == 1
    assert "ISTH116" in stale.stderr
    assert "run `isthmus lock`" in stale.stderr
    assert isthmus("check").returncode == 0
    assert len(versions(folder)) == 1


def test_an_import_that_only_an_earlier_version_used_may_go(isthmus: Isthmus, folder: Path, project: Write) -> None:
    (folder / "times.py").write_text("from isthmus.core import hours as a_while\n", "utf-8")
    project(pairs(LEFT_FIRST.replace("days(1)", "a_while(2)"), imports="from times import a_while"))
    assert isthmus("lock").returncode == 0
    project(pairs(RIGHT_FIRST))
    done = isthmus("lock")

    assert done.returncode == 0, done.stderr
    assert isthmus("lock", "--check").returncode == 0


def test_a_problem_of_an_earlier_version_is_told_with_its_kept_file_and_line(
    isthmus: Isthmus, folder: Path, project: Write
) -> None:
    project(pairs())
    isthmus("lock")
    gone = pairs(RIGHT_FIRST).replace("def left(", "def left_one(").replace("handles(left)", "handles(left_one)")
    project(gone)
    done = isthmus("check")

    (version,) = versions(folder)
    line = (folder / "workflows.kept" / f"both_{version}.py").read_text("utf-8").splitlines().index(
        "    await left(pair)"
    ) + 1
    assert done.returncode == 1
    assert f"both_{version}.py:{line}:" in done.stdout
    assert "ISTH12" in done.stdout


def test_a_constant_stays_what_it_was_for_the_version_that_was_locked_with_it(
    isthmus: Isthmus, folder: Path, project: Write
) -> None:
    flow = LEFT_FIRST.replace("days(1)", "days(MANY)")
    project(pairs(flow, imports="from datetime import timedelta", constants="MANY = 3\n\n"))
    isthmus("lock")
    project(pairs(flow.replace("days(MANY)", "A_WHILE"), constants="MANY = 4\nA_WHILE = days(2)\n\n"))
    second = isthmus("lock")
    project(pairs(RIGHT_FIRST, constants="A_WHILE = days(9)\n\n"))

    assert second.returncode == 0, second.stderr
    assert len(versions(folder)) == 2
    assert isthmus("check").returncode == 0
    kept = folder / "workflows.kept" / f"both_{versions(folder)[0]}.py"
    kept.write_text(kept.read_text("utf-8").replace("MANY = 3", "MANY = 4"), "utf-8")
    assert "ISTH115" in isthmus("check").stdout


@pytest.mark.parametrize("line", ["MANY = print(1)", "MANY = timedelta(microseconds=1.5)"])
def test_a_kept_source_is_never_run_beyond_its_function(
    isthmus: Isthmus, folder: Path, project: Write, line: str
) -> None:
    project(pairs())
    isthmus("lock")
    kept = folder / "workflows.kept" / f"both_{versions(folder)[0]}.py"
    project(pairs(RIGHT_FIRST))
    kept.write_text(kept.read_text("utf-8") + line + "\n", "utf-8")
    done = isthmus("check")

    assert done.returncode == 1
    assert "ISTH115" in done.stdout


SPOILT = [
    ("missing", lambda path: path.unlink()),
    ("edited", lambda path: path.write_text(path.read_text("utf-8").replace("left(", "right("), "utf-8")),
    ("without its first line", lambda path: path.write_text(path.read_text("utf-8").partition("\n")[2], "utf-8")),
    ("no Python", lambda path: path.write_text(path.read_text("utf-8") + "\nboom(\n", "utf-8")),
    ("more than a function", lambda path: path.write_text(path.read_text("utf-8") + "\nprint(1)\n", "utf-8")),
    ("no text", lambda path: path.write_bytes(b"\xff\xfe")),
    (
        "of a module that is gone",
        lambda path: path.write_text(path.read_text("utf-8").replace("of pairs\n", "of nowhere\n"), "utf-8"),
    ),
]


@pytest.mark.parametrize(("how", "spoil"), SPOILT, ids=[how for how, _ in SPOILT])
def test_a_kept_source_that_is_not_what_was_locked_is_refused(
    isthmus: Isthmus, folder: Path, project: Write, how: str, spoil: Callable[[Path], object]
) -> None:
    project(pairs())
    isthmus("lock")
    project(pairs(RIGHT_FIRST))
    isthmus("lock")
    before = (folder / "workflows.lock").read_text("utf-8")
    kept = folder / "workflows.kept" / f"both_{versions(folder)[0]}.py"
    spoil(kept)

    for command in (("check",), ("lock",), ("lock", "--check"), ("inspect",)):
        done = isthmus(*command)
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "ISTH115" in said
        assert kept.name in said
    assert (folder / "workflows.lock").read_text("utf-8") == before


@pytest.mark.parametrize(
    "text",
    ["[", "pairs = 3", "[pairs]\nboth = 'one'", '[pairs]\nboth = ["../../x"]', '[pairs]\n"a/b" = ["0123456789abcdef"]'],
)
def test_a_lock_that_is_no_lock_is_refused(isthmus: Isthmus, folder: Path, project: Write, text: str) -> None:
    project(pairs())
    (folder / "workflows.lock").write_text(text, "utf-8")
    done = isthmus("check")

    assert done.returncode == 1
    assert "ISTH115" in done.stderr
    assert "workflows.lock" in done.stderr


def test_the_source_of_today_is_put_right_by_locking_again(isthmus: Isthmus, folder: Path, project: Write) -> None:
    project(pairs())
    isthmus("lock")
    shutil.rmtree(folder / "workflows.kept")
    assert isthmus("lock", "--check").returncode == 1

    assert isthmus("lock").returncode == 0
    assert isthmus("lock", "--check").returncode == 0


def test_a_workflow_that_is_gone_while_it_is_locked_is_told(isthmus: Isthmus, project: Write) -> None:
    project(pairs())
    isthmus("lock")
    source = pairs().replace("fulfils=[look_at_both, ", "fulfils=[").replace('"pairs",', '"pairs",')
    project(source)
    done = isthmus("check")

    assert done.returncode == 1
    assert "isthmus lock --drop both" in done.stdout


def test_a_lock_of_another_app_is_none_of_this_apps_business(isthmus: Isthmus, folder: Path, project: Write) -> None:
    project(pairs())
    isthmus("lock")
    project(pairs().replace('App("pairs"', 'App("others"'))

    assert isthmus("check").returncode == 0
    assert isthmus("lock").returncode == 0
    text = (folder / "workflows.lock").read_text("utf-8")
    assert "[pairs]" in text
    assert "[others]" in text


def test_a_version_is_dropped_when_its_runs_have_ended_and_not_before(
    isthmus: Isthmus, folder: Path, project: Write
) -> None:
    project(pairs())
    isthmus("lock")
    started = isthmus("start", "both", "--input", '{"id": "1"}')
    assert started.returncode == 0, started.stderr
    one = versions(folder)[0]
    todays = isthmus("lock", "--drop", "both", one)
    project(pairs(RIGHT_FIRST))
    isthmus("lock")
    refused = isthmus("lock", "--drop", "both", one)
    assert one in versions(folder)
    isthmus("send", "Word", "--key", "1", "--input", '{"text": "now"}')
    dropped = isthmus("lock", "--drop", "both", one[:12])

    assert todays.returncode == 3
    assert "ISTH270" in todays.stderr
    assert refused.returncode == 3
    assert "1 live run of both" in refused.stderr
    assert dropped.returncode == 0, dropped.stderr
    assert one not in versions(folder)
    assert not (folder / "workflows.kept" / f"both_{one}.py").exists()
    assert isthmus("check").returncode == 0


def test_wrong_words_for_dropping_are_told(isthmus: Isthmus, folder: Path, project: Write) -> None:
    project(pairs())
    isthmus("lock")
    one = versions(folder)[0]
    project(pairs(RIGHT_FIRST))
    isthmus("lock")
    said = {
        "no such version": isthmus("lock", "--drop", "both", "feed"),
        "an empty version": isthmus("lock", "--drop", "both", ""),
        "no such contract": isthmus("lock", "--drop", "neither", one),
        "no such database": isthmus("lock", "--drop", "both", one, "--database", "sqlite:///nowhere.db"),
        "no database": isthmus("lock", "--drop", "both", one, "--database", "nowhere"),
        "two things at once": isthmus("lock", "--check", "--drop", "both", one),
    }

    assert {name: done.returncode for name, done in said.items()} == {
        "no such version": 3,
        "an empty version": 3,
        "no such contract": 3,
        "no such database": 4,
        "no database": 3,
        "two things at once": 2,
    }
    assert not (folder / "nowhere.db").exists()
    assert one in versions(folder)
