"""Requirements of scenes_words, on every backend."""

from __future__ import annotations

from typing import Any

import pytest
import scenes_words
from judge import judge
from requirement import Requirement, of_module


@pytest.mark.parametrize(
    "requirement", of_module(scenes_words.__name__), ids=lambda one: f"{one.number}-{one.scene.__name__}"
)
def test_a_requirement_holds_on_every_backend(requirement: Requirement, local: Any, azure: Any, google: Any) -> None:
    judge(requirement, local, azure, google)
