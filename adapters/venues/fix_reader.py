"""Read FIX 4.2 and 4.4 messages from files and streams of any size, one at a time.

    for item in read_fix("orders.fix", mode=Mode.LENIENT, source="orders.fix"):
        match item:
            case FixMessage(): ...       its fields, and what was forgiven
            case FixProblem(): ...       which message broke which rule in which field; the next one is read on

Messages may follow each other directly or on lines of their own. A message ends where its BodyLength says, if a
CheckSum is there; otherwise at its CheckSum, and at the latest where the line ends or another message begins. A lenient
reader also takes `|` for the delimiter, and text of a log before a message on its line.

Memory is bounded: a message of more than 64 KiB is a problem, and what follows it is read on from the next message.
This is a reader of our own because its strictness is the point: a library that checks neither lengths nor sums, and
raises on a tag that is no number, would leave the work to be done. It is not a FIX session: no sequence, no resending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from isthmus.adapters.venues.fix_dictionary import BEGIN_STRING, CHECK_SUM
from isthmus.adapters.venues.fix_message import (
    Fault,
    Finding,
    FixMessage,
    FixProblem,
    FixRule,
    FixUnreadable,
    Leniency,
    Mode,
    in_order,
    shown,
)
from isthmus.adapters.venues.fix_parse import SOH, Judge, parse

MESSAGE_BYTES_MAX: Final = 64 * 1024
READ_BYTES: Final = 256 * 1024
LOG_PREFIX_BYTES_MAX: Final = 256
KEPT_BYTES: Final = 8
HEAD_BYTES: Final = 256
PIPE: Final = b"|"

START: Final = re.compile(rb"(?<![0-9])8=FIX")
NEXT_START: Final = re.compile(rb"[\x01|\r\n]8=FIX")
HEAD: Final = re.compile(rb"8=FIX[^\x01|\r\n]{0,12}([\x01|])(?:9=([0-9]{1,7})\1)?")
MSG_TYPE_FIELD: Final = re.compile(rb"[\x01|]35=([A-Za-z0-9]{1,2})[\x01|]")
BETWEEN: Final = re.compile(rb"[\r\n]*")
LINE_END: Final = re.compile(rb"[\r\n]")
SEPARATORS: Final = re.compile(rb"[\x01|\t \r\n]*")
LOG_PREFIX: Final = re.compile(rb"[\x20-\x7e\t]{1,%d}" % LOG_PREFIX_BYTES_MAX)
FIELD_LIKE: Final = re.compile(rb"(?:^|[\x01|])[0-9]+=")
STOP: Final = {SOH: re.compile(rb"\n|[\x01\r]8=FIX"), PIPE: re.compile(rb"\n|[|\r]8=FIX")}
TRAILER: Final = {SOH: re.compile(rb"\x0110=[0-9]+\x01"), PIPE: re.compile(rb"\|10=[0-9]+\|")}
END: Final = {SOH: re.compile(rb"\x0110=([^\x01\r]*)(\x01|\r?\Z)"), PIPE: re.compile(rb"\|10=([^|\r]*)(\||\r?\Z)")}


def read_fix(source_file: Path | str | BinaryIO, *, mode: Mode, source: str) -> Iterator[FixMessage | FixProblem]:
    """Yield each message of a file or binary stream, or what is wrong with it; a file that cannot be read raises.

    `source` is what problems call the file. A stream that is passed in stays open.
    """
    try:
        opened = _open(source_file)
    except (OSError, ValueError) as error:
        raise _unreadable(source, error) from error
    with opened as stream:
        yield from _Reader(_Window(stream, source), mode, source).items()


def _open(source_file: Path | str | BinaryIO) -> AbstractContextManager[BinaryIO]:
    if isinstance(source_file, (str, Path)):
        return Path(source_file).open("rb")
    return nullcontext(source_file)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Hold the bytes of one message, with SOH for delimiter, and what was found on the way to them."""

    end: int
    message: bytes
    findings: tuple[Finding, ...] = ()


