"""What `isthmus check` says when it holds an app to a policy of residency."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

AVAILABLE = """
title = "Ours"

[default]
store = ["EU"]
process = ["EU"]
replicate = ["EU"]

[[available]]
services = [
  "functions_flex_consumption", "durable_task_scheduler", "service_bus", "postgresql", "key_vault",
  "application_insights",
]
region = "italynorth"
by = "A. Platform"
on = 2026-11-20
"""


def test_an_app_that_may_be_where_it_would_be_is_fine(isthmus: Isthmus, write: Write) -> None:
    write("residency.toml", AVAILABLE)

    done = isthmus("check", "--policy", "residency.toml", "--cloud", "azure", "--region", "italynorth")

    assert done.returncode == 0, done
    assert done.stdout.endswith("\nOurs, azure italynorth: nothing against it\n")


def test_an_app_that_may_not_be_there_is_told_what_and_why(isthmus: Isthmus) -> None:
    done = isthmus("check", "--policy", "eu", "--cloud", "azure", "--region", "uksouth")

    assert done.returncode == 1
    assert "region = uksouth: financial, personal: GB (United Kingdom) is not allowed" in done.stdout
    assert "[rule country]" in done.stdout


def test_the_object_holds_every_finding(isthmus: Isthmus) -> None:
    done = isthmus("check", "--policy", "eu", "--cloud", "google", "--region", "europe-west3", "--json")

    printed = json.loads(done.stdout)
    assert printed["ok"] is False
    assert {one["rule"] for one in printed["residency"]["findings"]} == {"workflows-variables", "availability"}
    assert printed["residency"]["findings"][0]["data"] == ["financial"]


def test_without_a_policy_there_is_none_in_the_object(isthmus: Isthmus) -> None:
    assert json.loads(isthmus("check", "--json").stdout)["residency"] is None


@pytest.mark.parametrize("given", [("--policy", "eu"), ("--cloud", "azure"), ("--policy", "eu", "--cloud", "azure")])
def test_policy_cloud_and_region_are_given_together(isthmus: Isthmus, given: tuple[str, ...]) -> None:
    done = isthmus("check", *given)

    assert done.returncode == 2
    assert "--policy, --cloud and --region are given together" in done.stderr


def test_a_region_of_the_other_cloud_is_bad_input(isthmus: Isthmus) -> None:
    done = isthmus("check", "--policy", "eu", "--cloud", "azure", "--region", "europe-west3")

    assert done.returncode == 3
    assert "azure has no region 'europe-west3' that is known" in done.stderr


def test_an_engine_that_may_not_work_here_says_so_and_starts_nothing(
    isthmus: Isthmus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_REGION", "US")
    monkeypatch.setenv("ISTHMUS_RESIDENCY", "eu")

    done = isthmus("run")

    assert done.returncode == 4
    assert "processing in US (United States) is not allowed" in done.stderr
    assert "[ISTH380]" in done.stderr
