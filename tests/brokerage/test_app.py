"""What the brokerage is, once it is loaded: its flow, and what each of its functions may touch."""

from __future__ import annotations

import pytest

from isthmus.core.composition import Composition
from isthmus.handlers.app import app


@pytest.fixture(scope="module")
def loaded() -> Composition:
    return app.load()


def test_an_order_goes_through_its_stages_in_order(loaded: Composition) -> None:
    flow = next(one for one in loaded.blueprint.workflows if one.contract == "place_order")

    assert flow.calls == (
        "validate_order",
        "check_compliance",
        "hold_funds",
        "accept_order",
        "execute_order",
        "book_order",
    )
    assert flow.waits_for == ("PostTradeVerdict",)


def test_only_what_moves_money_may_touch_the_ledger(loaded: Composition) -> None:
    touching = {one.contract for one in loaded.blueprint.functions if "Ledger" in one.ports}

    assert touching == {
        "open_account",
        "hold_funds",
        "release_hold",
        "book_order",
        "instruct_settlement",
        "cancel_instruction",
        "book_settlement",
    }


def test_every_effect_before_the_booking_can_be_taken_back(loaded: Composition) -> None:
    effects = {one.contract: (one.effect, one.undone_by) for one in loaded.blueprint.functions}

    assert effects["hold_funds"] == ("undone_by", "release_hold")
    assert effects["accept_order"] == ("undone_by", "withdraw_order")
    assert effects["execute_order"] == ("undone_by", "cancel_execution")
    assert effects["book_order"] == ("final", None)
    assert effects["validate_order"][0] == effects["check_compliance"][0] == "reads"


def test_the_name_of_a_client_is_personal_and_orders_are_financial(loaded: Composition) -> None:
    classes = {one.contract: one.data_classes for one in loaded.blueprint.functions}

    assert {"personal", "financial"} <= set(classes["validate_order"])
    assert "personal" not in classes["track_executed"]
    assert "personal" not in classes["review_trade"]
