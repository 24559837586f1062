"""Judge one framed FIX message: its fields, lengths, sums, header and groups.

    8=FIX.4.2|9=65|35=0|...|10=009|      version, BodyLength and MsgType come first, in this order
    95=3|96=a|b|                         a length field measures the data field after it, which may hold any byte
    453=2|448=X|...|448=Y|...            a group of an order has as many instances as its count says

What a lenient reader forgives is decided here, and written down with the message: lengths and sums that are wrong or
zeroed, as in files that people publish or retype, and the order of the header. It never guesses what a field says: a
tag, a value, a group or a data field that is wrong is refused in both modes. A line to a counterparty is read strictly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from isthmus.adapters.venues.fix_dictionary import (
    BEGIN_STRING,
    BODY_LENGTH,
    CHECK_SUM,
    DATA_BY_LENGTH,
    DATA_TAGS,
    DEFINED_MAX,
    HEADER_REQUIRED,
    HEADER_TAGS,
    MESSAGE_NAMES,
    MESSAGE_VERSIONS,
    MSG_TYPE,
    NESTED_TAGS,
    NEW_ORDER_SINGLE,
    ONCE_TAGS,
    ORDER_GROUPS,
    USER_DEFINED_MIN,
    USER_MSG_TYPE_PREFIX,
    field_label,
)
from isthmus.adapters.venues.fix_message import Fault, Finding, FixRule, Leniency, Mode, shown

SOH: Final = b"\x01"
TAG_DIGITS_MAX: Final = 6
CACHED_FIELDS_MAX: Final = 64

BEGINNING: Final = re.compile(rb"8=([^\x01]*)\x019=([^\x01]*)\x0135=([^\x01]*)\x01")
PLAIN: Final = re.compile(rb"(?:[1-9][0-9]{0,5}=[\x20-\x7e]+\x01)+")
FIELD: Final = re.compile(rb"([0-9]+)=([^\x01]+)\x01")
TAG: Final = re.compile(rb"[1-9][0-9]{0,5}")
DIGITS: Final = re.compile(rb"[0-9]{1,7}")
THREE_DIGITS: Final = re.compile(rb"[0-9]{3}")
UNPRINTABLE: Final = re.compile(rb"[^\x20-\x7e]")

DATA_AND_LENGTHS: Final = frozenset(DATA_BY_LENGTH) | DATA_TAGS
TAG_NUMBERS: Final[dict[bytes, int]] = {str(tag).encode(): tag for tag in range(1, DEFINED_MAX + 1)}

type Field = tuple[int, bytes]


class Judge:
    """Decide, finding by finding, what is forgiven, and remember it."""

    __slots__ = ("forgiven", "lenient")

    def __init__(self, mode: Mode) -> None:
        self.lenient = mode is Mode.LENIENT
        self.forgiven: list[Leniency] = []

    def hear(self, finding: Finding) -> None:
        """Forgive a finding, or stop with it."""
        if self.lenient and finding.leniency is not None:
            self.forgiven.append(finding.leniency)
        else:
            raise Fault(finding)


def parse(message: bytes, judge: Judge) -> tuple[str, str, tuple[Field, ...]]:
    """Return version, MsgType and fields of a message that begins with `8=`, ends with CheckSum and its delimiter."""
    beginning = BEGINNING.match(message)
    if beginning is None:
        raise Fault(_wrong_beginning(message))
    version = beginning[1].decode("latin-1")
    if version not in MESSAGE_VERSIONS:
        raise Fault(_unsupported_version(beginning[1]))
    fields = _fields(message)
    _check_length_and_sum(message, beginning, fields, judge)
    msg_type = beginning[3].decode("latin-1")
    tags = tuple([tag for tag, _ in fields])
    findings = _layout(tags, msg_type) if len(tags) <= CACHED_FIELDS_MAX else _layout.__wrapped__(tags, msg_type)
    for finding in findings:
        judge.hear(finding)
    if msg_type == NEW_ORDER_SINGLE and (len(set(tags)) != len(tags) or not ORDER_GROUPS.keys().isdisjoint(tags)):
        _check_order_groups(fields)
    return version, msg_type, fields


def _fields(message: bytes) -> tuple[Field, ...]:
    """Split a message into fields: at once where no value is data, else one field after another."""
    if PLAIN.fullmatch(message):
        known = TAG_NUMBERS.get
        fields = tuple([(known(tag) or int(tag), value) for tag, value in FIELD.findall(message)])
        if DATA_AND_LENGTHS.isdisjoint([tag for tag, _ in fields]):
            return fields
    return tuple(_walk(message))


def _walk(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message that holds data, or say what is wrong with one."""
    position = 0
    measured: Field | None = None
    while position < len(message):
        tag, start = _tag_at(message, position)
        if measured is not None:
            end = _data_end(message, tag, start, measured)
        elif tag in DATA_TAGS:
            raise Fault(_data_length(tag, "comes without the length field that measures it"))
        else:
            end = message.find(SOH, start)
        value = message[start:end]
        if not value:
            raise Fault(
                Finding(FixRule.EMPTY_VALUE, tag, "the field has no value", "leave the field out, or give it a value")
            )
        if measured is None:
            _check_characters(tag, value)
        measured = (tag, value) if tag in DATA_BY_LENGTH else None
        yield tag, value
        position = end + 1


