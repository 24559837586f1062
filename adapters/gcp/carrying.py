"""Carrying on: executions are begun, woken and followed by others, as the database says that runs stand.

A row of the database comes first, always: a run that is started, a note that its status was changed, a callback with a
note that what it waits for is there. What is done with Workflows follows the commit; what a crash leaves out the sweep
makes up for. Done twice, it does no harm: of two executions one claims the run, and a callback only wakes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from isthmus.adapters.gcp.callbacks import Callbacks
from isthmus.adapters.gcp.executions import UNDER_WAY, Executions, ExecutionState, name_of
from isthmus.adapters.gcp.functions import root_of
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.hosting import Left, find_left
from isthmus.adapters.runtime.runs import Run, find_run
from isthmus.adapters.runtime.stepping import stick
from isthmus.adapters.runtime.unit import UnitOfWork, unit_of
from isthmus.adapters.sql.callbacks import CALLBACK_AT, FORGET_CALLBACK
from isthmus.adapters.sql.claims import CARRIED_ON, LIVE_CHILDREN, NOT_BEGUN_BEFORE, PASS_ON
from isthmus.adapters.sql.journal import microseconds
from isthmus.adapters.sql.notes import ABOUT_RUN, ABOUT_STEP, FORGET_NOTE, NOTES_AFTER
from isthmus.adapters.sql.runs import CLAIM, CLAIMED_BY, RunStatus
from isthmus.adapters.sql.transaction import Transaction
from isthmus.core.errors import EnvironmentFault, ReplayMismatch

log = logging.getLogger("isthmus.google")

A_WHILE: Final = timedelta(minutes=1)
"""How long a run may be started and unclaimed before the sweep begins another execution of it."""

LOOKED_AT_MAX: Final = 500
"""How many executions one sweep asks about; the next one goes on elsewhere."""

GOES_ON: Final = frozenset({RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK})


class Carrying:
    """Begin, wake and replace the executions that carry the runs of one host.

    What cannot be done now is left to the sweep; with `leaves_faults` off it is raised.
    """

    def __init__(self, host: Host, executions: Executions, callbacks: Callbacks, *, leaves_faults: bool = True) -> None:
        self._host = host
        self._leaves_faults = leaves_faults
        self._executions = executions
        self._callbacks = callbacks

    # Beginning

    def begin(self, run_id: str) -> None:
        """Begin an execution for a run that is started; a run that is more than that is left alone."""
        with self._host.database.transaction() as transaction:
            run = find_run(transaction, run_id)
        if run is not None and run.status == RunStatus.STARTED:
            self._create(run)

    def begin_or_leave(self, run_id: str) -> None:
        """Begin an execution for a run that is started, or leave it to the sweep when that cannot be done now."""
        self._now_or_later(run_id, self.begin, run_id)

    def _now_or_later(self, run_id: str, act: Callable[..., object], *arguments: object) -> bool:
        """Do something about a run, and say whether that could be done; when it could not, the next sweep tries."""
        try:
            act(*arguments)
        except EnvironmentFault:
            if not self._leaves_faults:
                raise
            log.exception("nothing is done about run %s now; the sweep will do it", run_id)
            return False
        return True

    def begin_anew(self, run_id: str) -> None:
        """Have the root of a run carried on by another execution: it takes the claim over, and the one before ends.

        It gets recorded answers up to where the run stands: so what sleeps or waits there hears that it was changed.
        """
        with self._host.database.transaction() as transaction:
            run = find_run(transaction, run_id)
            if run is None:
                return
            run = root_of(transaction, run)
            row = transaction.row(CLAIMED_BY, run.run_id)
        if run.status not in GOES_ON:
            return
        claimant = row[0] if row is not None else None
        if claimant is not None:
            self._executions.cancel(name_of(workflow_name(run.contract, run.version), claimant))
            with self._host.database.transaction() as transaction:
                transaction.run(PASS_ON, run.run_id, claimant)
        self._create(run)

    def _create(self, run: Run) -> None:
        if (run.contract, run.version) in self._host.composition.versions:
            self._executions.create(workflow_name(run.contract, run.version), {"run_id": run.run_id})
        else:
            self._leave_to_person(run)

    def _leave_to_person(self, run: Run) -> None:
        """Ask a person about a run whose version is not carried: nothing can carry it on."""

        def work(transaction: Transaction) -> tuple[UnitOfWork, None]:
            transaction.run(CLAIM, "", run.run_id)
            unit = unit_of(self._host.deployment, transaction, run, "")
            stick(unit, run, ReplayMismatch.__name__, ReplayMismatch.code)
            return unit, None

        self._host.do(work)

    # Waking

    def wake(self, unit: UnitOfWork) -> None:
        """Wake the executions that wait for what a unit of work has answered; the sweep wakes again until they hear."""
        if not self._host.composition.events:
            return
        for run_id, step in unit.woken:
            self._now_or_later(run_id, self._post, run_id, step)

    def _post(self, run_id: str, step: str) -> None:
        """Post to the callback of a step, if there is one."""
        with self._host.database.transaction() as transaction:
            row = transaction.row(CALLBACK_AT, run_id, step)
        if row is not None:
            self._callbacks.post(row[0])

    # The sweep

    def sweep(self) -> None:
        """Do what notes say, and begin or replace the executions of runs that nobody carries on."""
        self.act_on_notes()
        before_us = microseconds(self._host.deployment.clock.now() - A_WHILE)
        with self._host.database.transaction() as transaction:
            not_begun = [run_id for run_id, _ in transaction.rows(NOT_BEGUN_BEFORE, before_us)]
        for run_id in not_begun:
            self._now_or_later(run_id, self.begin, run_id)
        for run_id, contract, version, claimant in self._carried_on():
            self._now_or_later(run_id, self._look_after, run_id, contract, version, claimant)

    def act_on_notes(self) -> None:
        """Do what notes say. One about a run is then forgotten; one about a step when its execution has heard of it."""
        last = 0
        while notes := self._notes_after(last):
            for sequence, kind, subject in notes:
                last = sequence
                if self._is_done(kind, subject):
                    with self._host.database.transaction() as transaction:
                        transaction.run(FORGET_NOTE, sequence)

    def _notes_after(self, last: int) -> list[tuple[int, str, str]]:
        with self._host.database.transaction() as transaction:
            return [(sequence, kind, subject) for sequence, kind, subject in transaction.rows(NOTES_AFTER, last)]

    def _is_done(self, kind: str, subject: str) -> bool:
        """Act on a note, and say whether it has served its time."""
        run_id, _, step = subject.partition("/")
        if kind == ABOUT_RUN:
            return self._now_or_later(run_id, self.begin_anew, run_id)
        if kind != ABOUT_STEP:
            return True
        if not self._waits(run_id, step):
            return True
        self._now_or_later(run_id, self._post, run_id, step)
        return self._is_heard(run_id, step)

    def _is_heard(self, run_id: str, step: str) -> bool:
        """Say whether a step needs no callback any longer: its execution has asked, and heard."""
        with self._host.database.transaction() as transaction:
            return transaction.row(CALLBACK_AT, run_id, step) is None

    def _waits(self, run_id: str, step: str) -> bool:
        """Say whether a run may wait at a step; at the callback of one that does not, nobody does."""
        with self._host.database.transaction() as transaction:
            run = find_run(transaction, run_id)
            goes_on = run is not None and run.status == RunStatus.RUNNING
            if not goes_on:
                transaction.run(FORGET_CALLBACK, run_id, step)
        return goes_on

    def _carried_on(self) -> list[tuple[str, str, str, str | None]]:
        """Return runs that executions carry on: all, or some, beginning elsewhere at each minute."""
        begin = f"{self._host.deployment.clock.now().minute % 16:x}"
        with self._host.database.transaction() as transaction:
            found = transaction.rows(CARRIED_ON, begin)
            if len(found) < LOOKED_AT_MAX:
                found += [row for row in transaction.rows(CARRIED_ON, "") if row[0] <= begin]
        return [(run_id, contract, version, claimant) for run_id, contract, version, claimant in found[:LOOKED_AT_MAX]]

    def _look_after(self, run_id: str, contract: str, version: str, claimant: str | None) -> None:
        """See to a run whose execution has ended and has not said so."""
        if claimant is None:
            self.begin_anew(run_id)
            return
        state = self._executions.state(name_of(workflow_name(contract, version), claimant))
        if state in UNDER_WAY:
            return
        with self._host.database.transaction() as transaction:
            if transaction.row(CLAIMED_BY, run_id) != (claimant,):
                return  # another execution has followed it meanwhile
            waits_for_person = has_stuck_part(transaction, run_id)
        if waits_for_person:
            return
        if state is ExecutionState.SUCCEEDED or find_left(self._host, run_id) is Left.TO_BE_TAKEN_BACK:
            self.begin_anew(run_id)


def has_stuck_part(transaction: Transaction, run_id: str) -> bool:
    """Say whether a part of a run, however deep, waits for a person."""
    return any(
        status == RunStatus.STUCK or has_stuck_part(transaction, child)
        for child, status in transaction.rows(LIVE_CHILDREN, run_id)
    )
