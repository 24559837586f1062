"""Names are within what each kind of resource takes, whatever the App and the stack are called."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from isthmus.provision.naming import PROVIDER_ADDS, Names

WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,70}", fullmatch=True)


@given(WORDS, WORDS, WORDS, st.integers(24, 64))
def test_a_name_fits_with_what_the_provider_adds_to_it(app: str, stack: str, what: str, longest: int) -> None:
    name = Names(app, stack).of(what, longest=longest)

    assert len(name) + PROVIDER_ADDS <= longest
    assert re.fullmatch(r"[a-z][a-z0-9-]*", name)


@given(WORDS, WORDS, WORDS)
def test_a_plain_name_has_letters_and_digits_alone(app: str, stack: str, what: str) -> None:
    assert re.fullmatch(r"[a-z0-9]{1,16}", Names(app, stack).plain(what))


@given(WORDS, WORDS, st.integers(26, 63))
def test_two_stacks_of_an_app_have_no_name_in_common(app: str, what: str, longest: int) -> None:
    dev, prod = Names(app, "dev"), Names(app, "prod")

    assert dev.of(what, longest=longest) != prod.of(what, longest=longest)
    assert dev.plain(what) != prod.plain(what)


def test_a_short_name_is_what_it_is_of() -> None:
    assert Names("brokerage", "organization/desk/dev").of("critical") == "brokerage-dev-critical"
    assert Names("brokerage", "dev").whole("critical", longest=22) == "brokerage-dev-critical"
