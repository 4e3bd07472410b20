"""How much of its domain an execution read: what a poll completes does not mend a whole read."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LEDGER = "data_provider_executions"
_INDEX = "ix_data_provider_executions_completed"
_COMPLETED = sa.text("status = 'completed'")


def upgrade() -> None:
    """Add it; executions so far read everything, except the polls among them."""
    op.add_column(
        _LEDGER,
        sa.Column(
            "scope",
            sa.Text,
            nullable=False,
            server_default="whole",
            comment="whole: the domain was read; part: what was due; nothing: it was not asked for",
        ),
    )
    op.execute("UPDATE data_provider_executions SET scope = 'part' WHERE summary ? 'quiet'")
    op.create_check_constraint(
        op.f("ck_data_provider_executions_scope"), _LEDGER, "scope IN ('whole', 'part', 'nothing')"
    )
    op.drop_index(_INDEX)
    op.create_index(
        _INDEX,
        _LEDGER,
        ["tournament_key", "domain", "scope", "completed_at"],
        postgresql_where=_COMPLETED,
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_index(_INDEX)
    op.create_index(
        _INDEX, _LEDGER, ["tournament_key", "domain", "completed_at"], postgresql_where=_COMPLETED
    )
    op.drop_constraint(op.f("ck_data_provider_executions_scope"), _LEDGER)
    op.drop_column(_LEDGER, "scope")
