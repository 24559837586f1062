"""What `isthmus regions` prints: every region, whether it is allowed, why not, which services, where to recover."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

POLICY = """
title = "Ours"

[default]
store = ["IN"]
process = ["IN"]
replicate = ["IN"]
"""


def test_the_object_lists_every_region_with_its_reasons_and_services(isthmus: Isthmus) -> None:
    done = isthmus("regions", "--policy", "eu", "--json")

    printed = json.loads(done.stdout)
    assert len(printed["regions"]) == 118
    for one in printed["regions"]:
        assert {"cloud", "name", "country", "allowed", "reasons", "services"} <= set(one)
        assert one["allowed"] is not bool(one["reasons"])
        assert set(one["services"].values()) <= {"yes", "no", "unknown"}
    assert printed["policy"]["sure"]
    assert printed["facts"]["azure"]["as_of"]


def test_one_cloud_alone_may_be_listed(isthmus: Isthmus) -> None:
    printed = json.loads(isthmus("regions", "--policy", "us", "--cloud", "google", "--json").stdout)

    assert {one["cloud"] for one in printed["regions"]} == {"google"}
    assert list(printed["facts"]) == ["google"]


def test_people_see_what_is_allowed_then_what_is_not_and_of_which_day_that_is(isthmus: Isthmus) -> None:
    lines = isthmus("regions", "--policy", "singapore").stdout.splitlines()

    assert lines[0] == "All data in Singapore: 1 region allowed, 117 not"
    assert [line.split()[:3] for line in lines[3:4]] == [["google", "asia-southeast1", "SG"]]
    assert any("southeastasia" in line and "across a border to eastasia in HK" in line for line in lines)
    assert lines[-1].startswith("Facts: azure of 2026-03-12 and google of 2026-02-02.")


def test_the_policy_of_the_project_is_taken_when_none_is_given(isthmus: Isthmus, write: Write) -> None:
    write("residency.toml", POLICY)

    assert isthmus("regions").stdout.startswith("Ours: 6 regions allowed")


def test_without_any_policy_the_presets_are_named(isthmus: Isthmus) -> None:
    done = isthmus("regions")

    assert done.returncode == 2
    assert "there is no residency.toml here: give --policy a file, or one of eu," in done.stderr


def test_an_ill_policy_is_told_by_its_line(isthmus: Isthmus, write: Write) -> None:
    write("ours.toml", POLICY.replace('["IN"]', '["India"]', 1))

    done = isthmus("regions", "--policy", "ours.toml")

    assert done.returncode == 3
    assert done.stderr == "error: ours.toml:4: there is no country 'India' (did you mean IN?) [ISTH275]\n"


def test_a_listing_of_ones_own_says_which_regions_have_a_service(isthmus: Isthmus, write: Write) -> None:
    write("workflows.txt", "ID\nme-west1\n")

    done = isthmus("regions", "--policy", "eu", "--availability", "workflows.txt", "--json")

    answers = {one["name"]: one["services"].get("workflows") for one in json.loads(done.stdout)["regions"]}
    assert answers["me-west1"] == "yes"
    assert answers["europe-west1"] == "no"
    assert answers["westeurope"] is None


@pytest.mark.parametrize("arguments", [("--policy", "nowhere"), ("--policy", "eu", "--availability", "nowhere")])
def test_a_file_that_is_not_there_is_bad_input(isthmus: Isthmus, arguments: tuple[str, ...]) -> None:
    done = isthmus("regions", *arguments)

    assert done.returncode == 3
    assert "nowhere: there is no such file" in done.stderr
