"""Progress, on standard error: a bar on a terminal, a line now and then elsewhere, nothing when it is not wanted."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Final, Self

from isthmus.adapters.cli.output import complain, printable

BAR_SECONDS: Final = 0.1
LINE_SECONDS: Final = 5.0


class Progress:
    """Show how far files have been read, and how many orders are under way."""

    def __init__(self, *, quiet: bool) -> None:
        self._terminal = sys.stderr.isatty()
        self._wanted = self._terminal or not quiet
        self._every = BAR_SECONDS if self._terminal else LINE_SECONDS
        self._shown = self._begun = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._name = ""
        self._size: int | None = None

    def __enter__(self) -> Self:
        if self._wanted and self._terminal:
            from rich.console import Console  # noqa: PLC0415  # only on a terminal
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
            from rich.progress import Progress as Bar  # noqa: PLC0415

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, name: str, size: int | None) -> None:
        """Begin with a file."""
        self._name, self._size = printable(name), size
        if self._bar is not None:
            self._task = self._bar.add_task(self._name, total=size)

    def show(self, position: int, taken_in: int, under_way: int) -> None:
        """Show where reading is, if it is time to."""
        now = time.monotonic()
        if not self._wanted or now - self._shown < self._every:
            return
        self._shown = now
        rate = taken_in / max(now - self._begun, 0.001)
        text = f"{self._name}: {taken_in:,} messages, {under_way:,} under way, {rate:,.0f}/s"
        if self._bar is not None:
            self._bar.update(self._task, completed=position, description=text)
        else:
            complain(text if not self._size else f"{text}, {100 * position // self._size} %")
