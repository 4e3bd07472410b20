"""How the tables came to be: Alembic revisions, run from inside the package.

To change the tables: change `tables`, add a revision under `versions` (its file name begins with
the next number). The tests say whether both agree.
"""

from importlib import resources

import sqlalchemy as sa

REVISIONS = tuple(
    sorted(
        path.name.partition("_")[0]
        for path in (resources.files(__name__) / "versions").iterdir()
        if path.name[0].isdigit() and path.name.endswith(".py")
    )
)
"""Every revision, oldest first; by the names of their files, as asking for it imports no Alembic.

The first one is the baseline: what came before it, only version 0.1 knows.
"""
HEAD = REVISIONS[-1]
# Dagster's storage and many applications call theirs alembic_version.
VERSION_TABLE = "dp_alembic_version"


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the missing revisions in the connection's transaction."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(connection: sa.Connection, revision: str = "base") -> None:
    """Undo revisions in the connection's transaction. Tables they made go, with their rows."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def _config(connection: sa.Connection):  # noqa: ANN202 - Alembic's, which is imported late
    from alembic.config import Config

    config = Config()
    # package:folder, resolved through importlib.resources: works from a wheel.
    config.set_main_option("script_location", "dp_pipeline.database:migrations")
    config.attributes["connection"] = connection
    return config
