"""What `isthmus check` says of an app whose module raises one of our own errors when it is imported."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

HEAD = "from isthmus.core import App, Message, Money, contract, handles, hours, schedule, seconds\n"

WRONG = {
    "an amount that is none": ('FEE = Money.parse("1.2.3", "USD")', "'1.2.3' is no amount"),
    "two currencies": ('FEE = Money.zero("USD") + Money.zero("EUR")', "cannot add USD and EUR"),
    "a currency that is none": ('FEE = Money.zero("DOLLAR")', "'DOLLAR' is no ISO 4217 currency"),
    "a wait that is no duration": ("WAIT = seconds('5')", "seconds is '5'"),
    "an identity that is no field": ('class Order(Message, identity="key"): id: str', "identity='key' is not a field"),
    "a name that is none": ("app = App(5, fulfils=[])", "name of an App is 5"),
}


@pytest.mark.parametrize("command", [("check",), ("inspect", "x"), ("start", "x", "--input", "{}")])
@pytest.mark.parametrize("mistake", WRONG)
def test_an_error_at_import_names_the_line_of_the_module(
    isthmus: Isthmus, write: Write, mistake: str, command: tuple[str, ...]
) -> None:
    line, words = WRONG[mistake]
    write("fees.py", f"{HEAD}\n{line}\n")

    done = isthmus(*command, "--app", "fees:app")

    assert done.returncode == 1, done
    assert "fees.py:3: " in done.stderr
    assert words in done.stderr
    assert done.stderr.count("[ISTH") == 1


def test_an_error_of_a_function_that_the_module_calls_names_the_line_in_the_function(
    isthmus: Isthmus, write: Write
) -> None:
    write("prices.py", f"{HEAD}\ndef price(text):\n    return Money.parse(text, 'USD')\n")
    write("fees.py", "from prices import price\n\nFEE = price('x')\n")

    done = isthmus("check", "--app", "fees:app")

    assert "prices.py:4: MoneyInvalid: 'x' is no amount" in done.stderr
    assert "return Money.parse(text, 'USD')" in done.stderr


def test_a_contract_without_parentheses_is_told_at_its_line(isthmus: Isthmus, write: Write) -> None:
    write("fees.py", f"{HEAD}\n@contract\ndef charge(message): ...\n")

    done = isthmus("check", "--app", "fees:app")

    assert done.returncode == 1
    assert "fees.py:3: @contract of charge has no parentheses (write @contract(reads=True)" in done.stderr
