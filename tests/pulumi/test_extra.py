"""What the tests beside this one need; without it they are left out, and this one says so."""

from __future__ import annotations

import importlib.util

import pytest

NEEDED = ("pulumi", "pulumi_azure_native", "pulumi_gcp", "grpc")


def test_the_sdks_of_both_clouds_are_here() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"isthmus[pulumi] is not installed: {', '.join(missing)}; no test of provisioning is run")

    assert importlib.util.find_spec("pulumi.runtime") is not None, "`pulumi` is the SDK, and not our folder"