class _Window:
    """Hold the part of a stream that is being looked at: at least two messages' worth of it, unless the stream ends."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        self._stream = stream
        self._source = source
        self.bytes = b""
        self.position = 0
        self.ended = False
        self._passed = 0

    @property
    def offset(self) -> int:
        """Return where in the stream the position is."""
        return self._passed + self.position

    def fill(self) -> None:
        """Read on until two messages' worth of bytes lie ahead, or the stream ends."""
        while not self.ended and len(self.bytes) - self.position < 2 * MESSAGE_BYTES_MAX:
            try:
                chunk = self._stream.read(READ_BYTES)
            except (OSError, ValueError) as error:
                raise _unreadable(self._source, error) from error
            if not isinstance(chunk, bytes):
                raise FixUnreadable(
                    "the stream does not give bytes", place=self._source, instead="open it in binary mode"
                )
            self.ended = not chunk
            self._passed += self.position
            self.bytes = self.bytes[self.position :] + chunk
            self.position = 0

    def skip_to(self, pattern: re.Pattern[bytes], lead: int) -> None:
        """Go on to a match's start and `lead` bytes further, however far that is, or to the end."""
        while True:
            match = pattern.search(self.bytes, self.position)
            if match is not None or self.ended:
                self.position = len(self.bytes) if match is None else match.start() + lead
                return
            self.position = max(self.position, len(self.bytes) - KEPT_BYTES)
            self.fill()


class _Reader:
    """Go through a window message by message."""

    def __init__(self, window: _Window, mode: Mode, source: str) -> None:
        self._window = window
        self._mode = mode
        self._source = source
        self._number = 0

    def items(self) -> Iterator[FixMessage | FixProblem]:
        """Yield every message and every problem, in the order of the stream."""
        window = self._window
        while True:
            window.fill()
            window.position = self._after_line_ends()
            if window.position == len(window.bytes):
                if window.ended:
                    return
                continue
            judge = Judge(self._mode)
            if not window.bytes.startswith(b"8=FIX", window.position):
                problem = self._pass_strays(judge)
                if problem is not None:
                    yield problem
                if window.position == len(window.bytes):
                    continue
                window.fill()
            yield self._message(judge)

    def _after_line_ends(self) -> int:
        match = BETWEEN.match(self._window.bytes, self._window.position)
        assert match is not None
        return match.end()

    def _message(self, judge: Judge) -> FixMessage | FixProblem:
        """Take one message, which begins at the position, and move past it."""
        window = self._window
        begin, offset = window.position, window.offset
        self._number += 1
        frame = _frame(window.bytes, begin, ended=window.ended)
        if isinstance(frame, Finding):
            kind = _msg_type(window.bytes[begin : begin + HEAD_BYTES])
            window.position = begin + 1
            window.skip_to(NEXT_START, lead=1)
            return self._problem(frame, offset, window.offset - offset, kind)
        window.position = frame.end
        try:
            for finding in frame.findings:
                judge.hear(finding)
            version, msg_type, fields = parse(frame.message, judge)
        except Fault as fault:
            head = window.bytes[begin : min(frame.end, begin + HEAD_BYTES)]
            return self._problem(fault.finding, offset, window.offset - offset, _msg_type(head))
        forgiven = in_order(judge.forgiven) if judge.forgiven else ()
        length = frame.end - begin
        return FixMessage(self._source, self._number, offset, version, msg_type, fields, forgiven, length)

    def _pass_strays(self, judge: Judge) -> FixProblem | None:
        """Move on to where a message begins, and say what is wrong with the bytes before it if it is not forgiven."""
        window = self._window
        begin, offset, sample = window.position, window.offset, window.bytes[window.position : window.position + 64]
        match = START.search(window.bytes, begin)
        if match is None and not window.ended:
            window.skip_to(START, lead=0)
            return self._stray(offset, sample)
        window.position = len(window.bytes) if match is None else match.start()
        finding = _between(window.bytes[begin : window.position], before_message=match is not None)
        try:
            judge.hear(finding)
        except Fault:
            return self._stray(offset, sample)
        return None

    def _stray(self, offset: int, sample: bytes) -> FixProblem:
        self._number += 1
        length = self._window.offset - offset
        return self._problem(_stray_bytes(sample[:length]), offset, length)

    def _problem(self, finding: Finding, offset: int, length: int, msg_type: str | None = None) -> FixProblem:
        return FixProblem(
            source=self._source,
            number=self._number,
            offset=offset,
            rule=finding.rule,
            problem=finding.problem,
            instead=finding.instead,
            tag=finding.tag,
            length=length,
            msg_type=msg_type,
        )


def _msg_type(head: bytes) -> str | None:
    """Return what a message that is wrong says its type is, so that it can be told from an order."""
    match = MSG_TYPE_FIELD.search(head)
    return match[1].decode("ascii") if match else None


