"""A real process, killed with SIGKILL at any moment, loses nothing that was recorded and does nothing twice."""

from __future__ import annotations

import collections
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed.py")
JOBS = 40
STEPS_IN_ALL = JOBS * 3 + JOBS // 2 * 2
SHORT_SEEDS = (1, 2)
LONG_SEEDS = tuple(range(100, 140))
EFFECTS = ("move_out", "move_on", "move_back", "move_further_back")
POINTS = ("before_commit", "after_commit")


def program(folder: Path, *words: object) -> list[str]:
    return [sys.executable, str(PROGRAM), str(folder), *(str(word) for word in words)]


def lines(folder: Path, kind: str) -> collections.Counter[str]:
    log = folder / "log"
    text = log.read_text() if log.exists() else ""
    return collections.Counter(line[2:] for line in text.splitlines() if line.startswith(kind))


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "killed.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def recorded(folder: Path) -> set[str]:
    found = rows(
        folder, "select identity || ' ' || inbox.contract from inbox join run using (run_id) where state != 'failing'"
    )
    assert len(found) == len(set(found)), "recorded twice"
    return {str(row[0]) for row in found}


def resume_and_compare(folder: Path) -> None:
    """Carry on after a kill, and compare what began, what was recorded, and what it came to."""
    begun, kept = lines(folder, "B"), recorded(folder)
    subprocess.run(program(folder, "resume"), check=True, timeout=120)
    again = {step for step, times in lines(folder, "B").items() if times > begun[step] > 0}

    assert again == set(begun) - kept, "a recorded step ran again, or a lost one did not"
    assert max(lines(folder, "B").values(), default=0) <= 2
    assert recorded(folder) == set(lines(folder, "B")), "every step is recorded once"
    statuses = dict(rows(folder, "select status, count(*) from run group by status"))
    assert set(statuses) <= {"completed", "refused"}
    changes = rows(folder, "select count(*) from journal where kind = 'changed'")[0][0]
    assert changes == 2 * sum(step.split()[1] in EFFECTS for step in recorded(folder)), "as many effects as steps"
    amounts = rows(folder, "select coalesce(sum(json_extract(body, '$.amount')), 0) from record")
    assert amounts == [(0,)], "debits equal credits"
    kept_amounts = rows(
        folder, "select json_extract(body, '$.amount') from record where key like '% in' group by 1 order by 1"
    )
    assert set(kept_amounts) <= {(0,), (11,)}, "moved whole or taken back whole"


@pytest.mark.parametrize("seed", [*SHORT_SEEDS, *(pytest.param(seed, marks=pytest.mark.long) for seed in LONG_SEEDS)])
def test_a_killed_process_is_carried_on_where_its_record_ends(seed: int, tmp_path: Path) -> None:
    ended = random.Random(seed).randrange(1, STEPS_IN_ALL)
    print(f"seed {seed}: killed after {ended} ended steps")
    child = subprocess.Popen(program(tmp_path, "start", JOBS))
    while child.poll() is None and lines(tmp_path, "E").total() < ended:
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()

    resume_and_compare(tmp_path)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    "seed", [*SHORT_SEEDS[:1], *(pytest.param(seed, marks=pytest.mark.long) for seed in LONG_SEEDS[:10])]
)
def test_a_process_killed_in_the_middle_of_its_writer_is_carried_on(seed: int, point: str, tmp_path: Path) -> None:
    number = random.Random(seed).randrange(41, 400)
    print(f"seed {seed}: killed at {point} number {number}")
    child = subprocess.run(program(tmp_path, "start", JOBS, point, number), timeout=120, check=False)

    assert child.returncode in (-signal.SIGKILL, 0)
    resume_and_compare(tmp_path)
