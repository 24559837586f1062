"""`isthmus rehearse google`: a day on both sides, in one process and by services that listen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ORDERS = Path(__file__).parents[2] / "examples" / "trading-day" / "orders-priced.fix"


def rehearse(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isthmus.adapters.cli.main", "rehearse", "google", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def few_orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("orders") / "few.fix"
    file.write_bytes(b"8=FIX".join(ORDERS.read_bytes().split(b"8=FIX")[:6]))
    return file


@pytest.mark.parametrize("options", [(), ("--serve",)], ids=["in one process", "served"])
def test_the_same_orders_leave_the_same_journal_on_both_sides(
    few_orders: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = rehearse(tmp_path, "--orders", str(few_orders), *options)

    assert done.returncode == 0, done.stderr
    laptop, google = (line.split()[1] for line in done.stdout.splitlines()[:2])
    assert laptop == google
    assert int(google) > 100
    assert "The journals are the same" in done.stdout


def test_what_cannot_be_read_is_told_and_is_no_success(few_orders: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.fix"
    broken.write_bytes(few_orders.read_bytes() + b"no order at all")
    done = rehearse(tmp_path, "--orders", str(broken))

    assert done.returncode == 3
    assert "The journals are the same" in done.stdout
    assert "1 message could not be read" in done.stderr
