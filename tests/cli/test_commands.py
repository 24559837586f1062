"""What each command does to a database: start, send, workflows, journal and dead letters of an app of one's own."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.local.lock import EngineLock
from isthmus.adapters.sql.database import Database

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own-app"
CHANGE = (EXAMPLE / "requests" / "change-1.json").read_text("utf-8")
APPROVAL = (EXAMPLE / "requests" / "approval-1.json").read_text("utf-8")


@pytest.fixture
def addresses(folder: Path, isthmus: Isthmus) -> Isthmus:
    """Stand in a copy of the example."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    return isthmus


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_goes_as_far_as_it_can_and_waits_in_the_database(addresses: Isthmus) -> None:
    run = told(addresses("start", "change_address", "--input", "@requests/change-1.json", "--json"))

    assert (run["contract"], run["identity"], run["status"]) == ("change_address", "change-1", "running")
    [listed] = told(addresses("workflows", "list", "--json"))
    assert (listed["run_id"], listed["status"]) == (run["run_id"], "running")


def test_the_same_start_again_is_the_same_run(addresses: Isthmus) -> None:
    first = told(addresses("start", "change_address", "--input", CHANGE, "--json"))
    again = told(addresses("start", "change_address", "--input", CHANGE, "--json"))

    assert again["run_id"] == first["run_id"]
    assert len(told(addresses("workflows", "list", "--json"))) == 1


def test_the_same_identity_with_other_content_is_a_conflict(addresses: Isthmus) -> None:
    addresses("start", "change_address", "--input", CHANGE)
    done = addresses("start", "change_address", "--input", CHANGE.replace('"IE"', '"FR"'))

    assert (done.returncode, "ISTH202" in done.stderr) == (3, True)


def test_an_event_lets_the_run_end(addresses: Isthmus) -> None:
    run = told(addresses("start", "change_address", "--input", CHANGE, "--json"))
    sent = told(addresses("send", "SecondOpinion", "--key", "change-1", "--input", "-", "--json", stdin=APPROVAL))

    assert (sent["run_id"], sent["run_status"]) == (run["run_id"], "completed")
    shown = told(addresses("workflows", "show", run["run_id"][:10], "--json"))
    assert shown["outcome"] == {"change": "change-1", "approved_by": "officer-ben"}
    assert "keep_address" in [step["contract"] for step in shown["steps"]]


def test_an_event_with_an_id_that_came_before_is_not_taken_again(addresses: Isthmus) -> None:
    addresses("start", "change_address", "--input", CHANGE)
    for _ in range(2):
        arguments = ("--key", "change-1", "--id", "e-1", "--input", APPROVAL)
        told(addresses("send", "SecondOpinion", *arguments, "--json"))

    kinds = [entry["kind"] for entry in entries(addresses("journal", "export", "--order", "change-1"))]
    assert kinds.count("event_taken") == 1
    assert "event_late" not in kinds


def test_a_refusal_is_shown_and_is_exit_code_one(addresses: Isthmus) -> None:
    done = addresses("start", "change_address", "--input", CHANGE.replace('"IE"', '"KP"'))

    assert done.returncode == 1
    assert "refused" in done.stdout
    assert "country_barred" in done.stdout


def test_a_handlers_contract_answers_at_once_and_once_for_a_key(addresses: Isthmus) -> None:
    answers = [told(addresses("start", "screen_country", "--input", CHANGE, "--key", "k")) for _ in range(2)]

    assert answers == [{"rating": "low"}, {"rating": "low"}]
    other = addresses("start", "screen_country", "--input", CHANGE.replace('"IE"', '"FR"'), "--key", "k")
    assert other.returncode == 3


def test_a_handlers_contract_is_done_once_for_the_identity_in_its_message(addresses: Isthmus) -> None:
    first, again = (told(addresses("start", "keep_address", "--input", CHANGE)) for _ in range(2))
    other = addresses("start", "keep_address", "--input", CHANGE.replace('"IE"', '"FR"'))
    anew = told(addresses("start", "keep_address", "--input", CHANGE, "--key", "another"))

    assert first == again == anew
    assert (other.returncode, "ISTH202" in other.stderr) == (3, True)
    kinds = [(e["kind"], e["subject"]) for e in entries(addresses("journal", "export"))]
    assert kinds.count(("answered", "keep_address")) == 2


