"""Items of each: at most so many at a time, all settle, and the index decides."""

from __future__ import annotations

import threading

import pytest
from house import House, answer
from stall import Batch, Box, Boxes, Part


def batch(*names: str) -> Batch:
    return Batch(id="1", parts=[Part(name=name) for name in names])


def test_items_are_made_in_order_and_answered_in_order(house: House) -> None:
    run = house.run("many", batch("a", "b", "c", "d", "e"))

    assert run.status == "completed"
    assert set(house.steps(run.run_id)) == {f"0/{i}" for i in range(5)}


def test_a_list_without_items_takes_no_steps(house: House) -> None:
    assert house.run("many", batch()).status == "completed"


def test_a_failure_outranks_a_refusal_whatever_the_index_and_all_items_settle(house: House) -> None:
    house.plan["make", "a"] = ["no"]
    house.plan["make", "d"] = ["fail"]

    run = house.run("many", batch("a", "b", "c", "d", "e"))

    assert run.status == "failed"
    assert house.steps(run.run_id)["0/4"] == "answered"
    assert [name for what, name in house.plan.calls if what == "unmake"] == ["e", "d", "c", "b"]


def test_the_lowest_index_counts_among_refusals(house: House) -> None:
    house.plan["make", "b"] = ["fail", "fail", "no"]
    house.plan["make", "c"] = ["no"]

    assert answer(house.run("many", batch("a", "b", "c")))["fields"] == {"why": "b"}


def test_no_more_items_than_the_bound_are_under_way() -> None:
    from isthmus.adapters.runtime.execution import Branch, Command  # noqa: PLC0415

    command = Command([Branch(str(i), 0, i, "make", b"") for i in range(5)], 2)
    under_way, most = [branch.step for branch in command.next_branches()], 2
    while under_way:
        under_way.pop()  # the youngest settles first, the oldest stays
        command.settled += 1
        under_way += [branch.step for branch in command.next_branches()]
        most = max(most, len(under_way))

    assert (most, command.settled) == (2, 5)


def test_gateways_are_asked_at_most_so_many_at_a_time(house: House) -> None:
    """The bound of `each` holds for what takes time, which only a gateway does beside the engine."""
    at_once, most, lock = [0], [0], threading.Lock()

    def busy() -> str:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.02)
        with lock:
            at_once[0] -= 1
        return "ok"

    for name in "abcdef":
        house.plan["market call", name] = [busy]
    run = house.run("stock", batch(*"abcdef"))

    assert run.status == "completed"
    assert most[0] == 2


@pytest.mark.parametrize("empty", [0, 600])
def test_a_loop_may_ask_for_nothing_as_often_as_it_likes(house: House, empty: int) -> None:
    boxes = Boxes(id="1", boxes=[Box(parts=[])] * empty + [Box(parts=[Part(name="last")])])

    assert house.run("long", boxes).status == "completed"
    assert house.records() == {"last": "crafted"}