def _tag_at(message: bytes, position: int) -> tuple[int, int]:
    """Return the tag at a position, and where its value begins."""
    equals = message.find(b"=", position, position + TAG_DIGITS_MAX + 1)
    name = message[position:equals] if equals >= 0 else message[position : message.find(SOH, position)]
    if equals < 0 or not TAG.fullmatch(name):
        problem = f"{shown(name)} is not a tag"
        raise Fault(
            Finding(FixRule.TAG, None, problem, f"write a number of 1 to {TAG_DIGITS_MAX} digits before each '='")
        )
    return int(name), equals + 1


def _data_end(message: bytes, tag: int, start: int, measured: Field) -> int:
    """Return where a data field ends, by the length field before it."""
    length_tag, count = measured
    if tag != DATA_BY_LENGTH[length_tag]:
        expected = field_label(DATA_BY_LENGTH[length_tag])
        raise Fault(_data_length(length_tag, f"is followed by {field_label(tag)}, not by {expected}"))
    if not DIGITS.fullmatch(count):
        raise Fault(_data_length(length_tag, f"is {shown(count)}, not a length"))
    end = start + int(count)
    if message[end : end + 1] != SOH or end == len(message) - 1:
        raise Fault(_data_length(length_tag, f"says {int(count)} bytes, but no delimiter follows them"))
    return end


def _check_characters(tag: int, value: bytes) -> None:
    wrong = UNPRINTABLE.search(value)
    if wrong:
        problem = f"byte 0x{wrong[0][0]:02x} is not a printable ASCII character"
        raise Fault(
            Finding(FixRule.CHARACTERS, tag, problem, "send other text in an Encoded field with its MessageEncoding")
        )


def _check_length_and_sum(message: bytes, beginning: re.Match[bytes], fields: Sequence[Field], judge: Judge) -> None:
    """Compare BodyLength and CheckSum with the bytes that came."""
    given_length, (last_tag, given_sum) = beginning[2], fields[-1]
    assert last_tag == CHECK_SUM, "a frame ends with its CheckSum"
    body_end = len(message) - len(given_sum) - len(b"10=\x01")
    length_found = body_end - beginning.end(2) - 1
    sum_found = sum(message[:body_end]) % 256
    if not DIGITS.fullmatch(given_length):
        raise Fault(_wrong_length(f"{shown(given_length)} is not a length", None))
    if not DIGITS.fullmatch(given_sum):
        raise Fault(_wrong_sum(f"{shown(given_sum)} is not a sum", None))

    length, total = int(given_length), int(given_sum)
    if total != sum_found:
        leniency = Leniency.CHECK_SUM_WRONG if total else Leniency.CHECK_SUM_ZEROED
        problem = f"the message says {shown(given_sum)}, and its bytes add up to {sum_found:03d}"
        judge.hear(_wrong_sum(problem, leniency))
    elif not THREE_DIGITS.fullmatch(given_sum):
        problem = f"{shown(given_sum)} does not have three digits"
        judge.hear(_wrong_sum(problem, Leniency.CHECK_SUM_NOT_THREE_DIGITS))
    if length != length_found:
        leniency = Leniency.BODY_LENGTH_WRONG if length else Leniency.BODY_LENGTH_ZEROED
        judge.hear(_wrong_length(f"the message says {length} bytes, and has {length_found}", leniency))


def _wrong_length(problem: str, leniency: Leniency | None) -> Finding:
    instead = "count the bytes after the delimiter of BodyLength, up to the CheckSum field"
    return Finding(FixRule.BODY_LENGTH, BODY_LENGTH, problem, instead, leniency)


def _wrong_sum(problem: str, leniency: Leniency | None) -> Finding:
    instead = "add up all bytes before the CheckSum field, modulo 256, and end the message with these three digits"
    return Finding(FixRule.CHECK_SUM, CHECK_SUM, problem, instead, leniency)


@lru_cache(maxsize=1024)
def _layout(tags: tuple[int, ...], msg_type: str) -> tuple[Finding, ...]:
    """Find what is wrong with which fields a message has, and in which order, whatever their values.

    Real streams repeat few layouts, so this is judged once for each.
    """
    return (*_type_findings(msg_type), *_repeated(tags), *_undefined(tags), *_missing(tags), *_misplaced(tags))