def test_what_reads_or_names_no_identity_is_done_anew_each_time(addresses: Isthmus) -> None:
    changed = '{"change": "c", "client": "client-7", "country": "IE"}'
    for _ in range(2):
        told(addresses("start", "screen_country", "--input", CHANGE))
        told(addresses("start", "count_change", "--input", changed))

    subjects = [e["subject"] for e in entries(addresses("journal", "export")) if e["kind"] == "answered"]
    assert (subjects.count("screen_country"), subjects.count("count_change")) == (2, 2)


def test_an_empty_key_is_no_key(addresses: Isthmus) -> None:
    done = addresses("start", "screen_country", "--input", CHANGE, "--key", "")

    assert (done.returncode, "ISTH201" in done.stderr) == (3, True)


def test_a_handlers_contract_answers_while_an_engine_holds_the_database(addresses: Isthmus, folder: Path) -> None:
    first = told(addresses("start", "screen_country", "--input", CHANGE, "--key", "k"))
    lock = EngineLock(Database.open(f"sqlite:///{next(folder.glob('**/*.db'))}"))
    lock.acquire()
    try:
        assert told(addresses("start", "screen_country", "--input", CHANGE, "--key", "k")) == first
        assert told(addresses("start", "screen_country", "--input", CHANGE, "--key", "new")) == first
        for _ in range(2):
            told(addresses("start", "keep_address", "--input", CHANGE))
    finally:
        lock.release()
    kinds = [(e["kind"], e["subject"]) for e in entries(addresses("journal", "export"))]
    assert kinds.count(("answered", "keep_address")) == 1


def test_a_cancelled_run_is_taken_back(addresses: Isthmus) -> None:
    run = told(addresses("start", "change_address", "--input", CHANGE, "--json"))
    done = addresses("workflows", "cancel", run["run_id"], "--actor", "officer-zoe")

    assert done.returncode == 0, done.stderr
    assert "is cancelled" in done.stdout
    cancelled = [e for e in entries(addresses("journal", "export", "--order", "change-1")) if e["kind"] == "cancelled"]
    assert [entry["actor"] for entry in cancelled] == ["officer-zoe"]


