"""Whatever is edited, locked and dropped, and in whatever order: the version of a live run can be loaded."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.adapters.runtime.workflows_lock import (
    drop_version,
    hold_to_lock,
    load_app,
    read_tables,
    unlocked,
    update_lock,
)
from isthmus.core.app import App
from isthmus.core.program.kept import LockInvalid

CONTRACTS = '''
from isthmus.core import Message, contract, handles


class Job(Message, identity="id"):
    id: str


@contract(reads=True)
def a(job: Job) -> Job:
    """Do a."""


@contract(reads=True)
def b(job: Job) -> Job:
    """Do b."""


@contract(reads=True)
def c(job: Job) -> Job:
    """Do c."""


@contract()
def work(job: Job) -> Job:
    """Do it all."""


@handles(a)
def do_a(job: Job) -> Job:
    return job


@handles(b)
def do_b(job: Job) -> Job:
    return job


@handles(c)
def do_c(job: Job) -> Job:
    return job
'''

FLOW = """
from isthmus.core import App, hours, sleep, workflow
from parts_in_flight import Job, do_a, do_b, do_c, work{imports}

PAUSE = {pause}


@workflow(work)
async def flow(job: Job) -> Job:
    # {pause}
{steps}
    await sleep(hours(PAUSE))
    return job


app = App("parts", fulfils=[flow, do_a, do_b, do_c])
"""

edits = st.tuples(st.just("edit"), st.lists(st.sampled_from("abc"), max_size=3), st.integers(1, 2))
acts = st.one_of(
    edits,
    st.tuples(st.sampled_from(["lock", "begin"]), st.just([]), st.just(0)),
    st.tuples(st.just("end"), st.just([]), st.integers(0, 9)),
)


class Project:
    """A project under edit, and the versions that its live runs began with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.live: list[str] = []
        (folder / "pyproject.toml").write_text("", "utf-8")
        (folder / "parts_in_flight.py").write_text(CONTRACTS, "utf-8")
        self.edit([], 1)

    def edit(self, steps: list[str], pause: int) -> None:
        imports = "".join(f", {one}" for one in sorted(set(steps)))
        body = "".join(f"    await {one}(job)\n" for one in steps)
        source = FLOW.format(imports=imports, pause=pause, steps=body)
        (self.folder / "flow_in_flight.py").write_text(source, "utf-8")

    def app(self) -> App:
        """Import the app as a new process would."""
        for name in ("flow_in_flight", "parts_in_flight"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        found: App = importlib.import_module("flow_in_flight").app
        return found

    def act(self, what: str, steps: list[str], number: int) -> None:
        if what == "edit":
            self.edit(steps, number)
        elif what == "lock":
            update_lock(self.app(), self.folder)
        elif what == "begin":
            self.begin()
        elif self.live:
            self.end(self.live[number % len(self.live)])

    def begin(self) -> None:
        """Begin a run, if what is here may be deployed."""
        composition = load_app(self.app(), "flow_in_flight")
        if not unlocked(composition, self.folder):
            hold_to_lock(composition, self.folder)
            self.live.append(composition.programs["work"].version)

    def end(self, version: str) -> None:
        """End a run, and drop its version when it was the last and is not today's."""
        self.live.remove(version)
        today = load_app(self.app(), "flow_in_flight").programs["work"].version
        if version not in self.live and version != today and version in read_tables(self.folder)["parts"]["work"]:
            drop_version("parts", self.folder, "work", version)


@contextmanager
def project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(sys, "dont_write_bytecode", True)
        try:
            yield Project(Path(folder))
        finally:
            for name in ("flow_in_flight", "parts_in_flight"):
                sys.modules.pop(name, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(acts, max_size=14))
def test_the_version_of_every_live_run_can_be_loaded(history: list[tuple[str, list[str], int]]) -> None:
    with project() as one:
        for act in history:
            one.act(*act)
            composition = load_app(one.app(), "flow_in_flight")

            for version in one.live:
                program = composition.program("work", version)
                assert (program.contract, program.version) == ("work", version)


def test_a_live_run_goes_on_by_steps_that_the_module_no_longer_imports() -> None:
    with project() as one:
        one.edit(["a", "b"], 2)
        one.act("lock", [], 0)
        one.act("begin", [], 0)
        one.edit(["c"], 1)
        one.act("lock", [], 0)
        composition = load_app(one.app(), "flow_in_flight")

        [version] = one.live
        workflow, program = composition.versions["work", version]
        assert composition.programs["work"] is not program
        assert "workflows.kept" in program.file
        assert workflow.function.__code__.co_filename == program.file
        assert workflow.function.__globals__["PAUSE"] == 2


def test_a_workflow_that_is_made_inside_a_function_cannot_be_kept() -> None:
    with project() as one:
        source = (one.folder / "flow_in_flight.py").read_text("utf-8")
        head, _, tail = source.partition("@workflow(work)")
        body, _, app = tail.partition("app = App")
        inner = "".join(f"    {line}\n" for line in f"@workflow(work){body}".splitlines())
        inner = inner.replace("PAUSE", "MANY")
        made = f"def make(MANY: int):\n{inner}    return flow\n\n\nflow = make(1)\napp = App{app}"
        (one.folder / "flow_in_flight.py").write_text(head + made, "utf-8")
        with pytest.raises(LockInvalid, match="at the top of its module"):
            update_lock(one.app(), one.folder)
        assert not (one.folder / "workflows.lock").exists()
