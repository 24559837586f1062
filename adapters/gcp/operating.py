"""Operating: what executions are told of what a person has asked of a running app, and which of them has a run."""

from __future__ import annotations

from isthmus.adapters.gcp.callbacks import Callbacks
from isthmus.adapters.gcp.carrying import Carrying
from isthmus.adapters.gcp.executions import Executions, name_of
from isthmus.adapters.gcp.functions import root_of
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.operating import InstanceView
from isthmus.adapters.runtime.runs import get_run
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.runs import CLAIMED_BY
from isthmus.core.errors import EnvironmentFault

LEFT_TO_SWEEP = "nothing is half done: what was asked is in the database, and the app's sweep goes on with it"


class ExecutionsNotTold(EnvironmentFault):
    """Report executions that are not begun or woken: the sweep of the app does it."""

    code = "ISTH369"


def act_on_notes(host: Host, executions: Executions, callbacks: Callbacks) -> None:
    """Begin and wake the executions that notes say; a note that was acted on twice has done no harm.

    Raises ExecutionsNotTold (ISTH369).
    """
    try:
        Carrying(host, executions, callbacks, leaves_faults=False).act_on_notes()
    except EnvironmentFault as fault:
        raise ExecutionsNotTold(fault.problem, place=fault.place, instead=LEFT_TO_SWEEP) from None


def execution_of(database: Database, executions: Executions, run_id: str) -> InstanceView | None:
    """Return the execution that has claimed a run, or that of which it is a part; None when none has.

    Raises NotFound, and EnvironmentFault.
    """
    with database.transaction() as transaction:
        root = root_of(transaction, get_run(transaction, run_id))
        row = transaction.row(CLAIMED_BY, root.run_id)
    if row is None or not row[0]:
        return None
    name = name_of(workflow_name(root.contract, root.version), row[0])
    return InstanceView(instance_id=name, status=executions.state(name).lower())
