"""The time in a simulated world is asked of it; it is not kept."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the table of clocks."""
    op.drop_table("provider_clock")


def downgrade() -> None:
    """Make it again, empty: the next answer of a simulated world fills it."""
    moments = {
        "at": "The time there when it was read",
        "read_at": "Our time then",
    }
    op.create_table(
        "provider_clock",
        sa.Column("provider", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False, comment=comment)
            for name, comment in moments.items()
        ),
        sa.Column(
            "speed", sa.Float, nullable=False, comment="How many times as fast as ours it runs"
        ),
        sa.PrimaryKeyConstraint("provider"),
        comment="The time of simulated providers; of all others it is ours",
    )
