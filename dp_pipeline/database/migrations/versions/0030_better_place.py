"""A knockout tie may be decided by the better place in the table."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_BY_MATCHES = "'regular time', 'extra time', 'goals', 'shoot-out', 'away goals', "
_OTHERS = "'replay', 'series', 'awarded', 'rule unknown', 'not known'"
_COMMENT = (
    "regular time, extra time, goals (in which of them is not known), shoot-out, away goals,"
    " better place (in the table), replay, series, awarded, rule unknown or not known; null"
    " while the tie goes on"
)


def upgrade() -> None:
    """Allow it; the next read of the matches decides the ties anew."""
    _allow(f"{_BY_MATCHES}'better place', {_OTHERS}")
    for relation in ("knockout_tie", "knockout_ties"):
        _run(f"COMMENT ON COLUMN {relation}.decided_by IS '{_COMMENT}'")


def downgrade() -> None:
    """Such ties are decided by what is not known, as before."""
    _run(
        "UPDATE knockout_tie SET winner = NULL, decided_by = 'not known'"
        " WHERE decided_by = 'better place'"
    )
    _allow(_BY_MATCHES + _OTHERS)


def _allow(values: str) -> None:
    _run(
        "ALTER TABLE knockout_tie DROP CONSTRAINT ck_knockout_tie_decided_by,"
        f" ADD CONSTRAINT ck_knockout_tie_decided_by CHECK (decided_by IN ({values}))"
    )


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)
