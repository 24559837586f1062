"""The service: a resolved serverless.yml as types, with what goes into the App apart from what does not.

    provider.cloud, region, …      where it goes                          Provider
    provider.secrets               for this machine's own runs alone      Provider
    functions, workflows, …        what the App is made of                Composed

Only `Composed` is ever written to a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from isthmus.adapters.serverless.description import Composed
from isthmus.core.errors import InputError, SourceError

CLOUDS: Final = ("azure", "google")
OWN_KEYS: Final = {"subscription": "azure", "project": "google"}
"""Keys of a provider that are one cloud's alone."""

COMPOSING: Final = ("functions", "workflows", "topics", "ports")


class ServiceInvalid(SourceError):
    """Report every reason for which a serverless.yml cannot be."""

    code = "ISTH190"

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(problems[0], place="serverless.yml")

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        return "\n  ".join([f"{self.place}: {len(self.problems)} problems [{self.code}]:", *self.problems])


class RequestInvalid(InputError):
    """Report a request that no plugin of this version makes."""

    code = "ISTH285"


class Provider(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say where a stage of the service goes."""

    cloud: str = "local"
    region: str | None = None
    residency: str | None = None
    availability: tuple[str, ...] = ()
    project: str | None = None
    subscription: str | None = None
    policy_version: str = "1"
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}


class Isthmus(msgspec.Struct, frozen=True, kw_only=True):
    """Be `custom.isthmus`."""

    app: str | None = None
    database: str | None = None
    program: str | None = None
    stack: dict[str, Any] = {}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Be a stage of a service: where it goes, and the App that it names or describes."""

    name: str
    stage: str
    provider: Provider
    isthmus: Isthmus
    composed: Composed


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Be what the plugin hands over."""

    plugin: str
    stage: str
    options: dict[str, Any]
    configuration: dict[str, Any]


def request_from(text: bytes, version: str) -> Request:
    """Read what the plugin handed over. Raises RequestInvalid (ISTH285) for another plugin than this version's."""
    try:
        request = msgspec.json.decode(text, type=Request)
    except msgspec.DecodeError as fault:
        raise RequestInvalid(
            f"standard input is no request: {fault}",
            place="isthmus serverless",
            instead="it is the plugin's side: run serverless, osls or sls",
        ) from None
    if request.plugin != version:
        raise RequestInvalid(
            f"the plugin is {request.plugin}, and isthmus is {version}",
            place="serverless-isthmus",
            instead=f"install the same version of both: serverless-isthmus@{version}, or isthmus=={request.plugin}",
        )
    return request


def service_of(request: Request) -> Service:
    """Return the service of a request. Raises ServiceInvalid (ISTH190) with every problem of its serverless.yml."""
    configuration = request.configuration
    from isthmus.adapters.serverless.schema import problems_of, without_null  # noqa: PLC0415  # an extra

    problems = problems_of(configuration)
    if problems:
        raise ServiceInvalid(problems)
    provider = without_null(configuration["provider"])
    isthmus = without_null((configuration.get("custom") or {}).get("isthmus") or {})
    problems = [*_two_clouds(provider), *_two_compositions(configuration, isthmus)]
    if problems:
        raise ServiceInvalid(problems)
    service = str(configuration["service"])
    composing = {key: without_null(configuration.get(key) or {}) for key in COMPOSING}
    return Service(
        name=service,
        stage=request.stage,
        provider=msgspec.convert(provider, Provider),
        isthmus=msgspec.convert(isthmus, Isthmus),
        composed=msgspec.convert(
            {
                "service": service,
                "policy_version": provider.get("policyVersion", "1"),
                **composing,
            },
            Composed,
        ),
    )


def _two_clouds(provider: Mapping[str, Any]) -> list[str]:
    cloud = provider.get("cloud", "local")
    return [
        f"at 'provider.{key}': it is of {owner}, and this stage's cloud is {cloud}: "
        f"write it under params of a stage of {owner}"
        for key, owner in OWN_KEYS.items()
        if key in provider and owner != cloud
    ]


def _two_compositions(configuration: Mapping[str, Any], isthmus: Mapping[str, Any]) -> list[str]:
    said = [key for key in COMPOSING if configuration.get(key)]
    if "app" in isthmus:
        return [f"at '{key}': custom.isthmus.app names an App, which says it already: leave one out" for key in said]
    if "functions" in said or "workflows" in said:
        return []
    return ["at 'functions': there are none: write functions or workflows, or name an App in custom.isthmus.app"]
