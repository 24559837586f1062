"""The errors of Isthmus, grouped by whose fault they are.

    IsthmusError
    ├── SourceError        the developer's: a contract, handler, workflow or App that cannot be (ISTH1xx)
    ├── InputError         the caller's: a message, file, option or key that breaks a rule (ISTH2xx)
    ├── EnvironmentFault   the machine's: a disk, database, key file or network that fails (ISTH3xx)
    └── InternalError      ours: please report it (ISTH9xx)

Each carries a stable code, the place, the rule and what to do instead. Refusals are not errors: they are
answers, and live in `isthmus.core.refusal`.
"""

from __future__ import annotations

from typing import ClassVar


class IsthmusError(Exception):
    """Say what went wrong: where, which rule, and what to do instead."""

    code: ClassVar[str] = "ISTH000"

    def __init__(self, problem: str, *, place: str = "", instead: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.instead = instead

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        remedy = f" ({self.instead})" if self.instead else ""
        return f"{where}{self.problem}{remedy} [{self.code}]"


class SourceError(IsthmusError):
    """Report a contract, handler, workflow or App that cannot be."""

    code = "ISTH100"


class InputError(IsthmusError):
    """Report input from outside that breaks a rule."""

    code = "ISTH200"


class MessageInvalid(InputError):
    """Report a message that does not have the fields, types or bounds of its contract."""

    code = "ISTH201"


class IdentityConflict(InputError):
    """Report a start whose identity belongs to a run with other content."""

    code = "ISTH202"


class NotFound(InputError):
    """Report a run, contract, event or dead letter that does not exist."""

    code = "ISTH203"


class EnvironmentFault(IsthmusError):
    """Report a machine, disk, database or network that does not do its part."""

    code = "ISTH300"


class StorageUnavailable(EnvironmentFault):
    """Report a database that cannot be opened, read or written."""

    code = "ISTH301"


class EngineBusy(EnvironmentFault):
    """Report that another engine process holds the database."""

    code = "ISTH302"


class Superseded(EnvironmentFault):
    """Report that a newer engine has taken the database over, so that this one may not write."""

    code = "ISTH303"


class KeyUnavailable(EnvironmentFault):
    """Report a key of a person that is missing, destroyed or unreadable."""

    code = "ISTH304"


class InternalError(IsthmusError):
    """Report a state that the design excludes: a fault of ours."""

    code = "ISTH900"


class ReplayMismatch(InternalError):
    """Report a recorded answer that belongs to another contract or input than the one that is asked for."""

    code = "ISTH901"
