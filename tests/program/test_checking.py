"""Checking finds several problems at once, is stable, knows workflows by what they await, and never breaks."""

import ast
import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.core import workflow
from isthmus.core.errors import InternalError
from isthmus.core.program import check_workflows, describe

CHILD = "@workflow(child)\nasync def inner(order: Order) -> Done:\n"
FLOW = "@workflow(place)\nasync def flow(order: Order) -> Done:\n"


def test_problems_come_together_in_the_order_of_the_file(check):
    programs, problems = check(
        "now = datetime.now()\nif order.price > order.price:\n    pass\nreturn Done(id=order.nam)"
    )
    assert not programs
    assert [(one.line, one.code) for one in problems] == [(3, "ISTH127"), (4, "ISTH121"), (6, "ISTH122")]
    assert "did you mean name?" in problems[2].instead
    assert describe(problems[0]) == str(problems[0])


def test_a_caret_stands_under_wide_letters_and_after_tabs(check):
    (problem,) = check("if order.id == 'é':\n\t\treturn Done(id='日本', note=1)\nreturn Done(id='')")[1]
    assert problem.text[problem.column - 1 :][: problem.width] == "1"
    assert str(problem).splitlines()[2].count("\t") == 2


def test_workflows_that_await_one_another_in_a_circle_are_refused(check):
    text = CHILD + "    return await place(order)\n\n" + FLOW + "    return await child(order)\n"
    programs, problems = check(text)
    (problem,) = problems
    assert "child -> place -> child" in problem.rule
    assert "place" not in programs or "child" not in programs


def test_a_workflow_that_awaits_itself_is_refused(check):
    (problem,) = check("return await place(order)")[1]
    assert "place -> place" in problem.rule


def test_a_child_that_can_be_taken_back_needs_no_effect(check):
    programs, problems = check(CHILD + "    return await hold(order)\n\n" + FLOW + "    return await child(order)\n")
    assert not problems
    assert list(programs) == ["child", "place"]


def test_side_by_side_may_stand_twice_in_one_another_and_not_three_times(check):
    first = "@workflow(tidy)\nasync def first(order: Order) -> None:\n    await gather(look(order), look(order))\n\n"
    second = CHILD + "    await each(tidy, order.orders, at_most=2)\n    return Done(id='')\n\n"
    programs, problems = check(first + second + FLOW + "    return await child(order)\n")
    assert not problems
    assert len(programs) == 3
    problems = check(first + second + FLOW + "    await gather(look(order), child(order))\n    return Done(id='')\n")[1]
    assert ["3 deep" in one.rule for one in problems] == [True]


def chain(length):
    """Return workflows that await one another, so many deep."""
    contracts = [f'@contract()\ndef link{n}(order: Order) -> Done:\n    "Be done."\n' for n in range(length)]
    last = [f"@workflow(link{length - 1})\nasync def flow{length - 1}(order: Order) -> Done:\n    return Done(id='')\n"]
    flows = [
        f"@workflow(link{n})\nasync def flow{n}(order: Order) -> Done:\n    return await link{n + 1}(order)\n"
        for n in range(length - 1)
    ]
    return "\n\n".join([*contracts, *last, *flows])


def test_workflows_await_one_another_seven_deep_and_not_eight(check):
    programs, problems = check(chain(7))
    assert not problems
    assert len(programs) == 7
    (problem,) = check(chain(8))[1]
    assert "8 deep" in problem.rule
    assert "link1(order)" in problem.text


def test_a_workflow_counts_with_what_it_awaits_once_however_often(check):
    body = "    await look(order)\n" * 95
    again = "    await child(order)\n" * 4
    end = "    return Done(id='')\n\n"
    programs, problems = check(CHILD + body + end + FLOW + again + end)
    assert not problems
    assert len(programs) == 2
    (problem,) = check(CHILD + body + end + FLOW + again + body + end)[1]
    assert "with the workflows that it awaits this takes" in problem.rule
    assert "child and what is below it" in problem.rule
    assert problem.text.strip() == "await child(order)"


def test_steps_of_a_child_count_as_often_as_it_is_awaited(check):
    inner = CHILD + "    for n in range(20):\n        await look(order)\n    return Done(id='')\n\n"
    turns = FLOW + "    for n in range({}):\n        await child(order)\n    return Done(id='')\n"
    assert not check(inner + turns.format(200))[1]
    (problem,) = check(inner + turns.format(400))[1]
    assert "steps in one run, those it awaits counted in" in problem.rule


def test_a_try_has_no_more_clauses_than_a_switch_has_conditions(check):
    clauses = "except Rejected:\n    pass\n" * 41
    problems = check("try:\n    await check(order)\n" + clauses + "return Done(id='')")[1]
    assert "this try has 41 except clauses, and 40 fit" in [one.rule for one in problems]


def test_names_that_stand_in_formulas_are_short(check):
    name = "n" * 65
    text = (
        f'@contract(reads=True)\ndef {name}(order: Order) -> Done:\n    "Be done."\n\n'
        + FLOW
        + f"    return await {name}(order)\n"
    )
    (problem,) = check(text)[1]
    assert "has a name of 65 characters, and 64 fit" in problem.rule


def test_an_undo_is_no_child(check):
    (problem,) = check(
        "await gather(look(order), look(order))\nfor one in order.orders:\n    await release(one)\nreturn Done(id='')"
    )[1]
    assert "undo" in problem.rule


def test_a_workflow_without_source_is_refused(shop):
    names = dict(shop)
    exec(compile(FLOW + "    return Done(id='')", "<nowhere>", "exec"), names)
    programs, (problem,) = check_workflows({"place": names["flow"]})
    assert not programs
    assert problem.code == "ISTH128"
    assert "cannot be read" in str(problem)
    assert "instead: " in str(problem)


