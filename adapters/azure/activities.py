"""Activities: what an orchestration has done for it, here or by the unit that a contract is in.

Requests and replies travel as JSON text, so that what is recorded is not taken apart and put together again.
"""

from __future__ import annotations

import msgspec

from isthmus.adapters.azure.calling import call_unit
from isthmus.adapters.runtime import driving
from isthmus.adapters.runtime.driving import Call, Elsewhere, Reply
from isthmus.adapters.runtime.host import Host
from isthmus.core.codec import ENCODER

TAKE_BACK = "isthmus_take_back"
"""The function by which another unit undoes what it did."""


def do_or_call(host: Host, call: Call) -> Reply:
    """Do a step, or have the unit do it that its contract is in."""
    unit = host.elsewhere.get(call.contract)
    return driving.do_step(host, call) if unit is None else _called(host, unit, call)


def take_back(host: Host, run_id: str) -> Reply:
    """Undo the last thing that a run did; what is undone by a contract of another unit, that unit does."""
    reply = driving.take_back(host, run_id)
    if isinstance(reply, Elsewhere):
        return _called(host, reply.unit, Call(run_id=run_id, step="", contract=TAKE_BACK))
    return reply


def _called(host: Host, unit: str, call: Call) -> Reply:
    return msgspec.json.decode(call_unit(host, unit, call.contract, ENCODER.encode(call)), type=Reply)
