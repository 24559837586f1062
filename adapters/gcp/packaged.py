"""The packaged app: what `main.py` of a deployed folder is, whose App is imported when it is first asked.

So a new instance listens soon. The App must then be the one that the folder was made from.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import functions_framework.aio

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from isthmus.adapters.gcp.app import GoogleApp
    from isthmus.core.app import App
    from isthmus.core.composition import Composition

type Function = Callable[[Request], Awaitable[Response]]


class Packaged:
    """Be the function of a packaged folder: of one `unit`, or of the whole App."""

    def __init__(self, reference: str, folder: Path, *, unit: str | None = None) -> None:
        self._reference = reference
        self._folder = folder
        self._unit = unit
        self._lock = Lock()
        self._app: GoogleApp | None = None

    def function(self) -> Function:
        """Return the function that functions-framework serves, under the name `isthmus`."""

        async def isthmus(request: Request) -> Response:
            app: GoogleApp = await asyncio.to_thread(self._opened) if self._app is None else self._app
            return await app(request)

        made: Any = functions_framework.aio.http(isthmus)
        return made  # type: ignore[no-any-return]  # the framework returns what it was given, marked

    def _opened(self) -> GoogleApp:
        """Import the App, once, and open what it stands on."""
        with self._lock:
            if self._app is None:
                from isthmus.adapters.gcp.app import GoogleApp  # noqa: PLC0415  # this is what is put off
                from isthmus.adapters.gcp.settings import Settings  # noqa: PLC0415

                self._app = GoogleApp(self.load(), Settings(), unit=self._unit)
            return self._app

    def load(self) -> Composition:
        """Import the App, and hold it to what was packaged. Raises OtherApp (ISTH142), AppRefused (ISTH110)."""
        from isthmus.adapters.gcp.manifest import MANIFEST, manifest_of, read_manifest  # noqa: PLC0415  # as above
        from isthmus.adapters.runtime.packaging import OtherApp  # noqa: PLC0415
        from isthmus.adapters.runtime.workflows_lock import load_app  # noqa: PLC0415

        module, _, attribute = self._reference.partition(":")
        app: App = getattr(importlib.import_module(module), attribute)
        composition = load_app(app, module, self._folder)
        if read_manifest(self._folder) != manifest_of(composition, self._unit):
            raise OtherApp(
                f"it is not the App that {MANIFEST} was made from", place=self._reference, instead="package it again"
            )
        return composition