def _type_findings(msg_type: str) -> Iterator[Finding]:
    if msg_type not in MESSAGE_NAMES and not msg_type.startswith(USER_MSG_TYPE_PREFIX):
        problem = f"{shown(msg_type.encode('latin-1'))} is not a type of message"
        instead = f"send one that FIX 4.4 has, or one of your own that begins with {USER_MSG_TYPE_PREFIX}"
        yield Finding(FixRule.MSG_TYPE, MSG_TYPE, problem, instead, Leniency.UNKNOWN_MSG_TYPE)


def _repeated(tags: Sequence[int]) -> Iterator[Finding]:
    if len(set(tags)) == len(tags):
        return
    seen: set[int] = set()
    for tag in tags:
        if tag in ONCE_TAGS and tag in seen:
            yield _duplicate(tag)
        seen.add(tag)


def _undefined(tags: Sequence[int]) -> Iterator[Finding]:
    for tag in tags:
        if DEFINED_MAX < tag < USER_DEFINED_MIN:
            problem = f"FIX 4.4 does not define tag {tag}"
            instead = f"use a tag from {USER_DEFINED_MIN} on for fields of your own"
            yield Finding(FixRule.TAG, tag, problem, instead, Leniency.UNKNOWN_TAG)


def _missing(tags: Sequence[int]) -> Iterator[Finding]:
    for tag in HEADER_REQUIRED:
        if tag not in tags:
            problem = "the header does not have this field"
            yield Finding(FixRule.REQUIRED_FIELD, tag, problem, "send it", Leniency.HEADER_FIELD_MISSING)


def _misplaced(tags: Sequence[int]) -> Iterator[Finding]:
    """Find a field of the header that comes after one of the body."""
    body = next((place for place, tag in enumerate(tags) if tag not in HEADER_TAGS), len(tags))
    for tag in tags[body:]:
        if tag in HEADER_TAGS:
            problem = "a field of the header comes after one of the body"
            yield Finding(FixRule.HEADER_ORDER, tag, problem, "send the whole header first", Leniency.HEADER_ORDER)


def _check_order_groups(fields: Sequence[Field]) -> None:
    """Refuse a field of an order that is there twice outside a group, and a group whose count is wrong."""
    seen: set[int] = set()
    place = 0
    while place < len(fields):
        tag, value = fields[place]
        if tag in seen:
            raise Fault(_duplicate(tag))
        seen.add(tag)
        place += 1
        if tag in ORDER_GROUPS:
            first, members = ORDER_GROUPS[tag]
            end = next((at for at in range(place, len(fields)) if fields[at][0] not in members), len(fields))
            _check_group(tag, value, first, [number for number, _ in fields[place:end]])
            place = end


def _check_group(count_tag: int, count: bytes, first: int, tags: Sequence[int]) -> None:
    """Refuse a group that does not have the instances that its count says."""
    instances = tags.count(first)
    if tags and tags[0] != first:
        problem = f"the group begins with {field_label(tags[0])}, not with {field_label(first)}"
        raise Fault(
            Finding(FixRule.GROUP_COUNT, count_tag, problem, "begin each instance with the group's first field")
        )
    if not DIGITS.fullmatch(count) or int(count) != instances:
        problem = f"the count says {shown(count)}, and {instances} instances of {field_label(first)} follow"
        raise Fault(Finding(FixRule.GROUP_COUNT, count_tag, problem, "count the instances that follow"))
    seen: set[int] = set()
    for tag in tags:
        if tag == first:
            seen.clear()
        elif tag in seen and tag not in NESTED_TAGS:
            raise Fault(_duplicate(tag))
        seen.add(tag)


def _duplicate(tag: int) -> Finding:
    return Finding(FixRule.DUPLICATE_TAG, tag, "the field appears more than once", "send it once")


def _data_length(tag: int, problem: str) -> Finding:
    instead = "send the number of bytes, and right after it the data field of that length"
    return Finding(FixRule.DATA_LENGTH, tag, problem, instead)


def _unsupported_version(version: bytes) -> Finding:
    problem = f"version {shown(version)} is not read here"
    return Finding(FixRule.VERSION, BEGIN_STRING, problem, f"send one of {', '.join(sorted(MESSAGE_VERSIONS))}")


def _wrong_beginning(message: bytes) -> Finding:
    """Say which of the first three fields is not where it must be."""
    names = [field.partition(b"=")[0] for field in message.split(SOH, 3)[:3]]
    expected = ((b"8", FixRule.BEGIN_STRING), (b"9", FixRule.BODY_LENGTH), (b"35", FixRule.MSG_TYPE))
    for place, (name, rule) in enumerate(expected):
        if place >= len(names) or names[place] != name:
            found = f"{shown(names[place])}" if place < len(names) and names[place] else "nothing"
            problem = f"field {place + 1} of the message has the tag {found}"
            return Finding(rule, int(name), problem, "begin with BeginString(8), BodyLength(9) and MsgType(35)")
    return Finding(FixRule.MSG_TYPE, MSG_TYPE, "the message ends with its MsgType", "send the whole message")
