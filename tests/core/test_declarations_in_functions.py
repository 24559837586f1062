"""What is declared inside a function works as at the top of a module, or says what would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from isthmus.core import App, AppRefused, Message, SourceError, Undo, contract, handles, workflow

if TYPE_CHECKING:
    from decimal import Decimal


class Order(Message, identity="id"):
    id: str


class Done(Message):
    id: str


def test_contracts_handlers_and_apps_may_be_declared_in_a_function() -> None:
    @contract(reads=True)
    def look(order: Order) -> Done:
        """Look."""
        raise NotImplementedError

    @contract()
    def act(order: Order) -> Done:
        """Act."""
        raise NotImplementedError

    @handles(look)
    def looking(order: Order) -> Done:
        return Done(id=order.id)

    @workflow(act)
    async def flow(order: Order) -> Done:
        return await look(order)

    composition = App("inner", fulfils=[looking, flow]).load()

    assert composition.programs["act"].contract == "act"
    assert composition.blueprint.workflows[0].calls == ("look",)


def test_what_a_workflow_awaits_is_missed_when_nobody_fulfils_it() -> None:
    @contract(reads=True)
    def look(order: Order) -> Done:
        """Look."""
        raise NotImplementedError

    @contract()
    def act(order: Order) -> Done:
        """Act."""
        raise NotImplementedError

    @workflow(act)
    async def flow(order: Order) -> Done:
        return await look(order)

    with pytest.raises(AppRefused, match="nobody fulfils contract look"):
        App("inner", fulfils=[flow]).load()


def test_a_name_that_has_no_value_yet_is_told_and_no_traceback() -> None:
    @contract()
    def act(order: Order) -> Done:
        """Act."""
        raise NotImplementedError

    @workflow(act)
    async def flow(order: Order) -> Done:
        return await later(order)

    app = App("inner", fulfils=[flow])
    with pytest.raises(AppRefused) as refused:
        app.load()

    assert "later" in str(refused.value)
    later: Any = None


def test_a_message_of_a_function_is_refused_where_annotations_are_text() -> None:
    class Inner(Message):
        id: str

    def look(inner: Inner) -> Inner:
        """Look."""
        raise NotImplementedError

    with pytest.raises(SourceError, match="an annotation of look stands for no type: name 'Inner'") as refused:
        contract(reads=True)(look)

    assert refused.value.place.startswith(__file__)
    assert "at the top of a module" in refused.value.instead


class Priced(Message, identity="id"):
    id: str
    price: Decimal


@contract(reads=True)
def price(priced: Priced) -> Priced:
    """Tell the price."""
    raise NotImplementedError


@contract()
def sell(priced: Priced) -> Priced:
    """Sell."""
    raise NotImplementedError


@contract()
def take_back(undo: Undo[Priced, Priced]) -> None:
    """Take it back."""


@handles(price)
def pricing(priced: Priced) -> Priced:
    return priced


@workflow(sell)
async def selling(priced: Priced) -> Priced:
    return await price(priced)


def test_a_message_whose_types_are_there_for_type_checkers_alone_is_refused_when_the_app_is_loaded() -> None:
    with pytest.raises(AppRefused) as refused:
        App("shop", fulfils=[pricing, selling]).load()

    assert f"{__name__}.Priced: an annotation of Priced stands for no type: name 'Decimal'" in str(refused.value)
    assert refused.value.problems.count(refused.value.problems[0]) == 1


def test_a_handler_whose_types_are_there_for_type_checkers_alone_is_refused() -> None:
    def other(priced: Priced, exact: Decimal) -> Priced:
        return priced

    with pytest.raises(SourceError, match="an annotation of other stands for no type"):
        handles(price)(other)
