"""Alembic's way in. The caller gives the connection and owns its transaction."""

from alembic import context

from dp_pipeline.database.migrations import VERSION_TABLE
from dp_pipeline.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
