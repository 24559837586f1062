"""What a reader takes, what it forgives, and what it refuses, message by message."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from isthmus.adapters.venues.fix_message import (
    FixMessage,
    FixProblem,
    FixRule,
    FixUnreadable,
    Leniency,
    Mode,
    encoded,
)
from isthmus.adapters.venues.fix_reader import MESSAGE_BYTES_MAX, READ_BYTES, read_fix

HEADER = ((35, b"D"), (49, b"CLIENT"), (56, b"BROKER"), (34, b"7"), (52, b"20130301-15:00:00"))
ORDER = (
    *HEADER,
    (11, b"A2"),
    (21, b"1"),
    (55, b"IBM"),
    (54, b"1"),
    (38, b"100"),
    (40, b"1"),
    (60, b"20130301-15:00:00"),
)
GOOD = encoded("FIX.4.2", ORDER)


def with_fields(*more: tuple[int, bytes], version: str = "FIX.4.4") -> bytes:
    return encoded(version, (*ORDER, *more))


def zeroed(message: bytes) -> bytes:
    head, _, rest = message.partition(b"\x019=")
    _, _, body = rest.partition(b"\x01")
    return head + b"\x019=0\x01" + body[: body.rindex(b"10=")] + b"10=000\x01"


def wrong_sum(message: bytes) -> bytes:
    given = int(message[-4:-1])
    return message[:-4] + b"%03d\x01" % ((given + 1) % 255 + 1)


def read(content: bytes, mode: Mode = Mode.STRICT) -> list[FixMessage | FixProblem]:
    return list(read_fix(io.BytesIO(content), mode=mode, source="test.fix"))


def only_message(content: bytes, mode: Mode = Mode.STRICT) -> FixMessage:
    (item,) = read(content, mode)
    assert isinstance(item, FixMessage), item
    return item


def only_problem(content: bytes, mode: Mode = Mode.STRICT) -> FixProblem:
    (item,) = read(content, mode)
    assert isinstance(item, FixProblem), item
    return item


def outcomes(content: bytes, mode: Mode) -> list[str]:
    return [item.rule if isinstance(item, FixProblem) else item.msg_type for item in read(content, mode)]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"\n\n"])
def test_messages_follow_each_other_directly_or_on_lines_of_their_own(between: bytes, mode: Mode) -> None:
    messages = read(between.join([GOOD] * 3) + between, mode)

    assert [(item.number, item.leniencies) for item in messages if isinstance(item, FixMessage)] == [
        (1, ()),
        (2, ()),
        (3, ()),
    ]
    assert [item.offset for item in messages] == [place * (len(GOOD) + len(between)) for place in range(3)]


def test_a_message_gives_its_fields_in_their_order() -> None:
    message = only_message(GOOD)

    assert (message.version, message.msg_type, message.source) == ("FIX.4.2", "D", "test.fix")
    assert message.fields[2:-1] == ORDER
    assert (message.text(55), message.text(9999)) == ("IBM", None)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("version", ["FIX.4.0", "FIX.4.1", "FIX.4.3", "FIXT.1.1", "FIX.5.0", "FIX"])
def test_another_version_is_a_problem(version: str, mode: Mode) -> None:
    assert only_problem(encoded(version, ORDER), mode).rule == FixRule.VERSION


FORGIVEN = {
    "check sum zeroed": (GOOD[:-4] + b"000\x01", FixRule.CHECK_SUM, Leniency.CHECK_SUM_ZEROED),
    "check sum wrong": (wrong_sum(GOOD), FixRule.CHECK_SUM, Leniency.CHECK_SUM_WRONG),
    "body length zeroed": (zeroed(GOOD), FixRule.CHECK_SUM, Leniency.BODY_LENGTH_ZEROED),
    "pipes": (GOOD.replace(b"\x01", b"|"), FixRule.DELIMITER, Leniency.PIPE_DELIMITER),
    "pipes on a line": (GOOD.replace(b"\x01", b"|") + b"\r\n", FixRule.DELIMITER, Leniency.PIPE_DELIMITER),
    "no last delimiter": (GOOD[:-1], FixRule.DELIMITER, Leniency.FINAL_DELIMITER_MISSING),
    "no last delimiter on a line": (GOOD[:-1] + b"\n", FixRule.DELIMITER, Leniency.FINAL_DELIMITER_MISSING),
    "header after body": (
        encoded("FIX.4.4", (HEADER[0], *ORDER[5:], *HEADER[1:])),
        FixRule.HEADER_ORDER,
        Leniency.HEADER_ORDER,
    ),
    "no sending time": (
        encoded("FIX.4.4", (*HEADER[:4], *ORDER[5:])),
        FixRule.REQUIRED_FIELD,
        Leniency.HEADER_FIELD_MISSING,
    ),
    "tag that nobody defined": (with_fields((999, b"X")), FixRule.TAG, Leniency.UNKNOWN_TAG),
    "type that nobody defined": (
        encoded("FIX.4.4", ((35, b"zz"), *HEADER[1:])),
        FixRule.MSG_TYPE,
        Leniency.UNKNOWN_MSG_TYPE,
    ),
}


@pytest.mark.parametrize("name", FORGIVEN)
def test_strict_refuses_what_lenient_forgives_and_writes_down(name: str) -> None:
    content, rule, leniency = FORGIVEN[name]

    assert only_problem(content, Mode.STRICT).rule == rule
    assert leniency in only_message(content, Mode.LENIENT).leniencies


@pytest.mark.parametrize(
    ("stray", "leniency"),
    [
        (b"\x01", Leniency.STRAY_SEPARATORS),
        (b" | ", Leniency.STRAY_SEPARATORS),
        (b"2013-03-01 15:00:00.123 INFO > ", Leniency.LOG_PREFIX),
    ],
)
def test_what_a_log_puts_before_a_message_is_its_own_problem_in_strict_mode(stray: bytes, leniency: Leniency) -> None:
    content = GOOD + b"\n" + stray + GOOD

    assert outcomes(content, Mode.STRICT) == ["D", FixRule.STRAY_BYTES, "D"]
    first, second = read(content, Mode.LENIENT)
    assert isinstance(first, FixMessage)
    assert isinstance(second, FixMessage)
    assert (first.leniencies, second.leniencies) == ((), (leniency,))


@pytest.mark.parametrize(
    "stray",
    [
        b"10=123\x01",
        b"7=FIX.4.2\x0135=D\x0155=IBM\x01",
        b"garbage\nmore garbage\n",
        b"\xff\xfe",
        b"x" * 300,
        b"35=D|8=FIY|",
    ],
)
def test_bytes_that_may_have_been_a_message_are_never_passed_over_silently(stray: bytes) -> None:
    assert outcomes(GOOD + stray + GOOD, Mode.LENIENT) == ["D", FixRule.STRAY_BYTES, "D"]


REFUSED = {
    "garbled tag": (GOOD.replace(b"49=", b"4garbled9="), FixRule.TAG, None),
    "tag zero": (with_fields((0, b"X")), FixRule.TAG, None),
    "negative tag": (with_fields((-1, b"X")), FixRule.TAG, None),
    "tag with leading zeros": (GOOD.replace(b"\x0155=", b"\x01055="), FixRule.TAG, None),
    "tag of a million digits": (GOOD.replace(b"\x0155=", b"\x01" + b"5" * 10_000 + b"="), FixRule.TAG, None),
    "no equals sign": (GOOD.replace(b"55=IBM", b"55IBM"), FixRule.TAG, None),
    "no value": (GOOD.replace(b"55=IBM", b"55="), FixRule.EMPTY_VALUE, 55),
    "not ASCII": (with_fields((58, "café".encode())), FixRule.CHARACTERS, 58),
    "NUL": (with_fields((58, b"a\x00b")), FixRule.CHARACTERS, 58),
    "line end in a value": (with_fields((58, b"a\nb")), FixRule.CHARACTERS, 58),
    "field twice": (with_fields((38, b"900")), FixRule.DUPLICATE_TAG, 38),
    "header field twice": (encoded("FIX.4.4", (*HEADER, (49, b"X"), *ORDER[5:])), FixRule.DUPLICATE_TAG, 49),
    "count too high": (with_fields((386, b"3"), (336, b"A"), (336, b"B")), FixRule.GROUP_COUNT, 386),
    "count is no number": (with_fields((386, b"x"), (336, b"A")), FixRule.GROUP_COUNT, 386),
    "group begins elsewhere": (with_fields((78, b"1"), (80, b"5"), (79, b"A")), FixRule.GROUP_COUNT, 78),
    "field twice in a group": (
        with_fields((453, b"1"), (448, b"A"), (452, b"1"), (452, b"3")),
        FixRule.DUPLICATE_TAG,
        452,
    ),
    "data longer than it says": (with_fields((95, b"3"), (96, b"abcdef")), FixRule.DATA_LENGTH, 95),
    "data shorter than it says": (with_fields((95, b"300"), (96, b"abc")), FixRule.DATA_LENGTH, 95),
    "data without its length": (with_fields((96, b"abc")), FixRule.DATA_LENGTH, 96),
    "length without its data": (with_fields((95, b"3"), (58, b"abc")), FixRule.DATA_LENGTH, 95),
    "huge data length": (with_fields((95, b"9" * 5000), (96, b"abc")), FixRule.DATA_LENGTH, 95),
    "body length is no number": (GOOD.replace(b"\x019=", b"\x019=x"), FixRule.BODY_LENGTH, 9),
    "check sum is no number": (GOOD[:-4] + b"abc\x01", FixRule.CHECK_SUM, 10),
    "type is not third": (encoded("FIX.4.4", (HEADER[1], HEADER[0], *ORDER[2:])), FixRule.MSG_TYPE, 35),
    "pipes and SOH": (GOOD.replace(b"\x01", b"|").replace(b"IBM", b"I\x01M"), FixRule.DELIMITER, 8),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_changes_the_meaning_is_refused_in_both_modes(name: str) -> None:
    content, rule, tag = REFUSED[name]

    problem = only_problem(content, Mode.LENIENT)

    assert (problem.rule, problem.tag) == (rule, tag)
    assert isinstance(only_problem(content, Mode.STRICT), FixProblem)


def test_data_may_hold_delimiters_and_whole_messages() -> None:
    data = b"a\x01b=|\n" + GOOD
    content = with_fields((95, b"%d" % len(data)), (96, data))

    first, second = read(content + GOOD)

    assert isinstance(first, FixMessage)
    assert isinstance(second, FixMessage)
    assert (first.value(96), second.fields[2:-1]) == (data, ORDER)


def test_data_that_reaches_over_the_check_sum_is_refused() -> None:
    content = encoded("FIX.4.4", [*ORDER, (95, b"10"), (96, b"abc")])

    assert only_problem(content, Mode.LENIENT).rule == FixRule.DATA_LENGTH


def test_a_short_check_sum_may_follow_data() -> None:
    for filler in range(256):
        content = encoded("FIX.4.4", [*ORDER, (95, b"1"), (96, bytes([filler]))])
        if content.endswith(b"10=007\x01"):
            short = content.replace(b"10=007\x01", b"10=7\x01")

            assert only_message(short, Mode.LENIENT).leniencies == (Leniency.CHECK_SUM_NOT_THREE_DIGITS,)
            return
    raise AssertionError("no byte gives the sum")


def test_fields_of_ones_own_are_taken_from_tag_5000_on() -> None:
    assert only_message(with_fields((5000, b"X"), (8201, b"1"))).text(5000) == "X"


@pytest.mark.parametrize("mode", Mode)
def test_a_message_that_breaks_off_is_a_problem_and_the_next_is_read(mode: Mode) -> None:
    half = GOOD[:60]

    for rest in (b"", b"\n" + GOOD, b"\x01" + GOOD):
        expected = [FixRule.TRUNCATED, *(["D"] if rest else [])]
        assert outcomes(half + rest, mode) == expected


@pytest.mark.parametrize("mode", Mode)
def test_a_length_that_reaches_into_the_next_message_swallows_nothing(mode: Mode) -> None:
    body = int(GOOD.split(b"\x01")[1][2:])
    lying = GOOD.replace(b"9=%d\x01" % body, b"9=%d\x01" % (body + len(GOOD)))
    expected = "D" if mode is Mode.LENIENT else FixRule.CHECK_SUM

    assert outcomes(lying + GOOD, mode) == [expected, "D"]
    assert outcomes(lying + b"\n" + GOOD, mode) == [expected, "D"]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("filler", [b"x", b"\x00", b"1=2\x01", b"8=FI"])
@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX, 40 * MESSAGE_BYTES_MAX])
def test_a_message_that_never_ends_is_too_large_and_the_next_is_read(filler: bytes, size: int, mode: Mode) -> None:
    endless = b"8=FIX.4.2\x019=5\x0135=D\x0158=" + filler * (size // len(filler) + 1)

    problem, *others = read(endless + b"\n" + GOOD, mode)

    assert isinstance(problem, FixProblem)
    assert (problem.rule, problem.length) == (FixRule.TOO_LARGE, len(endless) + 1)
    assert [type(other) for other in others] == [FixMessage]


def test_stray_bytes_of_any_size_are_one_problem() -> None:
    stray = b"\x00" * (20 * MESSAGE_BYTES_MAX)

    problem, message = read(stray + b"\n" + GOOD)

    assert isinstance(problem, FixProblem)
    assert (problem.rule, problem.offset) == (FixRule.STRAY_BYTES, 0)
    assert isinstance(message, FixMessage)
    assert message.offset == len(stray) + 1


@pytest.mark.parametrize("before", [b"\x00", b"8=FIX.4.2\x01x"])
def test_the_next_message_is_found_wherever_reads_of_the_stream_divide_it(before: bytes) -> None:
    for size in range(3 * READ_BYTES - 12, 3 * READ_BYTES + 1):
        items = read(before + b"\x00" * (size - len(before)) + b"\n" + GOOD)

        assert [type(item) for item in items] == [FixProblem, FixMessage]


def test_a_message_may_be_as_large_as_the_limit_and_lie_across_reads() -> None:
    large = with_fields((58, b"x" * 60_000))

    messages = read(large * 20)

    assert [type(message) for message in messages] == [FixMessage] * 20


def test_a_problem_names_source_message_offset_field_and_rule_and_says_what_to_do() -> None:
    _, problem = read(GOOD + b"\n" + GOOD.replace(b"55=IBM", b"55="), Mode.LENIENT)

    assert str(problem) == (
        f"test.fix, message 2 at byte {len(GOOD) + 1}, Symbol(55): the field has no value (rule empty_value) "
        "(leave the field out, or give it a value) [ISTH220]"
    )


def test_nothing_is_in_an_empty_file() -> None:
    assert read(b"") == read(b"\r\n\n") == []


@pytest.mark.parametrize("name", ["missing.fix", "", "\0"])
def test_a_file_that_cannot_be_read_raises_with_place_and_remedy(name: str, tmp_path: Path) -> None:
    with pytest.raises(FixUnreadable) as raised:
        list(read_fix(f"{tmp_path}/{name}", mode=Mode.STRICT, source=name or "a folder"))

    assert raised.value.instead
    assert raised.value.code == "ISTH221"


def test_a_stream_of_text_is_refused() -> None:
    with pytest.raises(FixUnreadable, match="binary"):
        list(read_fix(io.StringIO("8=FIX.4.2"), mode=Mode.STRICT, source="text"))  # type: ignore[arg-type]


def test_a_stream_that_fails_while_it_is_read_raises_an_error_of_ours() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(FixUnreadable, match="Input/output error"):
        list(read_fix(Failing(), mode=Mode.STRICT, source="disk"))


def test_real_messages_whose_publisher_zeroed_lengths_and_sums_are_read_leniently(trading_day: Path) -> None:
    items = list(read_fix(trading_day / "orders-fix42.fix", mode=Mode.LENIENT, source="orders-fix42.fix"))

    types = [item.msg_type for item in items if isinstance(item, FixMessage)]
    assert (len(items), types.count("D"), types.count("8")) == (100, 75, 25)
    strict = list(read_fix(trading_day / "orders-fix42.fix", mode=Mode.STRICT, source="orders-fix42.fix"))
    assert all(isinstance(item, FixProblem) for item in strict)


def test_published_examples_with_stray_separators_and_wrong_sums_are_read_leniently(fix_files: Path) -> None:
    crosses = (fix_files / "fix44_new_order_cross.txt").read_bytes()

    messages = read(crosses, Mode.LENIENT)

    assert [item.msg_type for item in messages if isinstance(item, FixMessage)] == ["s"] * 4
    assert outcomes((fix_files / "fix42_order_single.txt").read_bytes(), Mode.LENIENT) == ["D"]


def test_of_the_messages_of_another_readers_tests_each_is_taken_or_refused_by_its_rule(trading_day: Path) -> None:
    items = list(read_fix(trading_day / "orders-fix44.fix", mode=Mode.LENIENT, source="orders-fix44.fix"))

    problems = [item.rule for item in items if isinstance(item, FixProblem)]
    assert {rule: problems.count(rule) for rule in problems} == {
        FixRule.VERSION: 14,
        FixRule.DATA_LENGTH: 3,
        FixRule.GROUP_COUNT: 2,
        FixRule.BODY_LENGTH: 2,
        FixRule.STRAY_BYTES: 1,
        FixRule.MSG_TYPE: 1,
    }
    assert len(items) - len(problems) == 41
