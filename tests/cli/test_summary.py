"""How the day's outcomes, reasons and holdings are told."""

from __future__ import annotations

import msgspec
import pytest

from isthmus.adapters.cli.output import printable
from isthmus.adapters.cli.summary import Outcomes, cash_and_positions, outcome_of
from isthmus.adapters.sql.runs import RunStatus

REFUSED = msgspec.json.encode({"refusal": "InvalidOrder", "fields": {"field": "account", "rule": "open_account"}})
PLAIN = msgspec.json.encode({"refusal": "InsufficientFunds", "fields": {"account": "007"}})
FAILED = msgspec.json.encode({"error": "OSError", "place": "execute_order"})


@pytest.mark.parametrize(
    ("status", "outcome", "executed", "told"),
    [
        (RunStatus.COMPLETED, b'{"status":"filled"}', True, ("filled", None)),
        (RunStatus.COMPLETED, b'{"status":"partially_filled"}', True, ("partially_filled", None)),
        (RunStatus.REFUSED, REFUSED, False, ("refused", "InvalidOrder: account open_account")),
        (RunStatus.REFUSED, PLAIN, False, ("refused", "InsufficientFunds")),
        (RunStatus.REFUSED, PLAIN, True, ("taken_back", "InsufficientFunds")),
        (RunStatus.FAILED, FAILED, False, ("taken_back", "failed: OSError")),
        (RunStatus.TIMED_OUT, None, True, ("taken_back", "timed_out")),
        (RunStatus.CANCELLED, b'{"cancelled_by":"x"}', False, ("taken_back", "cancelled")),
        (RunStatus.STUCK, None, True, ("dead", "a person is asked")),
        (RunStatus.RUNNING, None, True, ("unfinished", "still running")),
        (RunStatus.STARTED, None, False, ("unfinished", "still started")),
        (RunStatus.TAKING_BACK, None, True, ("unfinished", "still taking_back")),
    ],
)
def test_every_status_is_one_outcome(
    status: RunStatus, outcome: bytes | None, executed: bool, told: tuple[str, str | None]
) -> None:
    assert outcome_of(status, outcome, executed=executed) == told


def test_received_is_the_sum_of_the_outcomes() -> None:
    outcomes = Outcomes()
    for outcome in ("filled", "filled", "refused", "dead"):
        outcomes.add(outcome, None if outcome == "filled" else outcome)

    counted = outcomes.counted()
    assert counted.pop("received") == sum(counted.values()) == 4
    assert outcomes.reasons == {"refused": 1, "dead": 1}


def test_every_status_of_a_run_has_an_outcome() -> None:
    for status in RunStatus:
        assert outcome_of(status, b'{"status":"filled"}', executed=False)[0] in Outcomes().counted()


def test_cash_is_written_in_its_currency_and_positions_by_symbol() -> None:
    held = {"BHD": 1234567, "JPY": 500, "US4592001014": 1200, "US0378331005": 0}

    assert cash_and_positions(held, {"US4592001014": "IBM"}) == ("1,234.567 BHD, 500 JPY", "IBM 1,200")
    assert cash_and_positions({}, {}) == ("-", "-")


def test_what_is_printed_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\n") == "a\\x1b[2Jb\\x202ec\n"
