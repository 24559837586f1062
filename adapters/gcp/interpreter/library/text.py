"""The module `text`. Pages: stdlib/text/*.

Regular expressions are RE2's: what only Python's have is refused, and of the matches that begin at one place the
longest counts, which Python's alternation does not promise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, unquote

from isthmus.adapters.gcp.interpreter.faults import value_fault
from isthmus.adapters.gcp.interpreter.library.registry import Surroundings, expect, library

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARSETS: Final = {"UTF-8": "utf-8", "utf-8": "utf-8"}
NOT_IN_RE2: Final = re.compile(r"\(\?(=|!|<=|<!|>|\(|P=)|\\[1-9]|[*+?}]\+")
ANCHORS: Final = re.compile(r"\$|\\[bBzZ]")


@library("text.decode")
def decode(_around: Surroundings, data: Any, charset: Any = "UTF-8") -> str:
    """Return bytes as a string."""
    expect("text.decode", data, bytes)
    try:
        return str(data.decode(_charset("text.decode", charset)))
    except UnicodeDecodeError:
        raise value_fault(f"text.decode: this is not {charset}") from None


@library("text.encode")
def encode(_around: Surroundings, text: Any, charset: Any = "UTF-8") -> bytes:
    """Return a string as bytes."""
    expect("text.encode", text, str)
    try:
        return bytes(text.encode(_charset("text.encode", charset)))
    except UnicodeEncodeError:
        raise value_fault(f"text.encode: this cannot be written in {charset}") from None


def _charset(function: str, name: Any) -> str:
    expect(function, name, str)
    if name not in CHARSETS:
        raise value_fault(f"{function}: the character set {name} is not known")
    return CHARSETS[name]


@library("text.find_all")
def find_all(_around: Surroundings, source: Any, substr: Any) -> list[int]:
    """Return where a text occurs in another, as a list of indexes."""
    _strings("text.find_all", source, substr)
    return [match.start() for match in re.finditer(re.escape(substr), source)]


@library("text.find_all_regex")
def find_all_regex(_around: Surroundings, source: Any, regexp: Any) -> list[dict[str, Any]]:
    """Return the matches of a regular expression, each with its index."""
    _strings("text.find_all_regex", source, regexp)
    return [{"index": start, "match": source[start:end]} for start, end in _matches(regexp, source)]


@library("text.match_regex")
def match_regex(_around: Surroundings, source: Any, regexp: Any) -> bool:
    """Say whether a regular expression matches anywhere in a text."""
    _strings("text.match_regex", source, regexp)
    return _compiled(regexp).search(source) is not None


@library("text.replace_all")
def replace_all(_around: Surroundings, source: Any, substr: Any, repl: Any) -> str:
    """Return a text in which every occurrence of another is replaced."""
    _strings("text.replace_all", source, substr, repl)
    return str(source.replace(substr, repl))


@library("text.replace_all_regex")
def replace_all_regex(_around: Surroundings, source: Any, regexp: Any, repl: Any) -> str:
    """Return a text in which every match of a regular expression is replaced; there are no back-references."""
    _strings("text.replace_all_regex", source, regexp, repl)
    parts, at = [], 0
    for start, end in _matches(regexp, source):
        parts += [source[at:start], repl]
        at = end
    return "".join([*parts, source[at:]])


@library("text.split")
def split(_around: Surroundings, source: Any, separator: Any) -> list[str]:
    """Return the parts of a text between separators; its characters when the separator is empty."""
    _strings("text.split", source, separator)
    return list(source) if separator == "" else source.split(separator)


@library("text.substring")
def substring(_around: Surroundings, source: Any, start: Any, end: Any) -> str:
    """Return the characters of a text from one index up to, and without, another."""
    _strings("text.substring", source)
    expect("text.substring", start, int)
    expect("text.substring", end, int)
    if not 0 <= start <= end <= len(source):
        raise value_fault(f"text.substring: {start} to {end} is not within {len(source)} characters")
    return str(source[start:end])


@library("text.to_lower")
def to_lower(_around: Surroundings, source: Any) -> str:
    """Return a text in lower case."""
    _strings("text.to_lower", source)
    return str(source.lower())


@library("text.to_upper")
def to_upper(_around: Surroundings, source: Any) -> str:
    """Return a text in upper case."""
    _strings("text.to_upper", source)
    return str(source.upper())


@library("text.url_encode")
def url_encode(_around: Surroundings, source: Any) -> str:
    """Return a text with everything escaped that may not stand in a URL."""
    _strings("text.url_encode", source)
    return quote(source, safe="")


@library("text.url_encode_plus")
def url_encode_plus(_around: Surroundings, source: Any) -> str:
    """Return a text escaped for a URL, with a plus sign for each space."""
    _strings("text.url_encode_plus", source)
    return quote_plus(source)


@library("text.url_decode")
def url_decode(_around: Surroundings, source: Any) -> str:
    """Return a text without the escapes of URLs."""
    _strings("text.url_decode", source)
    return unquote(source)


def _strings(function: str, *values: Any) -> None:
    for value in values:
        expect(function, value, str)


def _compiled(regexp: str) -> re.Pattern[str]:
    if NOT_IN_RE2.search(regexp):
        raise value_fault(f"{regexp} is not in RE2's syntax")
    try:
        return re.compile(regexp, re.ASCII)
    except (re.error, OverflowError, RecursionError) as wrong:
        raise value_fault(f"{regexp} is not a regular expression: {wrong}") from None


def _matches(regexp: str, source: str) -> Iterator[tuple[int, int]]:
    """Yield where matches begin and end, the leftmost first and of those the longest."""
    pattern, at = _compiled(regexp), 0
    while at <= len(source) and (match := pattern.search(source, at)) is not None:
        start, end = match.span()
        # An anchor would take the end that is tried for the end of the text.
        if not ANCHORS.search(regexp):
            tried = range(len(source), end, -1)
            end = next((last for last in tried if pattern.fullmatch(source, start, last)), end)
        yield start, end
        at = end + 1 if end == start else end
