"""Branches and iterations side by side, under drawn orders. Pages: syntax/parallel-steps, execute-parallel-steps, quotas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_workflows import Answers, returned, run, tags

from isthmus.adapters.gcp.interpreter import Limits, Open, Request, Response, Seeded, execute, load

TOTAL = load("""
- a: {assign: [{total: 0}, {seen: []}]}
- b:
    parallel:
      shared: [total, seen]
      for:
        value: v
        range: [1, 5]
        steps:
          - c: {call: sys.sleep, args: {seconds: 1}}
          - d: {assign: [{total: '${total + v}'}]}
          - e: {assign: [{seen: '${list.concat(seen, v)}'}]}
- f: {return: {total: '${total}', seen: '${seen}'}}
""")
LOST = load("""
- a: {assign: [{total: 0}]}
- b:
    parallel:
      shared: [total]
      for:
        value: v
        range: [1, 2]
        steps:
          - c: {assign: [{own: '${total}'}]}
          - d: {assign: [{total: '${own + 1}'}]}
- f: {return: '${total}'}
""")


class Drawn:
    """Let Hypothesis choose."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def choose(self, point: Open, count: int) -> int:
        drawn: int = self.draw(st.integers(0, count - 1))
        return drawn


@given(st.data())
def test_one_assignment_to_a_shared_variable_is_atomic_in_any_order(data: st.DataObject) -> None:
    outcome = execute(TOTAL, choices=Drawn(data.draw))

    assert outcome.result["total"] == 15
    assert sorted(outcome.result["seen"]) == [1, 2, 3, 4, 5]


def test_iterations_can_run_in_any_order() -> None:
    orders = {tuple(execute(TOTAL, choices=Seeded(seed)).result["seen"]) for seed in range(60)}

    assert len(orders) > 20


def test_reading_in_one_step_and_writing_in_the_next_is_not_atomic() -> None:
    assert {execute(LOST, choices=Seeded(seed)).result for seed in range(60)} == {1, 2}


def test_the_same_choices_give_the_same_execution() -> None:
    assert execute(TOTAL, choices=Seeded(7)) == execute(TOTAL, choices=Seeded(7))


def sleepers(count: int, limit: str = "") -> str:
    return f"- a: {{parallel: {{{limit} for: {{value: v, range: [1, {count}], steps: [{{b: {{call: sys.sleep, args: {{seconds: 1}}}}}}]}}}}}}"


@pytest.mark.parametrize(
    ("count", "limit", "seconds"),
    [
        (5, "", 1),
        (20, "", 1),
        (21, "", 2),
        (45, "", 3),
        (6, "concurrency_limit: 2,", 3),
        (3, "concurrency_limit: '${1}',", 3),
    ],
)
def test_at_most_20_of_an_execution_and_as_many_as_the_limit_run_at_once(
    count: int, limit: str, seconds: float
) -> None:
    assert run(sleepers(count, limit)).seconds == seconds


@pytest.mark.parametrize(("limit", "tag"), [("'${0}'", "ValueError"), ("'${\"1\"}'", "TypeError")])
def test_a_concurrency_limit_is_a_positive_integer(limit: str, tag: str) -> None:
    assert tags(run(sleepers(2, f"concurrency_limit: {limit},"))) == (tag,)


FAILING = """
- a: {assign: [{done: []}]}
- b:
    try:
      parallel:
        shared: [done]
        branches:
          - one: {steps: [{c: {call: sys.sleep, args: {seconds: 2}}}, {d: {raise: first}}]}
          - two: {steps: [{e: {raise: {tags: [Mine]}}}]}
          - three: {steps: [{f: {call: sys.sleep, args: {seconds: 3}}}, {g: {assign: [{done: '${list.concat(done, 3)}'}]}}]}
    except:
      as: e
      steps:
        - h: {return: {done: '${done}', e: '${e}'}}
"""


