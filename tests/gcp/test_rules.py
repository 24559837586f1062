"""The numbered rules of docs/portable-python.md: each held by the compiler, and by the interpreter, apart.

The compiler is shown a body over the shop, and what must and must not stand in its YAML. The interpreter is shown YAML
written by hand, and what a page of Google's says that it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from isthmus.adapters.gcp.interpreter import (
    LIMITS,
    Callbacks,
    Choices,
    First,
    Open,
    Outcome,
    Request,
    Response,
    Seeded,
    WorkflowInvalid,
    execute,
    load,
)

PAGE = (Path(__file__).parents[2] / "docs" / "portable-python.md").read_text("utf-8")
RETURN = "\nreturn Done(id=order.id)"


class Body(NamedTuple):
    """Hold a body of a workflow, what its YAML has, and what it has not."""

    text: str
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()


LONG = "x = f'{order.id}" + "{order.client}" * 11 + "'"
COMPILED: dict[int, Body] = {
    1: Body("n = 9007199254740991", ("set_n:", "- n: 9007199254740991")),
    2: Body("if order.urgent and order.note is None:\n    pass", ("'${(order.urgent) and (order.note == null)}'",)),
    3: Body("if not order.id == 'x':\n    pass", ("""'${not (order.id == "x")}'""",), ("not order",)),
    4: Body(
        "if 1 < order.quantity and order.quantity < 5:\n    pass", ("(1 < order.quantity) and (order.quantity < 5)",)
    ),
    5: Body(
        "if order.note is not None and order.note != 'x':\n    pass",
        ("- t_1: '${order.note != null}'", "condition: '${t_1}'", """- t_1: '${order.note != "x"}'"""),
        ("null) and",),
    ),
    6: Body("if order.side in [Side.BUY]:\n    pass", ("""- t_1: ["buy"]""", "'${order.side in t_1}'"), ("${[", "${{")),
    7: Body(LONG, ("""- x: '${"" + order.id""",)),
    8: Body(
        "x = 'say \"it\\'s\" ${y}'\nz = f'{order.id}\\x07'",
        ("""'${("say \\"it''s\\" $" + "{y}")}'""", '- t_1: "\\u0007"', """'${"" + order.id + t_1}'"""),
    ),
    9: Body("x = f'{order.quantity}'", ("""- x: '${"" + order.quantity}'""",)),
    10: Body("if order.limit is None:\n    pass", ("'${order.limit == null}'",)),
    11: Body("x = order.id", ("- x: '${order.id}'",), ('order["id"]',)),
    12: Body("".join(f"n{n} = 1\n" for n in range(60)), ("_begin:", "_begin_2:")),
    13: Body("if order.urgent:\n    a = 1\nelse:\n    a = 2\nb = a", ("- a: null", "- b: null")),
    14: Body("for one in order.lines:\n    pass", ("value: item_1", "- one: '${item_1}'"), ("value: one",)),
    15: Body("for i in range(3):\n    pass", ("range: [0, 2]",)),
    16: Body("if order.urgent:\n    a = 1\nelse:\n    a = 2", ("- condition: '${order.urgent}'", "- condition: true")),
    17: Body(
        "for i in range(3):\n    try:\n        await check(order)\n        break\n    except Rejected:\n        pass",
        ('tags: ["jump.break"]', """'${"jump.break" in tags_3}'""", "next: break"),
    ),
    18: Body(
        "try:\n    await check(order)\nexcept Rejected:\n    pass",
        ("as: e_", """("refused.Rejected" in tags_""", "raise: '${caught_"),
    ),
    19: Body("await look(order)", ("call: http.post", "predicate: ${isthmus_is_fault}", "max_retries: 1000")),
    20: Body("await look(order)", ("call: flow_place", "run_id: '${run_id}'", "params: [run_id, order]")),
    21: Body("a, b = await gather(check(order), look(order))", ("shared: [r_1, r_2]", "result: r_1", "result: r_2")),
    22: Body("await gather(check(order), look(order))", ("alone: false", "call: isthmus_settle")),
    23: Body("await each(look_at, order.lines, at_most=3)", ("concurrency_limit: 3", "in: '${t_1}'", "> 0}'")),
    24: Body(
        "await wait_for(Verdict, key=order.id, within=minutes(1))",
        ("call: events.create_callback_endpoint", "/events/register", "call: events.await_callback", "/events/take"),
    ),
    25: Body("await look(order)", ("timeout: 90", "condition: '${response.body.state ==", "auth:")),
    26: Body("await sleep(minutes(2))", ("seconds: 120", "call: sys.sleep")),
    27: Body("x = await look(order)", ("call: isthmus_step", "result: x"), ("${isthmus_step(",)),
    28: Body("await gather(check(order), look(order))", ("""'${if(r_1.state == "answered", null, r_1.answer)}'""",)),
}


