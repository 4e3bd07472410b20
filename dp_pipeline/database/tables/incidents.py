"""Incidents, from their beginning to their end, and what the delivery knows from tick to tick."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import metadata, moment, one_of, text, written

INCIDENT_KINDS = ("check", "sensor", "schedule", "job", "provider", "delivery", "database")

incident = sa.Table(
    "incident",
    metadata,
    sa.Column(
        "id",
        sa.Uuid,
        primary_key=True,
        server_default=sa.func.gen_random_uuid(),
        comment="Minted when the incident is opened",
    ),
    text("kind", "check, sensor, schedule, job, provider, delivery or database", required=True),
    text("subject", "What is concerned, such as the name of a sensor", required=True),
    text("tournament_key", "tournament.key where a check is of one tournament; null: of all"),
    text("summary", "What is wrong, in a sentence or two for a person", required=True),
    text("detail", "The text of the error or of the check; null: there is none"),
    text("page", "Path of the page in Dagster that shows it"),
    moment("opened_at", "Since when it is wrong", now=True),
    moment("closed_at", "When it was well again; null: the incident is open"),
    moment("opening_announced_at", "When it was announced; null: not yet, or never"),
    moment("closing_announced_at", "When its end was announced; null: not yet"),
    moment("updated_at", "Last time a value of this row changed", now=True),
    one_of("kind", INCIDENT_KINDS),
    sa.CheckConstraint("closed_at >= opened_at", name="closed_at"),
    sa.Index(
        "uq_incident_open",
        "kind",
        "subject",
        sa.text("COALESCE(tournament_key, ''::text)"),
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sa.Index(
        "ix_incident_unannounced",
        "opened_at",
        postgresql_where=sa.text(
            "opening_announced_at IS NULL AND closed_at IS NULL "
            "OR closing_announced_at IS NULL AND closed_at IS NOT NULL"
        ),
    ),
    comment="What is wrong and needs a person: one row from its beginning to its end",
)

delivery_note = sa.Table(
    "delivery_note",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="state, attempts, backfills or delivered"),
    sa.Column(
        "value",
        pg.JSONB,
        nullable=False,
        comment="state: up to when runs and executions were read; attempts: posts of messages "
        "that wait; backfills: those without executions that were announced; delivered: what the "
        "last delivery came to, which ended when the row was updated",
    ),
    moment("updated_at", "Last time a value of this row changed", now=True),
    comment="What the delivery of messages knows from tick to tick",
)

slack_thread = sa.Table(
    "slack_thread",
    metadata,
    sa.Column(
        "key",
        sa.Text,
        primary_key=True,
        comment="What the thread is about: a run group, a day of a tournament, or an incident",
    ),
    text("channel", "SLACK_CHANNEL when the thread was begun", required=True),
    text("channel_id", "Slack's ID of the channel", required=True),
    text("ts", "Slack's name of the first message in its channel", required=True),
    text("last_message", "Which message was posted last, or edited into the first", required=True),
    *written(),
    comment="Threads that the bot began in Slack, so that later messages go on with them",
)
