"""Topics: a Service Bus subscription for each contract that a topic, or a type of late events, is bound to.

    orders.accepted/track_accepted   a topic of the app, and one subscriber
    late.Verdict/file_late_verdict   events that came late, and the contract they are bound to

A failure of a handler is raised, so that Service Bus delivers again; attempts are counted in the database, and the last
one leaves a dead letter of ours. A message that others published and that is none (a poison message) is journaled and
raised too: it stays in the dead-letter queue of the subscription, for it cannot be sealed and is not kept here.
"""

from __future__ import annotations

import asyncio

import azure.durable_functions as df
import azure.functions as func

from isthmus.adapters.azure.endpoints import function_name
from isthmus.adapters.azure.functions import Functions, Kind
from isthmus.adapters.azure.instances import begin, wake
from isthmus.adapters.azure.service_bus import CONNECTION, RUN, bus_name
from isthmus.adapters.runtime.events import LATE_TOPIC
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import Delivered, delivered, hold_to_delivery, kept_message
from isthmus.adapters.runtime.operations import take_in
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import OutgoingMessage


def add_subscriptions(functions: Functions, host: Host) -> None:
    """Add the functions of all subscriptions."""
    for topic in host.composition.topics.values():
        for contract in topic.subscribers:
            _add_subscription(functions, host, topic.name, contract.name)
    for event, contract in host.composition.late_events.items():
        _add_subscription(functions, host, f"{LATE_TOPIC}{event}", contract.name)


def _add_subscription(functions: Functions, host: Host, topic: str, subscriber: str) -> None:
    async def deliver(message: func.ServiceBusMessage, client: df.DurableFunctionsClient) -> None:
        outgoing = await asyncio.to_thread(_message_of, host, topic, message)
        hold_to_delivery(await hand_on(host, client, outgoing, subscriber), topic, subscriber)

    name = function_name(bus_name(topic), subscriber)
    functions.add(
        Kind.SERVICE_BUS, name, deliver, connection=CONNECTION, topic=bus_name(topic), subscription=subscriber
    )


def _message_of(host: Host, topic: str, message: func.ServiceBusMessage) -> OutgoingMessage:
    """Return what was published: by a unit of work of ours, or by others. Raises InputError, MessageInvalid.

    What it says of itself is not believed: it is ours when our outbox has it, as it stands there.
    """
    if RUN in (message.application_properties or {}):
        kept = kept_message(host, topic, str(message.message_id))
        if kept is not None:
            return kept
    name, body = f"{topic}/{message.message_id}", message.get_body()
    return host.do_from_outside(topic, f"topic:{topic}", "", lambda unit: take_in(unit, topic, name, body))[1]


async def hand_on(
    host: Host, client: df.DurableFunctionsClient, message: OutgoingMessage, subscriber: str
) -> Delivered:
    """Hand a message to a subscriber, and begin or wake the runs that follow from it."""
    unit, result = await asyncio.to_thread(delivered, host, message, subscriber)
    if isinstance(result, Run):
        await begin(client, result.contract, result.run_id)
    await wake(client, host, unit)
    return result