def entries(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_journal_says_who_asked_and_on_whose_behalf(addresses: Isthmus) -> None:
    started = ("--actor", "desk-3", "--on-behalf-of", "client-7")
    addresses("start", "change_address", "--input", CHANGE, *started)

    exported = entries(addresses("journal", "export", "--order", "change-1"))
    assert exported[0]["kind"] == "started"
    assert {(entry["actor"], entry["on_behalf_of"]) for entry in exported} == {("desk-3", "client-7")}


def test_the_journal_is_the_same_as_json_as_csv_and_for_people(addresses: Isthmus) -> None:
    addresses("start", "change_address", "--input", CHANGE)
    as_json = entries(addresses("journal", "export", "--order", "change-1"))
    as_csv = list(
        csv.DictReader(io.StringIO(addresses("journal", "export", "--order", "change-1", "--format", "csv").stdout))
    )
    shown = addresses("journal", "show", "--order", "change-1").stdout

    assert [row["kind"] for row in as_csv] == [entry["kind"] for entry in as_json]
    assert [int(row["sequence"]) for row in as_csv] == [entry["sequence"] for entry in as_json]
    assert shown.splitlines()[-1] == f"{len(as_json)} entries"


def test_what_is_personal_is_nowhere_in_what_commands_print(addresses: Isthmus) -> None:
    run = told(addresses("start", "change_address", "--input", CHANGE, "--json"))
    addresses("send", "SecondOpinion", "--key", "change-1", "--input", APPROVAL)
    printed = [
        addresses("workflows", "show", run["run_id"]),
        addresses("workflows", "show", run["run_id"], "--json"),
        addresses("journal", "export"),
        addresses("journal", "show", "--order", "change-1"),
    ]

    assert all("Harbour" not in done.stdout for done in printed)
    assert "sealed for client-7" in printed[1].stdout


def test_nothing_waits_for_a_person_when_nothing_is_stuck(addresses: Isthmus) -> None:
    addresses("start", "change_address", "--input", CHANGE)
    done = addresses("dead-letters", "list")

    assert (done.returncode, done.stdout.strip()) == (0, "0 dead letters wait for a person")


BROKEN = "broken = Path('broken').exists()\n    if broken:\n        raise OSError('the printer is out of paper')\n    "


def test_a_dead_letter_is_listed_shown_and_replayed(addresses: Isthmus, folder: Path) -> None:
    handlers = folder / "addresses" / "handlers.py"
    text = handlers.read_text("utf-8").replace("from isthmus.core", "from pathlib import Path\n\nfrom isthmus.core")
    handlers.write_text(text.replace("before = counts.get", BROKEN + "before = counts.get", 1), "utf-8")
    contracts = folder / "addresses" / "contracts.py"
    quick = "@contract(final=True, retry=Retry(attempts=1))\ndef count_change"
    text = contracts.read_text("utf-8").replace("@contract(final=True)\ndef count_change", quick)
    contracts.write_text(text.replace("Refusal, contract", "Refusal, Retry, contract"), "utf-8")
    (folder / "broken").touch()

    addresses("start", "change_address", "--input", CHANGE)
    addresses("send", "SecondOpinion", "--key", "change-1", "--input", APPROVAL)
    [letter] = entries(addresses("dead-letters", "list", "--json"))
    assert (letter["kind"], letter["resolved_at"]) == ("delivery", None)
    number = str(letter["dead_letter_id"])
    assert "OSError" in addresses("dead-letters", "show", number).stdout

    assert addresses("dead-letters", "list").stdout.splitlines()[-1] == "1 dead letter waits for a person"
    again = addresses("dead-letters", "replay", number)
    assert (again.returncode, "stuck again: see dead letter 2" in again.stdout) == (1, True), again.stdout
    number = "2"

    (folder / "broken").unlink()
    assert "count_change was tried again, and is done" in addresses("dead-letters", "replay", number).stdout
    assert addresses("dead-letters", "list", "--json").stdout == ""
    counted = [e["kind"] for e in entries(addresses("journal", "export")) if e["subject"] == "count_change"]
    assert [counted[0], counted[-1]] == ["failed", "answered"]


BOOKING = """
from pathlib import Path

from isthmus.core import App, Message, Refusal, Retry, Undo, contract, handles, workflow


class Trip(Message, identity="id"):
    id: str


class Seat(Message):
    row: int


class Full(Refusal):
    pass


@contract()
def give_back(undo: Undo[Trip, Seat]) -> None:
    \"\"\"Give the seat back.\"\"\"


@contract(undone_by=give_back)
def take_seat(trip: Trip) -> Seat:
    \"\"\"Take a seat.\"\"\"


@contract(reads=True, refuses=[Full])
def find_hotel(trip: Trip) -> Seat:
    \"\"\"Find a hotel.\"\"\"


@contract()
def fly(trip: Trip) -> Seat:
    \"\"\"Fly.\"\"\"


@contract(refuses=[Full])
def travel(trip: Trip) -> Seat:
    \"\"\"Fly, and sleep.\"\"\"


@workflow(fly)
async def fly_by_seat(trip: Trip) -> Seat:
    return await take_seat(trip)


@workflow(travel)
async def travel_by_plane(trip: Trip) -> Seat:
    await take_seat(trip)
    await fly(trip)
    return await find_hotel(trip)


@handles(take_seat)
def take(trip: Trip) -> Seat:
    return Seat(row=1)


@handles(find_hotel)
def find(trip: Trip) -> Seat:
    raise Full()


@handles(give_back)
def give(undo: Undo[Trip, Seat]) -> None:
    if Path("broken").exists():
        raise NotDone()


class NotDone(Refusal):
    pass


app = App("trips", fulfils=[fly_by_seat, travel_by_plane, take, find, give])
"""


@pytest.fixture
def trips(folder: Path, isthmus: Isthmus, write: Callable[[str, str], Path]) -> Isthmus:
    """Stand in a folder with an app whose undo stops as long as there is a file called broken."""
    write("pyproject.toml", '[tool.isthmus]\napp = "trips:app"\n')
    once = BOOKING.replace("@contract()\ndef give_back", "@contract(retry=Retry(attempts=1))\ndef give_back")
    write("trips.py", once)
    write("broken", "")
    return isthmus


def test_the_dead_letter_of_a_childs_undo_names_run_and_step_as_everything_else_does(trips: Isthmus) -> None:
    run = json.loads(trips("start", "travel", "--input", '{"id": "t"}', "--json").stdout)
    [child] = [one for one in told(trips("workflows", "list", "--json")) if one["contract"] == "fly"]
    [letter] = entries(trips("dead-letters", "list", "--json"))
    shown = trips("dead-letters", "show", "1").stdout
    trips("dead-letters", "replay", "1")
    journal = entries(trips("journal", "export", "--run", run["run_id"]))

    assert (letter["run_id"], letter["step"]) == (child["run_id"], "undo:0.await0")
    assert letter["stuck_run"] == run["run_id"]
    assert f"run       {child['run_id']}, step undo:0.await0\n" in shown
    assert f"stuck     {run['run_id']}" in shown
    stuck = [(e["kind"], e["run_id"], e["step"]) for e in journal if e["kind"] in ("stuck", "resolved")]
    assert stuck == [(kind, child["run_id"], "undo:0.await0") for kind in ("stuck", "resolved", "stuck")]


@pytest.mark.parametrize("beside", [False, True])
def test_replaying_an_undo_says_what_came_of_it(trips: Isthmus, folder: Path, *, beside: bool) -> None:
    trips("start", "travel", "--input", '{"id": "t"}')
    with engine_beside(folder) if beside else nullcontext():
        again = trips("dead-letters", "replay", "1")
        (folder / "broken").unlink()
        done = trips("dead-letters", "replay", "2")

    assert (again.returncode, again.stdout) == (1, "give_back was tried again, and is stuck again: see dead letter 2\n")
    assert (done.returncode, done.stdout) == (0, "dead letter 2 is resolved: give_back was tried again, and is done\n")
    assert told(trips("workflows", "list", "--status", "refused", "--json"))[0]["contract"] == "travel"


def test_a_replay_that_is_done_and_leaves_its_run_stuck_further_on_says_so(trips: Isthmus, folder: Path) -> None:
    trips("start", "travel", "--input", '{"id": "t"}')
    source = folder / "trips.py"
    text = source.read_text("utf-8").replace(
        'if Path("broken").exists():', 'if undo.key.endswith("/0") and Path("once").exists():'
    )
    source.write_text(text.replace("raise NotDone()", "raise NotDone()\n    Path('once').touch()"), "utf-8")
    done = trips("dead-letters", "replay", "1")

    assert done.returncode == 1
    assert done.stdout == "give_back was tried again, and is done; its run is stuck further on: see dead letter 2\n"


@contextmanager
def engine_beside(folder: Path) -> Iterator[None]:
    """Have another process hold the database, as `isthmus serve` does."""
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "serving trips" in process.stderr.readline()
        try:
            yield
        finally:
            process.terminate()


FAILING = """
import logging

from isthmus.core import App, Message, contract, handles


class Question(Message):
    number: int


@contract(reads=True)
def divide(question: Question) -> Question:
    \"\"\"Divide a hundred.\"\"\"


@handles(divide)
def divide_hundred(question: Question) -> Question:
    logging.getLogger("mine").error("dividing by %d", question.number)
    return Question(number=100 // question.number)


app = App("numbers", fulfils=[divide_hundred])
"""


def test_verify_tells_a_failing_handler_in_a_few_lines_and_keeps_its_log_away(folder: Path) -> None:
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "verify", "--app", "numbers_:app"]
    (folder / "numbers_.py").write_text(FAILING, "utf-8")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[3:] == [
        "divide fails",
        "  it failed with ZeroDivisionError: integer division or modulo by zero, at numbers_.py:19 in divide_hundred",
        "  for Question(number=0)",
        "",
        "app numbers: 6 laws checked, all kept, 1 handler fails",
    ]


