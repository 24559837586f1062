"""Lists and maps: each function returns a new one. Pages: stdlib/list/*, stdlib/map/*."""

from __future__ import annotations

from typing import Any

from isthmus.adapters.gcp.interpreter.library.registry import Surroundings, expect, library


@library("list.concat")
def concat(_around: Surroundings, objs: Any, val: Any) -> list[Any]:
    """Return a list with one value more at its end."""
    expect("list.concat", objs, list)
    return [*objs, val]


@library("list.prepend")
def prepend(_around: Surroundings, objs: Any, val: Any) -> list[Any]:
    """Return a list with one value more at its beginning."""
    expect("list.prepend", objs, list)
    return [val, *objs]


@library("map.get")
def get(_around: Surroundings, map: Any, keys: Any) -> Any:
    """Look a key up, or a list of keys one in the other; null when it is not there or there is no map."""
    expect("map.get", keys, str, list)
    found = map
    for key in keys if isinstance(keys, list) else [keys]:
        expect("map.get", key, str)
        found = found.get(key) if isinstance(found, dict) else None
    return found


@library("map.delete")
def delete(_around: Surroundings, map: Any, key: Any) -> dict[str, Any]:
    """Return a copy of a map without a key."""
    expect("map.delete", map, dict)
    expect("map.delete", key, str)
    return {name: value for name, value in map.items() if name != key}


@library("map.merge")
def merge(_around: Surroundings, first: Any, second: Any) -> dict[str, Any]:
    """Return a copy of a map with the entries of another."""
    expect("map.merge", first, dict)
    expect("map.merge", second, dict)
    return {**first, **second}


@library("map.merge_nested")
def merge_nested(around: Surroundings, first: Any, second: Any) -> dict[str, Any]:
    """Return a copy of a map with the entries of another; maps under the same key are merged too."""
    expect("map.merge_nested", first, dict)
    expect("map.merge_nested", second, dict)
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge_nested(around, merged[key], value) if both else value
    return merged
