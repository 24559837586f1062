"""What messages, refusals and their annotations are."""

import pickle
import sys
from pathlib import Path
from typing import Annotated, Any, NewType, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.core import CONFIDENTIAL, FINANCIAL, MARKET, PERSONAL, Event, Message, Refusal, SourceError, Undo
from isthmus.core.annotations import base_of, filled, named, unfolded
from isthmus.core.message import annotations_within, carried_classes, data_classes, field_types, is_personal
from isthmus.core.testing import messages

sys.path.insert(0, str(Path(__file__).parent))
from people import Box, Called, Cat, Dog, Everything, Known, Person, Plain, Secret, Several

type Pair[A, B] = tuple[B, A]
Price = NewType("Price", Annotated[int, MARKET])
type Quote = Annotated[Price, CONFIDENTIAL]


class Other(Message):
    weight: int


class Refused(Refusal):
    rule: str
    count: int = 0


class RefusedToo(Refusal):
    rule: str
    count: int = 0


class Plainly(Refusal):
    """Refuse, and say nothing more."""


# Messages


@given(messages(Dog))
def test_a_message_is_a_value(dog: Dog) -> None:
    same = Dog(weight=dog.weight)

    assert dog == same
    assert hash(dog) == hash(same)
    assert dog != Other(weight=dog.weight)
    with pytest.raises(AttributeError):
        cast("Any", dog).weight = 0


def test_a_message_is_built_by_the_names_of_its_fields() -> None:
    with pytest.raises(TypeError):
        cast("Any", Dog)(1)
    with pytest.raises(TypeError, match="weight"):
        cast("Any", Dog)()


@pytest.mark.parametrize("option", ["rename", "omit_defaults", "array_like"])
def test_no_message_changes_how_it_travels(option: str) -> None:
    with pytest.raises(SourceError, match=f"message Wrong sets {option}") as refused:
        type(Message)("Wrong", (Message,), {"__module__": "shop"}, **{option: "camel" if option == "rename" else True})

    assert refused.value.place == "shop.Wrong"


@pytest.mark.parametrize("role", ["identity", "subject"])
def test_what_a_message_is_known_by_is_one_of_its_fields(role: str) -> None:
    with pytest.raises(SourceError, match=f"{role}='nothing' is not a field of Wrong") as refused:
        type(Message)("Wrong", (Message,), {"__annotations__": {"id": str}, "__module__": "shop"}, **{role: "nothing"})

    assert refused.value.instead == "name one of: id"
    with pytest.raises(SourceError, match="it has no fields"):
        type(Message)("Wrong", (Message,), {"__module__": "shop"}, **{role: "nothing"})


def test_what_a_message_is_known_by_is_inherited() -> None:
    class More(Everything):
        more: str

    assert (cast("Any", More).__identity_field__, cast("Any", More).__subject_field__) == ("id", "pseudonym")
    assert cast("Any", Dog).__identity_field__ is None
    assert cast("Any", Event).__subject_field__ is None


def test_an_undo_carries_the_input_and_the_result_if_there_was_one() -> None:
    undo = Undo[Dog, Other](key="k", input=Dog(weight=1))

    assert undo.result is None
    assert field_types(Undo[Dog, Other]) == {"key": str, "input": Dog, "result": Other | None}


# Annotations


def test_a_message_within_a_function_is_one_like_any_other() -> None:
    class Inner(Message, identity="id"):
        id: str

    class Outer(Message):
        inner: list[Inner]

    assert field_types(Outer) == {"inner": list[Inner]}


def test_a_field_whose_type_cannot_be_found_is_refused_with_its_place() -> None:
    namespace = {"__annotations__": {"dog": "Missing"}, "__module__": __name__, "__qualname__": "Lost"}
    lost: Any = type(Message)("Lost", (Message,), namespace)

    with pytest.raises(SourceError, match="an annotation of Lost stands for no type: name 'Missing'") as refused:
        field_types(lost)

    assert refused.value.place == f"{__name__}.Lost"
    assert "TYPE_CHECKING" in refused.value.instead


