"""No input raises anything but the reader's own errors, and nothing that came is passed over silently."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.adapters.venues.fix_dictionary import CHECK_SUM, DATA_BY_LENGTH, DATA_TAGS, HEADER_TAGS, ORDER_GROUPS
from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, Leniency, Mode, encoded
from isthmus.adapters.venues.fix_order import NewOrderSingle, Skipped, read_order
from isthmus.adapters.venues.fix_reader import MESSAGE_BYTES_MAX, read_fix

FOLDER = Path(__file__).parents[2] / "examples" / "trading-day"
REAL_MESSAGES = [
    line + b"\n"
    for name in ("orders-fix42.fix", "orders-fix44.fix", "orders-priced.fix")
    for line in (FOLDER / name).read_bytes().splitlines()
]
PIECES = [
    b"\x01",
    b"|",
    b"\n",
    b"\r",
    b"=",
    b"8=FIX",
    b"8=FIX.4.2\x01",
    b"9=",
    b"9=5\x01",
    b"35=D\x01",
    b"\x0110=",
    b"000\x01",
]
MORE_PIECES = [
    b"95=3\x01",
    b"96=",
    b"453=2\x01",
    b"448=A\x01",
    b"\x00",
    b"\xff",
    b"-1",
    b"9" * 40,
    b"x",
    b"10=128\x01",
    b"49=A\x01",
]

modes = st.sampled_from(Mode)
header = st.tuples(
    st.just((35, b"D")), st.just((49, b"CLIENT")), st.just((56, b"BROKER")), st.just((34, b"1")), st.just((52, b"now"))
)
plain_tags = st.integers(min_value=1, max_value=956) | st.integers(min_value=5000, max_value=999_999)
body_tags = plain_tags.filter(
    lambda tag: tag not in DATA_BY_LENGTH and tag not in DATA_TAGS and tag not in ORDER_GROUPS and not is_header(tag)
)
values = st.binary(min_size=1, max_size=40).map(lambda raw: bytes(32 + byte % 95 for byte in raw))
plain_fields = st.dictionaries(body_tags, values, max_size=30).map(lambda found: list(found.items()))
data_fields = st.tuples(
    st.sampled_from(sorted(set(DATA_BY_LENGTH) - {90, 93, 212})), st.binary(min_size=1, max_size=200)
).map(lambda pair: [(pair[0], b"%d" % len(pair[1])), (DATA_BY_LENGTH[pair[0]], pair[1])])


def is_header(tag: int) -> bool:
    return tag in HEADER_TAGS or tag == CHECK_SUM


@st.composite
def valid_messages(draw: st.DrawFn) -> bytes:
    fields = [*draw(header), *draw(plain_fields), *draw(st.just([]) | data_fields)]
    return encoded(draw(st.sampled_from(["FIX.4.2", "FIX.4.4"])), fields)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(b"".join(draw(st.lists(st.sampled_from(REAL_MESSAGES), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(min_value=1, max_value=6))):
        start = draw(st.integers(min_value=0, max_value=len(content)))
        end = start + draw(st.integers(min_value=0, max_value=12))
        content[start:end] = draw(st.binary(max_size=6) | st.sampled_from(PIECES + MORE_PIECES))
    return bytes(content)


pieced = st.lists(st.sampled_from(PIECES + MORE_PIECES) | st.binary(max_size=4), max_size=60).map(b"".join)


class Dripping(io.RawIOBase):
    """Give a few bytes at a time, as a pipe does."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content = io.BytesIO(content)
        self._size = size

    def read(self, size: int = -1) -> bytes:
        return self._content.read(min(size, self._size))


def read(content: bytes, mode: Mode) -> list[FixMessage | FixProblem]:
    return list(read_fix(io.BytesIO(content), mode=mode, source="fuzz"))


def judged(content: bytes, mode: Mode) -> list[FixMessage | FixProblem]:
    items = read(content, mode)
    for item in items:
        if isinstance(item, FixMessage):
            assert isinstance(read_order(item, mode=mode), (NewOrderSingle, FixProblem, Skipped))
        else:
            assert str(item)
    return items


@given(st.binary(max_size=2000) | pieced | mutated(), modes)
@settings(max_examples=1500)
def test_no_input_raises_anything_but_errors_of_ours(content: bytes, mode: Mode) -> None:
    judged(content, mode)


