"""Doing what was planned: all of it, or nothing because rows have moved meanwhile."""

import sqlalchemy as sa

from dp_pipeline.database.store import Stored, write
from dp_pipeline.domains.plan import Plan


def apply(connection: sa.Connection, plan: Plan) -> tuple[Stored, ...]:
    """Write the differences of a plan; what it did, table by table.

    Raises:
        RowsMovedError: somebody else has changed or inserted some of the rows since they were read.
            Nothing is written then, the transaction goes on, and it is to be planned again.
    """
    if not plan.changes_anything:
        return plan.stored
    with connection.begin_nested():
        return tuple(write(connection, each) for each in plan.writes)
