"""Logs: what a cloud is asked, whole and quoted, by its own tool or for a person to ask."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.cli.extras import missing
from isthmus.adapters.serverless.logs import (
    Question,
    TimeUnreadable,
    azure_command,
    azure_query,
    google_command,
    google_query,
    since_of,
)

sys.path.insert(0, str(Path(__file__).parent))
from addresses_file import PROJECT, addresses_on

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_no_text_that_is_asked_for_leaves_its_quotes(text: str) -> None:
    asked = Question(contract="pay", text=text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    assert escaped in QUOTED.findall(azure_query(asked))
    assert escaped in QUOTED.findall(google_query(asked))


@pytest.mark.parametrize("text", ["5m", "2h", "30s", "1d"])
def test_a_time_ago_is_told_as_each_cloud_says_it(text: str) -> None:
    asked = Question(contract="pay", since=since_of(text))

    assert f"ago({text})" in azure_query(asked)
    assert f"--freshness={text}" in google_command(google_query(asked), "p", asked.since)


def test_a_moment_is_told_in_utc() -> None:
    asked = Question(contract="pay", since=since_of("2026-11-28T09:00:00+01:00"))

    assert "datetime(2026-11-28T08:00:00+00:00)" in azure_query(asked)
    assert 'timestamp>="2026-11-28T08:00:00+00:00"' in google_query(asked)
    assert not any(part.startswith("--freshness") for part in google_command("q", "p", asked.since))


@pytest.mark.parametrize("text", ["yesterday", "5 m", "0m", "-5m", "5m | take 1"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        since_of(text)


def test_the_component_is_named_by_its_id() -> None:
    command = azure_command("traces", "/subscriptions/s/components/c")

    assert command[command.index("--apps") + 1] == "/subscriptions/s/components/c"


needs_extra = pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed")


@needs_extra
def test_the_tool_of_the_cloud_is_asked_where_it_is_installed(verb: Any, tmp_path: Path) -> None:
    tool, told = tmp_path / "bin" / "gcloud", tmp_path / "told.json"
    tool.parent.mkdir()
    tool.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        f"pathlib.Path({str(told)!r}).write_text(json.dumps(sys.argv[1:]))\nprint('a line of the log')\n",
        "utf-8",
    )
    tool.chmod(0o755)
    given_options = {"function": "change", "startTime": "5m", "filter": "barred"}

    said = verb("logs", addresses_on("google"), stage="google", env={"PATH": str(tool.parent)}, **given_options)

    assert (said.returncode, said.stdout) == (0, "a line of the log\n")
    asked = Question(contract="change_address", since="5m", text="barred")
    assert json.loads(told.read_text("utf-8")) == google_command(google_query(asked), PROJECT, "5m")[1:]


@needs_extra
@pytest.mark.parametrize(("stage", "query"), [("azure", azure_query), ("google", google_query)])
def test_without_the_tool_the_whole_query_is_printed(verb: Any, stage: str, query: Any) -> None:
    said = verb("logs", addresses_on(stage), stage=stage, env={"PATH": "/nowhere"}, function="change")

    assert said.returncode == 0, said.stderr
    assert query(Question(contract="change_address")) in said.stdout


@needs_extra
def test_logs_are_not_followed_and_metrics_are_not_there(verb: Any) -> None:
    for name, options in (("logs", {"function": "change", "tail": True}), ("metrics", {})):
        refused = verb(name, addresses_on("azure"), **options)
        assert (refused.returncode, "ISTH286" in refused.stderr) == (3, True)
