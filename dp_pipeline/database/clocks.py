"""The time at providers, as their answers told it to the last run that asked."""

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database import tables
from dp_pipeline.providers.clock import Clock

_table = tables.provider_clock


def record_clocks(connection: sa.Connection, clocks: Mapping[str, Clock]) -> None:
    """Remember what providers with a time of their own told, in place of what they told before."""
    for provider, clock in clocks.items():
        told = {
            "at": datetime.fromtimestamp(clock.at, UTC),
            "read_at": datetime.fromtimestamp(clock.read_at, UTC),
            "speed": clock.speed,
        }
        connection.execute(
            insert(_table)
            .values(provider=provider, **told)
            .on_conflict_do_update(index_elements=[_table.c.provider], set_=told)
        )


def read_clocks(connection: sa.Connection) -> dict[str, Clock]:
    """The clocks of the providers that have one of their own; all others go by ours."""
    return {
        row.provider: Clock(row.at.timestamp(), row.read_at.timestamp(), row.speed)
        for row in connection.execute(sa.select(_table))
    }
