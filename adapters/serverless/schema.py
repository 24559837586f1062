"""Validation of serverless.yml by `schema.json`, which the framework validates by too, in the framework's own words.

The framework may be told to warn only, so what reaches this side is validated again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator, ValidationError

SCHEMA: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "schema.json").read_text("utf-8"))


def problems_of(configuration: Mapping[str, Any]) -> list[str]:
    """Return the problems of a resolved configuration, each with its place; none when it is as it should be.

    Words of the two old plugins are told first, and alone: the framework cannot be asked for the rest before.
    """
    return list(dict.fromkeys(list(_of_spellings(configuration)) or _of_shape(without_null(configuration))))


def _of_spellings(configuration: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the two old plugins called otherwise."""
    spellings = SCHEMA["spellings"]
    yield from _spelt("provider", configuration.get("provider"), spellings["provider"])
    yield from _value("provider", "region", configuration.get("provider"))
    for kind in ("functions", "workflows"):
        for name, one in _entries(configuration.get(kind)):
            yield from _spelt(f"{kind}.{name}", one, spellings["function"])
            yield from _value(f"{kind}.{name}", "handler", one)
            events = one.get("events") if isinstance(one, dict) else None
            for index, event in enumerate(events if isinstance(events, list) else ()):
                yield from _of_event_key(f"{kind}.{name}.events.{index}", event)


def _spelt(place: str, keys: object, spellings: Mapping[str, str]) -> Iterator[str]:
    for key, value in _entries(keys):
        if key in spellings and value is not None:
            yield f"at '{place}': {key} is not said here: {spellings[key]}"


def _value(place: str, key: str, keys: object) -> Iterator[str]:
    """Yield what a value is told that is one word where more has to be said, or is written as elsewhere."""
    rule = SCHEMA["spellings"]["values"].get(key)
    value = keys.get(key) if isinstance(keys, dict) else None
    if rule and isinstance(value, str | int | float) and not re.search(rule["unlike"], str(value)):
        yield f"at '{place}.{key}': {rule['says']}"


def _of_event_key(place: str, event: object) -> Iterator[str]:
    keys = [key for key, _ in _entries(event)]
    if keys and keys[0] in SCHEMA["spellings"]["events"]:
        yield f"at '{place}': {keys[0]} is not said here: {SCHEMA['spellings']['events'][keys[0]]}"
    elif keys and (problems := list(_value(place, keys[0], event))):
        yield from problems
    elif len(keys) > 1:
        yield f"at '{place}': put {', '.join(keys[1:])} under {keys[0]}, not beside it"


def _of_shape(configuration: Mapping[str, Any]) -> Iterator[str]:
    yield from _messages("", _root(), configuration)
    for kind in ("functions", "workflows"):
        for name, one in _entries(configuration.get(kind)):
            events = one.get("events") if isinstance(one, dict) else None
            for index, event in enumerate(events if isinstance(events, list) else ()):
                yield from _of_event(f"{kind}.{name}.events.{index}", event)


def _of_event(place: str, event: object) -> Iterator[str]:
    known = SCHEMA["functionEvents"]
    keys = [key for key, _ in _entries(event)]
    if not keys or keys[0] not in known:
        yield f"at '{place}': unsupported function event"
        return
    assert isinstance(event, dict)
    yield from _messages(f"{place}.{keys[0]}", known[keys[0]], event[keys[0]])


def _root() -> dict[str, Any]:
    """Return the schema of a whole file, but for its events: the framework's own part, and ours."""
    function = SCHEMA["function"]["properties"]
    events = {"type": "array", "items": {"type": "object"}}
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(SCHEMA["core"], True),
            **SCHEMA["topLevel"],
            "service": SCHEMA["service"],
            "provider": {
                "type": "object",
                "properties": {
                    **SCHEMA["provider"]["properties"],
                    "name": {"const": "isthmus"},
                    "stage": {"type": "string", "pattern": "^[a-zA-Z0-9-]+$"},
                },
                "required": ["name"],
                "additionalProperties": False,
            },
            "functions": {
                "type": "object",
                "patternProperties": {
                    "^[a-zA-Z0-9-_]+$": {
                        "type": "object",
                        "properties": {**function, "events": events},
                        "required": SCHEMA["function"]["required"],
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
            "custom": {"type": "object", "properties": SCHEMA["custom"]},
        },
        "required": ["provider", "service"],
        "additionalProperties": False,
    }


def _messages(place: str, schema: Mapping[str, Any], value: object) -> Iterator[str]:
    for error in Draft7Validator(schema).iter_errors(value):
        yield from _told(place, error)


def _told(place: str, error: ValidationError) -> Iterator[str]:
    """Yield what the framework says of an error; of a choice, what it says of the one that was meant."""
    path = [part for part in (place, *map(str, error.absolute_path)) if part]
    where = f"'{'.'.join(path)}'" if path else "root"
    wanted: Any = error.validator_value
    found: Any = error.instance
    match error.validator:
        case "anyOf":
            meant = [one for one in error.context or () if one.validator != "type" or one.relative_path]
            if not meant:
                yield f"at {where}: unsupported configuration format"
            for one in meant:
                yield from _told(place, one)
        case "additionalProperties":
            says = "name '{}' must be alphanumeric" if path == ["functions"] else "unrecognized property '{}'"
            for key in _strangers(error.schema, found):
                yield f"at {where}: {says.format(key)}"
        case "required":
            yield from (f"at {where}: must have required property '{key}'" for key in wanted if key not in found)
        case "enum":
            yield f"at {where}: must be equal to one of the allowed values [{', '.join(wanted)}]"
        case "pattern":
            yield f'at {where}: must match pattern "{wanted}"'
        case "const":
            yield f"at {where}: must be equal to constant"
        case _:
            yield f"at {where}: must be {wanted}"


def _strangers(schema: Any, found: Mapping[str, object]) -> list[str]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [key for key in found if key not in known and not any(re.search(one, key) for one in patterns)]


def _entries(value: object) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def without_null(value: Any) -> Any:
    """Drop keys whose value is null, as the framework does: so an optional key is written."""
    if isinstance(value, dict):
        return {key: without_null(one) for key, one in value.items() if one is not None}
    return [without_null(one) for one in value] if isinstance(value, list) else value
