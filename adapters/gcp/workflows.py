"""Workflows: the executions of the deployed workflows, by Google's own client.

https://workflowexecutions.googleapis.com/projects/desk/locations/europe-west3    those of a project and region
http://127.0.0.1:8431/projects/desk/locations/europe-west3                        those of a server on this machine

Nothing is begun twice here, and nothing needs to be: an execution whose `create` was not answered may be there. It
claims its run, or finds that another has, and ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from isthmus.adapters.gcp.executions import UNDER_WAY, ExecutionState, name_of
from isthmus.core.errors import EnvironmentFault, InputError

if TYPE_CHECKING:
    from google.cloud.workflows.executions_v1 import ExecutionsClient

SECONDS_MAX: Final = 20.0
RUN: Final = "run_id"
"""What an execution is asked to carry on; also the label by which it is found in Google's console."""

ON_THIS_MACHINE: Final = "127.0.0.1"


class WorkflowsUrlInvalid(InputError):
    """Report a URL that names no region of Workflows."""

    code = "ISTH266"


class WorkflowsUnavailable(EnvironmentFault):
    """Report executions that Workflows does not begin, end or show."""

    code = "ISTH368"


class GoogleExecutions:
    """Begin executions of the workflows in a project and region, with the identity of whoever runs.

    Any number of threads at once. Raises WorkflowsUrlInvalid (ISTH266).
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        known = parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")
        self.is_here = parts.scheme == "http" and parts.hostname == ON_THIS_MACHINE and ":" in parts.netloc
        match parts.path.split("/"):
            case ["", "projects", project, "locations", location] if project and location:
                self._parent = f"projects/{project}/locations/{location}/workflows"
            case _:
                known = self.is_here = False
        if not (known or self.is_here) or parts.query or parts.fragment:
            raise WorkflowsUrlInvalid(
                "it names no project and region of Workflows",
                place=url,
                instead="write https://workflowexecutions.googleapis.com/projects/PROJECT/locations/REGION",
            )
        self._address = parts.netloc
        self._lock = Lock()
        self._client: ExecutionsClient | None = None

    def create(self, workflow: str, argument: Mapping[str, str]) -> str:
        """Begin an execution of a workflow, and return its name. Raises WorkflowsUnavailable (ISTH368)."""
        execution: dict[str, object] = {"argument": msgspec.json.encode(argument).decode()}
        if RUN in argument:
            execution["labels"] = {RUN: argument[RUN]}
        with asking(workflow):
            made = self._opened().create_execution(
                request={"parent": f"{self._parent}/{workflow}", "execution": execution}, timeout=SECONDS_MAX
            )
        return name_of(workflow, made.name.rpartition("/")[2])

    def cancel(self, name: str) -> None:
        """End an execution; one that has ended, or is not there, is left alone. Raises WorkflowsUnavailable (ISTH368).

        An answer of Google's that this cannot be done is believed when the execution does not go on.
        """
        from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound  # noqa: PLC0415  # slow

        with asking(name):
            try:
                self._opened().cancel_execution(request={"name": f"{self._parent}/{name}"}, timeout=SECONDS_MAX)
            except NotFound:
                return
            except (FailedPrecondition, InvalidArgument):
                if self.state(name) in UNDER_WAY:
                    raise

    def state(self, name: str) -> ExecutionState:
        """Return how an execution stands. Raises WorkflowsUnavailable (ISTH368).

        One of a workflow that is there and does not have it is UNKNOWN. Where the workflow itself is not there nothing
        is known of its executions: a wrong address must not look like the end of every run.
        """
        from google.api_core.exceptions import NotFound  # noqa: PLC0415  # slow

        with asking(name):
            try:
                found = self._opened().get_execution(
                    request={"name": f"{self._parent}/{name}", "view": "BASIC"}, timeout=SECONDS_MAX
                )
            except NotFound:
                self._hold_to_workflow(name.partition("/")[0])
                return ExecutionState.UNKNOWN
        shown = found.state.name
        if shown not in ExecutionState.__members__:
            raise WorkflowsUnavailable(f"its state is {shown}, which is not known here", place=name)
        return ExecutionState[shown]

    def _hold_to_workflow(self, workflow: str) -> None:
        """List the executions of a workflow: that fails when it is not there."""
        self._opened().list_executions(
            request={"parent": f"{self._parent}/{workflow}", "page_size": 1}, timeout=SECONDS_MAX
        )

    def _opened(self) -> ExecutionsClient:
        """Return the client, made when it is first needed: it takes seconds to import."""
        with self._lock:
            if self._client is None:
                self._client = _client_here(self._address) if self.is_here else _client_of(self._address)
            return self._client


def _client_of(address: str) -> ExecutionsClient:
    from google.api_core.client_options import ClientOptions  # noqa: PLC0415  # slow, as all of these
    from google.cloud.workflows.executions_v1 import ExecutionsClient  # noqa: PLC0415

    from isthmus.adapters.gcp.tokens import CLOUD_PLATFORM, credentials  # noqa: PLC0415

    return ExecutionsClient(credentials=credentials(CLOUD_PLATFORM), client_options=ClientOptions(api_endpoint=address))


def _client_here(address: str) -> ExecutionsClient:
    """Return a client of a server on this machine, which asks for no identity."""
    from google.cloud.workflows.executions_v1 import ExecutionsClient  # noqa: PLC0415
    from google.cloud.workflows.executions_v1.services.executions.transports import (  # noqa: PLC0415
        ExecutionsGrpcTransport,
    )
    from grpc import insecure_channel  # noqa: PLC0415

    return ExecutionsClient(transport=ExecutionsGrpcTransport(channel=insecure_channel(address)))


@contextmanager
def asking(place: str) -> Iterator[None]:
    """Say of what Workflows does not do: why, and what is to be done about it. Its words stay out of it."""
    from google.api_core.exceptions import (  # noqa: PLC0415  # slow
        Forbidden,
        GoogleAPICallError,
        NotFound,
        ResourceExhausted,
        Unauthenticated,
    )
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    def unavailable(problem: str, instead: str) -> WorkflowsUnavailable:
        return WorkflowsUnavailable(problem, place=place, instead=instead)

    try:
        yield
    except NotFound:
        raise unavailable(
            "Workflows has no such workflow", "deploy it; see that the address names the app's project and region"
        ) from None
    except Forbidden:
        raise unavailable(
            "Workflows forbids it", "give the identity the roles Workflows Invoker and Workflows Viewer"
        ) from None
    except Unauthenticated:
        raise unavailable(
            "Workflows does not know who asks",
            "let the function run as a service account, or sign in: gcloud auth application-default login",
        ) from None
    except ResourceExhausted:
        raise unavailable("Workflows has a quota that is used up", "try later, or have it raised") from None
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise unavailable(f"Workflows does not do it: {type(error).__name__}", "see whether it is well") from None
