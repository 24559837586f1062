"""Check the inputs of resources against what Pulumi's Python SDKs declare, and make up what a cloud would compute.

The wheels hold no schema, but every Args class has annotations and the names that travel. Caught are unknown, missing
and mistyped properties at any depth, unknown types of resources, and values outside Azure's enumerations, the open
ones included (a value newer than the SDK would be refused). Not caught: Google's enumerations, which its SDK has as
text; formats, lengths and rules between properties: these are `preconditions.py`.
"""

from __future__ import annotations

import collections.abc
import functools
import hashlib
import importlib
import importlib.util
import inspect
import json
import re
import sys
import types
import typing
import uuid
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types

PACKAGES = {"azure-native": "pulumi_azure_native", "gcp": "pulumi_gcp"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
SEQUENCES = (list, collections.abc.Sequence)
MAPPINGS = (dict, collections.abc.Mapping)
NUMBERS = (int, float)
SHOWN_OF_AN_ENUMERATION_MAX = 12
DEPTH_MADE_UP_MAX = 2


# What the SDK declares


@functools.cache
def _modules(package: str) -> dict[str, tuple[str, str]]:
    """Return by type of resource its module and class, read from the package's source, which is slow to import."""
    spec = importlib.util.find_spec(PACKAGES[package])
    assert spec is not None
    source = Path(str(spec.origin)).read_text("utf-8")
    listed = re.search(r'resource_modules="""\n(.*?)"""', source, re.DOTALL)
    assert listed is not None
    return {token: (entry["fqn"], name) for entry in json.loads(listed[1]) for token, name in entry["classes"].items()}


@functools.cache
def classes_of(token: str) -> tuple[Any, Any] | None:
    """Return the resource class and the Args class of a type of resource, or None for an unknown one."""
    package = token.partition(":")[0]
    entry = _modules(package).get(token) if package in PACKAGES else None
    if entry is None:
        return None
    module = importlib.import_module(entry[0])
    # Where a nested type has the name already, the resource's own is called Init.
    args = getattr(module, f"{entry[1]}InitArgs", None) or getattr(module, f"{entry[1]}Args", None)
    return getattr(module, entry[1]), args


@functools.cache
def properties(args: Any) -> dict[str, tuple[Any, bool, dict[str, Any]]]:
    """Return by the name that travels: the annotation, whether it is required, and the names it is read in."""
    names = _types.input_type_py_to_pulumi_names(args)
    scope = dict(vars(sys.modules[args.__module__]))
    found = {}
    for name, parameter in inspect.signature(args.__init__).parameters.items():
        if name in ("self", "__self__"):
            continue
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, scope)
        found[names.get(name, name)] = (annotation, parameter.default is inspect.Parameter.empty, scope)
    return found


def inputs_of(token: str) -> dict[str, tuple[Any, bool, dict[str, Any]]]:
    """Return what may be said of a type of resource."""
    found = classes_of(token)
    return properties(found[1]) if found and found[1] else {}


def outputs_of(token: str) -> dict[str, Any]:
    """Return what a type of resource answers, with its type."""
    found = classes_of(token)
    return dict(_types.resource_types(found[0])) if found else {}


# Values against types


