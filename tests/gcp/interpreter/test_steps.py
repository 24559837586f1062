"""Steps, scopes and errors. Pages: syntax/steps, variables, conditions, iteration, jumps, subworkflows, catching-errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_workflows import Answers, Script, returned, run, tags

from isthmus.adapters.gcp.interpreter import (
    ArgumentInvalid,
    Limits,
    Request,
    Response,
    Undocumented,
    WorkflowInvalid,
    load,
)

RIGHT: list[tuple[str, str, Any]] = [
    (
        "each assignment is processed in order",
        "- a: {assign: [{s: a}, {s: '${s + \"b\"}'}]}\n- b: {return: '${s}'}",
        "ab",
    ),
    (
        "assigning one variable to another makes an independent copy",
        "- a: {assign: [{a: {x: 1}}, {b: '${a}'}, {b.x: 2}]}\n- b: {return: ['${a.x}', '${b.x}']}",
        [1, 2],
    ),
    (
        "items of lists and maps are assigned by index and key",
        "- a: {assign: [{l: [[1, 2], 3]}, {i: 0}, {'l[i][i + 1]': x}, {m: {}}, {'m[\"k\" + \"1\"]': y}]}\n- b: {return: ['${l}', '${m}']}",
        [[[1, "x"], 3], {"k1": "y"}],
    ),
    ("a key of a map may be an expression", "- a: {assign: [{k: x}]}\n- b: {return: {'${k}': 1}}", {"x": 1}),
    (
        "switch takes the first condition that is true",
        "- a:\n    switch:\n    - {condition: false, return: 1}\n    - {condition: true, return: 2}\n    - {condition: true, return: 3}",
        2,
    ),
    (
        "switch goes on to next when no condition is true",
        "- a:\n    switch: [{condition: false, return: 1}]\n    next: c\n- b: {return: 2}\n- c: {return: 3}",
        3,
    ),
    ("next jumps to a step", "- a: {next: c, assign: [{x: 1}]}\n- b: {return: 2}\n- c: {return: '${x}'}", 1),
    ("next: end stops without a value", "- a: {next: end}\n- b: {return: 2}", None),
    ("a workflow that returns nothing gives null", "- a: {assign: [{x: 1}]}", None),
    (
        "nested steps run in order",
        "- a: {steps: [{b: {assign: [{x: 1}]}}, {c: {assign: [{x: '${x + 1}'}]}}]}\n- d: {return: '${x}'}",
        2,
    ),
    (
        "for goes through a list with an index from 0",
        "- a: {assign: [{s: 0}]}\n- b: {for: {value: v, index: i, in: [5, 6], steps: [{c: {assign: [{s: '${s + v * i}'}]}}]}}\n- d: {return: '${s}'}",
        6,
    ),
    (
        "for goes through the keys of a map",
        "- a: {assign: [{s: ''}, {m: {x: 1, y: 2}}]}\n- b: {for: {value: k, in: '${keys(m)}', steps: [{c: {assign: [{s: '${s + k}'}]}}]}}\n- d: {return: '${s}'}",
        "xy",
    ),
    (
        "a range includes both its ends",
        "- a: {assign: [{s: 0}]}\n- b: {for: {value: v, range: [1, 3], steps: [{c: {assign: [{s: '${s + v}'}]}}]}}\n- d: {return: '${s}'}",
        6,
    ),
    (
        "break ends the loop and continue the iteration",
        "- a: {assign: [{s: 0}]}\n- b:\n    for:\n      value: v\n      range: [1, 9]\n      steps:\n      - c: {switch: [{condition: '${v == 2}', next: continue}, {condition: '${v == 4}', next: break}]}\n      - d: {assign: [{s: '${s + v}'}]}\n- e: {return: '${s}'}",
        4,
    ),
    ("return leaves a loop", "- a: {for: {value: v, in: [1, 2], steps: [{b: {return: '${v}'}}]}}", 1),
    (
        "an error goes to except as what was raised",
        "- a: {try: {raise: {code: 1, tags: [Mine]}}, except: {as: e, steps: [{b: {return: '${e.code}'}}]}}",
        1,
    ),
    ("a string may be raised", "- a: {try: {raise: oh}, except: {as: e, steps: [{b: {return: '${e}'}}]}}", "oh"),
    (
        "except may jump to a step outside of it",
        "- a: {try: {raise: oh}, except: {as: e, steps: [{b: {switch: [{condition: true, next: d}]}}]}}\n- c: {return: 1}\n- d: {return: 2}",
        2,
    ),
    (
        "what was assigned before an error stays",
        "- a: {assign: [{x: 0}]}\n- b: {try: {steps: [{c: {assign: [{x: 1}]}}, {d: {raise: oh}}]}, except: {as: e, steps: [{f: {assign: [{y: 1}]}}]}}\n- g: {return: '${x}'}",
        1,
    ),
    (
        "an error of a loop is caught around it and its changes stay",
        "- a: {assign: [{s: 0}]}\n- b: {try: {steps: [{c: {for: {value: v, in: [1, 0], steps: [{d: {assign: [{s: '${s + 1 / v}'}]}}]}}}]}, except: {as: e, steps: [{f: {return: '${s}'}}]}}",
        1.0,
    ),
]

SUB = """
main:
  steps:
    - a: {call: greet, args: {first: A, last: B}, result: x}
    - b: {assign: [{y: '${greet("C", "D", "E")}'}]}
    - c: {return: ['${x}', '${y}', '${greet(greet("F", "G"), "H")}']}
