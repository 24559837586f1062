"""Settings of all tests: Hypothesis profiles, and the pages whose Python blocks are run."""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, settings
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

# ci: the same examples every time, so that a red test is never the dice's. dev: new ones every time.
# No deadlines: they measure the machine, and time is the benchmarks' business.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "long", max_examples=2_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


RUN = PythonEvaluator()
PAGES = Path(tempfile.mkdtemp(prefix="pages-"))
sys.path.insert(0, str(PAGES))


def evaluate_python(example: Example) -> None:
    """Run a Python block. One that begins with `# name.py` is a file: it is imported, and its workflows are checked.

    What the checker says of `wrong_….py` is kept for the text block that follows; of any other it must say nothing.
    """
    named = re.match(r"# (\w+)\.py\n", example.parsed)
    if named is None:
        RUN(example)
        return
    name = named[1]
    (PAGES / f"{name}.py").write_text(example.parsed, "utf-8")
    importlib.invalidate_caches()
    sys.modules.pop(name, None)
    from isthmus.core import Workflow  # noqa: PLC0415  # only where a page is tested
    from isthmus.core.program import check_workflows  # noqa: PLC0415

    module = importlib.import_module(name)
    workflows = {one.contract.name: one for one in vars(module).values() if isinstance(one, Workflow)}
    programs, problems = check_workflows(workflows)
    example.namespace["checked"] = (vars(module), workflows, programs)
    said = "\n".join(map(str, problems)).replace(f"{PAGES}{os.sep}", "")
    if name.startswith("wrong_"):
        example.namespace["said"] = said
    else:
        assert said == ""


def evaluate_text(example: Example) -> None:
    """Compare a text block that follows a wrong workflow with what the checker said."""
    if "said" in example.namespace:
        assert example.parsed.rstrip() == example.namespace.pop("said")


def evaluate_yaml(example: Example) -> None:
    """Look for the lines of a YAML block in what the workflows before it compile to; `…` stands for lines left out.

    On a page without workflows a block shows something else, as a serverless.yml.
    """
    if "checked" not in example.namespace:
        return
    from isthmus.adapters.gcp.compiler import lowered  # noqa: PLC0415  # only where a page is tested
    from isthmus.adapters.gcp.emit import emit  # noqa: PLC0415
    from isthmus.core import Contract  # noqa: PLC0415

    names, workflows, programs = example.namespace["checked"]
    contracts = {one.name: one for one in names.values() if isinstance(one, Contract)}
    versions = {(name, one.version): (workflows[name], one) for name, one in programs.items()}
    composition: Any = SimpleNamespace(workflows=workflows, programs=programs, contracts=contracts, versions=versions)
    made = [emit(lowered(composition, name)) for name in programs]
    for part in re.split(r"^ *…\n", example.parsed, flags=re.MULTILINE):
        wanted = textwrap.dedent(part).rstrip("\n")
        shown = [textwrap.indent(wanted, " " * columns) + "\n" for columns in range(0, 60, 2)]
        assert any(text in whole for text in shown for whole in made), f"nothing compiles to:\n{wanted}"


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser("python", evaluate_python),
        CodeBlockParser("text", evaluate_text),
        CodeBlockParser("yaml", evaluate_yaml),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/decisions/*.md"],
).pytest()
