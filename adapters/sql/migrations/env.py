"""Run the steps on the connection that `migrate` holds, within its transaction."""

from alembic import context

from isthmus.adapters.sql.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
