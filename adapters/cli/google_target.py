"""An app on Google Cloud, as an operator's machine reaches it: by its database and its executions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.targets import GOOGLE, WORKFLOWS
from isthmus.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from isthmus.adapters.runtime.host import Host
    from isthmus.adapters.runtime.operating import InstanceView
    from isthmus.adapters.sql.database import Database
    from isthmus.adapters.sql.views import RunView
    from isthmus.core.composition import Composition


class Google:
    """Be Google Cloud, with the executions of a project and region at a URL."""

    name = GOOGLE
    setting = WORKFLOWS
    carrier = "execution"

    def __init__(self, url: str | None) -> None:
        self._url = url

    def database(self) -> Database:
        """Open the app's database."""
        from isthmus.adapters.gcp.settings import OperatorSettings  # noqa: PLC0415  # an extra, as below

        return OperatorSettings().database()

    def host(self, composition: Composition) -> Host:
        """Return what writes to the app's database."""
        from isthmus.adapters.gcp.settings import OperatorSettings  # noqa: PLC0415
        from isthmus.adapters.gcp.surroundings import host_of  # noqa: PLC0415

        return host_of(composition, OperatorSettings())

    def tell(self, host: Host) -> bool:
        """Begin and wake the executions of what was written down. Raises WorkflowsUnavailable (ISTH368)."""
        if not self._url:
            return False
        from isthmus.adapters.gcp.callbacks import GoogleCallbacks  # noqa: PLC0415
        from isthmus.adapters.gcp.operating import act_on_notes  # noqa: PLC0415
        from isthmus.adapters.gcp.workflows import GoogleExecutions  # noqa: PLC0415

        executions = GoogleExecutions(self._url)
        act_on_notes(host, executions, GoogleCallbacks(host.token, are_here=executions.is_here))
        return True

    def instances(self, run: RunView) -> tuple[list[InstanceView], str]:
        """Return the execution that carries a run on, or why that is not known."""
        require(GOOGLE, "workflows show --target google")
        if not self._url:
            return [], f"{WORKFLOWS} is not set"
        from isthmus.adapters.gcp.operating import execution_of  # noqa: PLC0415
        from isthmus.adapters.gcp.workflows import GoogleExecutions  # noqa: PLC0415

        database = self.database()
        try:
            found = execution_of(database, GoogleExecutions(self._url), run.run_id)
        except EnvironmentFault as fault:
            return [], fault.problem
        finally:
            database.close()
        return ([found], "") if found is not None else ([], "no execution has claimed it yet")
