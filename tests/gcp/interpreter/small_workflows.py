"""Run small workflows: an expression, some steps, a whole file; and answer their calls from a script."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from typing import Any

from isthmus.adapters.gcp.interpreter import Choices, First, Limits, Outcome, Request, Response, execute, load

JSON = {"Content-Type": "application/json"}


class Answers:
    """Choose given answers for given points, and the first for others."""

    def __init__(self, **indexes: int) -> None:
        self.indexes = indexes

    def choose(self, point: Any, count: int) -> int:
        return self.indexes.get(point.name, 0)


class Script:
    """Answer calls by a function of the last part of the URL and the decoded body; keep what was sent."""

    def __init__(self, answer: Callable[[str, Any], Any] | None = None) -> None:
        self.answer = answer or (lambda name, body: {"ok": True})
        self.requests: list[Request] = []

    @property
    def called(self) -> list[str]:
        return [request.url.partition("?")[0].rsplit("/", 1)[1] for request in self.requests]

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        given = self.answer(self.called[-1], json.loads(request.body) if request.body else None)
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, Response) else Response(200, JSON, json.dumps(given).encode())


def run(text: str, argument: Any = None, **options: Any) -> Outcome:
    """Run a workflow that is written out."""
    limits = options.get("limits", Limits())
    return execute(load(textwrap.dedent(text), limits=limits), argument, **options)


def value(expression: str, choices: Choices | None = None, **variables: Any) -> Any:
    """Return what an expression over variables gives, or the tags of its error."""
    steps: list[Any] = [{"set": {"assign": [{name: one} for name, one in variables.items()]}}] if variables else []
    steps.append({"end_step": {"return": "${" + expression + "}"}})
    outcome = execute(load(json.dumps({"main": {"steps": steps}})), choices=choices or First())
    return tags(outcome) if outcome.failed else outcome.result


def tags(outcome: Outcome) -> tuple[str, ...]:
    """Return the tags of an outcome's error."""
    assert outcome.failed, outcome
    return tuple(outcome.error["tags"])


def returned(steps: str, argument: Any = None, **options: Any) -> Any:
    """Run a list of steps, and return the result."""
    outcome = run(steps, argument, **options)
    assert not outcome.failed, outcome
    return outcome.result