greet:
  params: [first, last, country: X]
  steps:
    - a: {return: '${first + last + country}'}
"""


@pytest.mark.parametrize(("steps", "expected"), [pytest.param(s, e, id=n) for n, s, e in RIGHT])
def test_steps_do_what_the_pages_say(steps: str, expected: Any) -> None:
    assert returned(steps) == expected


def test_a_sub_workflow_has_parameters_with_defaults_and_may_stand_in_an_expression() -> None:
    assert returned(SUB) == ["ABX", "CDE", "FGXHX"]


def test_main_takes_one_argument_through_json() -> None:
    assert returned("main: {params: [args], steps: [{a: {return: '${args.x}'}}]}", {"x": [1]}) == [1]
    with pytest.raises(ArgumentInvalid):
        run("- a: {return: 1}", {"x": 1})


@pytest.mark.parametrize(
    ("steps", "tag"),
    [
        ("- a: {switch: [{condition: '${1}', return: 1}]}", "TypeError"),
        ("- a: {switch: [{condition: '${null}', return: 1}]}", "TypeError"),
        ("- a: {for: {value: v, in: '${1}', steps: [{b: {return: 1}}]}}", "TypeError"),
        ("- a: {for: {value: v, range: [1, 2.5], steps: [{b: {return: 1}}]}}", "TypeError"),
        ("- a: {assign: [{l: [1]}, {'l[1]': 2}]}", "IndexError"),
        ("- a: {assign: [{l: 1}, {l.x: 2}]}", "TypeError"),
        ("- a: {assign: [{m: {}}, {m.x.y: 2}]}", "KeyError"),
        ("- a: {return: '${text.encode(\"a\")}'}", "ValueError"),
        ("- a: {raise: {tags: [Mine]}}", "Mine"),
    ],
)
def test_a_step_that_cannot_be_raises_a_documented_error(steps: str, tag: str) -> None:
    assert tags(run(steps)) == (tag,)


def test_a_failed_execution_tells_the_step_the_routine_and_the_line() -> None:
    outcome = run("main:\n  steps:\n    - a:\n        call: f\nf:\n  steps:\n    - b: {raise: oh}\n")

    assert (outcome.error, outcome.context) == ("oh", 'in step "b", routine "f", line: 7')


def test_a_missing_parent_map_and_an_empty_range_are_choices() -> None:
    parent = "- a: {assign: [{m: {}}, {m.x.y: 2}]}\n- b: {return: '${m}'}"
    empty = "- a: {for: {value: v, range: [2, 1], steps: [{b: {return: 1}}]}}"

    assert run(parent, choices=Answers(MISSING_PARENT=1)).result == {"x": {"y": 2}}
    assert run(empty).result is None
    assert tags(run(empty, choices=Answers(EMPTY_RANGE=1))) == ("ValueError",)


def test_a_variable_that_was_never_assigned_at_run_time_is_described_nowhere() -> None:
    with pytest.raises(Undocumented, match=r"workflow\.yaml:2"):
        run("- a: {switch: [{condition: false, assign: [{x: 1}]}]}\n- b: {return: '${x}'}")


WRONG = {
    "an unknown step key": "- a: {foo: 1}",
    "two kinds in a step": "- a: {assign: [{x: 1}], return: 1}",
    "an empty step": "- a: {}",
    "no steps": "main: {steps: []}",
    "no main": "other: {steps: [{a: {return: 1}}]}",
    "an unknown routine key": "main: {steps: [{a: {return: 1}}], foo: 1}",
    "a step twice": "- a: {return: 1}\n- a: {return: 2}",
    "a reserved step name": "- end: {return: 1}",
    "a step name with a dash": "- a-b: {return: 1}",
    "a key twice": "- a: {assign: [{x: 1}], assign: [{x: 2}]}",
    "an anchor": "- a: {return: &x 1}",
    "a tag": "- a: {return: !!str 1}",
    "two documents": "- a: {return: 1}\n---\n- b: {return: 1}",
    "not YAML": "- a: [",
    "an empty file": "",
    "a scalar": "hello",
    "a boolean of YAML 1.1": "- a: {return: yes}",
    "an octal number": "- a: {return: 0777}",
    "a date": "- a: {return: 2026-01-01}",
    "an integer beyond 64 bits": "- a: {return: 9223372036854775808}",
    "an undefined variable": "- a: {return: '${x}'}",
    "an undefined step": "- a: {next: b, assign: [{x: 1}]}",
    "a loop variable outside": "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: '${v}'}]}}]}}\n- c: {return: '${v}'}",
    "a variable made in a loop outside": "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}]}}]}}\n- c: {return: '${x}'}",
    "a variable made in except outside": "- a: {try: {raise: x}, except: {as: e, steps: [{b: {assign: [{x: 1}]}}]}}\n- c: {return: '${x}'}",
    "the error outside of except": "- a: {try: {raise: x}, except: {as: e, steps: [{b: {assign: [{x: 1}]}}]}}\n- c: {return: '${e}'}",
    "a loop variable in a nested loop": "- a: {for: {value: v, in: [1], steps: [{b: {for: {value: v, in: [1], steps: [{c: {return: 1}}]}}}]}}",
    "a jump out of a loop": "- a: {for: {value: v, in: [1], steps: [{b: {assign: [{x: 1}], next: c}}]}}\n- c: {return: 1}",
    "a jump out of a try": "- a: {try: {steps: [{b: {assign: [{x: 1}], next: c}}]}, except: {as: e}}\n- c: {return: 1}",
    "a jump into nested steps": "- a: {assign: [{x: 1}], next: c}\n- b: {steps: [{c: {return: 1}}]}",
    "break outside of a loop": "- a: {next: break}",
    "break out of a try": "- a: {for: {value: v, in: [1], steps: [{b: {try: {steps: [{c: {assign: [{x: 1}], next: break}}]}, except: {as: e, steps: [{d: {assign: [{y: 1}]}}]}}}]}}",
    "continue out of an except": "- a: {for: {value: v, in: [1], steps: [{b: {try: {raise: oh}, except: {as: e, steps: [{d: {assign: [{y: 1}], next: continue}}]}}}]}}",
    "next after return": "- a: {return: 1, next: end}",
    "try alone": "- a: {try: {raise: x}}",
    "a retry without backoff": "- a: {try: {raise: x}, retry: {predicate: '${retry.always}', max_retries: 1}}",
    "for without value": "- a: {for: {in: [1], steps: [{b: {return: 1}}]}}",
    "for with in and range": "- a: {for: {value: v, in: [1], range: [1, 2], steps: [{b: {return: 1}}]}}",
    "an argument that is not a parameter": "- a: {call: http.get, args: {url: 'http://x', foo: 1}}",
    "an argument that is missing": "- a: {call: http.get, args: {timeout: 1}}",
    "a parameter that is missing": "main: {steps: [{a: {call: f}}]}\nf: {params: [x], steps: [{b: {return: 1}}]}",
    "two parameters of main": "main: {params: [a, b], steps: [{c: {return: 1}}]}",
    "a sub-workflow right of or": "main: {steps: [{a: {return: '${true or f()}'}}]}\nf: {steps: [{b: {return: true}}]}",
    "a parameter called like a sub-workflow": "main: {steps: [{a: {call: f, args: {f: 1}}}]}\nf: {params: [f], steps: [{b: {return: '${f}'}}]}",
    "a condition that is text": "- a: {switch: [{condition: 'x', return: 1}]}",
    "one branch": "- a: {parallel: {branches: [{b: {steps: [{c: {assign: [{x: 1}]}}]}}]}}",
    "another exception policy": "- a: {parallel: {exception_policy: stop, for: {value: v, in: [1], steps: [{c: {assign: [{x: 1}]}}]}}}",
    "a branch that assigns what is not shared": "- i: {assign: [{x: 1}]}\n- a: {parallel: {for: {value: v, in: [1], steps: [{c: {assign: [{x: 1}]}}]}}}",
    "a shared variable that is not there": "- a: {parallel: {shared: [x], for: {value: v, in: [1], steps: [{c: {assign: [{y: 1}]}}]}}}",
    "return in a branch": "- a: {parallel: {for: {value: v, in: [1], steps: [{c: {return: 1}}]}}}",
    "end in a branch": "- a: {parallel: {for: {value: v, in: [1], steps: [{c: {next: end}}]}}}",
    "break in a parallel loop": "- a: {parallel: {for: {value: v, in: [1], steps: [{c: {next: break}}]}}}",
    "a limit of no branch": "- a: {parallel: {concurrency_limit: 0, for: {value: v, in: [1], steps: [{c: {assign: [{x: 1}]}}]}}}",
    "51 assignments": "- a: {assign: [" + ", ".join("{x: 1}" for _ in range(51)) + "]}",
    "51 conditions": "- a: {switch: [" + ", ".join("{condition: true, return: 1}" for _ in range(51)) + "]}",
    "11 branches": "- a: {parallel: {branches: ["
    + ", ".join(f"{{b{i}: {{steps: [{{c{i}: {{assign: [{{x: 1}}]}}}}]}}}}" for i in range(11))
    + "]}}",
    "128 KB of source": "- a: {return: 1}\n" + "#" * 128 * 1024,
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in WRONG.items()])
def test_what_does_not_deploy_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(WorkflowInvalid, match=r"^workflow.yaml:\d+: "):
        load(text)


def test_50_assignments_and_50_conditions_are_allowed() -> None:
    load("- a: {assign: [" + ", ".join("{x: 1}" for _ in range(50)) + "]}")
    load("- a: {switch: [" + ", ".join("{condition: true, return: 1}" for _ in range(50)) + "]}")


LOOP = "- a: {assign: [{x: 0}]}\n- b: {assign: [{x: '${x + 1}'}], next: b}"
DEEP = "main: {steps: [{a: {return: '${f(1)}'}}]}\nf: {params: [n], steps: [{a: {switch: [{condition: '${n == %d}', return: '${n}'}]}}, {b: {return: '${f(n + 1)}'}}]}"
GROW = "- a: {assign: [{x: xxxxxxxxxx}]}\n- b: {assign: [{x: '${x + x}'}], next: b}"
FILL = "- a: {assign: [{l: []}]}\n- b: {assign: [{l: '${list.concat(l, \"0123456789abcdef\")}'}], next: b}"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (LOOP, "ResourceLimitError"),
        (DEEP % 20, "RecursionError"),
        (GROW, "ResourceLimitError"),
        (FILL, "ResourceLimitError"),
    ],
    ids=["steps", "call stack", "length of a string", "memory"],
)
def test_a_limit_at_run_time_is_an_error_with_its_tag(text: str, tag: str) -> None:
    assert tags(
        run(text, limits=Limits(steps=100_000 if text != LOOP else 1_000, memory_bytes=64 * 1024, string_bytes=20_000))
    ) == (tag,)


def test_the_call_stack_is_20_deep() -> None:
    assert returned(DEEP % 19) == 19


def test_the_limit_of_steps_cannot_be_caught() -> None:
    text = "- z: {try: {steps: [{a: {assign: [{x: 0}]}}, {b: {assign: [{x: 1}], next: b}}]}, except: {as: e, steps: [{c: {return: 1}}]}}"

    assert tags(run(text, limits=Limits(steps=50))) == ("ResourceLimitError",)


def test_memory_is_counted_as_the_page_of_variables_says() -> None:
    text = "- a: {assign: [{a: 'This is a string of 28 bytes'}, {b: '${a}'}]}\n- c: {return: 1}"

    assert not run(text, limits=Limits(memory_bytes=72)).failed
    assert tags(run(text, limits=Limits(memory_bytes=71))) == ("ResourceLimitError",)


def test_an_argument_beyond_32_kb_starts_nothing() -> None:
    with pytest.raises(ArgumentInvalid):
        run("main: {params: [a], steps: [{b: {return: 1}}]}", "x" * 33_000)


# Retries and HTTP


class Sink:
    def __init__(self) -> None:
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        self.sent.append(request)
        return Response(200)


def attempts(error: Any, policy: str, failures: int = 99) -> tuple[int, float, Any]:
    script = Script(lambda name, body: error if len(script.requests) <= failures else {"ok": 1})
    steps = f"- a: {{try: {{call: http.get, args: {{url: 'http://x/y'}}, result: r}}, retry: {policy}}}\n- b: {{return: '${{r.code}}'}}"
    outcome = run(steps, transport=script)
    return len(script.requests), round(outcome.seconds, 3), tags(outcome) if outcome.failed else outcome.result


@pytest.mark.parametrize("code", [429, 502, 503, 504, 500, 400, 409])
def test_the_default_policy_retries_429_502_503_and_504_five_times(code: int) -> None:
    retried = code in (429, 502, 503, 504)

    assert attempts(Response(code), "'${http.default_retry}'") == (
        6 if retried else 1,
        8.207 if retried else 0.0,
        ("HttpError",),
    )


@pytest.mark.parametrize("code", [429, 503, 502, 504])
def test_the_policy_for_what_is_not_idempotent_retries_429_and_503(code: int) -> None:
    assert attempts(Response(code), "'${http.default_retry_non_idempotent}'")[0] == (6 if code in (429, 503) else 1)


def test_a_retry_ends_with_success() -> None:
    assert attempts(Response(503), "'${http.default_retry}'", failures=2) == (3, 2.25, 200)


def test_waits_grow_by_the_multiplier_up_to_the_longest() -> None:
    policy = (
        "{predicate: '${retry.always}', max_retries: 4, backoff: {initial_delay: 0.5, max_delay: 3, multiplier: 2}}"
    )

    assert attempts(Response(400), policy) == (5, 6.5, ("HttpError",))


def test_an_http_error_has_code_headers_and_body() -> None:
    script = Script(lambda name, body: Response(404, {"Content-Type": "application/json"}, b'{"why": 1}'))
    steps = "- a: {try: {call: http.get, args: {url: 'http://x/y'}}, except: {as: e, steps: [{b: {return: ['${e.code}', '${e.body.why}', '${e.tags}', '${e.message}']}}]}}"

    assert returned(steps, transport=script) == [404, 1, ["HttpError"], "HTTP server responded with error code 404"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("http.post, args: {url: 'http://x/y', body: {a: 1}}", ("POST", "http://x/y", b'{"a":1}')),
        (
            "http.get, args: {url: 'http://x/y?z=0', query: {a: 1, b: [x, y]}}",
            ("GET", "http://x/y?z=0&a=1&b=x&b=y", None),
        ),
        ("http.request, args: {url: 'http://x/y', method: PATCH, body: [1]}", ("PATCH", "http://x/y", b"[1]")),
        ("http.post, args: {url: 'http://x/y', body: '${text.encode(\"a\")}'}", ("POST", "http://x/y", b"a")),
        (
            "http.post, args: {url: 'http://x/y', headers: {content-type: application/x-www-form-urlencoded}, body: {a: b c}}",
            ("POST", "http://x/y", b"a=b+c"),
        ),
        (
            "http.post, args: {url: 'http://x/y', headers: {Content-Type: text/plain}, body: hello}",
            ("POST", "http://x/y", b"hello"),
        ),
    ],
)
def test_a_request_is_written_as_the_page_says(call: str, expected: tuple[str, str, bytes | None]) -> None:
    script = Sink()

    run(f"- a: {{call: {call}}}", transport=script)

    sent = script.sent[0]
    assert (sent.method, sent.url, sent.body) == expected


@pytest.mark.parametrize(
    ("args", "tag"),
    [
        ("{url: 1}", "TypeError"),
        ("{url: 'ftp://x'}", "ValueError"),
        ("{url: 'http://x', timeout: 1801}", "ValueError"),
        ("{url: 'http://x', timeout: soon}", "TypeError"),
        ("{url: 'http://x', headers: {a: 1}}", "TypeError"),
        ("{url: 'http://x', query: {a: null}}", "TypeError"),
        ("{url: 'http://x', auth: {type: Basic}}", "ValueError"),
        ("{url: 'http://x/y'}", "ConnectionFailedError"),
    ],
)
def test_a_request_that_cannot_be_is_an_error(args: str, tag: str) -> None:
    assert tags(run(f"- a: {{call: http.get, args: {args}}}")) == (tag,)


def test_a_response_beyond_its_limit_and_one_that_is_late_are_errors() -> None:
    get = "- a: {call: http.get, args: {url: 'http://x/y', timeout: 5}}"
    late = run(get, transport=Script(lambda name, body: Response(200, seconds=6)))

    assert tags(run(get, transport=Script(lambda name, body: Response(200, body=b"x" * 2_097_153)))) == (
        "ResourceLimitError",
    )
    assert (tags(late), late.seconds) == (("TimeoutError",), 5)


def test_header_names_and_empty_bodies_are_choices() -> None:
    script = Script(lambda name, body: Response(200, {"x-Some": "1"}))
    steps = "- a: {call: http.get, args: {url: 'http://x/y'}, result: r}\n- b: {return: ['${keys(r.headers)[0]}', '${r.body}']}"

    assert [returned(steps, transport=script, choices=Answers(HEADER_CASE=i, EMPTY_BODY=i % 2)) for i in range(3)] == [
        ["x-Some", None],
        ["x-some", ""],
        ["X-Some", None],
    ]


def test_json_is_a_workflow_too() -> None:
    assert returned(json.dumps({"main": {"steps": [{"a": {"return": 1}}]}})) == 1


MAP = "- a: {assign: [{m: {b: 1, a: 2}}, {s: ''}]}\n"
LOOP_OVER_A_MAP = "- c: {for: {value: k, in: '${m}', steps: [{d: {assign: [{s: '${s + k}'}]}}]}}\n- e: {return: '${s}'}"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("- b: {return: '${keys(m)}'}", [["b", "a"], ["a", "b"], ["a", "b"]]),
        ("- b: {return: '${json.encode_to_string(m)}'}", ['{"b":1,"a":2}', '{"a":2,"b":1}', '{"a":2,"b":1}']),
        (LOOP_OVER_A_MAP, ["ba", "ab", "ab"]),
    ],
)
def test_the_order_of_the_keys_of_a_map_is_a_choice(steps: str, expected: list[Any]) -> None:
    assert [returned(MAP + steps, choices=Answers(KEY_ORDER=index)) for index in range(3)] == expected


def test_the_body_of_a_request_has_its_keys_in_an_order_of_choice() -> None:
    script = Script()

    for index in range(3):
        run(
            "- a: {call: http.post, args: {url: 'http://x/y', body: {c: 1, a: {z: 1, b: 2}}}}",
            transport=script,
            choices=Answers(KEY_ORDER=index),
        )

    assert [request.body for request in script.requests] == [
        b'{"c":1,"a":{"z":1,"b":2}}',
        b'{"a":{"b":2,"z":1},"c":1}',
        b'{"a":{"b":2,"z":1},"c":1}',
    ]


@pytest.mark.parametrize("text", ["1.0", "[1.0]", '{"a": 1e2}', "-3.00"])
def test_whether_a_whole_double_that_is_read_stays_one_is_a_choice(text: str) -> None:
    script = Script(lambda name, body: Response(200, {"Content-Type": "application/json"}, text.encode()))
    get = "- a: {call: http.get, args: {url: 'http://x/y'}, result: r}\n- b: {return: '${r.body}'}"

    read = [returned(get, transport=script, choices=Answers(WHOLE_DOUBLE_READ=index)) for index in range(2)]

    assert read[0] == read[1] == json.loads(text)
    assert [".0" in json.dumps(one) for one in read] == [True, False]


def test_a_double_that_is_not_whole_is_a_double_whatever_is_chosen() -> None:
    assert (
        run(
            "main: {params: [a], steps: [{b: {return: '${get_type(a)}'}}]}", 1.5, choices=Answers(WHOLE_DOUBLE_READ=1)
        ).result
        == "double"
    )