def faults(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the inputs of a resource, by the SDK's own declarations."""
    found = classes_of(token)
    if found is None:
        return [f".type: there is no {token}"]
    return _of_object(found[1], inputs, "") if found[1] else []


def _of_object(args: Any, values: Mapping[str, Any], path: str) -> list[str]:
    declared = properties(args)
    found = [
        f"{path}.{key}: {args.__name__} has no such property"
        for key in values
        if key not in declared and not key.startswith("__")
    ]
    for key, (annotation, required, scope) in declared.items():
        if required and values.get(key) is None:
            found.append(f"{path}.{key}: {args.__name__} requires it")
        elif key in values:
            found += _of_value(values[key], _alternatives(annotation, scope), scope, f"{path}.{key}")
    return found


def _alternatives(annotation: Any, scope: dict[str, Any]) -> list[Any]:
    """Flatten Input[], Optional[], Union[] and forward references to concrete types."""
    if isinstance(annotation, str):
        annotation = eval(annotation, scope)
    if isinstance(annotation, typing.ForwardRef):
        if annotation.__forward_arg__.startswith("Output["):  # one leg of pulumi.Input[T]
            return []
        annotation = eval(annotation.__forward_arg__, scope)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return [one for argument in typing.get_args(annotation) for one in _alternatives(argument, scope)]
    if origin in (collections.abc.Awaitable, pulumi.Output) or annotation in (type(None), pulumi.Output):
        return []
    return [annotation]


def _of_value(value: Any, alternatives: list[Any], scope: dict[str, Any], path: str) -> list[str]:
    if value == UNKNOWN or value is None or not alternatives:
        return []
    if isinstance(value, dict) and SIGNATURE in value:
        return _of_value(value.get("value"), alternatives, scope, path) if value[SIGNATURE] == SECRET else []
    enumerations = [one for one in alternatives if inspect.isclass(one) and issubclass(one, Enum)]
    fewest: list[str] | None = None
    for candidate in alternatives:
        found = _against(value, candidate, scope, path)
        if not found:
            return _of_open_enumeration(value, enumerations, path) if candidate is str else []
        fewest = found if fewest is None or len(found) < len(fewest) else fewest
    return fewest or []


def _of_open_enumeration(value: Any, enumerations: list[Any], path: str) -> list[str]:
    allowed = sorted(str(member.value) for one in enumerations for member in one)
    if not allowed or value in allowed:
        return []
    return [f"{path}: {value!r} is none of {', '.join(allowed[:SHOWN_OF_AN_ENUMERATION_MAX])}"]


def _against(value: Any, expected: Any, scope: dict[str, Any], path: str) -> list[str]:
    origin = typing.get_origin(expected)
    if origin in SEQUENCES or origin in MAPPINGS:
        return _of_container(value, expected, scope, path)
    if expected is Any or not inspect.isclass(expected):
        return []
    if issubclass(expected, Enum):
        allowed = [member.value for member in expected]
        return [] if value in allowed else [f"{path}: {value!r} is none of {allowed}"]
    if _types.is_input_type(expected):
        if isinstance(value, dict):
            return _of_object(expected, value, path)
        return [f"{path}: an object is expected, {expected.__name__}, and not {value!r}"]
    if expected in NUMBERS and type(value) in NUMBERS:  # every number travels as a double
        return [] if value == expected(value) else [f"{path}: a whole number is expected, and not {value!r}"]
    if expected in (bool, str, *NUMBERS):
        fits = isinstance(value, expected) and expected not in NUMBERS
        return [] if fits else [f"{path}: {expected.__name__} is expected, and not {value!r}"]
    if typing.is_typeddict(expected) or expected.__name__.endswith("ArgsDict"):
        return [f"{path}: the dictionary twin of an Args class, which is checked by that class"]
    return []


def _of_container(value: Any, expected: Any, scope: dict[str, Any], path: str) -> list[str]:
    container = list if typing.get_origin(expected) in SEQUENCES else dict
    if not isinstance(value, container):
        return [f"{path}: a {container.__name__} is expected, and not {value!r}"]
    inner = _alternatives(typing.get_args(expected)[-1], scope)
    items = enumerate(value) if isinstance(value, list) else value.items()
    return [one for key, item in items for one in _of_value(item, inner, scope, f"{path}[{key!r}]")]


# What a cloud computes


def in_preview(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs, with an unknown for every property of a nested output that the cloud would compute."""
    declared = outputs_of(token)
    shaped = answered(token, inputs)
    return {key: _with_unknowns(value, declared[key]) if key in declared else value for key, value in shaped.items()}


def answered(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs in the shape in which the cloud answers them: some lists of ids come back as maps by id."""
    declared = outputs_of(token)
    return {key: _shaped(value, declared[key]) if key in declared else value for key, value in inputs.items()}


def _shaped(value: Any, declared: Any) -> Any:
    declared = _types.unwrap_type(declared)
    origin, arguments = typing.get_origin(declared), typing.get_args(declared)
    if isinstance(value, list) and origin in MAPPINGS:
        return {str(one): {} for one in value if one != UNKNOWN}
    if isinstance(value, list) and arguments:
        return [_shaped(one, arguments[0]) for one in value]
    if isinstance(value, dict) and SIGNATURE not in value and _is_output(declared):
        fields = _types.output_type_types(declared)
        return {key: _shaped(one, fields[key]) if key in fields else one for key, one in value.items()}
    return value


def _with_unknowns(value: Any, declared: Any) -> Any:
    declared = _types.unwrap_type(declared)
    if isinstance(value, dict):
        if SIGNATURE in value or not _is_output(declared):
            return value
        fields = _types.output_type_types(declared)
        known = {key: _with_unknowns(one, fields[key]) if key in fields else one for key, one in value.items()}
        return {**dict.fromkeys(fields, UNKNOWN), **known}
    arguments = typing.get_args(declared)
    if isinstance(value, list) and arguments:
        return [_with_unknowns(one, arguments[0]) for one in value]
    return value


def _is_output(declared: Any) -> bool:
    return inspect.isclass(declared) and _types.is_output_type(declared)


def completed(token: str, outputs: Mapping[str, Any], seed: str) -> dict[str, Any]:
    """Return the outputs, with a value made up for each that only the cloud knows: the same for the same seed."""
    known = inputs_of(token)
    missing = {key: one for key, one in outputs_of(token).items() if key not in outputs and key not in known}
    return {**{key: _made_up(one, f"{seed}.{key}", key) for key, one in missing.items()}, **outputs}


def _made_up(declared: Any, seed: str, name: str, depth: int = 0) -> Any:
    declared = _types.unwrap_type(declared)
    origin = typing.get_origin(declared)
    if origin in SEQUENCES or origin in MAPPINGS:
        return [] if origin in SEQUENCES else {}
    if declared in (bool, *NUMBERS):
        return declared()
    if inspect.isclass(declared) and issubclass(declared, Enum):
        return next(iter(declared)).value
    if _is_output(declared):
        fields = _types.output_type_types(declared) if depth < DEPTH_MADE_UP_MAX else {}
        return {key: _made_up(one, f"{seed}.{key}", key, depth + 1) for key, one in fields.items()}
    return _made_up_text(hashlib.sha256(seed.encode()).hexdigest(), name)


def _made_up_text(digest: str, name: str) -> Any:
    """Return a text of the shape that programs take apart; any other is one that can be told."""
    lower = name.lower()
    if lower.endswith(("principalid", "tenantid", "clientid", "objectid")):
        return str(uuid.UUID(digest[:32]))
    if lower.endswith(("uri", "url", "endpoint")):
        return f"https://{digest[:12]}.invalid/"
    if lower.endswith(("fqdn", "domainname", "hostname")):
        return f"{digest[:12]}.invalid"
    if re.search(r"(time|date|(created|updated|accessed)(at|on))$", lower):
        return "2026-01-01T00:00:00Z"
    if lower.endswith(("connectionstring", "key")):
        return {SIGNATURE: SECRET, "value": f"made-up-{digest[:24]}"}
    return f"{name}-{digest[:8]}"
