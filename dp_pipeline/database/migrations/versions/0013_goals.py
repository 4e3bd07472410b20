"""Goals, the view `goalscorers`, and the operation types of the domain."""

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_DOWN = """
DROP VIEW goalscorers;
DROP TABLE goal;
DELETE FROM data_provider_executions WHERE domain = 'goals';
COMMENT ON COLUMN data_provider_executions.domain
    IS 'tournaments, teams, rounds, matches, standings or logos';
"""

_OPERATIONS = """
ALTER TABLE data_provider_executions DROP CONSTRAINT ck_data_provider_executions_operation_type;
ALTER TABLE data_provider_executions ADD CONSTRAINT ck_data_provider_executions_operation_type
    CHECK (operation_type IN ({}));
"""


def upgrade() -> None:
    """Create table and view."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    _run(
        statements,
        _allowing("tournament", "teams", "rounds", "matches", "goals", "standings", "logos"),
    )


def downgrade() -> None:
    """Drop them; executions of the domain go with them, as they would break the old check."""
    _run(_DOWN, _allowing("tournament", "teams", "rounds", "matches", "standings", "logos"))


def _allowing(*subjects: str) -> str:
    types = (f"'{subject}_{verb}'" for subject in subjects for verb in ("create", "update"))
    return _OPERATIONS.format(", ".join(types))


def _run(*statements: str) -> None:
    for each in statements:
        op.get_bind().exec_driver_sql(each)
