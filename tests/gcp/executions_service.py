"""Stand in for Workflows: its gRPC service of executions on this machine, in front of the interpreter.

Each execution has a thread and a scheduler of its own, on the real clock; its calls are real HTTP, and so are its
callbacks. What Google's pages leave open is drawn from a seed.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud.workflows.executions_v1.types import (
    CancelExecutionRequest,
    CreateExecutionRequest,
    Execution,
    GetExecutionRequest,
    ListExecutionsRequest,
    ListExecutionsResponse,
)

from isthmus.adapters.gcp import interpreter
from isthmus.adapters.gcp.interpreter import CallbackServer, HttpTransport, Outcome, RealClock, Scheduler, Seeded

PARENT = "projects/desk/locations/europe-west3"
ENDED = (Execution.State.SUCCEEDED, Execution.State.FAILED, Execution.State.CANCELLED)
ARGUMENT_BYTES_MAX = 32 * 1024


class Running:
    """Be one execution: its state is read from any thread, and changed in its own."""

    def __init__(self, name: str, argument: str, labels: Mapping[str, str]) -> None:
        self.shown = Execution(
            name=name,
            argument=argument,
            labels=dict(labels),
            state=Execution.State.ACTIVE,
            start_time=datetime.now(UTC),
            workflow_revision_id="000001-000",
        )
        self.scheduler = Scheduler(RealClock(), Seeded(len(name)))
        self.execution: interpreter.Execution | None = None
        self.ended = threading.Event()

    def run(
        self, workflow: interpreter.Workflow, environment: Mapping[str, str], identity: Callable[[Any], str] | None
    ) -> None:
        """Run the workflow to its end."""
        transport = HttpTransport(identity)
        with CallbackServer(self.scheduler) as server:
            self.execution = interpreter.start(
                workflow,
                json.loads(self.shown.argument or "null"),
                scheduler=self.scheduler,
                transport=transport,
                callbacks=server.callbacks,
                environment=environment,
                execution_id=self.shown.name.rpartition("/")[2],
            )
            self.scheduler.run()
        transport.close()
        self._show(self.execution.outcome)
        self.ended.set()

    def _show(self, outcome: Outcome | None) -> None:
        assert outcome is not None
        if self.shown.state == Execution.State.CANCELLED:
            return
        self.shown.end_time = datetime.now(UTC)
        if outcome.failed:
            self.shown.error = Execution.Error(payload=json.dumps(outcome.error), context=outcome.context)
            self.shown.state = Execution.State.FAILED
        else:
            self.shown.result = json.dumps(outcome.result)
            self.shown.state = Execution.State.SUCCEEDED

    def cancel(self) -> None:
        """End where it stands."""
        self.shown.state = Execution.State.CANCELLED
        self.scheduler.post(self._finish)

    def _finish(self) -> None:
        if self.execution is not None and self.execution.outcome is None:
            self.execution.finish(Outcome(failed=True, error="cancelled"))


class ExecutionsService:
    """Serve the executions of the workflows of one project and region."""

    def __init__(
        self,
        workflows: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
        identity: Callable[[Any], str] | None = None,
    ) -> None:
        self.workflows = {name: interpreter.load(text, name=name) for name, text in workflows.items()}
        self.environment = dict(environment or {})
        self.running: dict[str, Running] = {}
        self.asked: list[str] = []
        self.code: grpc.StatusCode | None = None
        self.loses_answers = 0
        self._identity = identity
        self._threads: list[threading.Thread] = []
        self._server = grpc.server(ThreadPoolExecutor(8))
        methods = {
            "CreateExecution": (self._create, CreateExecutionRequest, Execution),
            "GetExecution": (self._get, GetExecutionRequest, Execution),
            "CancelExecution": (self._cancel, CancelExecutionRequest, Execution),
            "ListExecutions": (self._list, ListExecutionsRequest, ListExecutionsResponse),
        }
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(self._asked(name, do), asked.deserialize, told.serialize)
            for name, (do, asked, told) in methods.items()
        }
        service = "google.cloud.workflows.executions.v1.Executions"
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.url = f"http://127.0.0.1:{port}/{PARENT}"
        self._server.start()

    def close(self) -> None:
        """Stop serving, and end what goes on."""
        self._server.stop(None).wait()
        for one in self.running.values():
            one.cancel()
        for thread in self._threads:
            thread.join(10)

    def wait(self, seconds: float = 30) -> None:
        """Wait until every execution has ended."""
        for one in list(self.running.values()):
            assert one.ended.wait(seconds), one.shown.name

    def states(self) -> list[str]:
        """Return how executions stand, in the order in which they began."""
        return [one.shown.state.name for one in self.running.values()]

    def _asked(self, name: str, do: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def answer(request: Any, context: Any) -> Any:
            self.asked.append(name)
            if self.code is not None:
                context.abort(self.code, "no, and the secret is s3cr3t")
            told = do(request, context)
            if self.loses_answers:
                self.loses_answers -= 1
                context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            return told

        return answer

    def _create(self, request: CreateExecutionRequest, context: Any) -> Execution:
        workflow = self._workflow(request.parent, context)
        argument = request.execution.argument
        if len(argument.encode()) > ARGUMENT_BYTES_MAX:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "argument is too large")
        running = Running(f"{request.parent}/executions/{uuid.uuid4()}", argument, request.execution.labels)
        self.running[running.shown.name] = running
        thread = threading.Thread(target=running.run, args=(workflow, self.environment, self._identity), daemon=True)
        self._threads.append(thread)
        thread.start()
        return running.shown

    def _workflow(self, parent: str, context: Any) -> interpreter.Workflow:
        where, _, name = parent.rpartition("/workflows/")
        if where != PARENT or name not in self.workflows:
            context.abort(grpc.StatusCode.NOT_FOUND, f"workflow {parent} does not exist")
        return self.workflows[name]

    def _found(self, name: str, context: Any) -> Running:
        self._workflow(name.partition("/executions/")[0], context)
        if name not in self.running:
            context.abort(grpc.StatusCode.NOT_FOUND, f"execution {name} does not exist")
        return self.running[name]

    def _get(self, request: GetExecutionRequest, context: Any) -> Execution:
        return self._found(request.name, context).shown

    def _cancel(self, request: CancelExecutionRequest, context: Any) -> Execution:
        found = self._found(request.name, context)
        if found.shown.state in ENDED:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "execution has ended")
        found.cancel()
        return found.shown

    def _list(self, request: ListExecutionsRequest, context: Any) -> ListExecutionsResponse:
        self._workflow(request.parent, context)
        found = [one.shown for name, one in self.running.items() if name.startswith(f"{request.parent}/executions/")]
        first = int(request.page_token or 0)
        last = first + (request.page_size or 100)
        following = str(last) if last < len(found) else ""
        return ListExecutionsResponse(executions=found[::-1][first:last], next_page_token=following)
