"""Refusals: typed business answers of 'no', part of a contract, never retried.

class ComplianceRejected(Refusal):
    rule: str

raise ComplianceRejected(rule="maximum_order_value")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

import msgspec

from isthmus.core.annotations import hints_of
from isthmus.core.errors import SourceError
from isthmus.core.sealing import holds_personal


@dataclass_transform(kw_only_default=True)
class Refusal(Exception):  # a refusal is an answer, not an error
    """Say a business 'no' with typed fields.

    Fields are annotated on the class, as on a `Message`. They may not be PERSONAL: a refusal is read by people and
    kept in the journal.
    """

    _fields: msgspec.Struct
    Fields: ClassVar[type[msgspec.Struct]] = msgspec.defstruct("Fields", [], frozen=True, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Build the struct that validates and encodes the fields."""
        super().__init_subclass__()
        own = [name for name in cls.__annotations__ if not name.startswith("_")]
        place = f"{cls.__module__}.{cls.__qualname__}"
        hints = hints_of(cls, place=place)
        inherited = [name for name in cls.Fields.__struct_fields__ if name not in own]
        for name in own:
            if holds_personal(hints[name]):
                raise SourceError(
                    f"field {name!r} of a refusal is PERSONAL",
                    place=place,
                    instead="leave it out: refusals are read by people and kept in the journal",
                )
        fields: list[Any] = [
            (name, hints[name], getattr(cls, name)) if hasattr(cls, name) else (name, hints[name])
            for name in (*inherited, *own)
        ]
        cls.Fields = msgspec.defstruct(cls.__name__, fields, frozen=True, kw_only=True)

    if TYPE_CHECKING:
        # What type checkers derive for each class from its fields; taking any would hide it from them.
        def __init__(self) -> None: ...
    else:

        def __init__(self, **fields: Any) -> None:
            self._fields = type(self).Fields(**fields)
            for name in self._fields.__struct_fields__:
                setattr(self, name, getattr(self._fields, name))
            super().__init__()

    @property
    def fields(self) -> msgspec.Struct:
        """Return the fields as one frozen struct, which is what is encoded."""
        return self._fields

    def __str__(self) -> str:
        values = (f"{name}={getattr(self, name)!r}" for name in self._fields.__struct_fields__)
        return f"{type(self).__name__}({', '.join(values)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Refusal) and other.fields == self.fields

    def __hash__(self) -> int:
        return hash((type(self), self._fields))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {name: getattr(self, name) for name in self._fields.__struct_fields__})


def _rebuild(cls: Any, fields: dict[str, Any]) -> Refusal:
    refusal: Refusal = cls(**fields)
    return refusal


class TimedOut(Exception):
    """Say that an event did not come within its time; raised by `wait_for` and by nothing else."""
