"""Library functions, by their pages: stdlib/FUNCTION. The expression names the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from small_workflows import Script, returned, run, tags, value

from isthmus.adapters.gcp.interpreter import Response, Undocumented, WorkflowInvalid, load
from isthmus.adapters.gcp.interpreter.blocking import BLOCKING
from isthmus.adapters.gcp.interpreter.library import FUNCTIONS
from isthmus.adapters.gcp.interpreter.policies import PREDICATES

TYPE, WRONG = ("TypeError",), ("ValueError",)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("int(2.7)", 2),
        ('int("12")', 12),
        ('int("x")', WRONG),
        ("int(true)", TYPE),
        ('double("2.7")', 2.7),
        ("double(2)", 2.0),
        ('double("nan")', WRONG),
        ("string(1)", "1"),
        ("string(1.7)", "1.7"),
        ("string(true)", "true"),
        ("string(null)", TYPE),
        ('len("héllo")', 5),
        ("len(l)", 2),
        ("len(m)", 1),
        ("len(1)", TYPE),
        ("keys(m)", ["key1"]),
        ("keys(l)", TYPE),
        ('default(null, "d")', "d"),
        ('default(false, "d")', False),
        ('default(0, "d")', 0),
        ("if(true, 1, 2)", 1),
        ("if(null, 1, 2)", 2),
        ("if(1, 1, 2)", TYPE),
        ("get_type(1)", "integer"),
        ("get_type(1.0)", "double"),
        ("get_type(m)", "map"),
        ("get_type(l)", "list"),
        ("get_type(null)", "null"),
        ('get_type(text.encode("a"))', "bytes"),
        ("math.abs(-1)", 1),
        ("math.floor(-1.5)", -2),
        ("math.max(1, 2.5)", 2.5),
        ("math.min(1, 2)", 1),
        ('math.abs("1")', TYPE),
        ("list.concat(l, 3)", [1, 2, 3]),
        ("list.concat(l, l)", [1, 2, [1, 2]]),
        ("list.prepend(l, 0)", [0, 1, 2]),
        ("list.concat(m, 1)", TYPE),
        ('map.get(m, "key1")', "hello"),
        ('map.get(m, "nothing")', None),
        ('map.get("text", "key")', None),
        ('map.get(null, "key")', None),
        ('map.get(n, ["a", "b"])', 1),
        ('map.get(n, ["a", "c", "d"])', None),
        ("map.get(m, 1)", TYPE),
        ('map.delete(m, "key1")', {}),
        ('map.delete(m, "key3")', {"key1": "hello"}),
        ('map.delete(l, "key1")', TYPE),
        ("map.merge(m, n)", {"key1": "hello", "a": {"b": 1}}),
        ("map.merge(m, 1)", TYPE),
        ("map.merge(m, m2)", {"key1": "good", "key2": "morning"}),
        ("map.merge_nested(n, o)", {"a": {"b": 1, "c": 2}}),
        (
            'text.find_all_regex("HelloWorld", "Hello|World")',
            [{"index": 0, "match": "Hello"}, {"index": 5, "match": "World"}],
        ),
        ('text.find_all_regex("HelloWorld", "Hello|HelloWorld")', [{"index": 0, "match": "HelloWorld"}]),
        ('text.find_all_regex("a", "(?=a)")', WRONG),
        ('text.find_all("abab", "b")', [1, 3]),
        ('text.match_regex("abc", "b+")', True),
        ('text.match_regex("abc", "(")', WRONG),
        ('text.replace_all("aXbX", "X", "-")', "a-b-"),
        ('text.replace_all_regex("one two", "one|two", "three")', "three three"),
        ('text.replace_all_regex("ab", "", "-")', "-a-b-"),
        ('text.split("a,b", ",")', ["a", "b"]),
        ('text.split(1, ",")', TYPE),
        ('text.substring("hello", 1, 3)', "el"),
        ('text.substring("hello", 3, 9)', WRONG),
        ('text.to_lower("AbC")', "abc"),
        ('text.to_upper("AbC")', "ABC"),
        ('text.url_encode("a b/ü")', "a%20b%2F%C3%BC"),
        ('text.url_encode_plus("a b")', "a+b"),
        ('text.url_decode("a%20b")', "a b"),
        ('text.decode(text.encode("ü"))', "ü"),
        ('text.encode("a", "latin-9")', WRONG),
        ('json.decode("[1, 2.5, null]")', [1, 2.5, None]),
        ('json.decode(text.encode("{}"))', {}),
        ('json.decode("{")', WRONG),
        ("json.encode_to_string(m)", '{"key1":"hello"}'),
        ("json.encode_to_string(m, true)", '{\n    "key1": "hello"\n}'),
        ("text.decode(json.encode(l))", "[1,2]"),
        ('json.encode(text.encode("a"))', WRONG),
        ('base64.encode(text.encode("a"))', "YQ=="),
        ('base64.encode(text.encode("a"), false)', "YQ"),
        ('text.decode(base64.decode("Y\\nQ=="))', "a"),
        ('text.decode(base64.decode("YQ", false))', "a"),
        ('base64.decode("Y?==")', WRONG),
        (
            'base64.encode(hash.compute_checksum(text.encode("Hello World", "UTF-8"), "SHA256"))',
            "pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=",
        ),
        ('len(base64.encode(hash.compute_hmac(text.encode("k"), text.encode("d"), "SHA1")))', 28),
        ('hash.compute_checksum("a", "SHA256")', TYPE),
        ('hash.compute_checksum(text.encode("a"), "CRC")', WRONG),
        ('time.format(1720788633, "GMT")', "2024-07-12T12:50:33.000000Z"),
        ("time.format(1720788633)", "2024-07-12T12:50:33.000000Z"),
        ('time.format(1720788633, "Europe/Paris")', "2024-07-12T14:50:33.000000+02:00"),
        ('time.format(1, "Nowhere/Land")', WRONG),
        ('time.parse("2024-07-12T12:50:33Z")', 1720788633.0),
        ('time.parse("yesterday")', WRONG),
        ('sys.get_env("NOT_SET", "d")', "d"),
        ("sys.get_env(1)", TYPE),
        ('sys.get_env("GOOGLE_CLOUD_LOCATION")', "local"),
        ("sys.now() > 0.5", True),
        ("len(uuid.generate())", 36),
        ("uuid.generate() == uuid.generate()", False),
    ],
)
def test_a_function_does_what_its_page_says(expression: str, expected: Any) -> None:
    found = value(
        expression,
        m={"key1": "hello"},
        m2={"key1": "good", "key2": "morning"},
        l=[1, 2],
        n={"a": {"b": 1}},
        o={"a": {"c": 2}},
    )

    assert (found, type(found)) == (expected, type(expected))


def test_string_of_a_string_is_not_described() -> None:
    with pytest.raises(Undocumented):
        value('string("a")')


@pytest.mark.parametrize("function", ["googleapis.pubsub.v1.publish", "experimental.executions.run", "text.nothing"])
def test_connectors_and_unknown_functions_are_refused(function: str) -> None:
    with pytest.raises(WorkflowInvalid, match=re.escape("workflow.yaml:2: ")):
        load(f"- a:\n    call: {function}\n")


def test_a_function_may_be_called_in_a_step_with_its_documented_parameters() -> None:
    steps = "- a: {call: text.split, args: {source: 'a b', separator: ' '}, result: r}\n- b: {return: '${r}'}"

    assert returned(steps) == ["a", "b"]


@pytest.mark.parametrize("args", ["{data: x}", "{text: x, severity: INFO}", "{json: {a: 1}}", "[x, ERROR]"])
def test_sys_log_takes_one_of_data_text_and_json(args: str) -> None:
    assert len(run(f"- a: {{call: sys.log, args: {args}}}").logs) == 1


@pytest.mark.parametrize(
    ("args", "tag"),
    [
        ("{}", "TypeError"),
        ("{data: a, text: b}", "TypeError"),
        ("{json: a}", "TypeError"),
        ("{data: a, severity: LOUD}", "ValueError"),
    ],
)
def test_sys_log_raises_for_anything_else(args: str, tag: str) -> None:
    assert tags(run(f"- a: {{call: sys.log, args: {args}}}")) == (tag,)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("sys.sleep, args: {seconds: 3.5}", 3.5),
        ("sys.sleep, args: {seconds: -1}", "ValueError"),
        ("sys.sleep, args: {seconds: 31536001}", "ValueError"),
        ("sys.sleep, args: {seconds: long}", "TypeError"),
        ("sys.sleep_until, args: {time: '2026-01-01T00:01:00Z'}", 60.0),
        ("sys.sleep_until, args: {time: '2001-01-01T00:00:00Z'}", 0.0),
        ("sys.sleep_until, args: {time: soon}", "ValueError"),
        ("sys.sleep_until, args: {time: 1}", "TypeError"),
    ],
)
def test_sleeps_pass_on_the_virtual_clock(call: str, expected: Any) -> None:
    outcome = run(f"- a: {{call: {call}}}")

    assert (tags(outcome)[0] if outcome.failed else outcome.seconds) == expected


@pytest.mark.parametrize(
    ("function", "method"),
    [
        ("http.get", "GET"),
        ("http.post", "POST"),
        ("http.put", "PUT"),
        ("http.patch", "PATCH"),
        ("http.delete", "DELETE"),
    ],
)
def test_each_http_function_sends_its_method(function: str, method: str) -> None:
    script = Script()

    run(f"- a: {{call: {function}, args: {{url: 'http://x/y'}}}}", transport=script)

    assert [request.method for request in script.requests] == [method]


@pytest.mark.parametrize(
    ("predicate", "code", "attempts"),
    [
        ("http.default_retry_predicate", 502, 3),
        ("http.default_retry_predicate", 500, 1),
        ("http.default_retry_predicate_non_idempotent", 503, 3),
        ("http.default_retry_predicate_non_idempotent", 502, 1),
        ("retry.always", 400, 3),
        ("retry.never", 503, 1),
    ],
)
def test_a_predicate_of_the_library_says_what_is_tried_again(predicate: str, code: int, attempts: int) -> None:
    script = Script(lambda name, body: Response(code))
    backoff = "{initial_delay: 1, max_delay: 9, multiplier: 2}"
    retry = f"{{predicate: '${{{predicate}}}', max_retries: 2, backoff: {backoff}}}"

    outcome = run(f"- a: {{try: {{call: http.get, args: {{url: 'http://x/y'}}}}, retry: {retry}}}", transport=script)

    assert (tags(outcome), len(script.requests)) == (("HttpError",), attempts)


def test_no_function_of_the_library_is_without_a_test() -> None:
    tested = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))

    assert [name for name in (*FUNCTIONS, *BLOCKING, *PREDICATES) if name not in tested] == []
