"""How the tables came to be: Alembic revisions, run from inside the package.

To change the tables: change `tables`, add a revision under `versions` (its file name begins with
the next number). The tests say whether both agree.
"""

from collections.abc import Iterable
from importlib import resources

import sqlalchemy as sa


def numbers_of(files: Iterable[str]) -> tuple[str, ...]:
    """The numbers with which the names of migrations begin, in order.

    Alembic only warns of two with one number, and runs one of them: two branches once brought a
    0022 each. Here that is a ValueError.
    """
    migrations = (name for name in files if name[0].isdigit() and name.endswith(".py"))
    numbers = sorted(name.partition("_")[0] for name in migrations)
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        message = f"Several migrations are numbered {', '.join(twice)}; give each the next number."
        raise ValueError(message)
    return tuple(numbers)


REVISIONS = numbers_of(path.name for path in (resources.files(__name__) / "versions").iterdir())
"""Every revision, oldest first; by the names of their files, as asking for it imports no Alembic.

The first one is the baseline: what came before it, only version 0.1 knows.
"""
HEAD = REVISIONS[-1]
# Dagster's storage and many applications call theirs alembic_version.
VERSION_TABLE = "dp_alembic_version"


def version(connection: sa.Connection) -> str | None:
    """The version of the tables; None when there are none."""
    table = sa.table(VERSION_TABLE, sa.column("version_num", sa.Text))
    if connection.scalar(sa.select(sa.func.to_regclass(table.name))) is None:
        return None
    return connection.scalar(sa.select(table.c.version_num))


def missing(version: str | None) -> int:
    """How many migrations tables of this version lack, or a database without any."""
    return len(REVISIONS) - (0 if version is None else REVISIONS.index(version) + 1)


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
