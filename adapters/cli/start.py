"""`isthmus start` and `isthmus send`: ask a contract for its work, and tell a run what it waits for.

When an engine holds the database (`isthmus serve`), what is asked is written there, and that engine goes on with it.
Otherwise an engine of this process takes it as far as it goes without time passing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from isthmus.adapters.cli.faults import SOURCE
from isthmus.adapters.cli.output import say, say_json
from isthmus.adapters.cli.project import app_option, composition_of, database_of, database_option
from isthmus.core.errors import InputError, NotFound

if TYPE_CHECKING:
    from isthmus.core.composition import Composition

ACTOR: Final = "isthmus"
INPUT_BYTES_MAX: Final = 32 * 1024
BAD_OUTCOMES: Final = frozenset({"refused", "failed", "timed_out", "cancelled", "taken_back", "stuck"})


class InputUnreadable(InputError):  # noqa: N818  # as MessageInvalid
    """Report an --input that cannot be read."""

    code = "ISTH292"


input_option = click.option(
    "--input",
    "given",
    required=True,
    metavar="JSON|@FILE|-",
    help="The message: JSON, @ and a file that holds it, or - for standard input.",
)
