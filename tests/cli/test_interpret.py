"""`isthmus interpret`: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

type Isthmus = Callable[..., subprocess.CompletedProcess[str]]
type Write = Callable[[str, str], Path]

DOUBLE = "main: {params: [args], steps: [{a: {return: '${args.n * 2}'}}]}"


def test_it_prints_the_result(isthmus: Isthmus, write: Write) -> None:
    write("double.yaml", DOUBLE)

    done = isthmus("interpret", "double.yaml", "--args", '{"n": 2}')

    assert (done.returncode, json.loads(done.stdout)) == (0, {"result": 4})


def test_it_prints_the_error_and_exits_with_1(isthmus: Isthmus, write: Write) -> None:
    write("double.yaml", DOUBLE)

    done = isthmus("interpret", "double.yaml", "--args", "{}")

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["tags"] == ["KeyError"]
    assert 'in step "a", routine "main", line: 1' in done.stderr


def test_a_file_that_is_no_workflow_is_told_by_its_line(isthmus: Isthmus, write: Write) -> None:
    write("wrong.yaml", "main:\n  steps:\n    - a: {foo: 1}\n")

    done = isthmus("interpret", "wrong.yaml")

    assert (done.returncode, done.stdout) == (1, "")
    assert "wrong.yaml:3: foo is not described" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere.yaml",), 3),
        (("double.yaml", "--args", "{"), 3),
        (("double.yaml", "--args", "[" * 20_000), 3),
        (("double.yaml", "--env", "GOOGLE_X=1"), 2),
        ((), 2),
    ],
)
def test_bad_input_and_wrong_usage_have_their_codes(
    isthmus: Isthmus, write: Write, arguments: tuple[str, ...], code: int
) -> None:
    write("double.yaml", DOUBLE)

    assert isthmus("interpret", *arguments).returncode == code


def test_environment_choices_and_logs(isthmus: Isthmus, write: Write) -> None:
    write("env.yaml", "- a: {call: sys.log, args: {data: hello}}\n- b: {return: '${sys.get_env(\"X\")}'}")

    done = isthmus("interpret", "env.yaml", "--env", "X=1", "--choices", "3", "--real-time")

    assert (json.loads(done.stdout), "hello" in done.stderr) == ({"result": "1"}, True)


def test_choices_show_that_a_workflow_depends_on_what_no_page_says(isthmus: Isthmus, write: Write) -> None:
    write("open.yaml", "- a: {assign: [{m: {b: 1, a: 2}}]}\n- b: {return: '${keys(m)}'}")

    told = [isthmus("interpret", "open.yaml", "--choices", str(seed)) for seed in range(12)]
    again = isthmus("interpret", "open.yaml", "--choices", "5")

    assert {done.stdout for done in told} == {'{"result":["b","a"]}\n', '{"result":["a","b"]}\n'}
    assert (again.stdout, again.stderr) == (told[5].stdout, told[5].stderr)
    assert all("drawn: the keys of a map, in JSON, by keys() and in a loop: " in done.stderr for done in told)
