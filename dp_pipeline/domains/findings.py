"""What the last whole read of each domain found wrong or doubtful, as it is kept."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.rows import Row, finding_id, storable
from dp_pipeline.database.store import store
from dp_pipeline.providers.fetched import Finding

_table = tables.finding


def keep_findings(
    connection: sa.Connection, tournament: UUID, read: Mapping[str, Sequence[Finding]]
) -> None:
    """Keep what was found in place of what an earlier read of the same domains had found.

    Args:
        connection: in a transaction.
        tournament: id of its row.
        read: findings by domain; without one of a domain that was read well, it has none any more.
    """
    if not read:
        return
    rows = [
        {
            "id": finding_id(tournament, domain, finding.kind, finding.subject, finding.detail),
            "tournament_id": tournament,
            "domain": domain,
            "kind": finding.kind,
            "subject": storable(finding.subject),
            "detail": storable(finding.detail),
            "severity": "ERROR" if finding.left_out else "WARN",
        }
        for domain, findings in read.items()
        for finding in findings
    ]
    # One that came both ways is left out.
    rows = list({row["id"]: row for row in sorted(rows, key=_left_out_last)}.values())
    store(connection, _table, rows)
    connection.execute(
        sa.delete(_table).where(
            _table.c.tournament_id == tournament,
            _table.c.domain.in_(list(read)),
            _table.c.id.not_in([row["id"] for row in rows]),
        )
    )


def findings_of(connection: sa.Connection, tournament: UUID) -> Sequence[Row]:
    """What was found, in the order of what is concerned."""
    wanted = sa.select(_table).where(_table.c.tournament_id == tournament)
    order = (_table.c.domain, _table.c.subject, _table.c.detail)
    return connection.execute(wanted.order_by(*order)).mappings().all()


def _left_out_last(row: Row) -> bool:
    return row["severity"] == "ERROR"
