"""Expressions, operators and values. Pages: syntax/expressions, syntax/datatypes, syntax/error-types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_workflows import Answers, tags, value

from isthmus.adapters.gcp.interpreter import Refusing, Undocumented, WorkflowInvalid, execute, load

TYPE = ("TypeError",)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2", 3),
        ("1 + 2.5", 3.5),
        ('"a" + "b"', "ab"),
        ('"a" + 1', "a1"),
        ('1 + "a"', "1a"),
        ('"a" + 1.5', "a1.5"),
        ('"a" + true', "atrue"),
        ('false + "a"', "falsea"),
        ("true + 1", TYPE),
        ("1.5 + false", TYPE),
        ("true + true", TYPE),
        ("null + 1", TYPE),
        ("7 / 2", 3.5),
        ("4 / 2", 2.0),
        ("7 // 2", 3),
        ("7 % 2", 1),
        ("1 / 0", ("ZeroDivisionError",)),
        ("1 // 0", ("ZeroDivisionError",)),
        ("1 % 0", ("ZeroDivisionError",)),
        ("2 * 3.0", 6.0),
        ("5 - 7", -2),
        ('"a" - "b"', TYPE),
        ("-(2)", -2),
        ('-"a"', TYPE),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("10 - 2 - 3", 5),
        ("not true == false", True),
        ("not true or true", True),
        ("true or false and false", True),
        ("not (1 == 2)", True),
        ("not 1", TYPE),
        ("1 and true", TYPE),
        ('true and "a"', TYPE),
        ("null or true", TYPE),
        ("TRUE AND NOT FALSE", True),
        ("True OR False", True),
        ("1 == 1", True),
        ("1 == 1.0", True),
        ("null == null", True),
        ("0 == null", False),
        ('"" == null', False),
        ("false == null", False),
        ("null != 1", True),
        ("1 < 2", True),
        ("2 <= 1", False),
        ('"a" < "b"', True),
        ("1 < null", TYPE),
        ('1 > "a"', TYPE),
        ("true < false", TYPE),
        ("1 > 0.5", True),
        ('"\\n\\t\\"\\\\"', '\n\t"\\'),
    ],
)
def test_an_operator_gives_what_the_page_of_data_types_says(expression: str, expected: Any) -> None:
    assert value(expression) == expected
    assert type(value(expression)) is type(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m.a", 1),
        ('m["a"]', 1),
        ("m.b.c", [1, 2]),
        ("m.b.c[1]", 2),
        ("l[i + 1]", 20),
        ("m.nothing", ("KeyError",)),
        ("m.a.b", TYPE),
        ("m[1]", TYPE),
        ("l[2]", ("IndexError",)),
        ('l["a"]', TYPE),
        ("l[1.0]", TYPE),
        ('"a" in m', True),
        ('"z" in m', False),
        ("20 in l", True),
        ("21 in l", False),
        ('"a" in "abc"', TYPE),
        ("1 in n", TYPE),
        ("n.a", TYPE),
        ("i[0]", TYPE),
        ("not (20 in l)", False),
        ("len(m.b.c) == 2", True),
    ],
)
def test_an_item_is_found_by_key_or_index_or_an_error_says_why_not(expression: str, expected: Any) -> None:
    assert value(expression, m={"a": 1, "b": {"c": [1, 2]}}, l=[10, 20], i=0, n=None) == expected


def test_in_wants_a_map_or_a_list_and_says_so_as_the_page_shows() -> None:
    outcome = execute(load('- a: {return: "${1 in null}"}'))

    assert outcome.error["message"].endswith("The argument of 'in' must be a dict or an array; got: null")


@pytest.mark.parametrize(
    ("expression", "point", "answers"),
    [
        ("9223372036854775807 + 1", "OVERFLOW", [("ValueError",), -(2**63), float(2**63)]),
        ("9223372036854775807 * 2", "OVERFLOW", [("ValueError",), -2, float(2**64)]),
        ("-7 // 2", "FLOOR_DIVISION", [-4, -3]),
        ("-7 % 3", "REMAINDER", [2, -1]),
        ("7 % -3", "REMAINDER", [-2, 1]),
        ('1 == "1"', "EQUALITY", [False, TYPE]),
        ('"a" + 2.0', "DOUBLE_TEXT", ["a2", "a2.0"]),
        ('"a" + null', "STRING_AND_OTHER", [TYPE, "anull"]),
        ("l + l", "LIST_SUM", [TYPE, [1, 2, 1, 2]]),
        ("l[-1]", "NEGATIVE_INDEX", [("IndexError",), 2]),
        ("false and l.a", "LAZINESS", [False, TYPE]),
        ("true or 1", "LAZINESS", [True, TYPE]),
        ('if(true, 1, l["a"])', "LAZINESS", [1, TYPE]),
        ("default(1, l[9])", "LAZINESS", [1, ("IndexError",)]),
        ("1 in m", "OTHER_KEY", [False, TYPE]),
        ('sys.get_env("NOT_SET")', "MISSING_ENV", [("KeyError",), None]),
    ],
)
def test_what_the_pages_leave_open_is_chosen_and_can_be_refused(
    expression: str, point: str, answers: list[Any]
) -> None:
    given = [value(expression, Answers(**{point: index}), l=[1, 2], m={}) for index in range(len(answers))]

    assert given == answers
    with pytest.raises(Undocumented, match=r"no page of Google's says"):
        value(expression, Refusing(), l=[1, 2], m={})


@pytest.mark.parametrize(
    "expression",
    [
        "1 == 2 == 3",
        "1 < 2 < 3",
        "[1, 2]",
        "{}",
        "'a'",
        '"a',
        "1 +",
        "(1",
        "a b",
        "1e3",
        "a.",
        "f(1)(2)",
        "len()",
        "len(1, 2)",
        "nothing(1)",
        "text.nothing(1)",
        "http.get(1)",
        'sys.sleep("1")',
        "sys.log(1)",
        "events.create_callback_endpoint()",
        "9223372036854775808",
        '"\\q"',
        "len([1])",
        "",
        "@",
        "undefined_variable",
    ],
)
def test_what_is_not_described_in_expressions_is_refused_with_its_line(expression: str) -> None:
    with pytest.raises(WorkflowInvalid, match=r"workflow.yaml:1: "):
        value(expression)


@pytest.mark.parametrize("text", ["Hello ${1}", "${1} and ${2}", "${1}!"])
def test_text_around_an_expression_is_described_nowhere(text: str) -> None:
    with pytest.raises(WorkflowInvalid):
        load(f"- a:\n    return: '{text}'\n")


def test_an_expression_may_go_over_lines() -> None:
    outcome = execute(load('- a:\n    return: ${"a" +\n      "b"}\n'))

    assert outcome.result == "ab"


def test_an_expression_may_have_400_characters_and_no_more() -> None:
    longest = "1" + " + 1" * 99

    assert value(longest) == 100
    with pytest.raises(WorkflowInvalid, match="400 are allowed"):
        value(longest + " + 1")


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_within_64_bits_add_exactly(left: int, right: int) -> None:
    expected: Any = left + right if -(2**63) <= left + right < 2**63 else ("ValueError",)

    assert value("a + b", a=left, b=right) == expected


def test_a_related_tag_comes_after_the_documented_one() -> None:
    outcome = execute(load('- a: {return: "${1 / 0}"}'), choices=Answers(RELATED_TAGS=1))

    assert tags(outcome) == ("ZeroDivisionError", "ArithmeticError")
