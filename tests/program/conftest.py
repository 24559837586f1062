"""What the tests of the checker share: a shop of contracts, and workflows checked from their text."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from isthmus.core import Workflow
from isthmus.core.program import Problem, Program, check_workflows

SHOP = Path(__file__).with_name("shop.py").read_text()
HEAD = "@workflow(place)\nasync def flow(order: Order) -> Done:\n"

type Check = Callable[[str], tuple[dict[str, Program], list[Problem]]]


@pytest.fixture(scope="session")
def shop() -> dict[str, Any]:
    """Return the names of the shop."""
    module = ModuleType("program_shop")
    sys.modules["program_shop"] = module
    exec(compile(SHOP, "shop.py", "exec"), module.__dict__)
    return module.__dict__


@pytest.fixture(scope="session")
def define(
    shop: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Workflow[Any, Any]]]:
    """Return what makes workflows of a module's text; a text without `async def` is the body of one."""
    folder = tmp_path_factory.mktemp("flows")
    numbers = itertools.count()

    def workflows(text: str) -> dict[str, Workflow[Any, Any]]:
        text = textwrap.dedent(text).strip("\n") + "\n"
        if "@workflow" not in text:
            text = HEAD + textwrap.indent(text, "    ")
        file = folder / f"flow{next(numbers)}.py"
        file.write_text(text)
        code: CodeType = compile(text, str(file), "exec")
        names = dict(shop)
        exec(code, names)
        found = [one for one in names.values() if isinstance(one, Workflow)]
        return {one.contract.name: one for one in found}

    return workflows


@pytest.fixture(scope="session")
def check(define: Callable[[str], dict[str, Workflow[Any, Any]]]) -> Check:
    """Return what checks the workflows of a module's text."""
    return lambda text: check_workflows(define(text))


@pytest.fixture(scope="session")
def refused(check: Check) -> Callable[[tuple[str, str, str, str]], None]:
    """Return what asserts that a wrong program is refused: code, part of the rule, what the caret marks, the text."""

    def assert_refused(case: tuple[str, str, str, str]) -> None:
        code, rule, marked, text = case
        programs, problems = check(text)
        shown = "\n".join(map(str, problems))
        assert "place" not in programs, "the program was taken"
        matching = [one for one in problems if one.code == code and rule in one.rule]
        assert matching, f"no problem says {rule!r} [{code}]:\n{shown}"
        problem = matching[0]
        assert len(problems) == 1, f"more than the one problem was found:\n{shown}"
        assert problem.text[problem.column - 1 :][: problem.width] == marked, shown
        assert "# here" in problem.text or "# here" not in text, shown
        caret = str(problem).splitlines()[2]
        assert caret.split("|", 1)[1].strip() == "^" * len(marked)
        assert problem.instead
        assert f"instead: {problem.instead}" in str(problem)

    return assert_refused
