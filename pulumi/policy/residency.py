"""Residency as policies of Pulumi's: each resource by itself before it is made, and all of them together.

The policy is the stack's `isthmus:residency`, else what ISTHMUS_RESIDENCY names: a preset, or a file.

A resource is judged by what goes into it, not by what comes out: outputs lack the names of what it is a part of.
Values that a preview does not know yet are kept as such and never skipped: nothing passes because it is unknown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyProviderResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from isthmus.adapters.residency.shipped import PolicyUnreadable, facts, policy_of
from isthmus.adapters.runtime.home import RESIDENCY
from isthmus.core.errors import IsthmusError
from isthmus.core.residency.finding import Finding, standing
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.preview.judge import judge, judge_alone, state_backend
from isthmus.core.residency.preview.resource import Resource

STATE_URL: Final = "PULUMI_BACKEND_URL"
type Report = Callable[..., None]


class Residency:
    """Hold the resources of a deployment to a policy: it remembers what went into each."""

    def __init__(self, read: Callable[[], Policy], state_url: str) -> None:
        self._read = read
        self._state_url = state_url
        self._resources: dict[str, Resource] = {}
        self._reported: set[str] = set()

    def one(self, args: ResourceValidationArgs, report: Report) -> None:
        """Judge a resource by itself, before it is made; a component has no provider, and is nothing by itself."""
        if args.provider is None:
            return
        provider = provider_of(args.provider)
        one = Resource(urn=args.urn, type=args.resource_type, properties=plain(args.props), provider=args.provider.urn)
        self._resources |= {one.urn: one, provider.urn: provider}
        self._report(lambda policy: judge_alone(one, provider, policy, facts()), [args.urn], report)

    def all(self, args: StackValidationArgs, report: Report) -> None:
        """Judge all resources together, with what they refer to and where the state is."""
        resources = [
            self._with_dependencies(one.urn, one.property_dependencies)
            for one in args.resources
            if one.urn in self._resources
        ]
        providers = [one for one in self._resources.values() if one.type.startswith("pulumi:providers:")]
        known = [*resources, *providers, state_backend(self._state_url)]
        self._report(lambda policy: judge(known, policy, facts()), [one.urn for one in resources], report)

    def _with_dependencies(self, urn: str, dependencies: Mapping[str, Sequence[Any]]) -> Resource:
        kept = self._resources[urn]
        return Resource(
            urn=kept.urn,
            type=kept.type,
            properties=kept.properties,
            provider=kept.provider,
            dependencies={name: tuple(one.urn for one in sources) for name, sources in dependencies.items()},
        )

    def _report(self, found_by: Callable[[Policy], list[Finding]], urns: Sequence[str], report: Report) -> None:
        """Report what stands against resources, each finding once; that there is no policy that can be read, too."""
        try:
            found = standing(found_by(self._read().on(datetime.now(UTC).date())))
        except IsthmusError as error:
            self._once(str(error), None, report)
            return
        for one in found:
            at = [urn for urn in urns if urn.endswith(f"{one.type}::{one.resource}")]
            self._once(str(one), at[0] if at else None, report)

    def _once(self, said: str, urn: str | None, report: Report) -> None:
        if said not in self._reported:
            self._reported.add(said)
            report(said, urn)


def plain(value: Any) -> Any:
    """Return a value without the proxies that raise where a preview does not know it yet."""
    if isinstance(value, Mapping):
        kept = value["__target"] if not isinstance(value, dict) else value
        return {key: plain(item) for key, item in kept.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        kept = value if isinstance(value, list) else value["__target"]  # type: ignore[call-overload]
        return [plain(item) for item in kept]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def provider_of(provider: PolicyProviderResource) -> Resource:
    """Return the provider of a resource as a resource, with what its configuration says of places."""
    return Resource(urn=provider.urn, type=provider.resource_type, properties=plain(provider.props))


def policy_of_stack() -> Policy:
    """Return the policy that the stack names. Raises PolicyUnreadable (ISTH277), PolicyInvalid (ISTH275)."""
    reference = pulumi.Config("isthmus").get("residency") or os.environ.get(RESIDENCY)
    if not reference:
        raise PolicyUnreadable(
            "nothing says which policy holds",
            place="isthmus:residency",
            instead=f"pulumi config set isthmus:residency eu, or set {RESIDENCY}",
        )
    return policy_of(reference)


def start() -> None:
    """Serve the pack to Pulumi's engine."""
    residency = Residency(policy_of_stack, os.environ.get(STATE_URL, "where pulumi is logged in"))
    PolicyPack(
        "isthmus-residency",
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[
            ResourceValidationPolicy("residency-of-a-resource", "A resource is where its data may be.", residency.one),
            StackValidationPolicy("residency-of-all", "All is where its data may be, copies included.", residency.all),
        ],
    )
