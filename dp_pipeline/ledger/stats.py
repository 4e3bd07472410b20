"""What executions came to and cost in the last days: the view `execution_stats`, newest first."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

_DAYS = sa.text("""
SELECT * FROM execution_stats
WHERE day > CAST((now() AT TIME ZONE 'UTC') AS date) - CAST(:days AS integer)
    AND (CAST(:provider AS text) IS NULL OR provider = :provider)
    AND (cardinality(CAST(:domains AS text[])) = 0 OR domain = ANY(CAST(:domains AS text[])))
ORDER BY day DESC, provider NULLS LAST, domain
""")


def execution_stats(
    connection: sa.Connection,
    *,
    days: int,
    provider: str | None = None,
    domains: Collection[str] = (),
) -> Sequence[sa.RowMapping]:
    """The rows of so many days up to today, which is a day of UTC.

    Args:
        connection: reads.
        days: how many; 1 is today alone.
        provider: the only one wanted.
        domains: the only ones wanted; none given, all.
    """
    values = {"days": min(days, _MOST_DAYS), "provider": provider, "domains": list(domains)}
    return connection.execute(_DAYS, values).mappings().all()


_MOST_DAYS = 1_000_000
"""Postgres knows no day before 4713 BC."""
