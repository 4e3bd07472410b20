"""What checks of stored data came to, as commands show it."""

from collections.abc import Sequence

import sqlalchemy as sa

from dp_pipeline.database import tables


def check_rows(
    connection: sa.Connection, *, tournament: str | None = None, failing: bool = True
) -> Sequence[sa.RowMapping]:
    """Checks with the key of their tournament, errors first.

    Args:
        connection: reads.
        tournament: key of the only one wanted.
        failing: without those that passed.
    """
    check, key = tables.data_check, tables.tournament.c.key
    wanted = (
        sa.select(key.label("tournament_key"), check)
        .join_from(check, tables.tournament)
        .order_by(check.c.passed, check.c.severity, key, check.c.domain, check.c.name)
    )
    if tournament is not None:
        wanted = wanted.where(key == tournament)
    if failing:
        wanted = wanted.where(~check.c.passed)
    return connection.execute(wanted).mappings().all()
