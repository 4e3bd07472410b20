"""The history: what was changed, field by field."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import ascending_id, metadata, moment, text

change = sa.Table(
    "change",
    metadata,
    ascending_id(),
    sa.Column(
        "tournament_id",
        sa.Uuid,
        sa.ForeignKey("tournament.id", ondelete="CASCADE"),
        comment="tournament.id of the tournament by which it was changed",
    ),
    text("entity", "Name of the table of the row", required=True),
    sa.Column(
        "entity_id",
        sa.Uuid,
        nullable=False,
        comment="id of the row; in tournament_team, which has none, its team_id",
    ),
    text("field", "Name of the column", required=True),
    sa.Column("old", pg.JSONB, comment="The value before; null: there was none"),
    sa.Column("new", pg.JSONB, comment="The value afterwards; null: there is none any more"),
    sa.Column(
        "execution_id",
        sa.Uuid,
        comment="data_provider_executions.id; null: a command of a person. The ledger may have "
        "lost it",
    ),
    moment("changed_at", "When it was written", now=True),
    sa.Index(None, "tournament_id", "changed_at"),
    sa.Index(None, "entity_id", "field"),
    comment="The history: a row per changed field of football facts; first values are none",
)
