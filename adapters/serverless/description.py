"""What an App is made of, in words that JSON can hold: the part of a serverless.yml that is packaged."""

from __future__ import annotations

from typing import Any

import msgspec


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Be a handler or workflow, by `module.function`, with what reaches it."""

    handler: str
    events: tuple[dict[str, Any], ...] = ()


class Unheard(msgspec.Struct, frozen=True, kw_only=True):
    """Be a topic to which nothing of the service listens."""

    message: str
    key: str
    external: bool = False


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Be what a port is bound to, on every backend or on one."""

    implementation: str
    cloud: str | None = None
    secrets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """Be what an App is made of, in words that JSON can hold."""

    service: str
    policy_version: str = "1"
    functions: dict[str, Reached] = {}
    workflows: dict[str, Reached] = {}
    topics: dict[str, Unheard] = {}
    ports: dict[str, tuple[Bound, ...]] = {}