@given(pieced | mutated(), modes)
@settings(max_examples=500)
def test_every_byte_belongs_to_an_item_or_lies_before_one_that_says_so(content: bytes, mode: Mode) -> None:
    items = judged(content, mode)

    assert [item.number for item in items] == list(range(1, len(items) + 1))
    reached = 0
    for item in items:
        gap = content[reached : item.offset]
        forgiven = item.leniencies if isinstance(item, FixMessage) else ()
        strays = {Leniency.STRAY_SEPARATORS, Leniency.LOG_PREFIX} & set(forgiven)
        assert item.offset >= reached
        assert strays or not gap.strip(b"\r\n") or (mode is Mode.LENIENT and isinstance(item, FixProblem))
        reached = item.offset + item.length
    assert not content[reached:].strip(b"\r\n")


@given(pieced | mutated())
@settings(max_examples=500)
def test_what_strict_takes_lenient_takes_alike_and_forgives_nothing(content: bytes) -> None:
    strict = [item for item in read(content, Mode.STRICT) if isinstance(item, FixMessage)]
    lenient = {item.offset: item for item in read(content, Mode.LENIENT) if isinstance(item, FixMessage)}

    assert not any(item.leniencies for item in strict)
    assert all(lenient[item.offset].fields == item.fields for item in strict)


@given(pieced | mutated(), st.integers(min_value=1, max_value=50), modes)
@settings(max_examples=300)
def test_it_does_not_matter_in_which_pieces_the_bytes_arrive(content: bytes, size: int, mode: Mode) -> None:
    stream = Dripping(content, size)

    assert list(read_fix(stream, mode=mode, source="fuzz")) == read(content, mode)  # type: ignore[arg-type]


@given(st.lists(st.tuples(valid_messages(), st.sampled_from([b"", b"\n", b"\r\n"])), min_size=1, max_size=5), modes)
@settings(max_examples=400)
def test_every_valid_message_is_read_as_it_was_written(messages: list[tuple[bytes, bytes]], mode: Mode) -> None:
    items = read(b"".join(message + end for message, end in messages), mode)

    assert not [str(item) for item in items if isinstance(item, FixProblem)]
    written = [encoded(item.version, item.fields[2:-1]) for item in items if isinstance(item, FixMessage)]
    assert written == [message for message, _ in messages]
    assert not any(item.leniencies for item in items if isinstance(item, FixMessage))


@given(valid_messages(), st.data())
@settings(max_examples=300)
def test_a_byte_that_was_changed_on_the_way_never_passes_a_strict_reader(message: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(min_value=0, max_value=len(message) - 1))
    byte = data.draw(st.integers(min_value=0, max_value=255).filter(lambda other: other != message[place]))
    changed = message[:place] + bytes([byte]) + message[place + 1 :]

    items = read(changed, Mode.STRICT)

    assert items == [] if not changed.strip(b"\r\n") else all(isinstance(item, FixProblem) for item in items)
    assert items


def seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


HOSTILE = {
    "beginnings": b"8=FIX" * 200_000,
    "beginnings after delimiters": b"\x018=FIX.4.2" * 200_000,
    "beginnings on lines": b"\n8=FIX.4.2\x019=99999\x01" * 100_000,
    "tag of a million digits": b"8=FIX.4.2\x019=5\x0135=D\x01" + b"1" * 1_000_000 + b"=x\x0110=000\x01",
    "number of a million digits": b"8=FIX.4.2\x019=" + b"9" * 1_000_000 + b"\x0135=D\x0110=000\x01",
    "NULs": b"\x00" * 1_000_000,
    "delimiters": b"\x01" * 1_000_000,
    "line ends": b"\n" * 1_000_000,
    "check sums": b"8=FIX.4.2\x01" + b"10=1\x01" * 200_000,
    "digits": b"8" * 1_000_000,
    "many small fields": (b"8=FIX.4.2\x019=0\x0135=D\x01" + b"1=2\x01" * 15_000 + b"10=000\x01") * 20,
}


def test_hostile_bytes_cost_time_in_proportion_to_their_number() -> None:
    for name, content in HOSTILE.items():
        for mode in Mode:
            taken = seconds(lambda content=content, mode=mode: judged(content, mode))  # type: ignore[misc]

            assert taken < 20, f"{name}: {taken:.1f} s for {len(content):,} bytes"


def test_a_file_of_any_size_is_read_in_bounded_memory() -> None:
    class Endless(io.RawIOBase):
        left = 8_000_000
        served = b"".join(REAL_MESSAGES[-200:])

        def read(self, size: int = -1) -> bytes:
            if self.left <= 0:
                return b""
            self.left -= len(self.served)
            return self.served

    tracemalloc.start()
    try:
        endless: BinaryIO = Endless()  # type: ignore[assignment]
        count = sum(1 for _ in read_fix(endless, mode=Mode.STRICT, source="endless"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count > 20_000
    assert peak < 40 * MESSAGE_BYTES_MAX
