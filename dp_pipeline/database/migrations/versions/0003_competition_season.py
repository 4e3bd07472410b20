"""The seasons that providers list of followed competitions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    now = sa.text("now()")
    op.create_table(
        "competition_season",
        sa.Column(
            "key", sa.Text, nullable=False, comment="The tournament key it has or would have"
        ),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("competition", sa.Text, nullable=False, comment="As in the key"),
        sa.Column("season", sa.Text, nullable=False, comment="As in the key"),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column(
            "place",
            sa.Integer,
            comment="0 is the competition's newest season; null: long gone from the list",
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=now,
            nullable=False,
            comment="When the provider last listed it",
        ),
        sa.Column(
            "approved_at",
            sa.DateTime(timezone=True),
            comment="When it was approved to be ingested by itself; null: it is not",
        ),
        sa.CheckConstraint("place >= 0", name=op.f("ck_competition_season_place")),
        sa.PrimaryKeyConstraint("key", name="pk_competition_season"),
        comment="Seasons that providers list of the competitions that are or were followed",
    )
    op.create_index(
        "ix_competition_season_provider_competition_place",
        "competition_season",
        ["provider", "competition", "place"],
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("competition_season")