@pytest.mark.parametrize("rule", COMPILED)
def test_the_compiler_keeps_rule(rule: int, compiled: Callable[[str], str]) -> None:
    body = COMPILED[rule]

    made = compiled(body.text + RETURN)

    assert max(map(len, re.findall(r"\$\{[^\n]*\}", made))) <= 400
    assert [text for text in body.has if text not in made] == []
    assert [text for text in body.lacks if text in made] == []


class Text(NamedTuple):
    """Hold a workflow written by hand and its result; the tags of its error; or part of why it is refused."""

    steps: str
    result: Any = None
    fails: str = ""
    refused: str = ""


def one(expression: str) -> str:
    return f"- a: {{return: '${{{expression}}}'}}"


def served(request: Request) -> Response:
    """Answer by the last part of the URL: a status, or what was sent."""
    last = request.url.rsplit("/", 1)[1]
    json = {"Content-Type": "application/json"}
    return Response(int(last), json, b'{"why": 1}') if last.isdigit() else Response(200, json, request.body or b"null")


RETRY = (
    "retry: {predicate: '${retry.always}', max_retries: 3, backoff: {initial_delay: 1, max_delay: 9, multiplier: 2}}"
)
INTERPRETED: dict[int, list[Text]] = {
    1: [
        Text(one("9223372036854775806 + 1"), 2**63 - 1),
        Text("- a: {return: 9223372036854775808}", refused="64 bits"),
        Text(one("9223372036854775807 + 1"), fails="ValueError"),
    ],
    2: [Text(one("true and not false"), True), Text(one("1 and true"), fails="TypeError")],
    3: [Text(one("not true == false"), True), Text(one("not (true == true)"), False)],
    4: [Text(one("1 < 2 and 2 < 3"), True), Text(one("1 < 2 < 3"), refused="chain")],
    5: [Text(one("false and null.a"), False)],
    6: [
        Text("- a: {assign: [{l: [1]}]}\n- b: {return: '${1 in l}'}", True),
        Text(one("[1]"), refused="workflow.yaml:1"),
    ],
    7: [
        Text(one("1" + " + 1" * 99), 100),
        Text(one("1" + " + 1" * 100), refused="400"),
        Text("- a: {return: 'x ${1}'}", refused="workflow.yaml:1"),
    ],
    8: [Text(one('"a\\"b\\\\"'), 'a"b\\'), Text(one('"\\u0007"'), refused="workflow.yaml:1")],
    9: [Text(one('"" + 3'), "3"), Text(one("true + 1"), fails="TypeError")],
    10: [Text(one("null == null"), True), Text(one("1 < null"), fails="TypeError")],
    11: [
        Text("- a: {assign: [{m: {x: 1}}]}\n- b: {return: '${m.x + m[\"x\"]}'}", 2),
        Text("- a: {assign: [{m: {}}]}\n- b: {return: '${m.x}'}", fails="KeyError"),
    ],
    12: [
        Text("- a: {assign: [{a: {x: 1}}, {b: '${a}'}, {b.x: 2}]}\n- b: {return: '${a.x}'}", 1),
        Text("- a: {assign: [" + "{x: 1}, " * 51 + "]}", refused="50 are allowed"),
    ],
    13: [
        Text(
            "- a: {assign: [{x: 0}]}\n- b: {for: {value: v, in: [7], steps: [{c: {assign: [{x: '${v}'}]}}]}}\n- d: {return: '${x}'}",
            7,
        ),
        Text(
            "- b: {for: {value: v, in: [7], steps: [{c: {assign: [{x: 1}]}}]}}\n- d: {return: '${x}'}",
            refused="symbol 'x'",
        ),
    ],
    14: [
        Text("- b: {for: {value: v, in: [7], steps: [{c: {return: '${v}'}}]}}", 7),
        Text(
            "- a: {assign: [{v: 0}]}\n- b: {for: {value: v, in: [7], steps: [{c: {return: 1}}]}}",
            refused="loop variable v",
        ),
    ],
    15: [
        Text(
            "- a: {assign: [{s: 0}]}\n- b: {for: {value: v, range: [1, 3], steps: [{c: {assign: [{s: '${s + v}'}]}}]}}\n- d: {return: '${s}'}",
            6,
        ),
        Text("- a: {for: {value: v, range: [1, 2.5], steps: [{b: {return: 1}}]}}", fails="TypeError"),
    ],
    16: [
        Text(
            "- a: {switch: [{condition: false, return: 1}, {condition: true, return: 2}, {condition: true, return: 3}]}",
            2,
        ),
        Text("- a: {switch: [{condition: '${1}', return: 1}]}", fails="TypeError"),
        Text("- a: {switch: [" + "{condition: true, return: 1}, " * 51 + "]}", refused="50 are allowed"),
    ],
    17: [
        Text(
            "- b: {for: {value: v, in: [1], steps: [{c: {try: {steps: [{d: {assign: [{x: 1}], next: break}}]}, except: {as: e, steps: [{f: {assign: [{y: 1}]}}]}}}]}}",
            refused="out of try is described nowhere",
        ),
        Text(
            "- b: {for: {value: v, in: [1], steps: [{c: {switch: [{condition: true, next: break}]}}]}}\n- d: {return: 1}",
            1,
        ),
    ],
    18: [
        Text(
            "- a: {try: {raise: {code: 1, tags: [Mine]}}, except: {as: e, steps: [{b: {return: '${\"Mine\" in e.tags}'}}]}}",
            True,
        ),
        Text("- a: {try: {raise: oh}, except: {as: e, steps: [{b: {return: '${map.get(e, \"tags\")}'}}]}}", None),
    ],
    19: [
        Text(
            f"- a: {{assign: [{{n: 0}}]}}\n- b: {{try: {{try: {{steps: [{{c: {{assign: [{{n: '${{n + 1}}'}}]}}}}, {{d: {{raise: oh}}}}]}}, {RETRY}}}, except: {{as: e, steps: [{{f: {{return: '${{n}}'}}}}]}}}}",
            4,
        ),
    ],
    20: [
        Text(
            "main: {steps: [{a: {assign: [{x: 1}]}}, {b: {call: f, args: {y: 2}, result: r}}, {c: {return: '${r}'}}]}\nf: {params: [y], steps: [{a: {return: '${y}'}}]}",
            2,
        ),
        Text(
            "main: {steps: [{a: {assign: [{x: 1}]}}, {b: {call: f}}]}\nf: {steps: [{a: {return: '${x}'}}]}",
            refused="symbol 'x'",
        ),
        Text("main: {steps: [{a: {call: main}}]}", fails="RecursionError"),
    ],
    21: [
        Text(
            "- a: {assign: [{m: {}}]}\n- b: {parallel: {shared: [m], branches: [{p: {steps: [{c: {assign: [{m.p: 1}]}}]}}, {q: {steps: [{d: {assign: [{m.q: 2}]}}]}}]}}\n- e: {return: '${m.p + m.q}'}",
            3,
        ),
        Text(
            "- a: {assign: [{m: 1}]}\n- b: {parallel: {branches: [{p: {steps: [{c: {assign: [{m: 2}]}}]}}, {q: {steps: [{d: {assign: [{n: 2}]}}]}}]}}",
            refused="not shared",
        ),
    ],
    22: [
        Text(
            "- a: {assign: [{n: 0}]}\n- b: {try: {parallel: {shared: [n], branches: [{p: {steps: [{c: {raise: oh}}]}}, {q: {steps: [{d: {call: sys.sleep, args: {seconds: 1}}}, {f: {assign: [{n: 1}]}}]}}]}}, except: {as: e, steps: [{g: {return: '${n}'}}]}}",
            1,
        ),
    ],
    23: [
        Text(
            "- a: {parallel: {concurrency_limit: 2, for: {value: v, range: [1, 4], steps: [{b: {call: sys.sleep, args: {seconds: 1}}}]}}}\n- c: {return: '${sys.now() - sys.now()}'}",
            0.0,
        ),
        Text(
            "- a: {parallel: {concurrency_limit: 0, for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}}",
            refused="positive",
        ),
    ],
    24: [
        Text(
            "- a: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: c}\n- b: {try: {call: events.await_callback, args: {callback: '${c}', timeout: 5}}, except: {as: e, steps: [{d: {return: '${\"TimeoutError\" in e.tags}'}}]}}",
            True,
        ),
    ],
    25: [
        Text(
            "- a: {call: http.post, args: {url: 'http://x/echo', body: {b: [1]}}, result: r}\n- c: {return: '${r.body.b[0]}'}",
            1,
        ),
        Text("- a: {call: http.post, args: {url: 'http://x/409'}}", fails="HttpError"),
        Text("- a: {call: http.get, args: {url: 'http://x/echo', timeout: 1801}}", fails="ValueError"),
    ],
    26: [
        Text(
            "- a: {assign: [{t: '${sys.now()}'}]}\n- b: {call: sys.sleep, args: {seconds: 120}}\n- c: {return: '${sys.now() - t}'}",
            120.0,
        ),
        Text("- a: {call: sys.sleep, args: {seconds: 31536001}}", fails="ValueError"),
    ],
    27: [
        Text("main: {steps: [{a: {call: f, result: r}}, {b: {return: '${r}'}}]}\nf: {steps: [{a: {return: 3}}]}", 3),
        Text(one('http.get("http://x/echo")'), refused="call step"),
    ],
    28: [Text(one("if(true, 1, 2)"), 1), Text(one("if(null, 1, 2)"), 2)],
}


