"""The main job: FIX files in, a day's summary out; the same again changes nothing, and nothing is lost on the way."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]

DAY = Path(__file__).resolve().parents[2] / "examples" / "trading-day"
PRICED = (DAY / "orders-priced.fix").read_bytes()
FEW = b"".join(PRICED.splitlines(keepends=True)[:12])


def told(done: subprocess.CompletedProcess[str]) -> Any:
    summary = json.loads(done.stdout)
    assert done.returncode == (3 if summary["messages"]["unreadable"] else 0), done.stderr
    return summary


def entries(isthmus: Isthmus, kind: str) -> list[dict[str, Any]]:
    lines = isthmus("journal", "export").stdout.splitlines()
    return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]


def outcomes(summary: Any) -> dict[str, int]:
    return {name: number for name, number in summary["orders"].items() if name != "received"}


@pytest.fixture
def few(folder: Path) -> Path:
    path = folder / "few.fix"
    path.write_bytes(FEW)
    return path


def test_the_trading_day_has_every_outcome_and_its_books_balance(isthmus: Isthmus) -> None:
    summary = told(isthmus("run", "--json"))

    assert summary["orders"]["received"] == 200 == sum(outcomes(summary).values())
    assert all(summary["orders"][name] for name in ("filled", "partially_filled", "refused", "taken_back"))
    assert (summary["orders"]["dead"], summary["orders"]["unfinished"]) == (0, 0)
    assert summary["books"]["balanced"] is True
    assert sum(summary["reasons"].values()) == summary["orders"]["refused"] + summary["orders"]["taken_back"]
    assert summary["journal"]["entries"] == len(isthmus("journal", "export").stdout.splitlines())
    assert summary["seconds"] > 0


def test_the_same_file_again_changes_nothing_and_says_so(isthmus: Isthmus, few: Path) -> None:
    first = told(isthmus("run", "--orders", few.name, "--json"))
    again = told(isthmus("run", "--orders", few.name, "--json"))
    shown = isthmus("run", "--orders", few.name)

    assert (first["changed"], again["changed"]) == (True, False)
    assert (again["orders"], again["books"]) == (first["orders"], first["books"])
    assert again["journal"] == {"entries": first["journal"]["entries"], "new": 0}
    assert "Nothing changed" in shown.stdout


def test_the_summary_is_worth_reading(isthmus: Isthmus, few: Path) -> None:
    text = isthmus("run", "--orders", few.name).stdout

    for part in ("filled", "Books: balanced", "Journal:", "stage", "orders per second", "USD", "isthmus.db"):
        assert part in text, text


def test_several_files_are_one_day(isthmus: Isthmus, folder: Path, few: Path) -> None:
    other = folder / "other.fix"
    other.write_bytes(b"".join(PRICED.splitlines(keepends=True)[12:20]))
    together = told(isthmus("run", "--orders", few.name, other.name, "--json"))

    assert together["orders"]["received"] == 20


def test_standard_input_is_read_as_a_file_is(folder: Path, isthmus: Isthmus) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "run", "--orders", "-", "--json"],
        cwd=folder,
        input=FEW,
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout)["orders"]["received"] == 12


def test_an_order_sent_twice_is_done_once(isthmus: Isthmus, few: Path) -> None:
    few.write_bytes(FEW + FEW)
    summary = told(isthmus("run", "--orders", few.name, "--json"))

    assert (summary["orders"]["received"], summary["messages"]["repeated"]) == (12, 12)


def test_an_identity_that_belongs_to_another_order_is_refused(isthmus: Isthmus, few: Path) -> None:
    first = FEW.splitlines(keepends=True)[0]
    other = sealed(first.replace(b"\x0138=", b"\x0138=1"))
    few.write_bytes(first + other)
    summary = told(isthmus("run", "--orders", few.name, "--json"))

    assert (summary["orders"]["received"], summary["reasons"]["IdentityConflict"]) == (2, 1)
    assert len(entries(isthmus, "rejected")) == 1


def sealed(line: bytes) -> bytes:
    """Give a message its right length and sum."""
    fields = [field for field in line.strip().split(b"\x01") if field and field[:2] not in (b"8=", b"9=")]
    begin = line.split(b"\x01")[0] + b"\x01"
    body = b"".join(field + b"\x01" for field in fields if not field.startswith(b"10="))
    message = begin + b"9=%d\x01" % len(body) + body
    return message + b"10=%03d\x01\n" % (sum(message) % 256)


def test_an_order_that_cannot_be_read_is_refused_by_its_rule_and_journaled_once(isthmus: Isthmus, few: Path) -> None:
    lines = FEW.splitlines(keepends=True)
    few.write_bytes(b"".join([lines[0], lines[1].replace(b"\x0138=", b"\x0138=9"), *lines[2:]]))
    first = told(isthmus("run", "--orders", few.name, "--json"))
    again = told(isthmus("run", "--orders", few.name, "--json"))

    assert first["orders"]["received"] == again["orders"]["received"] == 12
    assert first["reasons"] == again["reasons"]
    assert first["messages"]["unreadable"] == 1
    [rule] = [reason for reason in first["reasons"] if reason.startswith(("body_length", "check_sum"))]
    assert first["reasons"][rule] == 1
    [rejected] = entries(isthmus, "rejected")
    assert (rejected["subject"], again["changed"]) == ("few.fix#2", False)


def test_a_lenient_run_records_what_it_forgave(isthmus: Isthmus, few: Path) -> None:
    few.write_bytes(b"".join(line.replace(line[-5:-2], b"000") for line in FEW.splitlines(keepends=True)))
    strict = told(isthmus("run", "--orders", few.name, "--database", "sqlite:///strict.db", "--json"))
    lenient = told(isthmus("run", "--orders", few.name, "--lenient", "--json"))

    assert sum(strict["reasons"][name] for name in strict["reasons"] if name.startswith("check_sum")) == 12
    assert lenient["messages"]["forgiven"] == {"check_sum_zeroed": 12}
    forgiven = entries(isthmus, "forgiven")
    assert len(forgiven) == 12
    assert forgiven[0]["after"]["forgiven"] == ["check_sum_zeroed"]


def test_reports_among_orders_are_skipped_by_name(isthmus: Isthmus) -> None:
    done = isthmus("run", "--orders", str(DAY / "orders-fix42.fix"), "--lenient", "--json")

    summary = told(done)
    assert summary["orders"]["received"] == 75
    assert summary["messages"]["skipped"] == {"ExecutionReport": 25}


HOSTILE = {
    "empty": b"",
    "noise": bytes(range(256)) * 40,
    "truncated": FEW[: len(FEW) // 2],
    "without an end": b"8=FIX.4.2\x019=5\x0135=D\x01" + b"58=" + b"x" * 200_000,
    "not utf-8": FEW.replace(b"ISTHMUS", b"\xff\xfe\xfd"),
    "escapes": FEW.replace(b"\x0111=", b"\x0111=\x1b[2J"),
    "zeroes": b"\x00" * 100_000,
    "huge number": FEW.replace(b"\x0138=", b"\x0138=" + b"9" * 400),
    "many starts": b"8=FIX.4.2\x01" * 5_000,
    "sql": sealed(FEW.splitlines(keepends=True)[0].replace(b"\x0111=", b"\x0111=';drop table run;--")),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("mode", ["--strict", "--lenient"])
def test_hostile_files_cost_a_journal_entry_at_most(isthmus: Isthmus, few: Path, name: str, mode: str) -> None:
    few.write_bytes(HOSTILE[name])
    done = isthmus("run", "--orders", few.name, mode, "--json")

    summary = told(done)
    assert sum(outcomes(summary).values()) == summary["orders"]["received"]
    assert summary["books"]["balanced"] is True
    assert "\x1b" not in done.stdout + done.stderr


def test_a_file_that_is_not_there_is_named_before_anything_begins(isthmus: Isthmus, folder: Path, few: Path) -> None:
    done = isthmus("run", "--orders", few.name, "--orders", "missing.fix")

    assert (done.returncode, "missing.fix" in done.stderr) == (3, True)
    assert list(folder.glob("*.db*")) == []


def test_a_folder_is_no_file(isthmus: Isthmus, folder: Path) -> None:
    done = isthmus("run", "--orders", str(folder))

    assert (done.returncode, "cannot be read" in done.stderr) == (3, True)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder that not even root may write to")
def test_a_folder_that_takes_no_writes_is_the_machines_fault(isthmus: Isthmus, few: Path) -> None:
    done = isthmus("run", "--orders", few.name, "--database", "sqlite:////proc/isthmus.db")

    assert (done.returncode, "unable to open database file" in done.stderr) == (4, True)


@pytest.mark.parametrize("kibibytes", [100, 700])
def test_a_disk_that_is_full_stops_the_day_and_loses_nothing(isthmus: Isthmus, folder: Path, kibibytes: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kibibytes * 1024, kibibytes * 1024))

    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "run"]
    full = subprocess.run(command, cwd=folder, capture_output=True, text=True, preexec_fn=limit, check=False)
    summary = told(isthmus("run", "--json"))

    assert full.returncode == 4
    assert full.stderr.startswith("error: ")
    assert "Traceback" not in full.stderr
    assert (summary["orders"]["received"], summary["orders"]["filled"], summary["books"]["balanced"]) == (
        200,
        129,
        True,
    )


def test_a_database_that_is_something_else_is_left_as_it_is(isthmus: Isthmus, folder: Path, few: Path) -> None:
    other = folder / "other.db"
    other.write_bytes(b"not a database, and longer than a header\n" * 100)
    before = other.read_bytes()
    done = isthmus("run", "--orders", few.name, "--database", "sqlite:///other.db")

    assert (done.returncode, other.read_bytes()) == (4, before)


def test_an_account_list_that_breaks_a_rule_is_named_with_its_line(isthmus: Isthmus, folder: Path, few: Path) -> None:
    for name in ("accounts.csv", "positions.csv", "instruments.csv"):
        (folder / name).write_bytes((DAY / name).read_bytes())
    (folder / "accounts.csv").write_text("account,client,client_name,currency,opening_cash\n1,2,3,USD,x\n", "utf-8")
    done = isthmus("run", "--orders", few.name, "--day", ".")

    assert (done.returncode, "positions.csv" in done.stderr or "accounts.csv, line 2" in done.stderr) == (3, True)


def test_a_run_that_is_killed_goes_on_with_the_same_command(isthmus: Isthmus, folder: Path) -> None:
    command = [sys.executable, "-m", "isthmus.adapters.cli.main", "run", "--json"]
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    written = folder / "isthmus.db-wal"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        if written.exists() and written.stat().st_size > 400_000:
            break
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    resumed = told(isthmus("run", "--json"))
    undisturbed = told(isthmus("run", "--database", "sqlite:///undisturbed.db", "--json"))

    assert resumed["orders"] == undisturbed["orders"]
    assert resumed["holdings"] == undisturbed["holdings"]
    assert (resumed["books"], resumed["reasons"]) == (undisturbed["books"], undisturbed["reasons"])
