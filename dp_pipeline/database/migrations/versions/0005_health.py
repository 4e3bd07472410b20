"""Whether providers are asked, and how their requests ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "provider_health",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column(
            "root",
            sa.Text,
            nullable=False,
            comment="The address it is asked at; another one starts anew",
        ),
        sa.Column(
            "epoch",
            sa.Integer,
            nullable=False,
            comment="Grows whenever it opens, closes or is tried",
        ),
        sa.Column(
            "refusals",
            sa.Integer,
            nullable=False,
            comment="In a row, when it was to be found out",
        ),
        sa.Column("silences", sa.Integer, nullable=False, comment="Likewise, without an answer"),
        sa.Column("kind", sa.Text, comment="Of the failure that counted last"),
        sa.Column("struck_at", moment, comment="When that was"),
        sa.Column(
            "rests_until",
            moment,
            comment="When one request may try again; null: it is asked as ever",
        ),
        sa.Column(
            "probe_until",
            moment,
            comment="Until when the result of that request is waited for",
        ),
        sa.Column("answered_at", moment, comment="Its last answer"),
        sa.Column("failed_at", moment, comment="Its last failure"),
        sa.Column("failure", sa.Text, comment="The kind of that"),
        sa.Column("blocked_at", moment, comment="Its last refusal"),
        sa.CheckConstraint(
            "refusals >= 0 AND silences >= 0", name=op.f("ck_provider_health_strikes")
        ),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_health"),
        comment="Whether providers are asked, for all processes",
    )
    op.create_index("ix_provider_health_rests_until", "provider_health", ["rests_until"])
    op.create_table(
        "provider_hour",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("hour", moment, nullable=False, comment="Its beginning"),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("blocked", sa.Integer, nullable=False, comment="Of them, refused"),
        sa.Column("rate_limited", sa.Integer, nullable=False),
        sa.Column("server_error", sa.Integer, nullable=False),
        sa.Column("network", sa.Integer, nullable=False, comment="Of them, without an answer"),
        sa.Column("seconds", sa.Double, nullable=False, comment="What they took together"),
        sa.PrimaryKeyConstraint("provider", "hour", name="pk_provider_hour"),
        comment="Requests to providers and how they ended, by the hour",
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("provider_hour")
    op.drop_table("provider_health")
