"""The inbound messages of QuickFIX's session scripts for FIX 4.4, each taken or refused as its script says.

A script's `I` lines are what a counterparty sends. `<TIME>` is a placeholder, and where BodyLength or CheckSum is
missing the right one belongs; `1,` before a message names one of several sessions. What a script says about sequence
numbers, sessions or answers is no matter of reading, and such messages are simply taken.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, FixRule, Mode
from isthmus.adapters.venues.fix_order import read_order
from isthmus.adapters.venues.fix_reader import read_fix

SCRIPTS = Path(__file__).parents[1] / "data" / "fix" / "quickfix_fix44_acceptance"
INBOUND = re.compile(rb"I(?:[0-9],)?(.*)")

# (script, place among its inbound messages): the rules and tags that reading refuses them for.
REFUSED: dict[tuple[str, int], list[tuple[FixRule, int | None]]] = {
    ("14a_BadField", 2): [(FixRule.TAG, 999)],
    ("14a_BadField", 3): [(FixRule.TAG, None)],
    ("14a_BadField", 4): [(FixRule.TAG, None)],
    # The script also refuses 5000, having no fields of one's own; FIX 4.4 leaves such tags to those who agreed on them.
    ("14b_RequiredFieldMissing", 2): [(FixRule.REQUIRED_FIELD, 56)],
    # 14c sends a Heartbeat with a Symbol, which is defined, but not for it: taken, since layouts are not judged.
    ("14d_TagSpecifiedWithoutValue", 2): [(FixRule.EMPTY_VALUE, 56)],
    ("14g_HeaderBodyTrailerFieldsOutOfOrder", 2): [(FixRule.HEADER_ORDER, 34)],
    ("14g_HeaderBodyTrailerFieldsOutOfOrder", 3): [(FixRule.HEADER_ORDER, 34)],
    ("14h_RepeatedTag", 2): [(FixRule.DUPLICATE_TAG, 40)],
    ("14i_RepeatingGroupCountNotEqual", 2): [(FixRule.GROUP_COUNT, 386)],
    ("1d_InvalidLogonLengthInvalid", 1): [(FixRule.BODY_LENGTH, 9)],
    ("1d_InvalidLogonWrongBeginString", 1): [(FixRule.VERSION, 8)],
    ("2d_GarbledMessage", 2): [(FixRule.TAG, None)],
    ("2d_GarbledMessage", 4): [(FixRule.TAG, None)],
    ("2i_BeginStringValueUnexpected", 2): [(FixRule.VERSION, 8)],
    ("2i_BeginStringValueUnexpected", 5): [(FixRule.VERSION, 8)],
    ("2m_BodyLengthValueNotCorrect", 2): [(FixRule.BODY_LENGTH, 9)],
    ("2m_BodyLengthValueNotCorrect", 5): [(FixRule.BODY_LENGTH, 9)],
    ("2q_MsgTypeNotValid", 2): [(FixRule.MSG_TYPE, 35)],
    ("2t_FirstThreeFieldsOutOfOrder", 2): [(FixRule.STRAY_BYTES, None), (FixRule.MSG_TYPE, 35)],
    ("2t_FirstThreeFieldsOutOfOrder", 4): [(FixRule.MSG_TYPE, 35)],
    ("3b_InvalidChecksum", 2): [(FixRule.CHECK_SUM, 10)],
    ("3b_InvalidChecksum", 4): [(FixRule.CHECK_SUM, 10)],
    ("3c_GarbledMessage", 2): [(FixRule.TAG, None)],
    ("3c_GarbledMessage", 4): [(FixRule.TAG, None)],
    # The scripts let empty routing fields pass; FIX 4.4 has no field without a value.
    ("ReverseRouteWithEmptyRoutingTags", 2): [(FixRule.EMPTY_VALUE, 115)],
    ("ReverseRouteWithEmptyRoutingTags", 3): [(FixRule.EMPTY_VALUE, 128)],
    ("ReverseRouteWithEmptyRoutingTags", 4): [(FixRule.EMPTY_VALUE, 116)],
    ("ReverseRouteWithEmptyRoutingTags", 5): [(FixRule.EMPTY_VALUE, 129)],
    ("ReverseRouteWithEmptyRoutingTags", 6): [(FixRule.EMPTY_VALUE, 144)],
    ("ReverseRouteWithEmptyRoutingTags", 7): [(FixRule.EMPTY_VALUE, 145)],
}

REFUSED_AS_ORDERS = {
    ("14b_RequiredFieldMissing", 3): (FixRule.REQUIRED_FIELD, 11),
    ("14e_IncorrectEnumValue", 2): (FixRule.VALUE, 21),
    ("14e_IncorrectEnumValue", 3): (FixRule.VALUE, 167),
    ("14f_IncorrectDataFormat", 2): (FixRule.FORMAT, 38),
    ("15_HeaderAndBodyFieldsOrderedDifferently", 2): (FixRule.REQUIRED_FIELD, 38),
    ("ReverseRoute", 2): (FixRule.VALUE, 40),
}


def inbound(script: Path) -> list[bytes]:
    """Return what a script sends, with its placeholders filled."""
    lines = (INBOUND.fullmatch(line) for line in script.read_bytes().splitlines())
    return [completed(line[1].replace(b"<TIME>", b"20130301-15:00:00")) for line in lines if line]


def completed(message: bytes) -> bytes:
    if b"\x019=" not in message:
        begin, _, body = message.partition(b"\x01")
        length = len(body) if b"\x0110=" not in message else body.rindex(b"10=")
        message = begin + b"\x019=%d\x01" % length + body
    if b"\x0110=" not in message:
        message += b"10=%03d\x01" % (sum(message) % 256)
    return message


def read(message: bytes, mode: Mode = Mode.STRICT) -> list[FixMessage | FixProblem]:
    return list(read_fix(io.BytesIO(message), mode=mode, source="script"))


SENT = {
    (script.stem, place): message
    for script in sorted(SCRIPTS.glob("*.def"))
    for place, message in enumerate(inbound(script), start=1)
}


def test_the_scripts_are_all_there() -> None:
    assert len({name for name, _ in SENT}) == 59
    assert len(SENT) == 289
    assert REFUSED.keys() | REFUSED_AS_ORDERS.keys() <= SENT.keys()


@pytest.mark.parametrize("case", SENT, ids=lambda case: f"{case[0]}-{case[1]}")
def test_each_message_is_taken_or_refused_as_its_script_says(case: tuple[str, int]) -> None:
    items = read(SENT[case])

    problems = [(item.rule, item.tag) for item in items if isinstance(item, FixProblem)]
    assert problems == REFUSED.get(case, [])
    assert len(items) - len(problems) == (0 if problems else 1)


@pytest.mark.parametrize("case", REFUSED_AS_ORDERS, ids=lambda case: f"{case[0]}-{case[1]}")
def test_what_only_an_order_can_have_wrong_is_refused_when_it_is_read_as_one(case: tuple[str, int]) -> None:
    (message,) = read(SENT[case])
    assert isinstance(message, FixMessage)

    problem = read_order(message, mode=Mode.STRICT)

    assert isinstance(problem, FixProblem)
    assert (problem.rule, problem.tag) == REFUSED_AS_ORDERS[case]


def test_whole_sessions_are_read_as_one_stream() -> None:
    content = b"".join(SENT.values())
    refused = sum(len(problems) for problems in REFUSED.values())

    for mode in Mode:
        items = read(content, mode)
        messages = [item for item in items if isinstance(item, FixMessage)]
        if mode is Mode.STRICT:
            assert (len(messages), len(items) - len(messages)) == (len(SENT) - len(REFUSED), refused)
        assert len(items) >= len(SENT)
