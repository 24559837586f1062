"""A project as its owner has it: a folder with a Pulumi.yaml, deployed by the `pulumi` command."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

SECONDS_MAX = 600


class Done(NamedTuple):
    """Be what a command did: how it ended, what it said, and what it would change or changed."""

    status: int
    said: str
    changes: dict[str, int]

    @property
    def succeeded(self) -> bool:
        """Say whether it ended well."""
        return self.status == 0


class Project:
    """Run `pulumi` in a folder."""

    def __init__(self, folder: Path, environment: dict[str, str], configuration: dict[str, Any]) -> None:
        self.folder = folder
        self._environment = {**os.environ, **environment}
        self._configuration = configuration

    def write(self, main: str, name: str = "desk") -> Project:
        """Write the two files of a project."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n", "utf-8")
        (self.folder / "__main__.py").write_text(main, "utf-8")
        return self

    def configure(self, stack: str = "dev", **configuration: Any) -> Project:
        """Begin a stack with a configuration, as `pulumi config set` writes it."""
        lines = {f"isthmus:{key}": value for key, value in {**self._configuration, **configuration}.items()}
        project = self.run("stack", "init", stack)
        assert project.succeeded, project.said
        file = self.folder / f"Pulumi.{stack}.yaml"
        written = file.read_text("utf-8") if file.exists() else ""
        config = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in lines.items())
        file.write_text(f"{written}config:\n{config}", "utf-8")
        return self

    def preview(self, *arguments: str) -> Done:
        """Run `pulumi preview`."""
        return self.run("preview", *arguments)

    def up(self, *arguments: str) -> Done:
        """Run `pulumi up`."""
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def refresh(self) -> Done:
        """Run `pulumi refresh`."""
        return self.run("refresh", "--yes", "--skip-preview")

    def destroy(self) -> Done:
        """Run `pulumi destroy`."""
        return self.run("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        return dict(json.loads(self.run("stack", "output", "--json").said))

    def state(self) -> str:
        """Return the whole state, as text."""
        return self.run("stack", "export").said

    def run(self, *arguments: str) -> Done:
        """Run any command."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
        return Done(done.returncode, done.stdout + done.stderr, changes_in(done.stdout))


def changes_in(said: str) -> dict[str, int]:
    """Read the summary that the command ends with."""
    _, _, summary = said.partition("Resources:\n")
    changes: dict[str, int] = {}
    for line in summary.splitlines():
        words = line.replace("+-", "").replace("++", "").strip(" +-~").split()
        if len(words) >= 2 and words[0].isdigit():
            changes[{"to": words[-1]}.get(words[1], words[1])] = int(words[0])
    return changes
