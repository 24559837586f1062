"""What the command says when something goes wrong, and the exit code that says whose fault it is."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from isthmus.adapters.cli.output import complain
from isthmus.core.app import AppRefused
from isthmus.core.errors import EnvironmentFault, InputError, InternalError, IsthmusError, SourceError

SOURCE, USAGE, INPUT, ENVIRONMENT, OURS = 1, 2, 3, 4, 70
INTERRUPTED, PIPE_CLOSED = 130, 141

_LINE = re.compile(r":[0-9]+$")

EXIT_CODES = {
    0: "done",
    SOURCE: "problems in the source or a bad outcome",
    USAGE: "wrong usage",
    INPUT: "bad input",
    ENVIRONMENT: "the machine (disk, database, network)",
    OURS: "a fault of Isthmus",
    INTERRUPTED: "interrupted",
}


class AppFails(SourceError):
    """Report a module of an app that cannot be imported, by the line that fails."""

    code = "ISTH111"


def exit_code(fault: IsthmusError) -> int:
    """Return the exit code that says whose fault it is."""
    match fault:
        case SourceError():
            return SOURCE
        case InputError():
            return INPUT
        case EnvironmentFault():
            return ENVIRONMENT
        case _:
            return OURS


def report_and_exit(command: Callable[[], object]) -> NoReturn:
    """Run a command; print what went wrong as one block, and exit with its code."""
    try:
        result = command()
        sys.stdout.flush()
        sys.exit(result if isinstance(result, int) else 0)
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        sys.exit(INTERRUPTED)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except BrokenPipeError:
        # What is still buffered would fail again when the interpreter closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PIPE_CLOSED)
    except IsthmusError as fault:
        complain(f"error: {fault}")
        sys.exit(exit_code(fault))
    except OSError as fault:
        complain(f"error: {_of_system(fault)}")
        sys.exit(ENVIRONMENT)
    except Exception as fault:  # noqa: BLE001
        complain(_ours(fault))
        sys.exit(OURS)


def _of_system(fault: OSError) -> EnvironmentFault:
    where = str(fault.filename) if fault.filename else ""
    return EnvironmentFault(
        fault.strerror or str(fault), place=where, instead="put it right, then run the command again"
    )


def _ours(fault: Exception) -> str:
    lines = [f"error: {InternalError(f'{type(fault).__name__}: {fault}', instead='please report it with these lines')}"]
    for frame in traceback.extract_tb(fault.__traceback__)[-6:]:
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}")
    return "\n".join(lines)


def app_fails(reference: str, fault: BaseException) -> IsthmusError:
    """Say which line of the user's own files made the import of an app fail."""
    if isinstance(fault, IsthmusError):
        return _placed(fault)
    instead = f"correct it, then --app {reference} can be imported"
    if isinstance(fault, SyntaxError):
        text = (fault.text or "").rstrip("\n")
        caret = " " * max((fault.offset or 1) - 1, 0) + "^"
        source = f"\n    {text}\n    {caret}\n" if text else ""
        problem = f"{type(fault).__name__}: {fault.msg}{source}"
        return AppFails(problem, place=f"{_near(fault.filename)}:{fault.lineno}", instead=instead)
    frame = _own_frame(fault)
    place = f"{_near(frame.filename)}:{frame.lineno}" if frame else ""
    source = f"\n    {frame.line}\n" if frame and frame.line else ""
    return AppFails(f"{type(fault).__name__}: {fault}{source}", place=place, instead=instead)


def _placed(fault: IsthmusError) -> IsthmusError:
    """Give one of our own errors the line of the user's that raised it, unless it names one."""
    frame = _own_frame(fault)
    told = isinstance(fault, EnvironmentFault | InternalError | AppRefused) or _LINE.search(fault.place)
    if frame is None or told:
        return fault
    place = f"{_near(frame.filename)}:{frame.lineno}"
    if isinstance(fault, SourceError):
        fault.place = place
        return fault
    source = f"\n    {frame.line}\n" if frame.line else ""
    return AppFails(f"{type(fault).__name__}: {fault.problem}{source}", place=place, instead=fault.instead)


def _own_frame(fault: BaseException) -> traceback.FrameSummary | None:
    """Return the innermost frame that is the user's: not the interpreter's, not an installed package's, not ours."""
    frames = [f for f in traceback.extract_tb(fault.__traceback__) if not f.filename.startswith("<frozen ")]
    ours = str(Path(__file__).resolve().parent.parent)
    core = str(Path(ours).parent / "core")
    strangers = (ours + os.sep, core + os.sep, sys.base_prefix + os.sep, sys.prefix + os.sep)
    own = [frame for frame in frames if not frame.filename.startswith(strangers)]
    return own[-1] if own else None


def _near(filename: str | None) -> str:
    """Shorten a path below the current folder to what people type."""
    if not filename:
        return "?"
    with contextlib.suppress(ValueError):
        return str(Path(filename).relative_to(Path.cwd()))
    return filename
