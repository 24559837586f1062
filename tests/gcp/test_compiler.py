"""Workflows become YAML of Workflows: every construct, stable, within every limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.adapters.gcp.expressions import FORMULA_MAX, Expressions, literal
from isthmus.adapters.gcp.interpreter import load
from isthmus.adapters.gcp.limits import CompilationRefused, check
from isthmus.adapters.gcp.naming import Names, variable
from isthmus.adapters.gcp.routine import (
    Again,
    AnyStep,
    Assign,
    Call,
    Case,
    Compiled,
    Formula,
    Parallel,
    Routine,
    Switch,
    Try,
    record,
)
from isthmus.core.program.nodes import Expression, Literal, Name, Span, Text
from isthmus.handlers.app import app

DATA = Path(__file__).parent.parent / "data" / "gcp"
END = "\nreturn Done(id=order.id)"
SPAN = Span(7, 0, 7, 1)


@pytest.mark.parametrize("contract", ["place_order", "settle_trade"])
def test_the_brokerage_compiles_to_what_was_reviewed(contract: str) -> None:
    made = compile_workflow(app.load(), contract)

    assert made == (DATA / f"{contract}.yaml").read_text("utf-8").replace(
        "VERSION", app.load().programs[contract].version
    )


CONSTRUCTS = {
    "call": ("await look(order)" + END, "/contracts/look"),
    "gather": ("a, b = await gather(check(order), hold(order))\nreturn a", "parallel:"),
    "each": ("found = await each(look_at, order.lines, at_most=5)" + END, "concurrency_limit: 5"),
    "sleep": ("await sleep(minutes(2))" + END, "seconds: 120"),
    "event": ("await wait_for(Verdict, key=order.id, within=minutes(30))" + END, "call: isthmus_wait_event"),
    "if": ("if order.urgent:\n    await look(order)" + END, "condition: '${order.urgent}'"),
    "for": ("for one in order.lines:\n    await sleep(seconds(one.quantity))" + END, "in: '${order.lines}'"),
    "refusal": ("if order.urgent:\n    raise Rejected(rule='x')" + END, '"refused.Rejected"'),
    "timeout": (
        "try:\n    await wait_for(Verdict, key=order.id, within=minutes(1))\nexcept TimedOut:\n    pass" + END,
        '"timed_out" in tags_',
    ),
    "guard": ("if order.note is not None and order.note == 'x':\n    pass" + END, "order.note"),
}


GATHER = "a, b = await gather(check(order), hold(order))\n"


def test_the_answers_of_a_gather_are_read_where_they_are(compiled: Callable[[str], str]) -> None:
    made = compiled(GATHER + "return a")

    assert "answer: '${r_1.answer}'" in made
    assert "- a:" not in made


@pytest.mark.parametrize(
    "source",
    [
        f"for one in order.lines:\n    {GATHER}    x = a.id" + END,
        "if order.urgent:\n    " + GATHER + "else:\n    " + GATHER + "return a",
    ],
    ids=["in a loop", "given twice"],
)
def test_answers_that_a_name_has_not_always_are_copied_to_it(source: str, compiled: Callable[[str], str]) -> None:
    made = compiled(source)

    assert made.count("- a: '${r_") == source.count("gather(")


@pytest.mark.parametrize("title", CONSTRUCTS)
def test_every_construct_becomes_yaml_and_the_same_source_the_same_bytes(
    title: str, compiled: Callable[[str], str]
) -> None:
    source, expected = CONSTRUCTS[title]
    made = compiled(source)

    assert expected in made
    assert compiled(source) == made
    assert all(isinstance(routine, dict) and routine["steps"] for routine in yaml.safe_load(made).values())


@pytest.mark.parametrize("title", CONSTRUCTS)
def test_every_construct_deploys(title: str, compiled: Callable[[str], str]) -> None:
    load(compiled(CONSTRUCTS[title][0]))


def test_no_step_is_called_as_a_jump_and_no_variable_as_a_routine(compiled: Callable[[str], str]) -> None:
    made = yaml.safe_load(compiled("step = order.id\nisthmus_step = step\nreturn Done(id=isthmus_step)"))

    for routine in made.values():
        assert not {"end", "break", "continue"} & set(_names(routine["steps"]))
        assert not made.keys() & set(routine.get("params", ()))
    assert "v_isthmus_step" in str(made["flow_place"])


def test_step_names_carry_lines_and_are_unique_in_their_routine(compiled: Callable[[str], str]) -> None:
    made = yaml.safe_load(compiled(CONSTRUCTS["gather"][0]))

    for name, routine in made.items():
        found = list(_names(routine["steps"]))
        assert len(found) == len(set(found))
        assert not name.startswith("flow_") or all(one.startswith(("line_", "branch_", "ended")) for one in found)


def _names(steps: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for step in steps:
        for name, body in step.items():
            found.append(name)
            found += _inside(body)
    return found


def _inside(body: Any) -> list[str]:
    if isinstance(body, list):
        return [name for one in body for name in _inside(one)]
    if not isinstance(body, dict):
        return []
    found = _names(body["steps"]) if isinstance(body.get("steps"), list) else []
    found += _names(body["branches"]) if isinstance(body.get("branches"), list) else []
    return found + [
        name for key, one in body.items() if key not in {"steps", "branches", "args"} for name in _inside(one)
    ]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_a_literal_is_the_same_text_and_never_opens_an_expression(text: str) -> None:
    written = literal(text)

    assert eval(written) == text
    assert "${" not in written


@given(st.lists(st.text('abc"\\', min_size=1, max_size=256), min_size=1, max_size=12))
def test_a_long_text_is_split_over_assignments_that_mean_the_same(parts: list[str]) -> None:
    steps: list[AnyStep] = []
    text = Text(span=SPAN, parts=tuple(_literal(part) for part in parts))
    formula = Expressions(Names(), steps.append).formula(text, 7)
    known: dict[str, str] = {}
    for step in steps:
        assert isinstance(step, Assign)
        for name, value in step.values:
            assert isinstance(value, Formula)
            assert len(value.text) <= FORMULA_MAX
            known[name] = eval(value.text, {}, known)

    assert len(formula) <= FORMULA_MAX
    assert eval(formula, {}, known) == "".join(parts)


def _literal(text: str) -> Expression:
    return Literal(span=SPAN, value=text)


@given(st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}|v_list|t_1|list|é", fullmatch=True), unique=True))
def test_no_two_variables_are_called_the_same(names: list[str]) -> None:
    assert len({variable(name) for name in names}) == len(names)


X = Formula("x")
TOO_MUCH: dict[str, tuple[AnyStep, str]] = {
    "expression": (Assign(name="a", line=7, values=(("x", Formula("x" * 398)),)), "401 characters"),
    "string": (Assign(name="a", line=7, values=(("x", "x" * 262_145),)), "bytes"),
    "assignments": (Assign(name="a", line=7, values=(("x", 1),) * 51), "51 assignments"),
    "conditions": (Switch(name="a", line=7, cases=(Case(condition=X, next="end"),) * 51), "51 conditions"),
    "branches": (Parallel(name="a", line=7, shared=(), branches=(("b", ()),) * 11), "11 branches"),
    "at once": (Parallel(name="a", line=7, shared=(), at_most=21), "21 items"),
    "timeout": (Call(name="a", line=7, routine="isthmus_step", arguments=record(timeout=1_801)), "1801 seconds"),
}


@pytest.mark.parametrize("limit", TOO_MUCH)
def test_what_breaks_a_limit_is_refused_with_its_line(limit: str) -> None:
    step, rule = TOO_MUCH[limit]
    one = Routine(name="main", params=(), steps=(step,), purpose="")

    with pytest.raises(CompilationRefused, match=rule) as refused:
        check(Compiled(contract="c", version="v", file="flow.py", routines=(one,)), "")

    assert refused.value.place == "flow.py:7"


def test_a_source_that_is_too_large_is_refused() -> None:
    with pytest.raises(CompilationRefused, match="131073 bytes"):
        check(Compiled(contract="c", version="v", file="flow.py", routines=()), "x" * 131_073)


def test_parallel_steps_that_stand_three_deep_over_what_is_called_are_refused() -> None:
    def routine(name: str, *inside: AnyStep) -> Routine:
        branch = ("b", inside or (Assign(name="a", values=(("x", 1),)),))
        return Routine(name=name, params=(), steps=(Parallel(name="p", shared=(), branches=(branch,) * 2),), purpose="")

    def compiled_of(*routines: Routine) -> Compiled:
        return Compiled(contract="c", version="v", file="flow.py", routines=routines)

    second, first = routine("second"), routine("first", Call(name="c", routine="second", arguments=record()))

    check(compiled_of(routine("main", Call(name="c", routine="second", arguments=record())), second), "")
    with pytest.raises(CompilationRefused, match="stand 3 deep"):
        check(compiled_of(routine("main", Call(name="c", routine="first", arguments=record())), first, second), "")


def test_a_chain_of_calls_that_is_too_long_is_refused_predicates_of_retries_among_it() -> None:
    chain = [
        Routine(
            name=f"r{n}" if n else "main",
            params=(),
            steps=(Call(name="c", routine=f"r{n + 1}", arguments=record()),),
            purpose="",
        )
        for n in range(19)
    ]
    again = Again(predicate="r20", retries=1, first_s=1, at_most_s=1, factor=1)
    ask = Try(name="t", body=(Assign(name="a", values=(("x", 1),)),), again=again)
    last = Routine(name="r19", params=(), steps=(ask,), purpose="")

    check(Compiled(contract="c", version="v", file="flow.py", routines=(*chain,)), "")
    with pytest.raises(CompilationRefused, match="21 deep"):
        check(Compiled(contract="c", version="v", file="flow.py", routines=(*chain, last)), "")


def test_a_name_is_read_as_itself() -> None:
    assert Expressions(Names(), lambda _: None).value(Name(span=SPAN, name="order"), 7) == Formula("order")