def run(text: str, choices: Choices) -> Outcome:
    return execute(load(text), choices=choices, transport=_Served(), callbacks=Callbacks())


class _Served:
    def send(self, request: Request) -> Response:
        return served(request)


@pytest.mark.parametrize("rule", INTERPRETED)
def test_the_interpreter_keeps_rule(rule: int) -> None:
    for text in INTERPRETED[rule]:
        if text.result is None and not text.fails and not text.steps.startswith("- a: {try"):
            with pytest.raises(WorkflowInvalid, match=re.escape(text.refused)):
                load(text.steps)
            continue
        outcome = run(text.steps, First())

        assert (outcome.error["tags"] if outcome.failed else outcome.result) == (
            [text.fails] if text.fails else text.result
        )


@pytest.mark.parametrize("rule", sorted(set(INTERPRETED) - {1, 5}))
def test_what_is_drawn_changes_nothing_of_a_rule(rule: int) -> None:
    for text in INTERPRETED[rule]:
        if text.fails or text.result is None:
            continue
        assert {str(run(text.steps, Seeded(seed)).result) for seed in range(10)} == {str(text.result)}


def test_every_rule_of_the_page_is_tested_on_both_sides_and_names_its_page() -> None:
    rules = dict(
        re.findall(r"^(\d+)\. (.+(?:\n   .+)*)", PAGE.partition("## The rules")[2].partition("\n## ")[0], re.M)
    )

    assert [int(number) for number in rules] == list(COMPILED) == list(INTERPRETED)
    assert [number for number, rule in rules.items() if not re.search(r"\(\*[^*]+\*", rule)] == []


