"""The task hub from outside the app: how an operator's machine reaches it, and what it says when it does not.

127.0.0.1:4711                                 a hub that listens here without TLS: that of a rehearsal
http://127.0.0.1:8080/orders                   the hub `orders` of an emulator of the Durable Task Scheduler
https://desk.westeurope.durabletask.io/orders  the same hub in Azure, by the identity of whoever asks
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import grpc.aio
from durabletask.client import AsyncTaskHubGrpcClient

from isthmus.core.errors import EnvironmentFault, InputError

log = logging.getLogger("isthmus.azure.hub")

SECONDS_MAX: Final = 20

LEFT_TO_SWEEP: Final = "nothing is half done: what was asked is in the database, and the app's sweep goes on with it"


class TaskHubInvalid(InputError):
    """Report an address that names no task hub."""

    code = "ISTH261"


class TaskHubUnavailable(EnvironmentFault):
    """Report a task hub that does not answer, or refuses to."""

    code = "ISTH362"


def ask_hub[T](address: str, work: Callable[[AsyncTaskHubGrpcClient], Awaitable[T]], *, otherwise: str) -> T:
    """Do something with the hub at an address, and return what it says; `otherwise` says what to do when it is silent.

    Raises TaskHubInvalid (ISTH261), TaskHubUnavailable (ISTH362).
    """

    async def asked() -> T:
        async with _client_of(address) as client, asyncio.timeout(SECONDS_MAX):
            return await work(client)

    try:
        return asyncio.run(asked())
    except grpc.aio.AioRpcError as error:
        raise TaskHubUnavailable(
            f"the task hub does not do it: {error.code().name}", place=address, instead=otherwise
        ) from None
    except TimeoutError:
        raise TaskHubUnavailable(
            f"the task hub does not answer within {SECONDS_MAX} s", place=address, instead=otherwise
        ) from None


@asynccontextmanager
async def _client_of(address: str) -> AsyncIterator[AsyncTaskHubGrpcClient]:
    """Open a client of the hub at an address, by the identity of whoever asks where the hub is in Azure."""
    url = urlsplit(address if "://" in address else f"http://{address}")
    hub = url.path.strip("/")
    if url.scheme not in ("http", "https") or not url.hostname or url.query or (url.scheme == "https" and not hub):
        raise TaskHubInvalid(
            "it is no address of a task hub", place=address, instead="write HOST:PORT, or https://SCHEDULER/HUB"
        )
    if not hub:
        async with AsyncTaskHubGrpcClient(host_address=url.netloc, secure_channel=False, logger=log) as plain:
            yield plain
        return
    from durabletask.azuremanaged.client import AsyncDurableTaskSchedulerClient  # noqa: PLC0415  # only for a scheduler

    secure = url.scheme == "https"
    async with AsyncExitStack() as opened:
        credential = None
        if secure:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415  # about a second

            credential = await opened.enter_async_context(DefaultAzureCredential())
        yield await opened.enter_async_context(
            AsyncDurableTaskSchedulerClient(
                host_address=url.netloc, taskhub=hub, token_credential=credential, secure_channel=secure, logger=log
            )
        )
