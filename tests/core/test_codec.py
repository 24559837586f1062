"""How messages travel: nothing is lost, nothing personal is seen, and bad input gets a clear error."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.core import PERSONAL, Message, Sealed, SourceError, Undo
from isthmus.core.annotations import named
from isthmus.core.codec import ENCODER, MESSAGE_BYTES_MAX, codec
from isthmus.core.errors import MessageInvalid
from isthmus.core.sealing import holds_personal, opaque
from isthmus.core.testing import messages, values

sys.path.insert(0, str(Path(__file__).parent))
from people import (
    PERSONAL_ANNOTATIONS,
    Box,
    Cat,
    Dog,
    Everything,
    Mood,
    Person,
    Plain,
    Secret,
    TransparentSealer,
)

PLAIN_ANNOTATIONS = (Plain, Dog, Box[int], Undo[Plain, Dog], None)
ANNOTATIONS: tuple[Any, ...] = (*PERSONAL_ANNOTATIONS, Undo[Person, Cat | Dog], *PLAIN_ANNOTATIONS)
ANY_VALUE = st.sampled_from(ANNOTATIONS).flatmap(lambda kind: st.tuples(st.just(kind), values(kind)))


@given(ANY_VALUE)
def test_what_travels_comes_back_as_it_was(case: tuple[Any, Any]) -> None:
    annotation, value = case
    sealer = TransparentSealer()

    assert codec(annotation).decode(codec(annotation).encode(value, sealer), sealer) == value


@given(ANY_VALUE)
def test_a_workflow_gives_on_exactly_the_bytes_it_was_given(case: tuple[Any, Any]) -> None:
    annotation, value = case
    wire = codec(annotation).encode(value, TransparentSealer())

    assert ENCODER.encode(codec(annotation).decode_opaque(wire)) == wire
    assert codec(annotation).encode(codec(annotation).decode_opaque(wire), TransparentSealer()) == wire


@given(st.sampled_from(PERSONAL_ANNOTATIONS).flatmap(lambda kind: st.tuples(st.just(kind), values(kind))))
def test_nothing_personal_is_seen_on_the_wire_or_by_a_workflow(case: tuple[Any, Any]) -> None:
    annotation, value = case
    wire = codec(annotation).encode(value, TransparentSealer())

    assert b"secret" not in wire
    assert "secret" not in repr(codec(annotation).decode_opaque(wire))


@given(messages(Everything))
def test_every_field_is_on_the_wire_and_null_is_written(everything: Everything) -> None:
    wire = json.loads(codec(Everything).encode(everything, TransparentSealer()))

    assert tuple(wire) == Everything.__struct_fields__
    assert [wire[name] is None for name in ("maybe", "maybe_too", "friend")] == [
        value is None for value in (everything.maybe, everything.maybe_too, everything.friend)
    ]


@given(messages(Person), messages(Cat))
def test_each_value_is_sealed_for_the_subject_of_its_own_message(person: Person, cat: Cat) -> None:
    sealer = TransparentSealer()
    codec(Box[Person | None]).encode(Box(content=person, more=[None]), sealer)
    codec(Cat | Dog).encode(cat, sealer)

    assert sealer.subjects == {person.pseudonym, cat.owner}


@given(ANY_VALUE)
def test_a_fingerprint_is_the_same_however_often_a_message_is_sealed(case: tuple[Any, Any]) -> None:
    annotation, value = case
    sealer = TransparentSealer()
    first, second = (codec(annotation).encode(value, sealer) for _ in range(2))

    assert codec(annotation).fingerprint(first) == codec(annotation).fingerprint(second)
    assert (first == second) is (b'"fingerprint"' not in first)


@given(messages(Everything), messages(Everything))
def test_other_content_has_another_fingerprint(one: Everything, other: Everything) -> None:
    sealer, form = TransparentSealer(), codec(Everything)
    prints = [form.fingerprint(form.encode(value, sealer)) for value in (one, other)]

    assert (prints[0] == prints[1]) is (one == other)


@given(messages(Person))
def test_a_message_of_a_version_without_a_field_is_opened_with_its_default(person: Person) -> None:
    class Later(Person):
        nickname: Annotated[str | None, PERSONAL] = None

    sealer = TransparentSealer()

    assert codec(Later).decode(codec(Person).encode(person, sealer), sealer) == Later(
        pseudonym=person.pseudonym, name=person.name
    )


# The outer edge


@given(ANY_VALUE)
def test_what_is_right_passes_the_outer_edge_as_it_is(case: tuple[Any, Any]) -> None:
    annotation, value = case
    text = ENCODER.encode(value)
    if len(text) <= MESSAGE_BYTES_MAX:
        assert codec(annotation).decode_outer(text) == value


OUTER: dict[str, tuple[Any, Callable[[], bytes], str]] = {
    "a field that is not known": (
        Person,
        lambda: b'{"pseudonym": "p", "name": "secret a", "nick": 1}',
        "field `$.nick` is not known (leave it out)",
    ),
    "a field that is not known in a list": (
        Box[Dog],
        lambda: b'{"content": {"type": "Dog", "weight": 1}, "more": [{"type": "Dog", "weight": 1, "tail": 2}]}',
        "field `$.more[0].tail` is not known",
    ),
    "a field that is not known in a dictionary": (
        Box[dict[str, Dog]],
        lambda: b'{"content": {"rex": {"type": "Dog", "weight": 1, "tail": 2}}, "more": []}',
        "field `$.content.rex.tail` is not known",
    ),
    "a wrong type": (Box[int], lambda: b'{"content": "1", "more": []}', "Expected `int`, got `str` - at `$.content`"),
    "a missing field": (Person, lambda: b'{"pseudonym": "p"}', "missing required field `name`"),
    "a bound": (
        Person,
        lambda: b'{"pseudonym": "p", "name": "open"}',
        r"Expected `str` matching regex",
    ),
    "money that is none": (
        Box[Any],
        lambda: b"nonsense",
        "JSON is malformed",
    ),
    "bytes that are no text": (Person, lambda: b'{"pseudonym": "\xff\xfe"}', "Person: "),
    "half a character": (Person, lambda: b'{"pseudonym": "\\ud800", "name": "secret a"}', "Person: "),
    "nothing": (Person, lambda: b"", "Input data was truncated"),
    "too much": (
        Person,
        lambda: b'{"pseudonym": "%s"}' % (b"p" * MESSAGE_BYTES_MAX),
        f"the message has {MESSAGE_BYTES_MAX + 17} bytes, and may have {MESSAGE_BYTES_MAX}",
    ),
    "what is nested too deep": (
        Box[Any],
        lambda: b'{"content": %s%s, "more": []}' % (b"[" * 15_000, b"]" * 15_000),
        "it is nested too deep",
    ),
}


@pytest.mark.parametrize("mistake", OUTER)
def test_the_outer_edge_refuses(mistake: str) -> None:
    annotation, text, words = OUTER[mistake]

    with pytest.raises(MessageInvalid) as refused:
        codec(annotation).decode_outer(text())

    assert words in str(refused.value)
    assert refused.value.place
    assert refused.value.instead


def test_a_message_of_just_the_size_that_fits_passes() -> None:
    empty = len(ENCODER.encode(Box(content="", more=[])))
    largest = Box(content="x" * (MESSAGE_BYTES_MAX - empty), more=[])

    assert codec(Box[str]).decode_outer(ENCODER.encode(largest)) == largest


def test_keys_of_dictionaries_are_data_and_no_fields() -> None:
    text = b'{"content": {"1": "a", "-2": "b"}, "more": []}'

    assert codec(Box[dict[int, str]]).decode_outer(text).content == {1: "a", -2: "b"}


def ways_to_read(annotation: Any) -> tuple[Callable[[bytes], Any], ...]:
    form = codec(annotation)
    return form.decode_outer, form.decode_opaque, form.fingerprint, lambda wire: form.decode(wire, TransparentSealer())


@given(st.sampled_from(ANNOTATIONS), st.binary(max_size=100))
def test_no_bytes_raise_anything_but_a_clear_error(annotation: Any, text: bytes) -> None:
    for read in ways_to_read(annotation):
        with suppress(MessageInvalid):
            read(text)


def mangled(value: Any, spoilt: Any, number: int) -> Any:
    """Return JSON with the n-th of its inner values spoilt."""
    places: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        for place in inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ():
            places.append((inner, place))
            walk(inner[place])

    walk(value)
    if places:
        container, place = places[number % len(places)]
        container[place] = spoilt
    return value


@given(
    messages(Everything),
    st.sampled_from([None, 1, -1.5, "", [], {}, {"fingerprint": 1}, {"subject": "p", "fingerprint": "f"}, True]),
    st.integers(0, 10_000),
)
def test_a_wire_form_that_was_spoilt_is_read_or_refused(everything: Everything, spoilt: Any, number: int) -> None:
    wire = codec(Everything).encode(everything, TransparentSealer())
    spoilt_wire = ENCODER.encode(mangled(json.loads(wire), spoilt, number))
    for read in ways_to_read(Everything):
        with suppress(MessageInvalid):
            read(spoilt_wire)


@pytest.mark.parametrize("tag", [[], {}, None, 1.5, "Cow"])
def test_a_part_of_a_union_whose_tag_is_none_of_its_tags_is_refused(tag: Any) -> None:
    spoilt_wire = ENCODER.encode({"type": tag, "owner": "p", "owner_name": "secret a"})
    for read in ways_to_read(Cat | Dog):
        with suppress(MessageInvalid):
            read(spoilt_wire)
    with pytest.raises(MessageInvalid):
        codec(Cat | Dog).decode_opaque(spoilt_wire)


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=named)
def test_deep_nesting_never_ends_in_a_recursion(annotation: Any) -> None:
    for text in (b"[" * 20_000, b'{"a":' * 6_000, b'{"content":%s%s,"more":[]}' % (b"[" * 9_000, b"]" * 9_000)):
        for read in ways_to_read(annotation):
            with suppress(MessageInvalid):
                read(text)


# What cannot travel


class Recursive(Message, subject="pseudonym"):
    pseudonym: str
    name: Secret
    next: "Recursive | None"


class Loop(Message):
    text: str
    next: "Loop | None" = None


class Untold(Message):
    name: Secret


class Optional(Message, subject="pseudonym"):
    pseudonym: str | None
    name: Secret


class Revealing(Message, subject="name"):
    name: Secret


class Numbered(Message, subject="pseudonym"):
    pseudonym: int
    name: Secret


class Outside(msgspec.Struct):
    name: Secret


class Holder[T](Message, subject="pseudonym"):
    pseudonym: str
    held: T


CANNOT_TRAVEL: dict[str, tuple[Any, str]] = {
    "personal values of a message without subject": (Untold, "message Untold has PERSONAL fields and names no subject"),
    "personal values in a message without subject, inside another": (Box[Untold], "names no subject"),
    "personal values outside a message": (Box[Outside], "derive it from Message, and name one"),
    "a list of personal values in a message without subject": (Box[list[Secret]], "message Box has PERSONAL fields"),
    "a subject that may be missing": (Optional, "subject='pseudonym' of message Optional is str | None"),
    "a subject that is personal itself": (Revealing, "subject='name' of message Revealing is str"),
    "a subject that is no text": (Numbered, "subject='pseudonym' of message Numbered is int"),
    "a message that holds itself and personal values": (Recursive, "message Recursive holds itself"),
    "a union whose parts cannot be told apart": (Holder[Person | str], "its parts cannot be told apart"),
    "a personal value or another": (Holder[Secret | int], "its parts cannot be told apart"),
    "personal values as keys": (Holder[dict[Secret, int]], "mark the whole field PERSONAL"),
    "a set of personal values": (Holder[set[Secret]], "mark the whole field PERSONAL"),
    "a union of messages without tags": (Holder[Dog | Plain], "cannot travel"),
    "what JSON does not know": (Holder[TransparentSealer], "TransparentSealer is nothing that JSON can hold"),
    "a list of what JSON does not know": (Holder[list[complex]], "complex is nothing that JSON can hold"),
}


@pytest.mark.parametrize("what", CANNOT_TRAVEL)
def test_there_is_no_codec_for(what: str) -> None:
    annotation, words = CANNOT_TRAVEL[what]

    with pytest.raises(SourceError) as refused:
        codec(annotation)

    assert words in str(refused.value)
    assert refused.value.place
    assert refused.value.instead


def test_a_message_may_hold_itself_when_nothing_is_personal() -> None:
    value = Loop(text="a", next=Loop(text="b"))
    sealer = TransparentSealer()

    assert codec(Loop).decode(codec(Loop).encode(value, sealer), sealer) == value


def test_a_personal_value_stays_one_through_aliases_new_types_and_type_parameters() -> None:
    assert all(map(holds_personal, PERSONAL_ANNOTATIONS))
    assert holds_personal(Holder[Secret])
    assert not any(map(holds_personal, (*PLAIN_ANNOTATIONS, Loop)))
    assert opaque(Secret) is Sealed
    assert opaque(Secret | None) == Sealed | None
    assert opaque(Dog) is Dog


def test_an_enumeration_travels_by_its_value() -> None:
    assert (
        codec(Box[Mood]).encode(Box(content=Mood.CALM, more=[]), TransparentSealer()) == b'{"content":"calm","more":[]}'
    )
