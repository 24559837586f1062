"""That the list of seeded mistakes fits the code, and is long enough."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WANTED = {"compiler": 25, "interpreter": 15, "shared": 15}


@pytest.mark.parametrize("area", WANTED)
def test_every_mistake_stands_in_place_of_a_text_that_is_there_once(area: str) -> None:
    from mistakes import ALL  # noqa: PLC0415  # after the path is set

    astray = [one for one in ALL[area] if (ROOT / one.file).read_text("utf-8").count(one.old) != 1]

    assert astray == []
    assert len(ALL[area]) >= WANTED[area]
