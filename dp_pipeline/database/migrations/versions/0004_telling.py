"""What an execution was part of, and by what its failure is known again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLE = "data_provider_executions"
_UNTOLD = "announced_at IS NULL AND completed_at IS NOT NULL"
_FINGERPRINT = r"""
CASE status
WHEN 'failed'::text THEN md5(
  COALESCE(error_class, ''::text) || ' '::text || regexp_replace(
    replace(COALESCE(error_text, ''::text), tournament_key, '#'::text),
    '[A-Za-z0-9_./@-]*[0-9][A-Za-z0-9_./@-]*'::text, '#'::text, 'g'::text))
WHEN 'partial_failure'::text THEN md5(
  'partial '::text || COALESCE(summary ->> 'leftOut'::text, ''::text))
ELSE NULL::text
END
"""


def upgrade() -> None:
    """Add the columns and their indexes."""
    op.add_column(
        _TABLE,
        sa.Column(
            "unit",
            sa.Text,
            comment="backfill:ID or the refresh it was part of; null: on its own",
        ),
    )
    op.add_column(
        _TABLE,
        sa.Column(
            "fingerprint",
            sa.Text,
            sa.Computed(_FINGERPRINT, persisted=True),
            comment="Equal for the same failure; null when it did not fail",
        ),
    )
    op.drop_index("ix_data_provider_executions_unannounced", _TABLE)
    op.create_index(
        "ix_data_provider_executions_unannounced",
        _TABLE,
        ["completed_at"],
        postgresql_where=sa.text(f"{_UNTOLD} AND unit IS NULL"),
    )
    op.create_index(
        "ix_data_provider_executions_unannounced_unit",
        _TABLE,
        ["unit", "completed_at"],
        postgresql_where=sa.text(f"{_UNTOLD} AND unit IS NOT NULL"),
    )
    subject = ["tournament_key", "domain", "completed_at"]
    op.create_index(
        "ix_data_provider_executions_completed",
        _TABLE,
        subject,
        postgresql_where=sa.text("status = 'completed'"),
    )
    op.create_index(
        "ix_data_provider_executions_fingerprint",
        _TABLE,
        subject,
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )


def downgrade() -> None:
    """Take them away again."""
    for name in ("fingerprint", "completed", "unannounced_unit", "unannounced"):
        op.drop_index(f"ix_data_provider_executions_{name}", _TABLE)
    op.drop_column(_TABLE, "fingerprint")
    op.drop_column(_TABLE, "unit")
    op.create_index(
        "ix_data_provider_executions_unannounced",
        _TABLE,
        ["completed_at"],
        postgresql_where=sa.text(_UNTOLD),
    )
