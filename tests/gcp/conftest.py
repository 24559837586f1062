"""The shop of the checker's tests, for the compiler's; the tests of this folder import what they share by its name."""

from __future__ import annotations

import linecache
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from isthmus.adapters.gcp.compiler import lowered
from isthmus.adapters.gcp.emit import emit
from isthmus.adapters.gcp.limits import check
from isthmus.core import Contract, Workflow
from isthmus.core.composition import Composition
from isthmus.core.program import Problem, check_workflows

sys.path.insert(0, str(Path(__file__).parent))

SHOP = (Path(__file__).parent.parent / "program" / "shop.py").read_text("utf-8")
HEAD = "@workflow(place)\nasync def flow(order: Order) -> Done:\n"


@pytest.fixture(scope="session")
def define(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Composition, list[Problem]]]:
    """Return what checks a module of workflows over the shop: what a compiler needs of an App, and the problems."""
    folder = tmp_path_factory.mktemp("compiled")
    module = ModuleType("gcp_shop")
    sys.modules["gcp_shop"] = module
    exec(compile(SHOP, "shop.py", "exec"), module.__dict__)

    def define_text(text: str) -> tuple[Composition, list[Problem]]:
        file = folder / "flow.py"
        file.write_text(text)
        names = dict(module.__dict__)
        linecache.clearcache()
        exec(compile(text, str(file), "exec"), names)
        workflows = {one.contract.name: one for one in names.values() if isinstance(one, Workflow)}
        programs, problems = check_workflows(workflows)
        contracts = {one.name: one for one in names.values() if isinstance(one, Contract)}
        versions = {(name, one.version): (workflows[name], one) for name, one in programs.items()}
        fake: Any = SimpleNamespace(workflows=workflows, programs=programs, contracts=contracts, versions=versions)
        return cast("Composition", fake), problems

    return define_text


@pytest.fixture(scope="session")
def compiled(define: Callable[[str], tuple[Composition, list[Problem]]]) -> Callable[[str], str]:
    """Return what compiles the body of a workflow over the shop."""

    def compile_text(text: str) -> str:
        composition, problems = define(HEAD + textwrap.indent(text.strip("\n") + "\n", "    "))
        assert problems == []
        found = lowered(composition, "place")
        made = emit(found)
        check(found, made)
        return made

    return compile_text