def _frame(window: bytes, begin: int, *, ended: bool) -> _Frame | Finding:
    """Find where the message that begins here ends; a finding means that it is too large."""
    head = HEAD.match(window, begin)
    delimiter = head[1] if head else SOH
    if head and head[2]:
        trailer = head.end() + int(head[2]) - 1
        end = TRAILER[delimiter].match(window, trailer) if trailer - begin <= MESSAGE_BYTES_MAX else None
        if end and _is_one_message(window, begin, trailer + 1, delimiter):
            return _framed(window[begin : end.end()], end.end(), delimiter)
    return _frame_by_search(window, begin, delimiter, ended=ended)


def _is_one_message(window: bytes, begin: int, trailer: int, delimiter: bytes) -> bool:
    """Say whether a message that is as long as it says is one, not one that swallows the next.

    Only data may hold an end of line, or what looks like another message's beginning, and then the CheckSum is right.
    """
    if window.find(delimiter + b"8=FIX", begin, trailer) < 0 and LINE_END.search(window, begin, trailer) is None:
        return True
    end = window.find(delimiter, trailer)
    return sum(window[begin:trailer]) % 256 == int(window[trailer + 3 : end][:7] or b"0")


def _frame_by_search(window: bytes, begin: int, delimiter: bytes, *, ended: bool) -> _Frame | Finding:
    """Find the end of a message whose BodyLength does not lead to a CheckSum."""
    stop = STOP[delimiter].search(window, begin + 1, begin + MESSAGE_BYTES_MAX)
    if stop is not None:
        limit = stop.start() if stop[0] == b"\n" else stop.start() + 1
    else:
        limit = min(len(window), begin + MESSAGE_BYTES_MAX)
    end = END[delimiter].search(window, begin, limit)
    cut = stop is None and not (ended and limit == len(window))
    if cut and (end is None or not end[2]):
        problem = f"no end of the message within {MESSAGE_BYTES_MAX} bytes"
        return Finding(FixRule.TOO_LARGE, None, problem, "send smaller messages, each with its CheckSum")
    if end is None:
        problem = "the message ends without a CheckSum"
        finding = Finding(FixRule.TRUNCATED, CHECK_SUM, problem, "send the whole message")
        return _Frame(limit, b"", (finding,))
    if end[2] == delimiter:
        return _framed(window[begin : end.end()], end.end(), delimiter)
    missing = Finding(
        FixRule.DELIMITER,
        CHECK_SUM,
        "no delimiter follows the CheckSum",
        "end the message with SOH (byte 0x01)",
        Leniency.FINAL_DELIMITER_MISSING,
    )
    return _framed(window[begin : end.end(1)] + delimiter, limit, delimiter, missing)


def _framed(message: bytes, end: int, delimiter: bytes, *findings: Finding) -> _Frame:
    """Give a message its SOH delimiters, and note that it had others."""
    if delimiter == SOH:
        return _Frame(end, message, findings)
    mixed = SOH in message
    problem = "the message mixes | and SOH" if mixed else "the fields are delimited by |"
    leniency = None if mixed else Leniency.PIPE_DELIMITER
    piped = Finding(FixRule.DELIMITER, BEGIN_STRING, problem, "delimit fields with SOH (byte 0x01)", leniency)
    return _Frame(end, message.replace(PIPE, SOH), (piped, *findings))


def _between(gap: bytes, *, before_message: bool) -> Finding:
    """Judge what stands before a message: separators and a log's prefix can be forgiven, anything else not."""
    earlier, newline, last = gap.rpartition(b"\n")
    if before_message and SEPARATORS.fullmatch(gap):
        return _stray_bytes(gap, Leniency.STRAY_SEPARATORS)
    is_prefix = LOG_PREFIX.fullmatch(last) and not FIELD_LIKE.search(last)
    if before_message and is_prefix and (not newline or SEPARATORS.fullmatch(earlier)):
        return _stray_bytes(gap, Leniency.LOG_PREFIX)
    return _stray_bytes(gap)


def _stray_bytes(found: bytes, leniency: Leniency | None = None) -> Finding:
    problem = f"{shown(found)} stands where a message begins"
    return Finding(FixRule.STRAY_BYTES, None, problem, "begin each message with 8=FIX", leniency)


def _unreadable(source: str, error: OSError | ValueError) -> FixUnreadable:
    reason = getattr(error, "strerror", None) or str(error)
    return FixUnreadable(f"cannot be read: {reason}", place=source, instead="name a readable file of FIX messages")
