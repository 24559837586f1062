"""What may not be awaited, what may not happen after a final step, and signatures that do not fit are refused."""

import pytest

SUBSET, TYPE, NAME, AWAITING, EFFECT, LIMIT = "ISTH120", "ISTH121", "ISTH122", "ISTH123", "ISTH124", "ISTH126"
WORLD, SOURCE = "ISTH127", "ISTH128"
END = "\nreturn Done(id='')"
NINE = ", ".join(["look(order)"] * 11)
CHILD = "@workflow(child)\nasync def inner(order: Order) -> Done:\n"
FLOW = "\n@workflow(place)\nasync def flow(order: Order) -> Done:\n"
WRONG = {
    # what is awaited
    "contract without await": (AWAITING, "never awaited", "look(order)", "n = look(order)  # here" + END),
    "statement without await": (AWAITING, "never awaited", "look(order)", "look(order)  # here" + END),
    "gather without await": (AWAITING, "gather is called and never awaited", "gather()", "gather()  # here" + END),
    "await of a name": (AWAITING, "no contract", "await order", "await order  # here" + END),
    "await of a function": (AWAITING, "helper is no contract", "helper(order)", "await helper(order)  # here" + END),
    "await of a coroutine": (AWAITING, "other is no contract", "other(order)", "await other(order)  # here" + END),
    "await of a message": (AWAITING, "Done is no contract", "Done(id='')", "await Done(id='')  # here" + END),
    "await of a method": (AWAITING, "is no contract", "order.go()", "await order.go()  # here" + END),
    "asyncio.sleep": (WORLD, "asyncio", "asyncio.sleep(1)", "await asyncio.sleep(1)  # here" + END),
    "asyncio.gather": (
        WORLD,
        "asyncio",
        "asyncio.gather(look(order))",
        "await asyncio.gather(look(order))  # here" + END,
    ),
    "workflow itself": (
        AWAITING,
        "is a workflow, not its contract",
        "inner(order)",
        CHILD + "    return Done(id='')\n" + FLOW + "    return await inner(order)  # here",
    ),
    "await after and": (
        AWAITING,
        "after and is not always reached",
        "await look(order)",
        "if order.urgent and (await look(order)).id == 'a':  # here\n    pass" + END,
    ),
    "await after or": (
        AWAITING,
        "after or is not always reached",
        "await look(order)",
        "n = order.urgent or (await look(order)).id == 'a'  # here" + END,
    ),
    "await in a while": (
        AWAITING,
        "again and again",
        "await look(order)",
        "n = 0\nwhile n < 3 and (await look(order)).id == 'a':  # here\n    n += 1" + END,
    ),
    "no message": (TYPE, "takes one message", "look()", "await look()  # here" + END),
    "two messages": (TYPE, "takes one message", "look(order, order)", "await look(order, order)  # here" + END),
    "message by name": (TYPE, "takes one message", "look(order=order)", "await look(order=order)  # here" + END),
    "other message": (TYPE, "look_at takes Line", "order", "await look_at(order)  # here" + END),
    "message that may be None": (
        TYPE,
        "look takes Order",
        "found",
        "found: Order | None = order\nif order.urgent:\n    found = None\nawait look(found)  # here" + END,
    ),
    "one answer for two names": (
        TYPE,
        "several names",
        "a, b = await look(order)",
        "a, b = await look(order)  # here" + END,
    ),
    "three names for two answers": (
        TYPE,
        "names for them are 3",
        "a, b, c = await gather(look(order), look(order))",
        "a, b, c = await gather(look(order), look(order))  # here" + END,
    ),
    "one name for two answers": (
        TYPE,
        "names for them are 1",
        "a = await gather(look(order), look(order))",
        "a = await gather(look(order), look(order))  # here" + END,
    ),
    "answers to fields": (
        SUBSET,
        "plain names",
        "a, order.id = await gather(look(order), look(order))",
        "a, order.id = await gather(look(order), look(order))  # here" + END,
    ),
    "answers returned": (
        AWAITING,
        "answers of gather are unpacked",
        "await gather(look(order), look(order))",
        "return await gather(look(order), look(order))  # here",
    ),
    "gather of one": (LIMIT, "2 to 10", "gather(look(order))", "await gather(look(order))  # here" + END),
    "gather of eleven": (LIMIT, "these are 11", f"gather({NINE})", f"await gather({NINE})  # here" + END),
    "gather of a list": (AWAITING, "one by one", "gather(*order.orders)", "await gather(*order.orders)  # here" + END),
    "gather of values": (
        AWAITING,
        "a branch of gather",
        "order",
        "await gather(look(order), order)  # here" + END,
    ),
    "gather of sleeps": (
        AWAITING,
        "a branch of gather",
        "sleep(seconds(1))",
        "await gather(look(order), sleep(seconds(1)))  # here" + END,
    ),
    "each without a bound": (
        AWAITING,
        "how many at a time",
        "each(look_at, order.lines)",
        "await each(look_at, order.lines)  # here" + END,
    ),
    "each with a bound of eleven": (
        LIMIT,
        "from 1 to 10",
        "11",
        "await each(look_at, order.lines, at_most=11)  # here" + END,
    ),
    "each with a bound of a field": (
        LIMIT,
        "written out",
        "order.quantity",
        "await each(look_at, order.lines, at_most=order.quantity)  # here" + END,
    ),
    "each of a call": (
        AWAITING,
        "one contract",
        "look(order)",
        "await each(look(order), order.lines, at_most=2)  # here" + END,
    ),
    "each over others": (
        TYPE,
        "each takes list[Line]",
        "order.tags",
        "await each(look_at, order.tags, at_most=2)  # here" + END,
    ),
    "sleep of a number": (TYPE, "a duration is", "5", "await sleep(5)  # here" + END),
    "sleep of nothing": (AWAITING, "sleep takes one", "sleep()", "await sleep()  # here" + END),
    "sleep of no time": (LIMIT, "longer than nothing", "0", "await sleep(seconds(0))  # here" + END),
    "sleep of years": (LIMIT, "300 days", "1000", "await sleep(days(1000))  # here" + END),
    "sleep of a string": (TYPE, "counted in integers", "order.id", "await sleep(seconds(order.id))  # here" + END),
    "wait without an end": (
        AWAITING,
        "wait_for takes",
        "wait_for(Verdict, key=order.id)",
        "await wait_for(Verdict, key=order.id)  # here" + END,
    ),
    "wait for a message": (
        AWAITING,
        "waits for an Event",
        "Done",
        "await wait_for(Done, key=order.id, within=days(1))  # here" + END,
    ),
    "wait by a number": (
        TYPE,
        "a key is a string",
        "order.quantity",
        "await wait_for(Verdict, key=order.quantity, within=days(1))  # here" + END,
    ),
    "wait for a field": (
        TYPE,
        "a duration is",
        "order.quantity",
        "await wait_for(Verdict, key=order.id, within=order.quantity)  # here" + END,
    ),
    # effects
    "undo": (EFFECT, "release is an undo", "release(order)", "await release(order)  # here" + END),
    "contract of no effect": (EFFECT, "neither reads", "vague(order)", "await vague(order)  # here" + END),
    "refusal that is not declared": (EFFECT, "does not declare", "locate(order)", "await locate(order)  # here" + END),
    "raise of what is not declared": (
        EFFECT,
        "place does not declare",
        "raise Foreign(country='FR')",
        "raise Foreign(country='FR')  # here",
    ),
    "raise of a failure": (EFFECT, "no refusal", "raise ValueError('a')", "raise ValueError('a')  # here"),
    "raise of Refusal": (EFFECT, "no refusal", "raise Refusal()", "raise Refusal()  # here"),
    "raise of TimedOut": (EFFECT, "by wait_for alone", "raise TimedOut()", "raise TimedOut()  # here"),
    "except Exception": (
        EFFECT,
        "does not catch Exception",
        "Exception",
        "try:\n    await look(order)\nexcept Exception:  # here\n    pass" + END,
    ),
    "except Refusal": (
        EFFECT,
        "does not catch Refusal",
        "Refusal",
        "try:\n    await look(order)\nexcept Refusal:  # here\n    pass" + END,
    ),
    "except of what cannot happen": (
        EFFECT,
        "nothing in this try ends with Foreign",
        "Foreign",
        "try:\n    await look(order)\nexcept Foreign:  # here\n    pass" + END,
    ),
    "refusal after final": (
        EFFECT,
        "Rejected after settle",
        "check(order)",
        "await settle(order)\nawait check(order)  # here" + END,
    ),
    "raise after final": (
        EFFECT,
        "Short after settle",
        "raise Short()",
        "await settle(order)\nif order.urgent:\n    raise Short()  # here" + END,
    ),
    "timeout after final": (
        EFFECT,
        "TimedOut after settle",
        "wait_for(Verdict, key=order.id, within=WINDOW)",
        "await settle(order)\nawait wait_for(Verdict, key=order.id, within=WINDOW)  # here" + END,
    ),
    "refusal after final on one path": (
        EFFECT,
        "after settle",
        "check(order)",
        "if order.urgent:\n    await settle(order)\nawait check(order)  # here" + END,
    ),
    "refusal after final round a loop": (
        EFFECT,
        "after settle",
        "check(one)",
        "for one in order.orders:\n    await check(one)  # here\n    await settle(one)" + END,
    ),
    "refusal after final through an except": (
        EFFECT,
        "after settle",
        "raise Short()",
        "try:\n    await settle(order)\n    await check(order)\nexcept Rejected:\n    raise Short()  # here" + END,
    ),
    "refusal beside final": (
        EFFECT,
        "after settle",
        "check(order)",
        "await gather(check(order), settle(order))  # here" + END,
    ),
    "finals that refuse, each": (
        EFFECT,
        "after book",
        "each(book, order.orders, at_most=2)",
        "await each(book, order.orders, at_most=2)  # here" + END,
    ),
    "reraise after final": (
        EFFECT,
        "this raise can end",
        "raise",
        "await settle(order)\ntry:\n    await check(order)\nexcept Rejected:\n    raise  # here" + END,
    ),
    "timeout of a child after final": (
        EFFECT,
        "child may time out",
        "child(order)",
        CHILD
        + "    await wait_for(Verdict, key=order.id, within=WINDOW)\n    return Done(id='')\n"
        + FLOW
        + "    await settle(order)\n    try:\n        return await child(order)  # here\n"
        + "    except (Rejected, Short):\n        return Done(id='')",
    ),
    "refusal after a child that is final": (
        EFFECT,
        "after settle",
        "check(order)",
        CHILD
        + "    return await settle(order)\n"
        + FLOW
        + "    await child(order)\n    await check(order)  # here\n    return Done(id='')",
    ),
    "writing where reading was promised": (
        EFFECT,
        "promises to read only",
        "settle(order)",
        "@workflow(survey)\nasync def flow(order: Order) -> Done:\n    return await settle(order)  # here",
    ),
    # signatures
    "missing return": (
        TYPE,
        "a path ends without an answer",
        "async def flow(order: Order) -> Done:",
        "if order.urgent:\n    return Done(id='')",
    ),
    "two parameters": (
        SUBSET,
        "one message and nothing else",
        "more: int",
        "@workflow(place)\nasync def flow(order: Order, more: int) -> Done:  # here\n    return Done(id='')",
    ),
    "star parameter": (
        SUBSET,
        "one message and nothing else",
        "more: int",
        "@workflow(place)\nasync def flow(order: Order, *more: int) -> Done:  # here\n    return Done(id='')",
    ),
    "no parameter": (
        SUBSET,
        "takes one message",
        "async def flow() -> Done:",
        "@workflow(place)\nasync def flow() -> Done:\n    return Done(id='')",
    ),
    "other parameter": (
        TYPE,
        "place takes Order",
        "line: Line",
        "@workflow(place)\nasync def flow(line: Line) -> Done:\n    return Done(id='')",
    ),
    "no annotation": (
        TYPE,
        "place takes Order",
        "order",
        "@workflow(place)\nasync def flow(order) -> Done:\n    return Done(id='')",
    ),
    "other answer": (
        TYPE,
        "place answers Done",
        "Order",
        "@workflow(place)\nasync def flow(order: Order) -> Order:\n    return Done(id='')",
    ),
    "no answer": (
        TYPE,
        "place answers Done",
        "async def flow(order: Order):",
        "@workflow(place)\nasync def flow(order: Order):\n    return Done(id='')",
    ),
    "annotation of nothing": (
        NAME,
        "stands for no type",
        "order: 'Nothing'",
        "@workflow(place)\nasync def flow(order: 'Nothing') -> Done:\n    return Done(id='')",
    ),
    "second decorator": (
        SUBSET,
        "no decorator beside",
        "plain",
        "def plain(function):\n    return function\n\n@workflow(place)\n@plain\n"
        "async def flow(order: Order) -> Done:\n    return Done(id='')",
    ),
    "default": (
        SUBSET,
        "has no default",
        "None",
        "@workflow(place)\nasync def flow(order: Order = None) -> Done:\n    return Done(id='')",
    ),
    "undo as a workflow": (
        EFFECT,
        "an undo is one unit of work",
        "workflow(release)",
        "@workflow(release)\nasync def flow(undo: Undo[Order, Done]) -> None:\n    return None",
    ),
}


@pytest.mark.parametrize("title", WRONG)
def test_a_workflow_is_refused_for(title, refused):
    refused(WRONG[title])
