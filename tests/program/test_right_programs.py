# ruff: noqa: E501
"""What is right becomes a program: its statements, places and what each await waits for."""

import ast
from pathlib import Path

import pytest

from isthmus.core.program import awaited, explain, statements, waited_for
from isthmus.core.program.nodes import Span
from isthmus.core.program.version import without_spans

END = "\nreturn Done(id=order.id)"

# title: source, and the lines of the program as explained: place, then text
RIGHT = {
    "an await of one contract": (
        "return await look(order)",
        ["0.await0 await look(order) -> _await_0_0", "0 return _await_0_0"],
    ),
    "a docstring has no place": (
        "'''Do it.'''\ndone = await look(order)\nreturn done",
        ["0 await look(order) -> done", "1 return done"],
    ),
    "contracts side by side": (
        "a, b = await gather(check(order), hold(order))\nreturn a",
        ["0 await side by side check(order), hold(order) -> a, b", "1 return a"],
    ),
    "a contract for each item": (
        "found = await each(look_at, order.lines, at_most=5)\nfor one in found:\n    await sleep(seconds(one.quantity))"
        + END,
        [
            "0 await look_at for each of order.lines, 5 at a time -> found",
            "1 for one in found",
            "1.body.0   await one.quantity seconds",
            "2 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "an event, and its timeout": (
        "try:\n    verdict = await wait_for(Verdict, key=f'{order.id}-1', within=WINDOW)\nexcept TimedOut:\n"
        "    return Done(id='late')\nif not verdict.good:\n    raise Rejected(rule='verdict')" + END,
        [
            "0 try",
            '0.try.0   await event Verdict with key text(order.id, "-1"), within 1800 seconds -> verdict',
            " except TimedOut",
            '0.except0.0   return Done(id="late", side=Side.BUY, quantity=0, note=null)',
            "1 if not (verdict.good)",
            '1.then.0   raise Rejected(rule="verdict")',
            "2 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "awaits in a larger expression, left to right": (
        "return Done(id=(await look(order)).id, note=(await look(await look_twice(order))).note)".replace(
            "await look_twice(order)", "order"
        ),
        [
            "0.await0 await look(order) -> _await_0_0",
            "0.await1 await look(order) -> _await_0_1",
            "0 return Done(id=_await_0_0.id, side=Side.BUY, quantity=0, note=_await_0_1.note)",
        ],
    ),
    "an await inside the message of another": (
        "return await look_at(Line(sku=(await look(order)).id, quantity=-1))",
        [
            "0.await0 await look(order) -> _await_0_0",
            "0.await1 await look_at(Line(sku=_await_0_0.id, quantity=-1)) -> _await_0_1",
            "0 return _await_0_1",
        ],
    ),
    "elif and else": (
        "if order.side == Side.BUY:\n    n = 1\nelif (await look(order)).id != 'a':\n    n = 2\nelse:\n    n = 3\n"
        "return Done(id='', quantity=n)",
        [
            "0 if order.side == Side.BUY",
            "0.then.0   n = 1",
            " else",
            "0.else.0.await0   await look(order) -> _await_0_else_0_0",
            '0.else.0   if _await_0_else_0_0.id != "a"',
            "0.else.0.then.0     n = 2",
            "   else",
            "0.else.0.else.0     n = 3",
            '1 return Done(id="", side=Side.BUY, quantity=n, note=null)',
        ],
    ),
    "a loop so many times": (
        "for turn in range(LIMIT):\n    if (await look(order)).quantity > turn:\n        break\n    await sleep(minutes(5))"
        + END,
        [
            "0 for turn in 0 … 2",
            "0.body.0.await0   await look(order) -> _await_0_body_0_0",
            "0.body.0   if _await_0_body_0_0.quantity > turn",
            "0.body.0.then.0     break",
            "0.body.1   await 5 minutes",
            "1 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "a while with a bound": (
        "n = 0\nfound = None\nwhile found is None and n <= 10:\n    n += 2\n    found = await may(order)\nif found is None:\n"
        "    return Done(id='')\nreturn found",
        [
            "0 n = 0",
            "1 found = null",
            "2 while (found == null and n <= 10), at most 6 times",
            "2.body.0   n = (n + 2)",
            "2.body.1   await may(order) -> found",
            "3 if found == null",
            '3.then.0   return Done(id="", side=Side.BUY, quantity=0, note=null)',
            "4 return found",
        ],
    ),
    "what was caught, raised again": (
        "try:\n    await gather(check(order), hold(order))\nexcept (Rejected, Short):\n    await look(order)\n    raise\n"
        "else:\n    pass" + END,
        [
            "0 try",
            "0.try.0   await side by side check(order), hold(order)",
            " except Rejected, Short as _caught_0_0",
            "0.except0.0   await look(order)",
            "0.except0.1   raise _caught_0_0 again",
            " else",
            "0.else.0   pass",
            "1 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "the fields of a refusal": (
        "try:\n    await check(order)\nexcept Rejected as no:\n    if no.rule == 'size':\n        return Done(id=no.rule)\n    raise no"
        + END,
        [
            "0 try",
            "0.try.0   await check(order)",
            " except Rejected as no",
            '0.except0.0   if no.rule == "size"',
            "0.except0.0.then.0     return Done(id=no.rule, side=Side.BUY, quantity=0, note=null)",
            "0.except0.1   raise no again",
            "1 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "personal data, passed on whole": (
        "name = order.name\nawait write(Letter(client=order.client, name=name))" + END,
        [
            "0 name = order.name",
            '1 await write(Letter(client=order.client, name=name, text=""))',
            "2 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "an optional field, tested first": (
        "if order.note is not None and order.note != '':\n    return Done(id=order.note)\n"
        "if order.note is None or order.note == 'a':\n    return Done(id='')\nreturn Done(id=order.note)",
        [
            '0 if (order.note != null and order.note != "")',
            "0.then.0   return Done(id=order.note, side=Side.BUY, quantity=0, note=null)",
            '1 if (order.note == null or order.note == "a")',
            '1.then.0   return Done(id="", side=Side.BUY, quantity=0, note=null)',
            "2 return Done(id=order.note, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "counting, lists and in": (
        "n = order.quantity - len(order.lines) + 1\ngood = order.side in (Side.BUY, Side.SELL) and 'a' not in order.tags\n"
        "tags: list[str] = []\nif good or n < 3 or not order.urgent:\n    tags = ['a', order.id]\n"
        "return Done(id=PREFIX, quantity=n - 1)",
        [
            "0 n = ((order.quantity - len(order.lines)) + 1)",
            '1 good = (order.side in [Side.BUY, Side.SELL] and "a" not in order.tags)',
            "2 tags = []",
            "3 if (good or n < 3 or not (order.urgent))",
            '3.then.0   tags = ["a", order.id]',
            '4 return Done(id="order", side=Side.BUY, quantity=(n - 1), note=null)',
        ],
    ),
    "names by module": (
        "a, _ = await core.gather(look(order), look(order))\nawait core.sleep(core.hours(1))\nreturn a",
        ["0 await side by side look(order), look(order) -> a, _", "1 await 1 hours", "2 return a"],
    ),
    "a name with two types, annotated": (
        "found: Done | None = None\nfor one in order.orders:\n    if one.urgent:\n        found = await look(one)\n        continue\n"
        "if found is None:\n    found = await look(order)\nreturn found",
        [
            "0 found = null",
            "1 for one in order.orders",
            "1.body.0   if one.urgent",
            "1.body.0.then.0     await look(one) -> found",
            "1.body.0.then.1     continue",
            "2 if found == null",
            "2.then.0   await look(order) -> found",
            "3 return found",
        ],
    ),
    "a final step that refuses, first": (
        "try:\n    return await book(order)\nexcept Rejected:\n    raise Short(missing=1)",
        [
            "0 try",
            "0.try.0.await0   await book(order) -> _await_0_try_0_0",
            "0.try.0   return _await_0_try_0_0",
            " except Rejected",
            "0.except0.0   raise Short(missing=1)",
        ],
    ),
    "after a final step what is caught may happen": (
        "await settle(order)\ntry:\n    await check(order)\n    await wait_for(Verdict, key=order.id, within=days(2))\n"
        "except Rejected:\n    pass\nexcept TimedOut:\n    pass" + END,
        [
            "0 await settle(order)",
            "1 try",
            "1.try.0   await check(order)",
            "1.try.1   await event Verdict with key order.id, within 2 days",
            " except Rejected",
            "1.except0.0   pass",
            " except TimedOut",
            "1.except1.0   pass",
            "2 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
    "a refusal without fields": ("raise Short", ["0 raise Short(missing=0)"]),
    "a member with an integer": (
        "size = Size.LARGE\nif size == Size.SMALL:\n    pass" + END,
        [
            "0 size = Size.LARGE",
            "1 if size == Size.SMALL",
            "1.then.0   pass",
            "2 return Done(id=order.id, side=Side.BUY, quantity=0, note=null)",
        ],
    ),
}


@pytest.mark.parametrize("title", RIGHT)
def test_the_program_is(title, check):
    text, expected = RIGHT[title]
    programs, problems = check(text)
    assert not problems, "\n".join(map(str, problems))
    lines = explain(programs["place"]).splitlines()[1:]
    width = max(len(row.split(" ", 1)[0]) for row in expected)
    places = [line[2 : 2 + width].strip() for line in lines]
    texts = [line[2 + width :].strip().split(" ", 1)[1][1:] for line in lines]
    assert [f"{place} {said}" for place, said in zip(places, texts, strict=True)] == expected


@pytest.mark.parametrize("title", RIGHT)
def test_every_await_is_where_the_compiled_code_has_it(title, define, check):
    text, _ = RIGHT[title]
    workflow = define(text)["place"]
    program = check(text)[0]["place"]
    compiled = {
        Span(line, column, end_line, end)
        for line, end_line, column, end in workflow.function.__code__.co_positions()
        if line is not None
    }
    spans = [span for span, _ in program.places]
    assert set(spans) <= compiled
    tree = ast.parse(Path(workflow.function.__code__.co_filename).read_text())
    assert len(spans) == sum(isinstance(node, ast.Await) for node in ast.walk(tree))
    awaits = [one for one in statements(program.body) if hasattr(one, "awaited")]
    assert sorted(place for _, place in program.places) == sorted(one.place for one in awaits)
    assert dict(program.places) == {one.span: one.place for one in awaits}


def test_a_program_is_made_of_plain_nodes(check):
    program = check("if order.limit is None:\n    raise Rejected(rule='limit')\nreturn Done(id='', quantity=1)")[0][
        "place"
    ]
    order = {"type": "Name", "name": "order"}
    limit = {"type": "Attribute", "value": order, "field": "limit"}
    null = {"type": "Literal", "value": None}
    assert without_spans(program.body[0]) == {
        "type": "If",
        "place": "0",
        "test": {"type": "Compare", "operator": "==", "left": limit, "right": null},
        "then": [
            {
                "type": "Raise",
                "place": "0.then.0",
                "refusal": "Rejected",
                "fields": [["rule", {"type": "Literal", "value": "limit"}]],
            }
        ],
        "orelse": [],
    }


def test_what_a_program_awaits_can_be_listed(check):
    program = check(
        "await gather(look(order), hold(order))\nawait each(look_at, order.lines, at_most=2)\nawait check(order)\n"
        "await wait_for(Verdict, key=order.id, within=days(1))\nawait sleep(days(1))" + END
    )[0]["place"]
    assert list(awaited(program)) == ["look", "hold", "look_at", "check"]
    assert list(waited_for(program)) == ["Verdict"]
