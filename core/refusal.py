"""Refusals: typed business answers of 'no', part of a contract, never retried.

class ComplianceRejected(Refusal):
    rule: str

raise ComplianceRejected(rule="maximum_order_value")
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform, get_type_hints

import msgspec

from isthmus.core.errors import SourceError
from isthmus.core.message import is_personal


@dataclass_transform(kw_only_default=True)
class Refusal(Exception):  # a refusal is an answer, not an error
    """Say a business 'no' with typed fields.

    Fields are annotated on the class, as on a `Message`. They may not be PERSONAL: a refusal is read by people and
    kept in the journal.
    """

    Fields: ClassVar[type[msgspec.Struct]] = msgspec.defstruct("Fields", [], frozen=True, kw_only=True)

    def __init_subclass__(cls) -> None:
        """Build the struct that validates and encodes the fields."""
        super().__init_subclass__()
        own = [name for name in cls.__annotations__ if not name.startswith("_")]
        hints = get_type_hints(cls, include_extras=True)
        inherited = [name for name in cls.Fields.__struct_fields__ if name not in own]
        for name in own:
            if is_personal(hints[name]):
                raise SourceError(
                    f"field {name!r} of a refusal is PERSONAL",
                    place=f"{cls.__module__}.{cls.__qualname__}",
                    instead="leave it out: refusals are read by people and kept in the journal",
                )
        fields: list[Any] = [
            (name, hints[name], getattr(cls, name)) if hasattr(cls, name) else (name, hints[name])
            for name in (*inherited, *own)
        ]
        cls.Fields = msgspec.defstruct(cls.__name__, fields, frozen=True, kw_only=True)

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


def _rebuild(cls: type[Refusal], fields: dict[str, Any]) -> Refusal:
    return cls(**fields)


class TimedOut(Exception):
    """Say that an event did not come within its time; raised by `wait_for` and by nothing else."""
