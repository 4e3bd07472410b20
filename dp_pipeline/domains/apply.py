"""Doing what was planned: all of it, or nothing because rows have moved meanwhile."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database.history import add_changes
from dp_pipeline.database.store import RowsMovedError, Stored, write
from dp_pipeline.domains.plan import Plan

MOST_REPLANS = 5
"""Other runs may change shared teams meanwhile; in a trial with three at once two were enough."""


def apply(
    connection: sa.Connection,
    plan: Plan,
    again: Callable[[], Plan] | None = None,
    *,
    tournament_id: UUID,
    execution_id: UUID,
) -> tuple[Stored, ...]:
    """Write the differences of a plan and their history; what that did, table by table.

    Args:
        connection: in a transaction, which goes on when nothing could be written.
        plan: against rows as they were read.
        again: reads and plans anew, should somebody else have changed or inserted some of the rows.
        tournament_id: of which the plan is.
        execution_id: in which it is applied.

    Raises:
        RowsMovedError: they moved, each time.
    """

    def attempt() -> tuple[Stored, ...]:
        if not plan.changes_anything:
            return plan.stored
        with connection.begin_nested():
            stored = tuple(write(connection, each) for each in plan.writes)
        add_changes(connection, stored, tournament_id=tournament_id, execution_id=execution_id)
        return stored

    for _ in range(MOST_REPLANS if again else 0):
        try:
            return attempt()
        except RowsMovedError:
            assert again is not None  # noqa: S101 - for the type checker
            plan = again()
    return attempt()
