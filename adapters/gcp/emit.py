"""Routines as YAML text: the same routines, the same bytes, laid out for a person who reviews them."""

from __future__ import annotations

import json
import re

from isthmus.adapters.gcp.routine import (
    AnyStep,
    Assign,
    Call,
    Compiled,
    For,
    Formula,
    Items,
    Parallel,
    Raise,
    Record,
    Return,
    Routine,
    Switch,
    Try,
    Value,
)

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""What is written without quotes as a key; words that YAML 1.1 takes for booleans are never steps of ours."""

type Lines = list[str]


def emit(compiled: Compiled) -> str:
    """Return the YAML of a compiled workflow."""
    lines = [f"# {compiled.contract}, version {compiled.version}: compiled by isthmus, not to be edited"]
    for routine in compiled.routines:
        lines += ["", *_routine(routine)]
    return "\n".join(lines) + "\n"


def _routine(routine: Routine) -> Lines:
    params = ", ".join(routine.params)
    head = [f"# {routine.purpose}", f"{routine.name}:", f"  params: [{params}]", "  steps:"]
    return head + _indented(_steps(routine.steps), 4)


def _indented(lines: Lines, by: int) -> Lines:
    return [" " * by + line for line in lines]


def _steps(steps: tuple[AnyStep, ...]) -> Lines:
    lines: Lines = []
    for step in steps:
        if step.note:
            lines.append(f"# {step.note}")
        lines += [f"- {step.name}:", *_indented(_step(step), 4)]
    return lines


def _step(step: AnyStep) -> Lines:
    match step:
        case Assign(values=pairs):
            return ["assign:", *(line for name, value in pairs for line in _item(_pair(name, value)))]
        case Call(routine=routine, arguments=arguments, result=result):
            lines = [f"call: {routine}", *(_pair("args", arguments) if arguments.fields else [])]
            return lines + ([f"result: {result}"] if result else [])
        case Switch(cases=cases):
            lines = ["switch:"]
            for case in cases:
                within = [*_pair("condition", case.condition)]
                within += [f"next: {case.next}"] if case.next else []
                within += _done_in(case.steps) if case.steps else []
                lines += _item(within)
            return lines
        case For():
            return ["for:", *_indented(_for(step), 2)]
        case Parallel():
            return ["parallel:", *_indented(_parallel(step), 2)]
        case Try():
            return _try(step)
        case Raise(value=value):
            return _pair("raise", value)
        case Return(value=value):
            return _pair("return", value)


def _done_in(steps: tuple[AnyStep, ...]) -> Lines:
    """Return the steps of a case; what only returns or raises, and comes from no line, needs no name of its own."""
    match steps:
        case (Return(line=0) | Raise(line=0) as only,):
            return _step(only)
        case _:
            return ["steps:", *_indented(_steps(steps), 2)]


def _for(step: For) -> Lines:
    lines = [f"value: {step.value}"]
    lines += [f"index: {step.index}"] if step.index else []
    lines += _pair("in", step.items) if step.span is None else _pair("range", Items(step.span))
    return [*lines, "steps:", *_indented(_steps(step.body), 2)]


def _parallel(step: Parallel) -> Lines:
    lines = [f"shared: [{', '.join(step.shared)}]"]
    lines += [f"concurrency_limit: {step.at_most}"] if step.at_most else []
    if step.loop is not None:
        return [*lines, "for:", *_indented(_for(step.loop), 2)]
    lines.append("branches:")
    for name, steps in step.branches:
        lines += _indented([f"- {name}:", "    steps:", *_indented(_steps(steps), 6)], 2)
    return lines


def _try(step: Try) -> Lines:
    if step.again is not None and len(step.body) == 1:
        again = step.again
        backoff = f"{{initial_delay: {again.first_s}, max_delay: {again.at_most_s}, multiplier: {again.factor}}}"
        retry = [f"predicate: ${{{again.predicate}}}", f"max_retries: {again.retries}", f"backoff: {backoff}"]
        return ["try:", *_indented(_step(step.body[0]), 2), "retry:", *_indented(retry, 2)]
    body = ["try:", "  steps:", *_indented(_steps(step.body), 4)]
    return [*body, "except:", f"  as: {step.error}", "  steps:", *_indented(_steps(step.handling), 4)]


def _item(lines: Lines) -> Lines:
    return [("  - " if place == 0 else "    ") + line for place, line in enumerate(lines)]


def _pair(name: str, value: Value) -> Lines:
    key = name if PLAIN.match(name) or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\[\]]*", name) else json.dumps(name)
    match value:
        case Record(fields=fields) if fields:
            return [f"{key}:", *_indented([line for one, inside in fields for line in _pair(one, inside)], 2)]
        case Items(values=values) if any(isinstance(one, Record | Items) for one in values):
            return [f"{key}:", *(line for one in values for line in _listed(one))]
        case _:
            return [f"{key}: {_scalar(value)}"]


def _listed(value: Value) -> Lines:
    """Return an item of a list."""
    match value:
        case Record(fields=fields) if fields:
            return _item([line for name, inside in fields for line in _pair(name, inside)])
        case Items(values=values) if values:
            return _item([line for one in values for line in _listed(one)])
        case _:
            return [f"  - {_scalar(value)}"]


def _scalar(value: Value) -> str:
    match value:
        case Formula():
            return "'" + value.written.replace("'", "''") + "'"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case Items(values=values):
            return "[" + ", ".join(_scalar(one) for one in values) + "]"
        case Record():
            return "{}"
        case _:
            return str(value)


def _quoted(text: str) -> str:
    """Return a text in double quotes; what YAML reads as a line or not at all is escaped, as four digits or eight."""
    return "".join(
        letter
        if letter.isprintable()
        else f"\\u{ord(letter):04x}"
        if ord(letter) < 0x10000
        else f"\\U{ord(letter):08x}"
        for letter in json.dumps(text, ensure_ascii=False)
    )
