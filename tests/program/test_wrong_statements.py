"""Statements and constructs that are no part of the subset are refused where they stand."""

import pytest

SUBSET = "ISTH120"
WRONG = {
    "lambda": (SUBSET, "lambda", "lambda: 1", "done = lambda: 1  # here\nreturn Done(id=order.id)"),
    "list comprehension": (
        SUBSET,
        "comprehension",
        "[line.sku for line in order.lines]",
        "skus = [line.sku for line in order.lines]\nreturn Done(id=order.id)",
    ),
    "comprehension with await": (
        SUBSET,
        "comprehension",
        "[await look_at(line) for line in order.lines]",
        "found = [await look_at(line) for line in order.lines]  # here\nreturn Done(id=order.id)",
    ),
    "set comprehension": (
        SUBSET,
        "comprehension",
        "{t for t in order.tags}",
        "s = {t for t in order.tags}\nreturn Done(id='')",
    ),
    "dict comprehension": (
        SUBSET,
        "comprehension",
        "{t: 1 for t in order.tags}",
        "s = {t: 1 for t in order.tags}\nreturn Done(id='')",
    ),
    "async for": (
        SUBSET,
        "async for",
        "async for line in order.lines:",
        "async for line in order.lines:\n    pass\nreturn Done(id='')",
    ),
    "with": (SUBSET, "with is no part", "with order:", "with order:\n    pass\nreturn Done(id='')"),
    "async with": (SUBSET, "async with", "async with order:", "async with order:\n    pass\nreturn Done(id='')"),
    "global": (SUBSET, "global", "global LIMIT", "global LIMIT  # here\nreturn Done(id='')"),
    "nested function": (SUBSET, "function inside", "def inner():", "def inner():\n    pass\nreturn Done(id='')"),
    "nested async function": (
        SUBSET,
        "function inside",
        "async def inner():",
        "async def inner():\n    pass\nreturn Done(id='')",
    ),
    "nested class": (SUBSET, "class inside", "class Inner:", "class Inner:\n    pass\nreturn Done(id='')"),
    "walrus": (
        SUBSET,
        "assignment inside an expression",
        "note := order.id",
        "if (note := order.id) == 'a':  # here\n    pass\nreturn Done(id='')",
    ),
    "finally": (
        SUBSET,
        "finally",
        "pass",
        "try:\n    await hold(order)\nfinally:\n    pass  # here\nreturn Done(id='')",
    ),
    "bare except": (
        SUBSET,
        "bare except",
        "except:",
        "try:\n    await look(order)\nexcept:\n    pass\nreturn Done(id='')",
    ),
    "except*": (
        SUBSET,
        "except*",
        "try:",
        "try:\n    await check(order)\nexcept* Rejected:\n    pass\nreturn Done(id='')",
    ),
    "raise from": (
        SUBSET,
        "raise … from",
        "None",
        "if order.urgent:\n    raise Rejected(rule='a') from None  # here\nreturn Done(id='')",
    ),
    "raise of a string": (SUBSET, "no refusal", "raise 'no'", "raise 'no'  # here"),
    "raise alone": (SUBSET, "stands only in an except", "raise", "raise  # here"),
    "del": (SUBSET, "del is", "del order", "del order  # here\nreturn Done(id='')"),
    "assert": (SUBSET, "assert", "assert order.urgent", "assert order.urgent  # here\nreturn Done(id='')"),
    "import": (SUBSET, "import inside", "import json", "import json  # here\nreturn Done(id='')"),
    "import from": (
        SUBSET,
        "import inside",
        "from json import loads",
        "from json import loads  # here\nreturn Done(id='')",
    ),
    "match": (
        SUBSET,
        "match is",
        "match order.side:",
        "match order.side:\n    case _:\n        pass\nreturn Done(id='')",
    ),
    "type statement": (SUBSET, "type statement", "type X = int", "type X = int  # here\nreturn Done(id='')"),
    "subscript": (SUBSET, "by its number", "order.lines[0]", "line = order.lines[0]  # here\nreturn Done(id='')"),
    "slice": (SUBSET, "slice", "order.lines[1:]", "rest = order.lines[1:]  # here\nreturn Done(id='')"),
    "dictionary": (SUBSET, "dictionaries", "{}", "found = {}  # here\nreturn Done(id='')"),
    "set": (SUBSET, "sets", "{1, 2}", "found = {1, 2}  # here\nreturn Done(id='')"),
    "tuple": (SUBSET, "tuples", "(1, 2)", "pair = (1, 2)  # here\nreturn Done(id='')"),
    "starred": (SUBSET, "* is no part", "*order.tags", "tags = [*order.tags]  # here\nreturn Done(id='')"),
    "keyword splat": (SUBSET, "** is no part", "order", "return Done(**order)  # here"),
    "conditional expression": (
        SUBSET,
        "conditional expression",
        "1 if order.urgent else 2",
        "n = 1 if order.urgent else 2  # here\nreturn Done(id='')",
    ),
    "multiplication": (
        SUBSET,
        "+ and - only",
        "order.quantity * 2",
        "n = order.quantity * 2  # here\nreturn Done(id='')",
    ),
    "floor division": (
        SUBSET,
        "+ and - only",
        "order.quantity // 2",
        "n = order.quantity // 2  # here\nreturn Done(id='')",
    ),
    "shift": (SUBSET, "+ and - only", "order.quantity << 2", "n = order.quantity << 2  # here\nreturn Done(id='')"),
    "minus before a name": (SUBSET, "sign", "-order.quantity", "n = -order.quantity  # here\nreturn Done(id='')"),
    "bitwise not": (SUBSET, "sign", "~order.quantity", "n = ~order.quantity  # here\nreturn Done(id='')"),
    "chained comparison": (
        SUBSET,
        "chained comparison",
        "0 < order.quantity < 9",
        "if 0 < order.quantity < 9:  # here\n    pass\nreturn Done(id='')",
    ),
    "float": (SUBSET, "floats", "1.5", "n = 1.5  # here\nreturn Done(id='')"),
    "complex": (SUBSET, "complexs", "1j", "n = 1j  # here\nreturn Done(id='')"),
    "bytes": (SUBSET, "b'a' is no string", "b'a'", "n = b'a'  # here\nreturn Done(id='')"),
    "ellipsis": (SUBSET, "Ellipsis is no string", "...", "...  # here\nreturn Done(id='')"),
    "two targets": (SUBSET, "several names", "a = b = 1", "a = b = 1  # here\nreturn Done(id='')"),
    "unpacking": (
        SUBSET,
        "only the answers of gather",
        "a, b = order.tags",
        "a, b = order.tags  # here\nreturn Done(id='')",
    ),
    "assigning to a field": (SUBSET, "frozen", "order.id = 'a'", "order.id = 'a'  # here\nreturn Done(id='')"),
    "counting in a field": (SUBSET, "frozen", "order.quantity += 1", "order.quantity += 1  # here\nreturn Done(id='')"),
    "assigning to an item": (
        SUBSET,
        "only names",
        "order.tags[0] = 'a'",
        "order.tags[0] = 'a'  # here\nreturn Done(id='')",
    ),
    "declaring without a value": (SUBSET, "without a value", "n: int", "n: int  # here\nreturn Done(id='')"),
    "value that goes nowhere": (SUBSET, "goes nowhere", "order.id", "order.id  # here\nreturn Done(id='')"),
    "code after return": (SUBSET, "nothing gets here", "pass", "return Done(id='')\npass  # here"),
    "code after two returns": (
        SUBSET,
        "nothing gets here",
        "pass",
        "if order.urgent:\n    return Done(id='')\nelse:\n    return Done(id='b')\npass  # here",
    ),
    "test that never changes": (SUBSET, "always the same", "True", "if True:  # here\n    pass\nreturn Done(id='')"),
    "else of a loop": (
        SUBSET,
        "else of a loop",
        "pass",
        "for line in order.lines:\n    continue\nelse:\n    pass  # here\nreturn Done(id='')",
    ),
    "unpacking in a loop": (
        SUBSET,
        "one name for its item",
        "a, b",
        "for a, b in order.lines:  # here\n    pass\nreturn Done(id='')",
    ),
    "format specification": (
        SUBSET,
        "no format",
        "{order.quantity:>3}",
        "note = f'{order.quantity:>3}'  # here\nreturn Done(id=note)",
    ),
    "conversion": (SUBSET, "no format", "{order.id!r}", "note = f'{order.id!r}'  # here\nreturn Done(id=note)"),
    "method": (SUBSET, "calls no methods", "order.id.upper()", "note = order.id.upper()  # here\nreturn Done(id=note)"),
    "append": (
        SUBSET,
        "calls no methods",
        "order.tags.append('a')",
        "order.tags.append('a')  # here\nreturn Done(id='')",
    ),
    "refusal as a value": (SUBSET, "built where it is raised", "Short()", "no = Short()  # here\nreturn Done(id='')"),
    "contract as a value": (SUBSET, "no value", "look", "ask = look  # here\nreturn Done(id='')"),
    "zero byte in a string": (SUBSET, "written as JSON", r"'\0'", "note = '\\0'  # here\nreturn Done(id=note)"),
    "mutable default": (
        SUBSET,
        "mutable default",
        "[]",
        "@workflow(place)\nasync def flow(order: Order, seen: list = []) -> Done:\n    return Done(id='')",
    ),
}


@pytest.mark.parametrize("title", WRONG)
def test_a_workflow_is_refused_for_a(title, refused, check):
    if title == "mutable default":
        problems = check(WRONG[title][3])[1]
        assert [one.rule.split(" ")[1] for one in problems] == ["workflow", "mutable"]
        return
    refused(WRONG[title])
