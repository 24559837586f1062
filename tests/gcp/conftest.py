"""The shop of the checker's tests, for the compiler's."""

from __future__ import annotations

import importlib
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
from isthmus.core.program import check_workflows

sys.path.insert(0, str(Path(__file__).parent))

SHOP = (Path(__file__).parent.parent / "program" / "shop.py").read_text("utf-8")
HEAD = "@workflow(place)\nasync def flow(order: Order) -> Done:\n"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what compiles the body of a workflow over the shop."""
    folder = tmp_path_factory.mktemp("compiled")
    module = ModuleType("gcp_shop")
    sys.modules["gcp_shop"] = module
    exec(compile(SHOP, "shop.py", "exec"), module.__dict__)

    def compile_text(text: str) -> str:
        file = folder / "flow.py"
        file.write_text(HEAD + textwrap.indent(text.strip("\n") + "\n", "    "))
        names = dict(module.__dict__)
        importlib.invalidate_caches()
        linecache.clearcache()
        exec(compile(file.read_text(), str(file), "exec"), names)
        workflows = {one.contract.name: one for one in names.values() if isinstance(one, Workflow)}
        programs, problems = check_workflows(workflows)
        assert problems == []
        contracts = {one.name: one for one in names.values() if isinstance(one, Contract)}
        versions = {(name, one.version): (workflows[name], one) for name, one in programs.items()}
        fake: Any = SimpleNamespace(workflows=workflows, programs=programs, contracts=contracts, versions=versions)
        found = lowered(cast("Composition", fake), "place")
        made = emit(found)
        check(found, made)
        return made

    return compile_text
