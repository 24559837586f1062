"""The App that every backend runs: the market stall of the engine's tests, reached from everywhere."""

from __future__ import annotations

from stall import (
    FULFILS,
    Box,
    Boxes,
    Done,
    Job,
    No,
    Part,
    Text,
    chain,
    craft,
    kit,
    look,
    make,
    stall_app,
    sweep,
    tick,
)

from isthmus.core import contract, each, endpoint, gather, hours, schedule, sleep, workflow


@contract()
def hibernate(job: Job) -> Done:
    """Craft a part, and sleep for twenty days."""


@contract()
def told_why(job: Job) -> Done:
    """Say why a part was refused."""


@contract(refuses=[No])
def chains(job: Job) -> Done:
    """Have a chain and a part made side by side."""


@contract(refuses=[No])
def again(boxes: Boxes) -> Done:
    """Make the first part of every box, one after the other."""


@contract()
def crafts(job: Job) -> Done:
    """Craft three parts side by side."""


@contract(refuses=[No])
def kits(job: Job) -> Done:
    """Have two kits done side by side, of different parts."""


@workflow(kits)
async def kits_flow(job: Job) -> Done:
    await gather(kit(job), kit(Job(id="other", a=job.b, b=job.b, c=job.c)))
    return Done(text="twice")


@workflow(hibernate)
async def hibernate_flow(job: Job) -> Done:
    await craft(job.a)
    await sleep(hours(480))
    await craft(job.b)
    return Done(text="awake")


@workflow(told_why)
async def told_why_flow(job: Job) -> Done:
    try:
        await make(job.a)
    except No as no:
        return Done(text=f"no: {no.why}")
    return Done(text="yes")


@workflow(chains)
async def chains_flow(job: Job) -> Done:
    await gather(chain(job), make(Part(name="beside")), look(Part(name="also")))
    return Done(text="both")


@workflow(again)
async def again_flow(boxes: Boxes) -> Done:
    for box in boxes.boxes:
        await each(make, box.parts, at_most=1)
    return Done(text=boxes.id)


@workflow(crafts)
async def crafts_flow(job: Job) -> Done:
    await gather(craft(job.a), craft(job.b), craft(job.c))
    return Done(text="crafted")


def a_box(*names: str) -> Box:
    """Return a box of parts."""
    return Box(parts=[Part(name=name) for name in names])


app = stall_app(
    fulfils=[*FULFILS, hibernate_flow, told_why_flow, chains_flow, again_flow, crafts_flow, kits_flow],
    schedules=(
        schedule("broom", every=hours(1), starts=sweep, message=Text(id="broom", text="handler")),
        schedule("mop", every=hours(2), starts=tick, message=Text(id="mop", text="workflow")),
    ),
)
app.endpoints = (endpoint("POST", "/chains", starts=chain), endpoint("POST", "/looks", starts=look))
FAIR = app.load()
