"""Every problem of an App has its code and its place, names things as the source does, and comes with the others."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from isthmus.core import App, AppRefused, endpoint, hours, schedule, stream, topic

sys.path.insert(0, str(Path(__file__).parent))
from desk import Nothing, Placed, Tick, Verdict, desk, place, sweep, tell, watch
from test_app import WRONG

WHERE = re.compile(r"^(/\S+\.py:\d+(:\d+)?|[a-z_]+(\.\w+)+): ")


@pytest.mark.parametrize("mistake", WRONG)
def test_every_problem_has_code_and_place(mistake: str) -> None:
    with pytest.raises(AppRefused) as refused:
        WRONG[mistake][0]().load()

    for problem in refused.value.problems:
        assert WHERE.match(problem), problem
        assert re.search(r"\[ISTH1\d\d\](\n|$)", problem), problem
        assert problem.count("[ISTH") == 1
        assert " at 0x" not in problem


def test_a_trigger_that_does_not_fit_is_told_at_its_line() -> None:
    wrong = [
        topic("a", Placed, key="id", subscribers=[watch]),  # type: ignore[list-item]
        stream("b", Tick, key="id", into=watch),
        schedule("c", every=hours(1), starts=tell, message=Nothing(day="d")),  # type: ignore[arg-type]
        endpoint("POST", "/d", starts=sweep),
    ]

    assert [Path(one.place.rpartition(":")[0]) for one in wrong] == [Path(__file__)] * 4
    lines = Path(__file__).read_text().splitlines()
    assert all(
        lines[int(one.place.rpartition(":")[2]) - 1].strip().startswith(f"{type(one).__name__.lower()}(")
        for one in wrong
    )


def test_a_name_given_twice_is_told_at_the_second() -> None:
    first = endpoint("POST", "/a", starts=place)
    second = endpoint("post", "/a", starts=place)

    with pytest.raises(AppRefused) as refused:
        desk(endpoints=[first, second]).load()

    assert refused.value.problems == (f"{second.place}: endpoint POST /a is declared twice (rename one) [ISTH100]",)


def test_late_events_are_told_where_the_app_is_made() -> None:
    with pytest.raises(AppRefused) as refused:
        desk(late_events={Verdict: tell}).load()

    assert refused.value.problems[0].startswith(f"{Path(__file__).parent / 'desk.py'}:")


def test_what_fulfils_nothing_is_named() -> None:
    def stray(placed: Placed) -> None: ...

    with pytest.raises(AppRefused, match="stray fulfils nothing") as refused:
        App("one", fulfils=[stray]).load()  # type: ignore[list-item]

    assert "0x" not in str(refused.value)


def test_problems_of_every_part_come_together() -> None:
    app = desk(
        bound=False,
        topics=[topic("a", Tick, key="nothing")],
        schedules=[schedule("c", every=hours(1), starts=tell, message=Nothing(day="d"))],  # type: ignore[arg-type]
        late_events={},
    )

    with pytest.raises(AppRefused) as refused:
        app.load()

    told = "\n".join(refused.value.problems)
    for words in (
        "topic a: nobody publishes Tick",
        "topic a: Tick has no field 'nothing'",
        "no topic carries Placed",
        "schedule c: tell takes Placed, not Nothing",
        "port Rates, asked for",
        "waits for Verdict, and nobody handles",
    ):
        assert words in told
