"""A program to be killed: workflows whose steps say on a log outside the database when they begin and when they end.

python killed.py FOLDER start 40        begin so many workflows and go on until something kills us
python killed.py FOLDER resume          carry on what is there, and end when nothing is left to do
python killed.py FOLDER start 40 before_commit 17        kill ourselves at the 17th time that point is passed

Every other workflow is refused at its end, and so taken back.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from pathlib import Path

from isthmus.adapters.local.engine import Engine
from isthmus.adapters.sql.database import Database
from isthmus.core import App, Message, Records, Refusal, Undo, contract, handles, workflow

STEP_SECONDS = 0.002


class Job(Message, identity="id"):
    id: str
    refused: bool


class Moved(Message):
    amount: int


class Balance(Message):
    amount: int


class Refused(Refusal):
    id: str


@contract(refuses=[Refused])
def do_job(job: Job) -> Moved:
    """Move some money, and look whether it may stay."""


@contract()
def move_back(undo: Undo[Job, Moved]) -> None:
    """Move it back."""


@contract(undone_by=move_back)
def move_out(job: Job) -> Moved:
    """Move one out."""


@contract()
def move_further_back(undo: Undo[Job, Moved]) -> None:
    """Move it back."""


@contract(undone_by=move_further_back)
def move_on(job: Job) -> Moved:
    """Move one on."""


@contract(reads=True, refuses=[Refused])
def look(job: Job) -> Moved:
    """Look whether it may stay."""


@workflow(do_job)
async def job_flow(job: Job) -> Moved:
    await move_out(job)
    await move_on(job)
    return await look(job)


def say(kind: str, name: str) -> None:
    os.write(LOG, f"{kind} {name}\n".encode())


def post(balances: Records[Balance], job: Job, step: str, amount: int) -> None:
    say("B", f"{job.id} {step}")
    for account, change in ((f"{job.id} out", -amount), (f"{job.id} in", amount)):
        before = balances.get(account)
        balances.put(account, Balance(amount=change + (before.amount if before else 0)))
    time.sleep(STEP_SECONDS)
    say("E", f"{job.id} {step}")


@handles(move_out)
def do_move_out(job: Job, balances: Records[Balance]) -> Moved:
    post(balances, job, "move_out", 1)
    return Moved(amount=1)


@handles(move_back)
def do_move_back(undo: Undo[Job, Moved], balances: Records[Balance]) -> None:
    post(balances, undo.input, "move_back", -1)


@handles(move_on)
def do_move_on(job: Job, balances: Records[Balance]) -> Moved:
    post(balances, job, "move_on", 10)
    return Moved(amount=10)


@handles(move_further_back)
def do_move_further_back(undo: Undo[Job, Moved], balances: Records[Balance]) -> None:
    post(balances, undo.input, "move_further_back", -10)


@handles(look)
def do_look(job: Job) -> Moved:
    say("B", f"{job.id} look")
    say("E", f"{job.id} look")
    if job.refused:
        raise Refused(id=job.id)
    return Moved(amount=11)


app = App("killed", fulfils=[job_flow, do_move_out, do_move_back, do_move_on, do_move_further_back, do_look])


def kill_at(point: str, number: int) -> object:
    """Return faults that kill this process when a point is passed for so many times."""
    passed, lock = itertools.count(1), threading.Lock()

    def pass_point(name: str, run_id: str, step: str) -> None:
        with lock:
            if name == point and next(passed) == number:
                os.kill(os.getpid(), signal.SIGKILL)

    return pass_point


def main(folder: Path, command: str, jobs: int = 0, point: str = "", number: int = 0) -> None:
    database = Database.open(f"sqlite:///{folder / 'killed.db'}")
    with Engine(app.load(), database, folder=folder, faults=kill_at(point, number) if point else None) as engine:
        if command == "start":
            for job in range(jobs):
                engine.submit("do_job", Job(id=f"{job:04}", refused=bool(job % 2)))
        engine.settle(timeout_seconds=60)


if __name__ == "__main__":
    LOG = os.open(Path(sys.argv[1]) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    main(Path(sys.argv[1]), sys.argv[2], *(int(word) if word.isdigit() else word for word in sys.argv[3:]))
