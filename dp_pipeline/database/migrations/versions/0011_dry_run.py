"""Dry runs: executions that say what would be written, and write nothing else."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LEDGER = "data_provider_executions"
_CHECK = "ck_data_provider_executions_scope"
_OUTCOMES = "written, unchanged, {}nothing_yet, not_applicable, …, failed"
_SCOPE = "whole: the domain was read; part: what was due; nothing: it was not asked for"
_DRY = "; dry_run: it was read and only planned"


def upgrade() -> None:
    """Take them."""
    _constrain("'whole', 'part', 'nothing', 'dry_run'")
    _comment("outcome", _OUTCOMES.format("planned, "))
    _comment("scope", _SCOPE + _DRY)


def downgrade() -> None:
    """Take them no more."""
    op.execute("DELETE FROM data_provider_executions WHERE scope = 'dry_run'")
    _constrain("'whole', 'part', 'nothing'")
    _comment("outcome", _OUTCOMES.format(""))
    _comment("scope", _SCOPE)


def _constrain(scopes: str) -> None:
    op.drop_constraint(op.f(_CHECK), _LEDGER)
    op.create_check_constraint(op.f(_CHECK), _LEDGER, f"scope IN ({scopes})")


def _comment(column: str, comment: str) -> None:
    op.execute(f"COMMENT ON COLUMN {_LEDGER}.{column} IS '{comment}'")
