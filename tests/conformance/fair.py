"""The App that every backend runs: the market stall of the engine's tests, reached from everywhere."""

from __future__ import annotations

from stall import (
    FULFILS,
    Batch,
    Box,
    Boxes,
    Done,
    Job,
    No,
    Part,
    Text,
    Word,
    chain,
    craft,
    kit,
    look,
    make,
    must_hear,
    nap,
    stall_app,
    sweep,
    tick,
)

from isthmus.core import (
    Message,
    TimedOut,
    contract,
    each,
    endpoint,
    gather,
    hours,
    minutes,
    schedule,
    sleep,
    wait_for,
    workflow,
)


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


# What a workflow's own words do


class Jobs(Message, identity="id"):
    id: str
    jobs: list[Job]


@contract(refuses=[No])
def persist(job: Job) -> Done:
    """Have a part made, three times at most."""


@workflow(persist)
async def persist_flow(job: Job) -> Done:
    attempts = 0
    done = False
    while not done and attempts < 3:
        attempts += 1
        try:
            await make(job.a)
            done = True
        except No:
            await look(job.b)
    if done:
        return Done(text=f"made in {attempts}")
    return Done(text=f"gave up after {attempts}")


@contract(refuses=[No])
def pick(batch: Batch) -> Done:
    """Make the parts of a batch, but for those to skip, and none after the one to stop at."""


@workflow(pick)
async def pick_flow(batch: Batch) -> Done:
    made = 0
    for part in batch.parts:
        if part.name == "skip":
            continue
        if part.name in ["stop", "halt"]:
            break
        await make(part)
        made += 1
    return Done(text=f"{made} of {len(batch.parts)}")


@contract(refuses=[No])
def rounds(job: Job) -> Done:
    """Make three parts, each named by its turn, and rest longer after each."""


@workflow(rounds)
async def rounds_flow(job: Job) -> Done:
    for turn in range(3):
        await make(Part(name=f"{job.a.name}-{turn}"))
        await sleep(minutes(turn + 1))
    return Done(text="three")


@contract(refuses=[No])
def translate(job: Job) -> Done:
    """Say no in words of its own."""


@workflow(translate)
async def translate_flow(job: Job) -> Done:
    await make(job.b)
    try:
        await make(job.a)
    except No as no:
        raise No(why=f"because of {no.why}")  # noqa: B904  # the language has no cause
    return Done(text="yes")


@contract(refuses=[No])
def pass_on(job: Job) -> Done:
    """Look at a part when another is refused, and pass the refusal on."""


@workflow(pass_on)
async def pass_on_flow(job: Job) -> Done:
    try:
        await make(job.a)
    except No as no:
        await look(job.b)
        raise no  # noqa: TRY201  # the language names what it raises
    return Done(text="yes")


@contract()
def choose(job: Job) -> Done:
    """Make a part when another was not refused."""


@workflow(choose)
async def choose_flow(job: Job) -> Done:
    said = "both"
    try:
        await look(job.a)
    except No:
        said = "neither"
    else:
        await craft(job.b)
    return Done(text=said)


@contract(refuses=[No])
def first_good(batch: Batch) -> Done:
    """Make the first part that is not refused."""


@workflow(first_good)
async def first_good_flow(batch: Batch) -> Done:
    for part in batch.parts:
        try:
            made = await make(part)
            return Done(text=made.text)
        except No:
            continue
    raise No(why="all of them")


@contract()
def within(job: Job) -> Done:
    """Look at a part and wait for a word, and say which of the two failed."""


@workflow(within)
async def within_flow(job: Job) -> Done:
    try:
        try:
            await look(job.a)
            await wait_for(Word, key=job.id, within=minutes(30))
        except TimedOut:
            return Done(text="silence")
    except No:
        return Done(text="no")
    return Done(text="heard")


@contract()
def roll_call(batch: Batch) -> Done:
    """Wait for a word at the name of every part, ten minutes at each."""


@workflow(roll_call)
async def roll_call_flow(batch: Batch) -> Done:
    heard = 0
    for part in batch.parts:
        try:
            await wait_for(Word, key=part.name, within=minutes(10))
        except TimedOut:
            continue
        heard += 1
    return Done(text=f"{heard} of {len(batch.parts)}")


@contract(refuses=[No])
def all_kits(jobs: Jobs) -> Done:
    """Have a kit done of every job, two at a time."""


@workflow(all_kits)
async def all_kits_flow(jobs: Jobs) -> Done:
    await each(kit, jobs.jobs, at_most=2)
    return Done(text=jobs.id)


@contract(refuses=[No])
def all_chains(jobs: Jobs) -> Done:
    """Have a chain done of every job, two at a time, and name the last."""


@workflow(all_chains)
async def all_chains_flow(jobs: Jobs) -> Done:
    found = await each(chain, jobs.jobs, at_most=2)
    last = ""
    for one in found:
        last = one.text
    return Done(text=last)


@contract(refuses=[No])
def double(job: Job) -> Done:
    """Look at one part twice, side by side."""


@workflow(double)
async def double_flow(job: Job) -> Done:
    await gather(look(job.a), look(job.a))
    return Done(text="double")


@contract(refuses=[No])
def together(job: Job) -> Done:
    """Rest and listen at the same time."""


@workflow(together)
async def together_flow(job: Job) -> Done:
    rested, heard = await gather(nap(job), must_hear(Job(id=job.id, a=job.c, b=job.c, c=job.c)))
    return Done(text=f"{rested.text}, {heard.text}")


WORDS = [
    persist_flow,
    pick_flow,
    rounds_flow,
    translate_flow,
    pass_on_flow,
    choose_flow,
    first_good_flow,
    within_flow,
    roll_call_flow,
    all_kits_flow,
    all_chains_flow,
    double_flow,
    together_flow,
]


def a_box(*names: str) -> Box:
    """Return a box of parts."""
    return Box(parts=[Part(name=name) for name in names])


app = stall_app(
    fulfils=[*FULFILS, hibernate_flow, told_why_flow, chains_flow, again_flow, crafts_flow, kits_flow, *WORDS],
    schedules=(
        schedule("broom", every=hours(1), starts=sweep, message=Text(id="broom", text="handler")),
        schedule("mop", every=hours(2), starts=tick, message=Text(id="mop", text="workflow")),
    ),
)
app.endpoints = (endpoint("POST", "/chains", starts=chain), endpoint("POST", "/looks", starts=look))
FAIR = app.load()
