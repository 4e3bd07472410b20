"""The ledger of executions, reports waiting for the object store, and the pace of requests."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _written() -> tuple[sa.Column[datetime], ...]:
    now = sa.text("now()")
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=now,
            nullable=False,
            comment="Last time a value of this row changed",
        ),
    )


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "data_provider_executions",
        sa.Column("id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False, comment="The Dagster run id"),
        sa.Column(
            "tournament_id",
            sa.Uuid,
            nullable=False,
            comment="tournament.id, also while that row does not exist yet",
        ),
        sa.Column("operation_type", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), comment="Null while in progress"),
        sa.Column("duration", sa.Integer, comment="Milliseconds"),
        sa.Column("report_file_url", sa.Text),
        sa.Column("report_file_key", sa.Text, comment="Key of the report in the object store"),
        sa.Column("summary", pg.JSONB, comment="Counts of operations and rows; error on failure"),
        *_written(),
        sa.Column("tournament_key", sa.Text, nullable=False, comment="tournament.key"),
        sa.Column("tournament_label", sa.Text),
        sa.Column(
            "domain",
            sa.Text,
            nullable=False,
            comment="tournaments, teams, rounds, matches, standings or logos",
        ),
        sa.Column(
            "attempt",
            sa.Integer,
            server_default=sa.text("1"),
            nullable=False,
            comment="Which try within the run, from 1",
        ),
        sa.Column(
            "outcome", sa.Text, comment="written, unchanged, nothing_yet, not_applicable, …, failed"
        ),
        sa.Column("error_class", sa.Text),
        sa.Column("error_text", sa.Text, comment="One sentence for a person"),
        sa.Column(
            "announced_at",
            sa.DateTime(timezone=True),
            comment="When people were told; null: not yet",
        ),
        sa.CheckConstraint(
            "operation_type IN ('tournament_create', 'tournament_update', 'teams_create', "
            "'teams_update', 'rounds_create', 'rounds_update', 'matches_create', "
            "'matches_update', 'standings_create', 'standings_update', 'logos_create', "
            "'logos_update')",
            name=op.f("ck_data_provider_executions_operation_type"),
        ),
        sa.CheckConstraint(
            "status IN ('in_progress', 'completed', 'partial_failure', 'failed')",
            name=op.f("ck_data_provider_executions_status"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_data_provider_executions_attempt")),
        sa.CheckConstraint("duration >= 0", name=op.f("ck_data_provider_executions_duration")),
        sa.PrimaryKeyConstraint("id", name="pk_data_provider_executions"),
        sa.UniqueConstraint(
            "request_id",
            "tournament_key",
            "domain",
            "attempt",
            name="uq_data_provider_executions_attempt",
        ),
        comment="The ledger: one row per attempt to materialize one domain of one tournament",
    )
    op.create_index(
        "ix_data_provider_executions_in_progress",
        "data_provider_executions",
        ["started_at"],
        postgresql_where=sa.text("status = 'in_progress'"),
    )
    op.create_index(
        "ix_data_provider_executions_tournament_key",
        "data_provider_executions",
        ["tournament_key", sa.literal_column("started_at DESC")],
    )
    op.create_index(
        "ix_data_provider_executions_unannounced",
        "data_provider_executions",
        ["completed_at"],
        postgresql_where=sa.text("announced_at IS NULL AND completed_at IS NOT NULL"),
    )
    op.create_table(
        "execution_report",
        sa.Column("execution_id", sa.Uuid, nullable=False),
        sa.Column("file_key", sa.Text, nullable=False),
        sa.Column("report", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["data_provider_executions.id"],
            name="fk_execution_report_execution_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("execution_id", name="pk_execution_report"),
        comment="Reports the object store has not taken yet; a row goes when it has",
    )
    op.create_index("ix_execution_report_next_attempt_at", "execution_report", ["next_attempt_at"])
    op.create_table(
        "provider_pace",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="The earliest time of the next request to this provider",
        ),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_pace"),
        comment="Spaces the requests of all processes to one provider",
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("provider_pace")
    op.drop_table("execution_report")
    op.drop_table("data_provider_executions")
