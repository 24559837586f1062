"""A small, strict execution of Google Workflows in YAML, for tests and rehearsal.

    workflow = load(Path("order.yaml").read_text("utf-8"), name="order.yaml")
    outcome = execute(workflow, {"order": 7}, transport=shop, choices=Seeded(3))

It does what Google's pages say, enforces every documented limit, and refuses what it does not know. Where a page leaves
a point open the choices decide, so that a test can show that nothing depends on it. It shares nothing with the
compiler.
"""

from isthmus.adapters.gcp.interpreter.callback_server import CallbackServer
from isthmus.adapters.gcp.interpreter.callbacks import CallbackRequest, Callbacks
from isthmus.adapters.gcp.interpreter.choices import Choices, First, Open, Refusing, Seeded
from isthmus.adapters.gcp.interpreter.document import load
from isthmus.adapters.gcp.interpreter.execution import Execution, execute, start
from isthmus.adapters.gcp.interpreter.limits import LIMITS, Limits
from isthmus.adapters.gcp.interpreter.outcome import LogEntry, Outcome
from isthmus.adapters.gcp.interpreter.problems import ArgumentInvalid, Undocumented, WorkflowInvalid
from isthmus.adapters.gcp.interpreter.scheduler import Clock, RealClock, Scheduler, VirtualClock
from isthmus.adapters.gcp.interpreter.steps import Workflow
from isthmus.adapters.gcp.interpreter.transport import (
    ConnectionBroken,
    ConnectionFailed,
    HttpTransport,
    NoCredentials,
    Request,
    Response,
    TimedOut,
    Transport,
)

__all__ = [
    "LIMITS",
    "ArgumentInvalid",
    "CallbackRequest",
    "CallbackServer",
    "Callbacks",
    "Choices",
    "Clock",
    "ConnectionBroken",
    "ConnectionFailed",
    "Execution",
    "First",
    "HttpTransport",
    "Limits",
    "LogEntry",
    "NoCredentials",
    "Open",
    "Outcome",
    "RealClock",
    "Refusing",
    "Request",
    "Response",
    "Scheduler",
    "Seeded",
    "TimedOut",
    "Transport",
    "Undocumented",
    "VirtualClock",
    "Workflow",
    "WorkflowInvalid",
    "execute",
    "load",
    "start",
]
