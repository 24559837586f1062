"""Migrating on Google Cloud: a function of its own, of the same code, that the job of a deployment calls.

It runs as the service account that owns the schema, which no unit has. Cloud Run lets nobody in but that account.
"""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from isthmus.adapters.gcp.settings import Settings
from isthmus.adapters.runtime.http import problem_of
from isthmus.adapters.runtime.migrating import PRINCIPALS, bring_up_to_date, rights_in
from isthmus.adapters.runtime.settings import setting


async def migrate(request: Request) -> Response:
    """Migrate for the deployment that asks."""
    if request.method != "POST":
        return Response(status_code=405)
    try:
        version = await run_in_threadpool(_migrate)
    except Exception as fault:  # noqa: BLE001  # what it is ends the deployment, and is told by its log
        return problem_of(fault)
    return Response(msgspec.json.encode({"version": version}), media_type="application/json")


def _migrate() -> str:
    rights = rights_in(setting(PRINCIPALS))
    return bring_up_to_date(Settings().database(), rights)
