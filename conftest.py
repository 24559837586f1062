"""Settings of all tests: Hypothesis profiles, and the pages whose Python blocks are run."""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
from pathlib import Path

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


def evaluate(example: Example) -> None:
    """Run a Python block. One that begins with `# name.py` is a file: it is written, and can be imported after."""
    named = re.match(r"# (\w+)\.py\n", example.parsed)
    if named is None:
        RUN(example)
        return
    folder = Path(tempfile.mkdtemp(prefix="pages-"))
    (folder / f"{named[1]}.py").write_text(example.parsed, "utf-8")
    sys.path.insert(0, str(folder))
    sys.modules.pop(named[1], None)
    importlib.import_module(named[1])


RUN = PythonEvaluator()

pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", evaluate), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/decisions/*.md"],
).pytest()
