"""The ledger of executions, and reports that wait for the object store."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import metadata, moment, number, one_of, text, written

EXECUTION_STATUSES = ("in_progress", "completed", "partial_failure", "failed")
SCOPES = ("whole", "part", "nothing", "dry_run")
OPERATION_TYPES = tuple(
    f"{subject}_{verb}"
    for subject in ("tournament", "teams", "rounds", "matches", "goals", "standings", "logos")
    for verb in ("create", "update")
)

# One text for failures that differ in nothing but numbers, keys and addresses: what a message folds
# and a digest groups by. ASCII ranges, because classes like [:alnum:] follow the server's locale;
# spelled as Postgres gives it back, because Alembic compares the words.
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

data_provider_executions = sa.Table(
    "data_provider_executions",
    metadata,
    sa.Column(
        "id",
        sa.Uuid,
        primary_key=True,
        server_default=sa.func.gen_random_uuid(),
        comment="The execution",
    ),
    sa.Column("request_id", sa.Uuid, nullable=False, comment="The Dagster run id"),
    sa.Column(
        "tournament_id",
        sa.Uuid,
        nullable=False,
        # No foreign key: the row is opened before the tournament is stored.
        comment="tournament.id, also while that row does not exist yet",
    ),
    text(
        "operation_type",
        "{domain}_create: nothing was stored of it; {domain}_update",
        required=True,
    ),
    text("status", "in_progress, completed, partial_failure or failed", required=True),
    moment("started_at", "When the work began", now=True),
    moment("completed_at", "Null while in progress"),
    number("duration", "Milliseconds"),
    text("report_file_url", "Address of the report for people; null until it is stored"),
    text("report_file_key", "Key of the report in the object store"),
    sa.Column("summary", pg.JSONB, comment="Counts of operations and rows; error on failure"),
    *written(),
    text("tournament_key", "tournament.key", required=True),
    text("tournament_label", "tournament.label; null when it never became known"),
    text("domain", "What was updated; the asset in Dagster has this name", required=True),
    sa.Column(
        "attempt",
        sa.Integer,
        nullable=False,
        server_default=sa.text("1"),
        comment="Which try within the run, from 1",
    ),
    text("outcome", "written, unchanged, planned, nothing_yet, not_applicable, …, failed"),
    text("error_class", "The kind of error; null when it did not fail"),
    text("error_text", "One sentence for a person"),
    moment("announced_at", "When it was announced; null: not yet"),
    text("run_group", "backfill:ID or the refresh it was part of; null: on its own"),
    sa.Column(
        "fingerprint",
        sa.Text,
        sa.Computed(_FINGERPRINT, persisted=True),
        comment="Equal for the same failure; null when it did not fail",
    ),
    sa.Column(
        "scope",
        sa.Text,
        nullable=False,
        server_default="whole",
        comment=(
            "whole: the domain was read; part: what was due; nothing: it was not requested; "
            "dry_run: it was read and only planned"
        ),
    ),
    sa.Column(
        "selection",
        pg.JSONB(none_as_null=True),
        comment="What was wanted: {} everything, or the external ids of matches, and followUp",
    ),
    moment("now", "The present at the provider when it was read; that of a simulated world there"),
    # Two rows for one attempt would mean two writers who do not know of each other.
    sa.UniqueConstraint(
        "request_id",
        "tournament_key",
        "domain",
        "attempt",
        name="uq_data_provider_executions_attempt",  # Postgres cuts names after 63 bytes
    ),
    one_of("status", EXECUTION_STATUSES),
    one_of("operation_type", OPERATION_TYPES),
    one_of("scope", SCOPES),
    sa.CheckConstraint("attempt >= 1", name="attempt"),
    sa.CheckConstraint("duration >= 0", name="duration"),
    sa.Index(
        "ix_data_provider_executions_in_progress",
        "started_at",
        postgresql_where=sa.text("status = 'in_progress'"),
    ),
    sa.Index(
        "ix_data_provider_executions_unannounced",
        "completed_at",
        postgresql_where=sa.text(
            "announced_at IS NULL AND completed_at IS NOT NULL AND run_group IS NULL"
        ),
    ),
    sa.Index(
        "ix_data_provider_executions_unannounced_run_group",
        "run_group",
        "completed_at",
        postgresql_where=sa.text(
            "announced_at IS NULL AND completed_at IS NOT NULL AND run_group IS NOT NULL"
        ),
    ),
    # How long a failure has lasted and what it ended: two look-ups for each that is announced.
    sa.Index(
        "ix_data_provider_executions_completed",
        "tournament_key",
        "domain",
        "scope",
        "completed_at",
        postgresql_where=sa.text("status = 'completed'"),
    ),
    sa.Index(
        "ix_data_provider_executions_fingerprint",
        "tournament_key",
        "domain",
        "completed_at",
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    ),
    sa.Index(
        "ix_data_provider_executions_tournament_key",
        "tournament_key",
        sa.text("started_at DESC"),
    ),
    sa.Index("ix_data_provider_executions_started_at", "started_at"),
    sa.Index(
        "ix_data_provider_executions_failed",
        "started_at",
        postgresql_where=sa.text("status = 'failed'"),
    ),
    sa.Index(
        "ix_data_provider_executions_error_class",
        "error_class",
        "tournament_key",
        postgresql_where=sa.text("error_class IS NOT NULL"),
    ),
    # For `execution_stats`, of which people want the last days.
    sa.Index(
        "ix_data_provider_executions_day",
        sa.text("(((started_at AT TIME ZONE 'UTC'::text))::date)"),
    ),
    # By request_id: the index of the unique constraint begins with it.
    comment="The ledger: one row per attempt to materialize one domain of one tournament",
)

execution_report = sa.Table(
    "execution_report",
    metadata,
    sa.Column(
        "execution_id",
        sa.Uuid,
        sa.ForeignKey("data_provider_executions.id", ondelete="CASCADE"),
        primary_key=True,
        comment="data_provider_executions.id",
    ),
    text("file_key", "The key it will have in the object store", required=True),
    # json, not jsonb: reports quote providers, and jsonb refuses the escape of the NUL character.
    sa.Column("report", sa.JSON, nullable=False, comment="The report itself"),
    sa.Column(
        "attempts",
        sa.Integer,
        nullable=False,
        server_default=sa.text("0"),
        comment="How often storing it has failed",
    ),
    text("last_error", "Why it failed last"),
    moment("next_attempt_at", "When it is tried again", now=True),
    moment("created_at", "When it was kept", now=True),
    sa.Index(None, "next_attempt_at"),
    comment="Reports the object store has not taken yet; a row goes when it has",
)
