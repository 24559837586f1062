"""Events: arrival, waiting and timeout, each decided by one transaction on the mailbox, on every backend.

An event goes to whoever waits for its key; else into the queue of a live run that owns the key; else it is late, and
goes to the contract that the App binds late events of its type to. Platforms' own events and timers only wake.
"""

from __future__ import annotations

from isthmus.adapters.runtime.record import Failed, Outcome, record_step
from isthmus.adapters.runtime.unit import UnitOfWork
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.mailbox import (
    ANY_OWNER,
    CLOSE_WAIT,
    LIVE_OWNER,
    LIVE_RUN_OF,
    MARK_LATE,
    OLDEST_QUEUED,
    OPEN_WAIT,
    OWN,
    PUT_EVENT,
    QUEUED_FOR_RUN,
    QUEUED_WITHOUT_OWNER,
    REGISTER,
    TAKE,
    UNOWNED_MAX,
    WAIT_AT,
)
from isthmus.adapters.sql.runs import FENCE_AND_RECORD, RunStatus, StepState
from isthmus.core.codec import ENCODER

LATE_TOPIC = "late:"
"""Late events leave through the outbox, under this prefix and the event's name."""


def send_event(unit: UnitOfWork, event: str, key: str, body: bytes, *, event_id: str) -> str:
    """Let an event arrive: return `delivered`, `queued`, `late`, or `repeated` when its id was here before."""
    arrived = unit.transaction.run(PUT_EVENT, event, key, event_id, body, "queued", unit.actor, unit.now_us)
    if not arrived:
        return "repeated"
    waiting = unit.transaction.row(OPEN_WAIT, event, key)
    owner = waiting or unit.transaction.row(LIVE_OWNER, event, key) or unit.transaction.row(ANY_OWNER, event, key)
    _journal_for(unit, owner[0] if owner else None, Kind.EVENT_ARRIVED, f"{event}:{key}", body)
    if waiting is not None and _deliver(unit, waiting[0], waiting[1], event, key, event_id, body):
        return "delivered"
    if unit.transaction.row(LIVE_OWNER, event, key) is None and not _may_be_owned_yet(unit, event, owner is not None):
        make_late(unit, event, key, event_id, body, owner[0] if owner else None)
        return "late"
    return "queued"


def _may_be_owned_yet(unit: UnitOfWork, event: str, was_owned: bool) -> bool:  # noqa: FBT001
    """Say whether a live run may still come to own the key: one whose wait names it by an answer."""
    if was_owned:
        return False
    holders = unit.deployment.holders.get(event, ())
    return any(unit.transaction.row(LIVE_RUN_OF, contract) is not None for contract in holders)


def make_late(unit: UnitOfWork, event: str, key: str, event_id: str, body: bytes, run_id: str | None) -> None:
    """Hand an event that no live run owns to the contract of late events, through the outbox."""
    unit.transaction.run(MARK_LATE, event, event_id)
    _journal_for(unit, run_id, Kind.EVENT_LATE, f"{event}:{key}", body)
    unit.publish(f"{LATE_TOPIC}{event}", key, body, message_id=f"late:{event}:{event_id}")


def _journal_for(unit: UnitOfWork, run_id: str | None, kind: Kind, subject: str, body: bytes) -> None:
    """Journal under the run that owns or owned the key, where there is one."""
    own, unit.run_id = unit.run_id, run_id or unit.run_id
    unit.journal(kind, subject, after=body)
    unit.run_id = own


def _journal_taken(unit: UnitOfWork, run_id: str, step: str, subject: str, body: bytes, sender: str) -> None:
    """Journal at the place of the wait and in the sender's name, whichever of the two came first."""
    own = unit.run_id, unit.step, unit.actor, unit.on_behalf_of
    unit.run_id, unit.step, unit.actor, unit.on_behalf_of = run_id, step, sender, sender
    unit.journal(Kind.EVENT_TAKEN, subject, after=body)
    unit.run_id, unit.step, unit.actor, unit.on_behalf_of = own


def _deliver(unit: UnitOfWork, run_id: str, step: str, event: str, key: str, event_id: str, body: bytes) -> bool:
    """Give an event to a run that waits for it, unless the run was fenced meanwhile."""
    found = unit.transaction.row(FENCE_AND_RECORD, step, run_id)
    if found is None or found[0] != RunStatus.RUNNING:
        return False
    unit.transaction.run(TAKE, run_id, step, event, event_id)
    unit.transaction.run(CLOSE_WAIT, run_id, step)
    record_step(unit, run_id, step, event, StepState.ANSWERED, body, key)
    _journal_taken(unit, run_id, step, f"{event}:{key}", body, unit.actor)
    unit.woken.append((run_id, step))
    return True


def wait_for_event(unit: UnitOfWork, event: str, key: str, due_at_us: int) -> Outcome | None:
    """Take the oldest event of the queue for this step, or register the wait; return what settled it, if anything did.

    A key has one waiter: the wait of a second run fails.
    """
    unit.transaction.run(OWN, event, key, unit.run_id)
    if unit.transaction.row(OPEN_WAIT, event, key) is not None:
        answer = ENCODER.encode(Failed("another run waits for the same key", event))
        record_step(unit, unit.run_id, unit.step, event, StepState.FAILED, answer, key)
        unit.journal(Kind.FAILED, f"{event}:{key}", after=answer)
        return Outcome(StepState.FAILED, answer)
    queued = unit.transaction.row(OLDEST_QUEUED, event, key)
    if queued is not None:
        unit.transaction.run(TAKE, unit.run_id, unit.step, event, queued[0])
        record_step(unit, unit.run_id, unit.step, event, StepState.ANSWERED, bytes(queued[1]), key)
        _journal_taken(unit, unit.run_id, unit.step, f"{event}:{key}", bytes(queued[1]), queued[2])
        return Outcome(StepState.ANSWERED, bytes(queued[1]))
    unit.transaction.run(REGISTER, unit.run_id, unit.step, event, key, "open", due_at_us)
    return None


def time_out(unit: UnitOfWork) -> bool:
    """End the wait of this step when its time is over and nothing has come; say whether that was so."""
    wait = unit.transaction.row(WAIT_AT, unit.run_id, unit.step)
    if wait is None or wait[2] != "open" or wait[3] > unit.now_us:
        return False
    if not unit.transaction.run(CLOSE_WAIT, unit.run_id, unit.step):
        return False
    record_step(unit, unit.run_id, unit.step, wait[0], StepState.TIMED_OUT, b"null", wait[1])
    unit.journal(Kind.TIMED_OUT, f"{wait[0]}:{wait[1]}")
    return True


def make_leftovers_late(unit: UnitOfWork) -> None:
    """Hand on what is left in the queues of the run that ends here, unless another live run owns their key."""
    for event, key, event_id, body in unit.transaction.rows(QUEUED_FOR_RUN, unit.run_id):
        if unit.transaction.row(LIVE_OWNER, event, key) is None:
            make_late(unit, event, key, event_id, bytes(body), unit.run_id)


def make_unowned_late(unit: UnitOfWork) -> bool:
    """Hand on events that were held for runs which ended without naming their key; say whether there may be more.

    What is held for runs that may yet name its key is passed over, and so is a type that the App does not know.
    """
    more = False
    for event in unit.deployment.composition.late_events:
        if _may_be_owned_yet(unit, event, was_owned=False):
            continue
        unowned = unit.transaction.rows(QUEUED_WITHOUT_OWNER, event)
        for _, key, event_id, body in unowned:
            make_late(unit, event, key, event_id, bytes(body), None)
        more = more or len(unowned) == UNOWNED_MAX
    return more