@pytest.mark.parametrize(
    "later",
    [
        "x = (",
        "x = 1\n\n\n",
        "@workflow(place)\nasync def flow(order: Order) -> Done:\n\n    return await look(order)\n",
    ],
)
def test_a_file_that_changed_since_it_was_imported_is_refused(later, define):
    found = define("return await look(order)")
    file = found["place"].function.__code__.co_filename
    Path(file).write_text(later)
    _, (problem,) = check_workflows(found)
    assert problem.code == "ISTH128"


def test_code_without_positions_is_refused(define):
    found = define("return await look(order)")
    function = found["place"].function
    function.__code__ = function.__code__.replace(co_linetable=b"")
    _, problems = check_workflows(found)
    assert [one.code for one in problems] == ["ISTH128"]


def test_an_expression_that_is_nested_too_deep_is_refused(check):
    programs, problems = check("n = " + "+".join(["1"] * 900) + "\nreturn Done(id='')")
    assert not programs
    assert problems[0].code == "ISTH126"


def test_a_message_without_types_is_a_problem_of_the_source(check):
    text = "class Lost(Message):\n    it: 'Nowhere'\n\n" + FLOW + "    n = Lost(it=1)\n    return Done(id='')\n"
    (problem,) = check(text)[1]
    assert "the fields of Lost have no types" in problem.rule


def test_a_fault_of_the_checker_names_the_workflow(define, monkeypatch):
    def broken(*_):
        raise KeyError("gone")

    monkeypatch.setattr("isthmus.core.program.check.block", broken)
    with pytest.raises(InternalError, match="the checker failed on place") as raised:
        check_workflows(define("return Done(id='')"))
    assert raised.value.place.endswith(":1")


def test_names_of_a_closure_are_known(shop, tmp_path):
    text = (
        "def make(contract, size):\n    async def flow(order: Order) -> Done:\n        return await contract(order)\n"
        "    return flow\n"
    )
    file = tmp_path / "closure.py"
    file.write_text(text)
    names = dict(shop)
    exec(compile(text, str(file), "exec"), names)
    programs, problems = check_workflows({"place": workflow(shop["place"])(names["make"](shop["look"], 1))})
    assert not problems
    assert programs["place"].places[0][1] == "0.await0"


WORDS = [
    "n = 1",
    "n += 1",
    "n = order.quantity",
    "found = await look(order)",
    "await check(order)",
    "await settle(order)",
    "await sleep(seconds(n))",
    "pass",
    "break",
    "return Done(id=f'{order.id}-{n}')",
    "raise Short(missing=n)",
    "now = datetime.now()",
    "x, y = await gather(look(order), hold(order))",
    "note = order.nte",
]
OPENERS = [
    "if order.urgent:",
    "if order.note is None and n > 2:",
    "for line in order.lines:",
    "for turn in range(3):",
    "while n < 5:",
]


def bodies(depth: int = 3):
    simple = st.sampled_from(WORDS).map(lambda word: [word])
    if depth == 0:
        return simple
    inner = st.lists(bodies(depth - 1), min_size=1, max_size=3).map(lambda parts: list(itertools.chain(*parts)))
    opened = st.tuples(st.sampled_from(OPENERS), inner).map(lambda one: [one[0], *("    " + line for line in one[1])])
    caught = inner.map(lambda lines: ["try:", *("    " + line for line in lines), "except Rejected:", "    pass"])
    return st.one_of(simple, opened, caught)


TEXTS = st.lists(bodies(), min_size=1, max_size=5).map(
    lambda parts: "\n".join(["n = 0", *itertools.chain(*parts), "return Done(id='')"])
)


def compiles(text: str) -> bool:
    try:
        compile("async def f():\n" + "\n".join("    " + line for line in text.splitlines()), "f", "exec")
    except SyntaxError:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(TEXTS.filter(compiles))
def test_checking_twice_says_the_same_and_says_it_whole(check, text):
    programs, problems = check(text)
    again, same = check(text)
    assert [(one.line, one.column, one.code, one.rule) for one in problems] == [
        (one.line, one.column, one.code, one.rule) for one in same
    ]
    assert programs == again
    assert bool(programs) != bool(problems)
    assert problems == sorted(problems)
    for problem in problems:
        assert problem.instead
        assert str(problem).count("\n") == 3


@settings(max_examples=100, deadline=None)
@given(TEXTS.filter(compiles))
def test_comments_and_formatting_keep_the_version(check, text):
    whole = FLOW + "".join(f"    {line}\n" for line in text.splitlines())
    spread = "# a comment\n\n" + whole.replace("\n", "  # said here\n").replace("(order)", "(\n        order\n    )")
    plain = ast.unparse(ast.parse(whole))
    programs = [check(one)[0] for one in (whole, spread, plain)]
    assert programs[0] == programs[1] == programs[2]
    assert len({hash(one) for one in programs[0].values()} | {hash(one) for one in programs[1].values()}) < 2


def test_what_a_program_does_changes_the_version(check):
    first = check("return Done(id='a')")[0]["place"]
    second = check("return Done(id='b')")[0]["place"]
    assert first != second
    assert first != "a program"
    assert len(first.version) == 16


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="norder.=+-*/()[]{}:,' \n\tiflwhae0123456789@", max_size=60))
def test_no_source_breaks_the_checker(check, text):
    try:
        compile(
            "async def f(order):\n" + "\n".join("    " + line for line in text.splitlines()) + "\n    pass", "f", "exec"
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    try:
        programs, problems = check(text + "\npass")
    except SyntaxError:
        return
    assert bool(programs) != bool(problems)
