"""A match that cannot be read is left alone by itself: the others of its tournament are not."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FAILURES = "Looks in a row that did not find it"
_NOT_BEFORE = "After such a look: none before that, by our time"


def upgrade() -> None:
    """Add the pause of a match; that of a tournament is of what follows its matches."""
    op.add_column(
        "match_watch",
        sa.Column(
            "failures", sa.Integer, nullable=False, server_default=sa.text("0"), comment=_FAILURES
        ),
    )
    op.add_column(
        "match_watch", sa.Column("not_before", sa.DateTime(timezone=True), comment=_NOT_BEFORE)
    )
    for column, comment in {
        "failures": "Times in a row that it failed to follow",
        "not_before": "After such a failure: no attempt before that, by our time",
    }.items():
        op.alter_column("tournament_watch", column, comment=comment)


def downgrade() -> None:
    """Take it away again."""
    for column, comment in {
        "failures": "Polls in a row that failed",
        "not_before": "After a failure: no poll before that, by our time",
    }.items():
        op.alter_column("tournament_watch", column, comment=comment)
    op.drop_column("match_watch", "not_before")
    op.drop_column("match_watch", "failures")