WRONG: list[tuple[tuple[str, ...], int, str]] = [
    (("start", "change_address", "--input", "{"), 3, "ISTH201"),
    (("start", "change_address", "--input", "[]"), 3, "ISTH201"),
    (("start", "change_address", "--input", '{"id": 3}'), 3, "id"),
    (("start", "change_address", "--input", CHANGE.replace('"country"', '"land"')), 3, "country"),
    (("start", "change_address", "--input", CHANGE.replace("{", '{"more": 1,')), 3, "more"),
    (("start", "change_address", "--input", "\udcff"), 3, "ISTH201"),
    (("start", "change_address", "--input", "@nowhere.json"), 3, "nowhere.json"),
    (("start", "change_address", "--input", "@."), 3, "cannot be read"),
    (("start", "change_address", "--input", "@/dev/zero"), 3, "larger than"),
    (("start", "change_address"), 2, "--input"),
    (("start", "change_adress", "--input", "{}"), 3, "change_address"),
    (("start", "change_address", "--input", CHANGE, "--key", "k"), 2, "--key"),
    (("send", "SecondOpinon", "--key", "k", "--input", "{}"), 3, "SecondOpinion"),
    (("send", "SecondOpinion", "--key", "k", "--input", "{}"), 3, "change"),
    (("send", "SecondOpinion", "--input", "{}"), 2, "--key"),
    (("workflows", "show", "0000"), 4, "no such database"),
    (("workflows", "list", "--status", "done"), 2, "done"),
    (("workflows", "list", "--limit", "0"), 2, "0"),
    (("workflows", "cancel", "0000"), 4, "no such database"),
    (("journal", "show"), 2, "--order"),
    (("journal", "show", "--order", "x"), 4, "no such database"),
    (("dead-letters", "replay", "x"), 2, "x"),
    (("dead-letters", "replay", "7"), 3, "7"),
    (("inspect", "nothing"), 3, "change_address"),
    (("start", "screen_country", "--input", CHANGE, "--database", "oracle://x"), 3, "database"),
    (("start", "screen_country", "--input", CHANGE, "--database", "nonsense"), 3, "database"),
    (("start", "screen_country", "--input", CHANGE, "--database", "sqlite:///no/such/folder/x.db"), 4, "database"),
    (("workflows", "list", "--database", "sqlite:///README.md"), 4, "database"),
    (("start", "screen_country", "--input", CHANGE, "--database", "sqlite:///README.md"), 4, "database"),
    (("start", "screen_country", "--input", CHANGE, "--database", "postgresql://127.0.0.1:1/x"), 4, "database"),
    (("serve", "--port", "70000"), 2, "70000"),
    (("serve", "--host", "203.0.113.1", "--port", "0"), 4, "203.0.113.1"),
    (("verify", "--examples", "0"), 2, "0"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_input_gets_one_clear_block(addresses: Isthmus, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = addresses(*arguments)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert len(done.stderr.splitlines()) <= 8


OPENING: list[tuple[str, ...]] = [
    ("workflows", "list"),
    ("workflows", "show", "ff"),
    ("workflows", "cancel", "ff"),
    ("journal", "export"),
    ("journal", "show", "--order", "x"),
    ("dead-letters", "list"),
    ("dead-letters", "show", "1"),
    ("dead-letters", "replay", "1"),
    ("start", "screen_country", "--input", CHANGE),
    ("send", "SecondOpinion", "--key", "k", "--input", APPROVAL),
    ("serve", "--port", "0"),
]
BAD_DATABASES = [
    ("sqlite:///README.md", 4, "/README.md: "),
    ("notdb.db", 3, "'notdb.db'"),
    ("sqlite:///", 3, "'sqlite:///'"),
    ("sqlite:///:memory:", 3, "'sqlite:///:memory:'"),
    ("mysql://u:secret@h/x", 3, "'mysql://u:***@h/x'"),
    ("postgresql://u:secret@h:port/x", 3, "'postgresql://u:***@h:port/x'"),
]


@pytest.mark.parametrize("arguments", OPENING, ids=" ".join)
@pytest.mark.parametrize(("url", "code", "said"), BAD_DATABASES, ids=[one[0] for one in BAD_DATABASES])
def test_every_command_names_a_database_that_is_none(
    addresses: Isthmus, arguments: tuple[str, ...], url: str, code: int, said: str
) -> None:
    done = addresses(*arguments, "--database", url)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "secret" not in done.stderr


def test_an_unknown_run_is_named_with_what_to_do(addresses: Isthmus) -> None:
    addresses("start", "change_address", "--input", CHANGE)
    done = addresses("workflows", "show", "ffff")

    assert (done.returncode, "workflows list" in done.stderr) == (3, True)
    assert addresses("journal", "show", "--order", "nobody").returncode == 3
    assert addresses("workflows", "cancel", "ffff").returncode == 3


def test_reading_makes_no_database(addresses: Isthmus, folder: Path) -> None:
    for arguments in (("workflows", "list"), ("journal", "export"), ("dead-letters", "list")):
        assert addresses(*arguments).returncode == 4

    assert list(folder.glob("*.db*")) == []