def test_an_unhandled_error_in_one_branch_stops_no_other() -> None:
    found = returned(FAILING)

    assert found["done"] == [3]
    assert found["e"]["tags"] == ["UnhandledBranchError"]
    assert found["e"]["truncated"] is False
    assert [one["id"] for one in found["e"]["branches"]] == ["one", "two"]
    assert found["e"]["branches"][0]["error"] == {
        "context": 'in step "d", routine "main", line: 8',
        "payload": '"first"',
    }


def test_the_form_of_branches_is_a_choice() -> None:
    found = returned(FAILING, choices=Answers(BRANCH_ORDER=1, BRANCH_PAYLOAD=1))

    assert [one["id"] for one in found["e"]["branches"]] == ["two", "one"]
    assert found["e"]["branches"][0]["error"]["payload"] == {"tags": ["Mine"]}


def test_more_unhandled_errors_than_100_are_truncated() -> None:
    outcome = run("- a: {parallel: {for: {value: v, range: [1, 101], steps: [{b: {raise: oh}}]}}}")

    assert (len(outcome.error["branches"]), outcome.error["truncated"]) == (100, True)


def nested(depth: int) -> str:
    inner = "{z: {assign: [{x: 1}]}}"
    for level in range(depth):
        inner = f"{{a{level}: {{parallel: {{for: {{value: v{level}, in: [1, 2], steps: [{inner}]}}}}}}}}"
    return f"- {inner}"


def test_parallel_steps_nest_two_deep() -> None:
    outcome = run(nested(3))

    assert not run(nested(2)).failed
    assert outcome.error["tags"] == ["UnhandledBranchError"]
    assert "ParallelNestingError" in str(outcome.error)


def test_nested_branches_do_not_wait_for_each_other_for_ever() -> None:
    steps = "- a: {parallel: {for: {value: v, range: [1, 25], steps: [{b: {parallel: {for: {value: w, range: [1, 3], steps: [{c: {call: sys.sleep, args: {seconds: 1}}}]}}}}]}}}"

    assert run(steps).seconds == 4


def test_variables_of_branches_are_their_own() -> None:
    steps = """
    - a: {assign: [{r: {}}]}
    - b:
        parallel:
          shared: [r]
          branches:
            - one: {steps: [{c: {assign: [{own: 1}]}}, {d: {call: sys.sleep, args: {seconds: 1}}}, {e: {assign: [{r.one: '${own}'}]}}]}
            - two: {steps: [{f: {assign: [{own: 2}]}}, {g: {call: sys.sleep, args: {seconds: 1}}}, {h: {assign: [{r.two: '${own}'}]}}]}
    - i: {return: '${r}'}
    """

    assert all(returned(steps, choices=Seeded(seed)) == {"one": 1, "two": 2} for seed in range(20))


def test_continue_ends_an_iteration_of_a_parallel_loop() -> None:
    steps = "- a: {assign: [{n: 0}]}\n- b: {parallel: {shared: [n], for: {value: v, range: [1, 4], steps: [{c: {switch: [{condition: '${v == 2}', next: continue}]}}, {d: {assign: [{n: '${n + v}'}]}}]}}}\n- e: {return: '${n}'}"

    assert returned(steps) == 8


def test_calls_of_branches_take_their_time_side_by_side() -> None:
    class Slow:
        def send(self, request: Request) -> Response:
            return Response(200, seconds=2)

    steps = (
        "- a: {parallel: {for: {value: v, range: [1, 5], steps: [{b: {call: http.get, args: {url: 'http://x/y'}}}]}}}"
    )

    assert run(steps, transport=Slow()).seconds == 2


def test_memory_of_loops_and_branches_is_given_back() -> None:
    loop = "{value: v, range: [1, 50], steps: [{b: {assign: [{big: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}]}}]}"

    assert not run(f"- a: {{for: {loop}}}", limits=Limits(memory_bytes=200)).failed
    assert not run(f"- a: {{parallel: {{concurrency_limit: 1, for: {loop}}}}}", limits=Limits(memory_bytes=200)).failed
