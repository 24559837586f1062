"""What type checkers say of code that uses the authoring API: nothing of what is right, and something of what is wrong.

`awaited.py` only has to type-check (`make check`). Each line here is one mistake, and the rule that finds it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = (Path(__file__).parent / "awaited.py").read_text("utf-8")

WRONG = {
    "a contract is asked with its own message": ("await reserve(Paid(amount=1))", "arg-type"),
    "an answer has the fields of its message": ("(await reserve(order)).parcel", "attr-defined"),
    "an answer is not another message": ("paid: Paid = await reserve(order)", "assignment"),
    "gather answers in the order written": (
        "a, b = await gather(reserve(order), price(order)); a.amount",
        "attr-defined",
    ),
    "gather takes contracts": ("await gather(reserve(order), order)", "call-overload"),
    "each answers with a list": ("(await each(price, [order], at_most=2)).amount", "attr-defined"),
    "each takes a list of the contract's messages": ("await each(price, [Paid(amount=1)], at_most=2)", "misc"),
    "each needs a bound": ("await each(price, [order])", "call-arg"),
    "wait_for takes an event": ("await wait_for(Paid, key=order.id, within=minutes(5))", "type-var"),
    "wait_for needs an end": ("await wait_for(Delivered, key=order.id)", "call-arg"),
    "a key is text": ("await wait_for(Delivered, key=order.quantity, within=minutes(5))", "arg-type"),
    "a message is not changed": ("order.quantity = 2", "misc"),
    "a message is built by the names of its fields": ("Paid(1)", "call-arg"),
    "a message is built whole": ("Paid()", "call-arg"),
    "a refusal is built whole": ("raise OutOfStock()", "call-arg"),
    "a refusal without fields takes none": ("raise Closed(item='hat')", "call-arg"),
    "a contract is awaited and not used": ("reserve(order).shelf", "attr-defined"),
}

WRONG_DECLARATIONS = {
    "an undo takes back its own contract": (
        "@contract(undone_by=release)\ndef other(order: Paid) -> Reserved:\n    ...",
        "arg-type",
    ),
    "a contract refuses with refusals": (
        "@contract(refuses=[OutOfStock, ValueError])\ndef other(order: Order) -> Paid:\n    ...",
        "list-item",
    ),
    "a handler takes the contract's message": (
        "@handles(reserve)\ndef other(order: Paid) -> Reserved:\n    return Reserved(shelf='a')",
        "arg-type",
    ),
    "a handler returns the contract's answer": (
        "@handles(reserve)\ndef other(order: Order) -> Paid:\n    return Paid(amount=1)",
        "arg-type",
    ),
    "a workflow returns the contract's answer": (
        "@workflow(sell)\nasync def other(order: Order) -> Paid:\n    return Paid(amount=1)",
        "arg-type",
    ),
}


def source_of(statement: str) -> str:
    return f"{PRELUDE}\n\nasync def wrong(order: Order) -> None:\n    {statement}\n"


def errors_of(snippets: dict[str, str], folder: Path) -> dict[str, str]:
    """Run mypy once over all snippets, and return what it says of each by its name."""
    files = {name: folder / f"snippet_{number}.py" for number, name in enumerate(snippets)}
    for name, source in snippets.items():
        files[name].write_text(source, "utf-8")
    arguments = [
        f"--config-file={ROOT / 'pyproject.toml'}",
        "--disable-error-code=empty-body",
        "--follow-imports=silent",
    ]
    output, fault, _ = api.run([*arguments, f"--cache-dir={folder / 'cache'}", *map(str, files.values())])
    assert not fault, fault
    return {name: "\n".join(line for line in output.splitlines() if file.name in line) for name, file in files.items()}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    snippets = {name: source_of(statement) for name, (statement, _) in WRONG.items()}
    snippets |= {name: f"{PRELUDE}\n\n{source}\n" for name, (source, _) in WRONG_DECLARATIONS.items()}
    return errors_of({"what is right": PRELUDE, **snippets}, tmp_path_factory.mktemp("snippets"))


def test_mypy_infers_what_every_await_gives(said: dict[str, str]) -> None:
    assert said["what is right"] == ""


@pytest.mark.parametrize("rule", [*WRONG, *WRONG_DECLARATIONS])
def test_mypy_finds_a_breach_of(said: dict[str, str], rule: str) -> None:
    _, code = (WRONG | WRONG_DECLARATIONS)[rule]

    assert f"[{code}]" in said[rule], said[rule]
