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
from isthmus.adapters.azure.host import Host
from isthmus.adapters.azure.instances import begin, wake
from isthmus.adapters.azure.service_bus import CONNECTION, RUN, bus_name
from isthmus.adapters.runtime.asking import call_in_time
from isthmus.adapters.runtime.deliveries import delivery_of, hand_over, unit_of_delivery
from isthmus.adapters.runtime.events import LATE_TOPIC
from isthmus.adapters.runtime.invocation import Fenced, GatewayAnswer, Intent
from isthmus.adapters.runtime.operations import take_in
from isthmus.adapters.runtime.record import Outcome
from isthmus.adapters.runtime.runs import Run
from isthmus.adapters.runtime.unit import OutgoingMessage, UnitOfWork
from isthmus.adapters.sql.outbox import MESSAGE
from isthmus.adapters.sql.runs import StepState
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import EnvironmentFault

type Result = Outcome | Intent | Fenced | Run | None


class DeliveryFailed(EnvironmentFault):
    """Report a message that its subscriber could not handle yet: it is delivered again."""

    code = "ISTH361"


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
        result = await hand_on(host, client, outgoing, subscriber)
        if isinstance(result, Outcome) and result.state is StepState.FAILING:
            raise DeliveryFailed(f"{subscriber} failed in attempt {result.attempts}", place=f"topic {topic}")

    name = function_name(bus_name(topic), subscriber)
    functions.add(
        Kind.SERVICE_BUS, name, deliver, connection=CONNECTION, topic=bus_name(topic), subscription=subscriber
    )


def _message_of(host: Host, topic: str, message: func.ServiceBusMessage) -> OutgoingMessage:
    """Return what was published: by a unit of work of ours, or by others. Raises InputError, MessageInvalid.

    What it says of itself is not believed: it is ours when our outbox has it, as it stands there.
    """
    properties = message.application_properties or {}
    if RUN in properties:
        with host.database.transaction() as transaction:
            row = transaction.row(MESSAGE, str(message.message_id))
        if row is not None and row[2] == topic:
            return OutgoingMessage(row[1], topic, row[3], bytes(row[4]), row[5])
    name, body = f"{topic}/{message.message_id}", message.get_body()
    return host.do_from_outside(topic, f"topic:{topic}", "", lambda unit: take_in(unit, topic, name, body))[1]


async def hand_on(host: Host, client: df.DurableFunctionsClient, message: OutgoingMessage, subscriber: str) -> Result:
    """Hand a message to a subscriber, and begin or wake the runs that follow from it."""
    unit, result = await asyncio.to_thread(delivered, host, message, subscriber)
    if isinstance(result, Run):
        await begin(client, result.contract, result.run_id)
    await wake(client, host, unit)
    return result


def delivered(host: Host, message: OutgoingMessage, subscriber: str) -> tuple[UnitOfWork, Result]:
    """Have a subscriber handle a message, or start its run; what it cannot handle goes to a person."""
    request = delivery_of(message, subscriber)

    def part(answer: GatewayAnswer | None) -> tuple[UnitOfWork, Result]:
        def work(transaction: Transaction) -> tuple[UnitOfWork, Result]:
            unit = unit_of_delivery(host.deployment, transaction, message, request)
            return unit, hand_over(unit, message, request, answer, claimed_by=None)

        return host.do(work)

    unit, result = part(None)
    if isinstance(result, Intent):
        unit, result = part(call_in_time(host.deployment, subscriber, result))
    return unit, result
