"""The page of requirements is the one that the requirements make."""

from __future__ import annotations


def test_the_page_lists_what_is_required_today() -> None:
    from page import PAGE, page  # noqa: PLC0415  # after the path is set

    assert PAGE.read_text("utf-8") == page(), "it is stale: python -m tests.conformance.page"
