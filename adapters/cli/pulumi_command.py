"""The `pulumi` command, run for somebody who may interrupt it: it is told once, and ends in order."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from isthmus.core.errors import EnvironmentFault

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SAME_SECONDS: Final = 1
"""Signals closer together are one: a terminal and a parent process both send it."""


class CommandMissing(EnvironmentFault):
    """Report a command that is not installed, and that a verb is done by."""

    code = "ISTH390"


class DeploymentUnfinished(EnvironmentFault):
    """Report a deployment that ended before it was done. What was made stands, and is known to the stack."""

    code = "ISTH391"


class PreviewRefused(EnvironmentFault):
    """Report a preview that ended with an error, or with what a policy forbids. Nothing was made."""

    code = "ISTH392"


class StackCommand(NamedTuple):
    """Be the `pulumi` command for one stack of a program, with the configuration and the modules that it is given.

    With a folder of policies every resource is held to them, in previews and in what is made.
    """

    folder: Path
    stack: str
    configuration: Path
    modules: Sequence[Path] = ()
    secrets: Mapping[str, str] = MappingProxyType({})
    policies: Path | None = None

    def ready(self) -> None:
        """Begin the stack where there is none, and have it encrypt what is secret in its configuration.

        Raises CommandMissing (ISTH390), DeploymentUnfinished (ISTH391).
        """
        self._done("stack select", self._ask("stack", "select", "--create", self.stack))
        for key, value in self.secrets.items():
            given = ("--secret", key, "--stack", self.stack, "--config-file", str(self.configuration.resolve()))
            self._done("config set", self._ask("config", "set", *given, told=value))

    @staticmethod
    def _done(what: str, said: subprocess.CompletedProcess[str]) -> None:
        if said.returncode:
            raise _unfinished(what, said.stderr or said.stdout)

    def exists(self) -> bool:
        """Say whether there is such a stack."""
        return self._ask("stack", "select", self.stack).returncode == 0

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources that the stack knows; none when there is no stack."""
        said = self._ask("stack", "export", "--stack", self.stack)
        if said.returncode:
            return []
        known: list[dict[str, Any]] = msgspec.json.decode(said.stdout)["deployment"].get("resources") or []
        return known

    def outputs(self) -> dict[str, Any]:
        """Return what the stack exports; nothing when there is no stack."""
        said = self._ask("stack", "output", "--json", "--stack", self.stack)
        outputs: dict[str, Any] = {} if said.returncode else msgspec.json.decode(said.stdout)
        return outputs

    def preview(self, *arguments: str) -> None:
        """Show what would be made. Raises PreviewRefused (ISTH392) when a policy forbids it, or it could not be.

        Raises CommandMissing (ISTH390), DeploymentUnfinished (ISTH391) when it was told to stop.
        """
        ended = self._run("preview", *self._held(), *arguments)
        if ended:
            forbidden = "" if self.policies is None else ": what residency forbids stands under Policies"
            raise PreviewRefused(
                f"it ended with {ended}, and nothing was made",
                place="pulumi preview",
                instead=f"repair what is told above{forbidden}",
            )

    def up(self, *arguments: str) -> None:
        """Make what the program says. Where policies hold, nothing is made before a preview has met them.

        Raises CommandMissing (ISTH390), DeploymentUnfinished (ISTH391), PreviewRefused (ISTH392).
        """
        if self.policies is not None:
            self.preview(*arguments)
        self._finish("up", "--yes", "--skip-preview", *self._held(), *arguments)

    def destroy(self) -> None:
        """Take away what was made. Raises CommandMissing (ISTH390), DeploymentUnfinished (ISTH391)."""
        self._finish("destroy", "--yes", "--skip-preview")

    def _held(self) -> tuple[str, ...]:
        return () if self.policies is None else ("--policy-pack", str(self.policies))

    def _finish(self, *arguments: str) -> None:
        ended = self._run(*arguments)
        if ended:
            raise _unfinished(arguments[0], f"it ended with {ended}")

    def _run(self, *arguments: str) -> int:
        """Run a command on the stack to its end, showing what it says; a signal is passed on, and waited for."""
        call = [*self._call(*arguments), "--stack", self.stack, "--config-file", str(self.configuration.resolve())]
        running = subprocess.Popen(  # noqa: S603  # the user's own pulumi
            call, cwd=self.folder, env=self._surroundings(), stdin=subprocess.DEVNULL, start_new_session=True
        )
        with running, _passing_on(running) as told:
            running.wait()
        if told:
            raise _unfinished(arguments[0], f"it was told to stop ({signal.Signals(told[0]).name})")
        return running.returncode

    def _ask(self, *arguments: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # the user's own pulumi
            self._call(*arguments),
            cwd=self.folder,
            env=self._surroundings(),
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )

    def _call(self, *arguments: str) -> list[str]:
        found = shutil.which("pulumi")
        if found is None:
            raise CommandMissing(
                "pulumi is not on PATH", place=arguments[0], instead="install it: https://www.pulumi.com/docs/install/"
            )
        return [found, *arguments, "--non-interactive"]

    def _surroundings(self) -> Mapping[str, str]:
        """Let the program import the App from the folder that is deployed first, by the Python that runs this."""
        before = os.environ.get("PYTHONPATH")
        path = [*(str(one.resolve()) for one in self.modules), *([before] if before else [])]
        return {"PULUMI_PYTHON_CMD": sys.executable, **os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _unfinished(what: str, why: str) -> DeploymentUnfinished:
    return DeploymentUnfinished(
        why.strip(), place=f"pulumi {what}", instead="what was made is known to the stack: the same command goes on"
    )


@contextmanager
def _passing_on(running: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Pass signals on as the one that asks Pulumi to finish what is under way; a second one, later, is passed too."""
    told: list[int] = []
    last = -float(SAME_SECONDS)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SAME_SECONDS:
            return
        last = now
        told.append(number)
        running.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
