"""Have random programs played by all, and compare: what they come to must be the same.

python -m tests.agreement --programs 2000 --seed 7    exits with 1 when one disagrees or a quota is missed
python -m tests.agreement --replay FILE               plays one case again
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

from case import Case
from company import PLAYERS, Company
from constructs import CONSTRUCTS, constructs, nesting
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from judgement import Disagreement
from planning import draw
from reducing import reduced

from isthmus.core.composition import AppRefused

OFTEN: Final = 0.05
"""In how many of the programs every construct occurs, at least."""

QUOTAS: Final = {
    "blocks within blocks": 0.5,
    "undo": 0.25,
    "stuck undo": 0.05,
    "late event": 0.15,
    "early event": 0.02,
    "repeated event": 0.03,
    "timeout": 0.1,
    "fence": 0.05,
    "cancel": 0.05,
    "replay": 0.05,
    "killed": 0.1,
    "delivered twice": 0.05,
}
"""What so many of the programs reach, at least."""

NASTY: Final = 7
"""Which kind of program Hypothesis draws choice by choice; of the others it draws a number, and some numbers often."""

REFUSED_MAX: Final = 0.05
DISAGREE: Final = "They disagree"
SMALL: Final = 100
"""With fewer programs a quota says nothing."""


class Count:
    """Count programs, what they say, and what they come to."""

    def __init__(self) -> None:
        self.programs = 0
        self.refused = 0
        self.said: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self.played: Counter[str] = Counter()

    def add(self, case: Case, reached: Counter[str], players: list[str]) -> None:
        """Count one."""
        self.programs += 1
        self.said.update(constructs(case.source))
        self.reached.update(set(reached))
        self.reached["blocks within blocks"] += nesting(case.source) >= 2
        self.reached["killed"] += case.fault is not None
        self.reached["delivered twice"] += case.twice
        self.played.update(players)

    def missed(self) -> list[str]:
        """Return the quotas that were missed."""
        if self.programs < SMALL:
            return []
        wanted = {**dict.fromkeys(CONSTRUCTS, OFTEN), **QUOTAS}
        found = self.said + self.reached
        missed = [name for name, quota in wanted.items() if found[name] < quota * self.programs]
        return missed + (["accepted by the checker"] if self.refused > REFUSED_MAX * self.programs else [])

    def table(self) -> str:
        """Write the counts."""
        lines = [f"{self.programs} programs; the checker refused {self.refused} more"]
        lines += [f"  played: {', '.join(f'{name} {count}' for name, count in sorted(self.played.items()))}"]
        for title, counts in (("say", self.said), ("reach", self.reached)):
            lines.append(f"  {title}:")
            lines += [f"    {name:22}{count:6}{count / self.programs:7.1%}" for name, count in counts.most_common()]
        return "\n".join(lines)


def run(programs: int, number: int, players: dict[str, int], failing: Path, *, reduce: bool) -> int:
    """Draw so many programs, and have each played by whose turn it is."""
    count, company, begun = Count(), Company(), time.monotonic()
    found: list[tuple[Case, list[str], Disagreement]] = []
    drawn: Counter[int] = Counter()

    @seed(number)
    @settings(
        max_examples=programs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.integers(0, 30), st.integers(0, 2**62), st.randoms(use_true_random=False))
    def agree(kind: int, of_program: int, nasty: Random) -> None:
        if not found:
            drawn[of_program] += 1
            try_out(draw(nasty if kind == NASTY else Random(f"{of_program}/{drawn[of_program]}")).case)
        if found:  # from one place, and again when Hypothesis asks again
            raise found[-1][2].with_traceback(None)

    def try_out(case: Case) -> None:
        turn = [name for name, every in players.items() if every and count.programs % every == 0]
        try:
            count.add(case, company.try_out(case, turn).reached, turn)
            if count.programs % SMALL == 0:
                print(f"{count.programs} programs agree", file=sys.stderr, flush=True)
        except AppRefused:
            count.refused += 1
        except Disagreement as disagreement:
            found.append((case, turn, disagreement))

    try:
        agree()
    except Disagreement:
        case, turn, disagreement = found[-1]
        if reduce:
            case, smaller = reduced(case, lambda candidate: company.try_out(candidate, turn))
            disagreement = smaller or disagreement
        case.write(failing)
        print(f"{DISAGREE} in program {count.programs + 1}:\n{disagreement}")
        print(f"\nThe case is in {failing}: python -m tests.agreement --replay {failing}")
        return 1
    finally:
        company.close()
    print(count.table())
    seconds = time.monotonic() - begun
    print(f"All agree. {seconds:.0f} s, {count.programs / seconds:.1f} programs a second.")
    missed = count.missed()
    if missed:
        print(f"Missed: {', '.join(missed)}")
    return 1 if missed else 0


def replay(file: Path, players: list[str]) -> int:
    """Play a case that was written down."""
    company = Company()
    try:
        company.try_out(Case.read(file), players)
    except Disagreement as disagreement:
        print(disagreement)
        return 1
    finally:
        company.close()
    print("All agree.")
    return 0


def main() -> int:
    """Read the arguments, and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.agreement", description=__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--laptop", type=int, default=1, help="play every n-th program on the laptop; 0 for none")
    parser.add_argument("--google", type=int, default=1, help="play every n-th program on Google; 0 for none")
    parser.add_argument("--served", type=int, default=50, help="and every n-th with functions that listen")
    parser.add_argument("--azure", type=int, default=10, help="play every n-th program on Azure; 0 for none")
    parser.add_argument("--failing", type=Path, default=Path("failing-case.json"), help="where a failing case goes")
    parser.add_argument("--no-reduce", action="store_true", help="leave a failing case as large as it is")
    parser.add_argument("--replay", type=Path, help="play this case again")
    given_ones = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if given_ones.replay is not None:
        return replay(given_ones.replay, list(PLAYERS))
    each = (given_ones.laptop, given_ones.google, given_ones.served, given_ones.azure)
    players = dict(zip(PLAYERS, each, strict=True))
    reduce = not given_ones.no_reduce
    return run(given_ones.programs, given_ones.seed, players, given_ones.failing, reduce=reduce)


if __name__ == "__main__":
    sys.exit(main())
