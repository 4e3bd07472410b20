"""What the last whole read of each domain found wrong or doubtful, as it is kept."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.database.rows import Row, finding_id, storable
from dp_pipeline.database.store import store
from dp_pipeline.providers.fetched import Finding

_table = tables.finding
_MINE = _table.c.tournament_id == sa.bindparam("tournament", type_=sa.Uuid)
_OF_TOURNAMENT = (
    sa.select(_table).where(_MINE).order_by(_table.c.domain, _table.c.subject, _table.c.detail)
)
_DELETE_OTHERS = sa.delete(_table).where(
    _MINE,
    _table.c.domain == sa.any_(sa.bindparam("domains", type_=pg.ARRAY(sa.Text))),
    _table.c.id != sa.all_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))),
)


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
    still = {"domains": list(read), "ids": [row["id"] for row in rows]}
    connection.execute(_DELETE_OTHERS, {"tournament": tournament, **still})


def findings_of(connection: sa.Connection, tournament: UUID) -> Sequence[Row]:
    """What was found, in the order of what is concerned."""
    return connection.execute(_OF_TOURNAMENT, {"tournament": tournament}).mappings().all()


def _left_out_last(row: Row) -> bool:
    return row["severity"] == "ERROR"
