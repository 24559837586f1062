"""A resource of a preview in a neutral form, and how one is read from what Pulumi prints.

pulumi preview --json --show-sames > preview.json        unchanged resources are in it only with --show-sames
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from isthmus.core.errors import InputError
from isthmus.core.residency.facts import AZURE, GOOGLE

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None

UNKNOWN_VALUE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi writes in a preview where a value is known only after the deployment."""

SECRET_VALUE: Final = "[secret]"  # noqa: S105  # it is what stands where a secret was
SHOWN_MAX: Final = 120
PROVIDER: Final = "pulumi:providers:"
_VERSION: Final = re.compile(r"/v[0-9]{8}(preview|privatepreview)?:")
_FAMILIES: Final = {"azure-native": AZURE, "azure": AZURE, "gcp": GOOGLE, "google-native": GOOGLE}


class PreviewInvalid(InputError):
    """Report a preview that cannot be read."""

    code = "ISTH279"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a resource that a deployment would make, as its provider will get it.

    `dependencies` holds, by property, the URNs of the resources of the same deployment that its value comes from.
    """

    urn: str
    type: str
    properties: dict[str, Json]
    dependencies: dict[str, tuple[str, ...]] = {}
    provider: str = ""
    """The URN of the provider that makes it."""

    @property
    def name(self) -> str:
        """Return the name that it has in the program."""
        return self.urn.rpartition("::")[2] or self.urn

    @property
    def token(self) -> str:
        """Return its type without the version of an API in it."""
        return _VERSION.sub(":", self.type)

    @property
    def cloud(self) -> str:
        """Return the cloud that it is of, or nothing."""
        return _FAMILIES.get(self.type.partition(":")[0], "")


class _State(msgspec.Struct):
    urn: str
    type: str
    custom: bool = True
    inputs: dict[str, Any] | None = None
    propertyDependencies: dict[str, list[str] | None] | None = None  # noqa: N815  # it is Pulumi's name
    provider: str = ""


class _Step(msgspec.Struct):
    op: str
    newState: _State | None = None  # noqa: N815


class _Preview(msgspec.Struct):
    steps: list[_Step]


def read_preview(text: bytes, *, name: str) -> list[Resource]:
    """Read what `pulumi preview --json --show-sames` prints; components are left out, they hold nothing themselves.

    Raises PreviewInvalid (ISTH279).
    """
    try:
        preview = msgspec.json.decode(text, type=_Preview, strict=False)
    except msgspec.MsgspecError as fault:
        raise PreviewInvalid(
            f"it is no preview: {fault}", place=name, instead="give what pulumi preview --json --show-sames printed"
        ) from None
    states = [step.newState for step in preview.steps if step.newState is not None and step.op != "delete"]
    return [_resource(state) for state in states if state.custom]


def _resource(state: _State) -> Resource:
    return Resource(
        urn=state.urn,
        type=state.type,
        properties=state.inputs or {},
        dependencies={name: tuple(urns or ()) for name, urns in (state.propertyDependencies or {}).items()},
        provider=state.provider.rpartition("::")[0],
    )


def values(properties: Mapping[str, Json], path: str) -> Iterator[tuple[str, Json]]:
    """Yield what stands at a path, with where exactly; None where nothing does.

    `locations[].locationName` is that of every item, `appSettings[REGION].value` that of the item named REGION.
    """
    yield from _walk(properties, path.split("."), "")


def _walk(value: Json | Mapping[str, Json], parts: Sequence[str], walked: str) -> Iterator[tuple[str, Json]]:
    if not parts:
        if isinstance(value, Mapping):
            yield walked, dict(value)
        else:
            yield walked, value
        return
    key, bracket, inside = parts[0].partition("[")
    where = f"{walked}.{key}" if walked else key
    found = value.get(key) if isinstance(value, Mapping) else None
    wanted = inside.removesuffix("]")
    if bracket and isinstance(found, list):
        items = [(number, item) for number, item in enumerate(found) if not wanted or _named(item) == wanted]
        for number, item in items:
            yield from _walk(item, parts[1:], f"{where}[{wanted or number}]")
        if not items:
            yield ".".join([f"{where}[{wanted}]", *parts[1:]]), None
    elif found is None or bracket:
        yield ".".join([f"{where}{bracket}{inside}", *parts[1:]]), found
    else:
        yield from _walk(found, parts[1:], where)


def _named(item: Json) -> Json:
    return item.get("name") if isinstance(item, dict) else None


def text_of(value: Json) -> str:
    """Return a value as it is shown and compared."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return msgspec.json.encode(value).decode()


def shown(value: Json) -> str:
    """Return a value as a finding shows it."""
    if value is None:
        return "not said"
    return text_of(value)[:SHOWN_MAX] if is_known(value) else "known after the deployment"


def is_known(value: Json) -> bool:
    """Say whether a value is one that a preview knows and shows."""
    return value not in (UNKNOWN_VALUE, SECRET_VALUE) and not (isinstance(value, str) and UNKNOWN_VALUE in value)
