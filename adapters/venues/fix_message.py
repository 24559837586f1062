"""One FIX message, one problem with one, and what a lenient reader forgave: the values that the FIX layer speaks in.

Problems are values, not exceptions: a file with one bad message goes on, and whoever reads it decides what to do.
`FixProblem.error()` makes an exception of one where the caller wants to stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from isthmus.adapters.venues.fix_dictionary import field_label
from isthmus.core.errors import InputError

SHOWN_BYTES_MAX: Final = 40


class Mode(StrEnum):
    """Choose between refusing every deviation and forgiving those that do not change the meaning."""

    STRICT = "strict"
    LENIENT = "lenient"


class Leniency(StrEnum):
    """Name what a lenient reader forgave: never anything that changes what a message means."""

    PIPE_DELIMITER = "pipe_delimiter"
    STRAY_SEPARATORS = "stray_separators"
    LOG_PREFIX = "log_prefix"
    FINAL_DELIMITER_MISSING = "final_delimiter_missing"
    BODY_LENGTH_ZEROED = "body_length_zeroed"
    BODY_LENGTH_WRONG = "body_length_wrong"
    CHECK_SUM_WRONG = "check_sum_wrong"
    CHECK_SUM_ZEROED = "check_sum_zeroed"
    CHECK_SUM_NOT_THREE_DIGITS = "check_sum_not_three_digits"
    HEADER_ORDER = "header_order"
    HEADER_FIELD_MISSING = "header_field_missing"
    UNKNOWN_TAG = "unknown_tag"
    UNKNOWN_MSG_TYPE = "unknown_msg_type"
    HANDLING_MISSING = "handling_missing"
    MINOR_CURRENCY = "minor_currency"
    TIME_PRECISION = "time_precision"


class FixRule(StrEnum):
    """Name the rule that a message broke."""

    BEGIN_STRING = "begin_string"
    VERSION = "version"
    BODY_LENGTH = "body_length"
    MSG_TYPE = "msg_type"
    CHECK_SUM = "check_sum"
    HEADER_ORDER = "header_order"
    DELIMITER = "delimiter"
    STRAY_BYTES = "stray_bytes"
    TAG = "tag"
    EMPTY_VALUE = "empty_value"
    CHARACTERS = "characters"
    DATA_LENGTH = "data_length"
    DUPLICATE_TAG = "duplicate_tag"
    GROUP_COUNT = "group_count"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    REQUIRED_FIELD = "required_field"
    TOO_LONG = "too_long"
    FORMAT = "format"
    VALUE = "value"
    CHECK_DIGIT = "check_digit"
    RANGE = "range"
    UNSUPPORTED = "unsupported"
    CONTRADICTION = "contradiction"


class FixInvalid(InputError):
    """Report a FIX message that breaks a rule."""

    code = "ISTH220"


class FixUnreadable(InputError):
    """Report a file of FIX messages that cannot be opened or read."""

    code = "ISTH221"


@dataclass(frozen=True, slots=True)
class FixProblem:
    """Say which message of which source broke which rule in which field, and what to do about it.

    `number` counts what was read from 1, `offset` is the byte where the message begins and `length` how many bytes were
    passed over for it. `cl_ord_id` is known when the fault is in an order that could be read, `msg_type` when the
    message says it near its beginning.
    """

    source: str
    number: int
    offset: int
    rule: FixRule
    problem: str
    instead: str
    tag: int | None = None
    length: int = 0
    cl_ord_id: str | None = None
    msg_type: str | None = None

    @property
    def field(self) -> str:
        """Name the field at fault as `Price(44)`, or nothing when it is the message as a whole."""
        return "" if self.tag is None else field_label(self.tag)

    @property
    def place(self) -> str:
        """Say where the fault is: source, message number, byte offset, field."""
        where = f"{self.source}, message {self.number} at byte {self.offset}"
        return f"{where}, {self.field}" if self.field else where

    def error(self) -> FixInvalid:
        """Make an exception of the problem, for callers that stop at the first one."""
        return FixInvalid(f"{self.problem} (rule {self.rule})", place=self.place, instead=self.instead)

    def __str__(self) -> str:
        """Render as the error would be."""
        return str(self.error())


@dataclass(frozen=True, slots=True)
class FixMessage:
    """Hold the fields of one message in their order, BeginString to CheckSum, as the bytes that were sent.

    `offset` and `length` say which bytes of the source it is.

    Every value but those of data fields (RawData, EncodedText, ...) is printable ASCII: the reader saw to it.
    """

    source: str
    number: int
    offset: int
    version: str
    msg_type: str
    fields: tuple[tuple[int, bytes], ...]
    leniencies: tuple[Leniency, ...] = ()
    length: int = 0

    def value(self, tag: int) -> bytes | None:
        """Return the first value of a tag, or None when the message does not carry it."""
        return next((value for number, value in self.fields if number == tag), None)

    def text(self, tag: int) -> str | None:
        """Return the first value of a tag as text, or None when the message does not carry it."""
        value = self.value(tag)
        return None if value is None else value.decode("ascii", "backslashreplace")

    def problem(self, tag: int | None, rule: FixRule, problem: str, instead: str) -> FixProblem:
        """Describe a fault in one of this message's fields."""
        return FixProblem(
            source=self.source,
            number=self.number,
            offset=self.offset,
            rule=rule,
            problem=problem,
            instead=instead,
            tag=tag,
            cl_ord_id=self.text(11),
            msg_type=self.msg_type,
        )


def encoded(version: str, fields: Iterable[tuple[int, bytes]]) -> bytes:
    """Write a message of the fields from MsgType on, with the BodyLength and CheckSum that belong to them."""
    body = b"".join(b"%d=%b\x01" % field for field in fields)
    message = b"8=%b\x019=%d\x01%b" % (version.encode("ascii"), len(body), body)
    return b"%b10=%03d\x01" % (message, sum(message) % 256)


def shown(value: bytes) -> str:
    """Show bytes from outside in a message: escaped, and cut to 40 bytes."""
    text = value[:SHOWN_BYTES_MAX].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f"'{text}'" if len(value) <= SHOWN_BYTES_MAX else f"'{text}'... ({len(value)} bytes)"


@dataclass(frozen=True, slots=True)
class Finding:
    """Describe what is wrong with a message, and the leniency that would forgive it, if one does."""

    rule: FixRule
    tag: int | None
    problem: str
    instead: str
    leniency: Leniency | None = None


class Fault(Exception):
    """Stop judging a message at the first finding that is not forgiven; it never leaves the FIX layer."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.problem)
        self.finding = finding


def in_order(leniencies: Iterable[Leniency]) -> tuple[Leniency, ...]:
    """List each leniency once, in the order of their definition."""
    found = set(leniencies)
    return tuple(leniency for leniency in Leniency if leniency in found)