def test_the_page_lists_every_point_that_is_open_and_what_may_be_drawn() -> None:
    part = PAGE.partition("## What the pages leave open")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", part, re.M)[2:])

    assert list(rows) == [point.question for point in Open]
    assert [rows[point.question] for point in Open if point.answers] == [
        "; ".join(one.answers) for one in Open if one.answers
    ]


def test_the_page_tells_the_limits_that_are_enforced() -> None:
    part = PAGE.partition("## Limits")[2]
    numbers = re.findall(r"^\| (.+?): ([\d,]+|a year)", part, re.M)

    assert {name: text for name, text in numbers if text[0].isdigit()} == {
        "source": f"{LIMITS.source_bytes // 1024}",
        "steps of an execution": f"{LIMITS.steps:,}",
        "expression": f"{LIMITS.expression_characters}",
        "assignments of a step": f"{LIMITS.assignments}",
        "conditions of a `switch`": f"{LIMITS.conditions}",
        "call stack": f"{LIMITS.call_depth}",
        "branches": f"{LIMITS.branches}",
        "nesting of parallel steps": f"{LIMITS.parallel_depth}",
        "at the same time": f"{LIMITS.concurrent}",
        "memory of variables": f"{LIMITS.memory_bytes // 1024}",
        "argument of an execution": f"{LIMITS.argument_bytes // 1024}",
        "a string": f"{LIMITS.string_bytes // 1024}",
        "response": f"{LIMITS.response_bytes // 1024**2}",
        "a request": f"{LIMITS.http_timeout_seconds_max:,.0f}",
    }
