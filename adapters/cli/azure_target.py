"""An app on Azure, as an operator's machine reaches it: by its database and its task hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.targets import AZURE, HUB

if TYPE_CHECKING:
    from isthmus.adapters.runtime.host import Host
    from isthmus.adapters.runtime.operating import InstanceView
    from isthmus.adapters.sql.database import Database
    from isthmus.adapters.sql.views import RunView
    from isthmus.core.composition import Composition


class Azure:
    """Be Azure, with the task hub at an address."""

    name = AZURE
    setting = HUB
    carrier = "orchestration"

    def __init__(self, task_hub: str | None) -> None:
        self._address = task_hub

    def database(self) -> Database:
        """Open the app's database."""
        from isthmus.adapters.azure.surroundings import OperatorSettings  # noqa: PLC0415  # an extra, as below

        return OperatorSettings().database()

    def host(self, composition: Composition) -> Host:
        """Return what writes to the app's database."""
        from isthmus.adapters.azure.surroundings import OperatorSettings, host_of  # noqa: PLC0415
        from isthmus.adapters.runtime.host import surrounded_by  # noqa: PLC0415

        with surrounded_by(OperatorSettings()):
            return host_of(composition)

    def tell(self, host: Host) -> bool:
        """Tell the task hub what was written down for it. Raises TaskHubUnavailable (ISTH362)."""
        if not self._address:
            return False
        from isthmus.adapters.azure.operating import act_on_notes  # noqa: PLC0415
        from isthmus.adapters.azure.task_hub import LEFT_TO_SWEEP, ask_hub  # noqa: PLC0415

        ask_hub(self._address, lambda client: act_on_notes(client, host), otherwise=LEFT_TO_SWEEP)
        return True

    def instances(self, run: RunView) -> tuple[list[InstanceView], str]:
        """Return what the task hub has of a run, or why that is not known."""
        require(AZURE, "workflows show --target azure")
        if not self._address:
            return [], f"{HUB} is not set"
        from isthmus.adapters.azure.operating import instances_of  # noqa: PLC0415
        from isthmus.adapters.azure.task_hub import TaskHubUnavailable, ask_hub  # noqa: PLC0415

        try:
            found = ask_hub(self._address, lambda client: instances_of(client, run.run_id), otherwise="")
        except TaskHubUnavailable as fault:
            return [], fault.problem
        return found, "" if found else "the task hub has none of this run"