def test_aliases_and_new_types_are_what_they_stand_for() -> None:
    assert unfolded(Called) == Secret
    assert unfolded(Known) == Secret
    assert unfolded(Several[Dog]) == list[Dog]
    assert unfolded(Pair[int, str]) == tuple[str, int]
    assert unfolded(Quote) == Annotated[int, MARKET, CONFIDENTIAL]
    assert base_of(Quote) is int
    assert unfolded(None) is None


def test_arguments_take_the_place_of_type_parameters() -> None:
    (parameter,) = Box.__type_params__

    assert filled(parameter, {parameter: int}) is int
    assert filled(list[parameter] | None, {parameter: int}) == list[int] | None  # type: ignore[valid-type]
    assert filled(Box, {parameter: int}) is Box
    assert filled(list[int], {parameter: str}) == list[int]
    assert field_types(Box[Dog]) == {"content": Dog, "more": list[Dog]}
    assert field_types(Box) == {"content": parameter, "more": list[parameter]}  # type: ignore[valid-type]


def test_annotations_are_named_as_they_are_written() -> None:
    shown = {
        "Undo[Dog, Other]": Undo[Dog, Other],
        "Dog | None": Dog | None,
        "list[Cat | Dog]": list[Cat | Dog],
        "None": type(None),
        "str": Secret,
        "Price": Price,
    }

    assert {name: named(annotation) for name, annotation in shown.items()} == {name: name for name in shown}


def test_every_class_of_data_is_found_however_deep() -> None:
    assert data_classes(Quote) == {MARKET, CONFIDENTIAL}
    assert data_classes(Plain) == data_classes(str) == set()
    assert carried_classes(Plain) == {FINANCIAL}
    assert carried_classes(Undo[Plain, list[Quote]]) == {FINANCIAL, MARKET, CONFIDENTIAL}
    assert carried_classes(Everything) == carried_classes(dict[str, Box[Person] | None]) == {PERSONAL}
    assert carried_classes(Dog) == set()


def test_a_field_is_personal_by_whatever_name_its_type_goes() -> None:
    personal = [name for name, annotation in field_types(Everything).items() if is_personal(annotation)]

    assert personal == ["name", "called", "known", "maybe_too", "born", "rate", "wealth", "doctor"]


def test_looking_into_a_message_can_be_left_out() -> None:
    assert list(annotations_within(list[Dog], fields=False)) == [list[Dog], Dog]
    assert list(annotations_within(list[Dog])) == [list[Dog], Dog, int]


# Refusals


@given(st.text(), st.integers(), st.text(), st.integers())
def test_a_refusal_is_known_by_its_class_and_fields(rule: str, count: int, other: str, number: int) -> None:
    refusal = Refused(rule=rule, count=count)

    assert (refusal == Refused(rule=other, count=number)) is ((rule, count) == (other, number))
    assert refusal != RefusedToo(rule=rule, count=count)
    assert refusal != rule
    assert hash(refusal) == hash(Refused(rule=rule, count=count))
    assert pickle.loads(pickle.dumps(refusal)) == refusal
    assert (refusal.rule, refusal.count) == (rule, count)
    assert msgspec.to_builtins(refusal.fields) == {"rule": rule, "count": count}


def test_a_refusal_says_its_fields() -> None:
    assert str(Refused(rule="r")) == "Refused(rule='r', count=0)"
    assert str(Plainly()) == "Plainly()"


def test_a_refusal_is_built_whole() -> None:
    with pytest.raises(TypeError, match="rule"):
        cast("Any", Refused)()
    with pytest.raises(TypeError):
        cast("Any", Refused)(rule="r", other=1)


@pytest.mark.parametrize("annotation", [Secret, Called, Secret | None, list[Secret], Person, dict[str, Person]])
def test_a_refusal_holds_nothing_personal_however_deep(annotation: Any) -> None:
    with pytest.raises(SourceError, match="field 'who' of a refusal is PERSONAL") as refused:
        type("Wrong", (Refusal,), {"__annotations__": {"who": annotation}, "__module__": "shop"})

    assert refused.value.place == "shop.Wrong"


def test_a_refusal_whose_field_has_no_type_is_refused_with_its_place() -> None:
    with pytest.raises(SourceError, match="an annotation of Wrong stands for no type") as refused:
        type("Wrong", (Refusal,), {"__annotations__": {"who": "Missing"}, "__module__": "shop"})

    assert refused.value.place == "shop.Wrong"
