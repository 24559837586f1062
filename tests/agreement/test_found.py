"""What random programs have found, each as a small program of its own."""

from __future__ import annotations

from typing import Any

import pytest

PART = {"id": "j1.p0", "number": 1, "open": True, "mark": "red", "note": None}
JOB = {"id": "j1", "number": 1, "open": True, "mark": "red", "note": None, "tags": [], "parts": [PART]}
ANSWER = {"text": "a", "number": 1, "open": True, "mark": "red", "note": None, "tags": [], "parts": []}
DONE = 'return Answer(text="", number=0, open=True, mark=Mark.RED, note=None, tags=[], parts=[])'
NEW = 'Part(id=f"{{job.id}}.{}", number=1, open=True, mark=Mark.RED, note=None)'
DAYS_S = 3 * 86_400


def program(*flows: tuple[str, str, str, str]) -> str:
    """Write a program of two contracts, `look` and `make`, and of workflows: name, takes, refuses, body."""
    from vocabulary import DOES, FLOW, HEAD, READS, TAIL, UNDOES  # noqa: PLC0415  # after the path is set

    retry = "Retry(attempts=1)"
    parts = [
        HEAD,
        READS.format(name="look", takes="Part", refuses="No", retry=retry),
        UNDOES.format(name="make", takes="Part", retry=retry),
        DOES.format(name="make", takes="Part", refuses="No", effect="undone_by=undo_make", retry=retry),
    ]
    for name, takes, refuses, body in flows:
        lines = "\n".join(f"    {line}" for line in [*body.strip("\n").split("\n"), DONE])
        words = {"name": name, "takes": takes, "parameter": takes.lower(), "refuses": refuses, "effect": ""}
        parts.append(FLOW.format(**words, body=lines))
    fulfils = ["do_look", "do_make", "do_undo_make", *(f"flow_{name}" for name, *_ in flows)]
    parts.append(TAIL % ", ".join([*fulfils, "do_late_word", "do_late_bell"]))
    return "".join(parts)


def case(source: str, actions: list[tuple[Any, ...]], *, twice: bool = False, **hows: str) -> Any:
    """Return a case in which calls go as is said, and all others well."""
    from case import Case  # noqa: PLC0415  # after the path is set

    rows = {
        contract: [{"how": hows.get(contract, "ok"), "times": 1, "answer": ANSWER}]
        for contract in ("look", "make", "undo_make")
    }
    return Case(source, rows, actions, twice=twice)


@pytest.mark.parametrize("player", ["laptop", "google", "azure"])
def test_a_run_whose_undo_is_stuck_goes_on_when_it_is_replayed_though_the_answer_that_said_so_was_lost(
    company: Any, player: str
) -> None:
    """An orchestration that asked again was told that nothing was left, and ended: nobody took the run back later."""
    body = f'await make({NEW.format(1)})\nif job.open:\n    raise No(why="", number=0)'
    source = program(("top", "Job", "No", body))
    actions = [("start", "top", JOB), ("move", 60), ("repair",), ("replay",), ("move", DAYS_S)]

    model = company.try_out(case(source, actions, twice=True, undo_make="fail"), [player])
    assert [run.status for run in model.runs] == ["refused"]


@pytest.mark.parametrize("player", ["laptop", "google", "azure"])
def test_children_that_go_on_are_fenced_with_their_parent_when_the_undo_before_theirs_is_stuck(
    company: Any, player: str
) -> None:
    """They went on as long as the undo took, or for ever; on Google they stood still."""
    source = program(
        ("nap", "Part", "No", "await sleep(minutes(10))\nawait make(part)"),
        ("top", "Job", "No", f"await gather(nap({NEW.format(1)}), make({NEW.format(2)}))"),
    )
    actions = [("start", "top", JOB), ("cancel", 0), ("move", DAYS_S)]

    model = company.try_out(case(source, actions, undo_make="no"), [player])
    assert [run.status for run in model.runs] == ["stuck", "taking_back"]
    assert len(model.kept) == 2


@pytest.mark.parametrize("player", ["laptop", "google", "azure"])
def test_contracts_that_stand_side_by_side_twice_have_names_of_their_own(company: Any, player: str) -> None:
    """Branches of two gathers were called the same, which Workflows does not take."""
    both = f"await gather(make({NEW.format(1)}), look({NEW.format(2)}))"
    source = program(("top", "Job", "No", f"{both}\n{both}"))

    model = company.try_out(case(source, [("start", "top", JOB)]), [player])
    assert [run.status for run in model.runs] == ["completed"]
