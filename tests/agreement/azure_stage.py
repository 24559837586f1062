"""Where cases are played on Azure: a process that forks one for each case."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from case import Case
from showing import Shown

PLAYER = Path(__file__).parent / "azure_player.py"


class AzureFailed(RuntimeError):
    """Report a rehearsal that has ended without a result."""


class AzureStage:
    """Have cases played, each in a process of its own, which is forked from one that has imported everything."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="isthmus-"))
        self._process = subprocess.Popen(
            [sys.executable, str(PLAYER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def play(self, case: Case) -> Shown:
        """Play a case. Raises AzureFailed."""
        asked, shown = self._folder / "case.json", self._folder / "shown.pickle"
        case.write(asked)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{asked}\t{shown}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline().strip() != "0":
            said = shown.with_suffix(".error")
            raise AzureFailed(said.read_text("utf-8") if said.exists() else "the process has died")
        found: Shown = pickle.loads(shown.read_bytes())
        return found

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder)
