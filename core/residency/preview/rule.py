"""Rules about properties: the few shapes that they have, so that the tables of both clouds are only data.

At          the property names a place
Copied      the property asks for copies in the paired region, or its absence does
Nowhere     the property, or the type itself, is confined to no place
Refers      the property names another resource, which may be in this deployment or not
Inside      the resource is a part of another, and where that is
Nested      the property holds a template with resources of its own
Readable    the property makes data readable where calls may leave the region
"""

from __future__ import annotations

from typing import Final

import msgspec

from isthmus.core.residency.policy import Verb

KEPT_AND_WORKED_ON: Final = (Verb.STORE, Verb.PROCESS)


class At(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a property names a place where something is done with data.

    `absent` is the place when the property is not there, `within` finds the place in a longer text.
    """

    property: str
    verbs: tuple[Verb, ...] = KEPT_AND_WORKED_ON
    absent: str = ""
    optional: bool = False
    """Whether nothing is done when the property is not there."""
    within: str = ""
    unless: str = ""
    """Another property that names the places instead, when it is there."""
    public: str = ""
    """What the value looks like when it names something that everybody has, and that holds nothing of ours."""
    hidden: bool = False
    """Whether no more of the value may be shown than the place, because it holds a key."""
    why: str = ""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a property asks for copies in the region's pair: by one of its values, or because it is not there."""

    property: str
    when: tuple[str, ...] = ()
    absent: bool = False
    implicit: bool = False
    """Whether the copies are made wherever there is a pair, and there is no switch."""
    why: str
    instead: str


class Nowhere(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a property is confined to no place: by one of its values, by any (`present`), or by not being there."""

    property: str
    when: tuple[str, ...] = ()
    present: bool = False
    absent: bool = False
    verb: Verb = Verb.PROCESS
    why: str
    instead: str


class Refers(msgspec.Struct, frozen=True, kw_only=True):
    """Say that data goes to the resource that a property names, or comes to lie there.

    `to` are the types that it may be, `pick` finds its name in a longer text.
    """

    property: str
    to: tuple[str, ...]
    verb: Verb = Verb.STORE
    pick: str = ""
    why: str


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a resource is a part of the one that a property names."""

    property: str
    to: tuple[str, ...]
    pick: str = ""


class Nested(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a property holds resources of its own: a template of the cloud's."""

    property: str


class Readable(msgspec.Struct, frozen=True, kw_only=True):
    """Say that data is readable here, and that calls may originate elsewhere."""

    property: str
    why: str
    instead: str


type Rule = At | Copied | Nowhere | Refers | Inside | Nested | Readable
