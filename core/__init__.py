"""What a developer imports: messages, contracts, handlers, workflows, ports and the App. It knows no cloud."""

from isthmus.core.app import App, AppRefused
from isthmus.core.contract import (
    BATCH,
    CRITICAL,
    NORMAL,
    Contract,
    Effect,
    Latency,
    Retry,
    contract,
    days,
    hours,
    minutes,
    seconds,
)
from isthmus.core.errors import EnvironmentFault, InputError, IsthmusError, SourceError
from isthmus.core.handler import Handler, handles
from isthmus.core.message import Event, Message, Sealed, Undo
from isthmus.core.money import Money
from isthmus.core.ports import (
    AnswerUnknown,
    Caller,
    Clock,
    Configuration,
    Gateway,
    Publisher,
    Records,
    Reference,
    Table,
)
from isthmus.core.refusal import Refusal, TimedOut
from isthmus.core.residency import CONFIDENTIAL, FINANCIAL, MARKET, PERSONAL, DataClass
from isthmus.core.trigger import Endpoint, Schedule, Stream, Topic, endpoint, schedule, stream, topic
from isthmus.core.workflow import Workflow, each, gather, sleep, wait_for, workflow

__all__ = [
    "BATCH",
    "CONFIDENTIAL",
    "CRITICAL",
    "FINANCIAL",
    "MARKET",
    "NORMAL",
    "PERSONAL",
    "AnswerUnknown",
    "App",
    "AppRefused",
    "Caller",
    "Clock",
    "Configuration",
    "Contract",
    "DataClass",
    "Effect",
    "Endpoint",
    "EnvironmentFault",
    "Event",
    "Gateway",
    "Handler",
    "InputError",
    "IsthmusError",
    "Latency",
    "Message",
    "Money",
    "Publisher",
    "Records",
    "Reference",
    "Refusal",
    "Retry",
    "Schedule",
    "Sealed",
    "SourceError",
    "Stream",
    "Table",
    "TimedOut",
    "Topic",
    "Undo",
    "Workflow",
    "contract",
    "days",
    "each",
    "endpoint",
    "gather",
    "handles",
    "hours",
    "minutes",
    "schedule",
    "seconds",
    "sleep",
    "stream",
    "topic",
    "wait_for",
    "workflow",
]
