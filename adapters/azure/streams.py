"""Streams: an Event Hub for each, read in batches, its records handled here and in order within their key.

A record is first written down, under its partition and sequence number, so that one which is read twice counts once;
then it is handed to its contract, with the attempts that the contract's policy allows. Event Hubs has no dead letters:
a record that is no message is journaled by its place, which is all of it that may be kept, and a person is asked.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from itertools import groupby
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from isthmus.adapters.azure.endpoints import (
    ACTOR,
    Answered,
    add_endpoint,
    body_of,
    function_name,
    json_answer,
)
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.topics import hand_on
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import feed, handle_all
from isthmus.adapters.runtime.operations import STREAM_TOPIC, outer_unit, reject, take_in
from isthmus.adapters.runtime.runs import bury, run_id_of
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.dead_letters import LETTER_AT, DeadLetterKind
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.codec import ENCODER
from isthmus.core.errors import EnvironmentFault, InputError
from isthmus.core.trigger import Stream

CONNECTION = "ISTHMUS_EVENT_HUBS"
NAMESPACE = f"{CONNECTION}__fullyQualifiedNamespace"

STREAMS = "isthmus_streams"


class BatchIncomplete(EnvironmentFault):
    """Report records whose partition or sequence number is not told: they cannot be told apart."""

    code = "ISTH364"


def add_streams(functions: Functions, host: Host) -> None:
    """Add the functions of all streams."""
    for stream in host.composition.app.streams:
        _add_stream(functions, host, stream)
    if host.composition.app.streams:
        add_endpoint(functions, STREAMS, "POST", "streams/{name}", _take_record(host))


def _add_stream(functions: Functions, host: Host, stream: Stream) -> None:
    async def read(records: list[func.EventHubEvent], client: df.DurableFunctionsClient) -> None:
        taken = await asyncio.to_thread(_take_all, host, stream, records)
        in_order = sorted(taken, key=lambda one: one.ordering_key)  # stable: within a key as they came
        queues = [list(queue) for _, queue in groupby(in_order, key=lambda one: one.ordering_key)]
        handed = partial(hand_on, host, client)
        await asyncio.gather(*(handle_all(host, queue, handed) for queue in queues))

    name = function_name("stream", stream.name)
    functions.add(Kind.EVENT_HUB, name, read, connection=CONNECTION, hub=stream.name)


def _take_record(host: Host) -> Answered:
    async def answer(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
        name = req.route_params["name"]
        unit = await asyncio.to_thread(feed, host, name, body_of(req), ACTOR)
        await handle_all(host, unit.published, partial(hand_on, host, client), is_patient=False)
        return json_answer(202, {"stream": name})

    return answer


def _take_all(host: Host, stream: Stream, records: list[func.EventHubEvent]) -> list[OutgoingMessage]:
    taken = []
    for record in records:
        message = _take(host, stream, _place_of(record), record.get_body())
        if message is not None:
            taken.append(message)
    return taken


def _take(host: Host, stream: Stream, place: str, body: bytes) -> OutgoingMessage | None:
    """Write a record down; None when it is no message, and a person is asked."""
    topic, actor = f"{STREAM_TOPIC}{stream.name}", f"stream:{stream.name}"

    def work(transaction: Transaction) -> tuple[UnitOfWork, OutgoingMessage]:
        unit = outer_unit(host.deployment, transaction, actor, actor, place)
        return unit, take_in(unit, topic, f"{topic}/{place}", body)

    try:
        return host.do(work)[1]
    except InputError as error:
        refused = error

    def ask_person(transaction: Transaction) -> tuple[UnitOfWork, None]:
        unit = outer_unit(host.deployment, transaction, actor, actor, place)
        unit.run_id = run_id_of(topic, place)
        if transaction.row(LETTER_AT, unit.run_id, place) is None:  # once, however often the batch is read
            reject(unit, stream.name, refused)
            reason = ENCODER.encode({"code": refused.code, "place": f"{place}: {refused.place}"})
            bury(unit, DeadLetterKind.DELIVERY, unit.run_id, place, stream.into.name, reason, place.encode())
        return unit, None

    host.do(ask_person)
    return None


def _place_of(record: func.EventHubEvent) -> str:
    """Return the partition that a record was read from, which the host tells beside the batch, and its number there.

    Raises BatchIncomplete (ISTH364).
    """
    context: Any = (record.metadata or {}).get("PartitionContext")
    context = getattr(context, "value", context)
    context = json.loads(context) if isinstance(context, str) else context or {}
    partition, number = context.get("PartitionId"), record.sequence_number
    if partition in {None, ""} or number is None:
        raise BatchIncomplete("the host tells no partition, or no sequence number, of a record", place="event hub")
    return f"{partition}/{number}"
