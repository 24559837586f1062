"""Write the next step of the schema: what the tables say and the steps so far do not."""

from __future__ import annotations

import sys

from alembic import command
from sqlalchemy import create_engine

from isthmus.adapters.sql.migrations import HEAD, configuration


def write_next(message: str) -> None:
    """Write the next step into the folder of versions; its number is then to be written down as HEAD."""
    config = configuration()
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    with create_engine("sqlite://").connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, message, autogenerate=True, rev_id=f"{int(HEAD) + 1:04d}")


if __name__ == "__main__":
    write_next(" ".join(sys.argv[1:]) or "Change the tables")
