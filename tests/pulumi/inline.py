"""A stack that the engine deploys from this process: the SDKs are imported once, and each operation takes seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pulumi import automation

PROJECT = "desk"


class Inline:
    """Run the engine on a program in this process."""

    def __init__(self, environment: dict[str, str], folder: Path, program: Callable[[], object], name: str) -> None:
        options = automation.LocalWorkspaceOptions(env_vars=environment, work_dir=None)
        self.stack = automation.create_or_select_stack(
            name, project_name=PROJECT, program=lambda: (program(), None)[1], opts=options
        )
        self.folder = folder
        self.said = ""

    def preview(self) -> dict[str, int]:
        """Return what an update would change."""
        done = self.stack.preview(on_output=self._hear)
        return {getattr(kind, "value", kind): count for kind, count in done.change_summary.items()}

    def up(self, policy_packs: Sequence[str] = ()) -> dict[str, int]:
        """Update, under policy packs if any, and return what changed."""
        done = self.stack.up(on_output=self._hear, policy_packs=list(policy_packs) or None)
        return dict(done.summary.resource_changes or {})

    def refresh(self) -> dict[str, int]:
        """Look at the cloud, and return what had changed there."""
        return dict(self.stack.refresh(on_output=self._hear).summary.resource_changes or {})

    def destroy(self) -> dict[str, int]:
        """Delete everything, and return what was deleted."""
        return dict(self.stack.destroy(on_output=self._hear).summary.resource_changes or {})

    def state(self) -> str:
        """Return the whole state, as text."""
        return json.dumps(self.stack.export_stack().deployment)

    def outputs(self) -> dict[str, Any]:
        """Return the outputs."""
        return {name: one.value for name, one in self.stack.outputs().items()}

    def _hear(self, text: str) -> None:
        self.said += text
