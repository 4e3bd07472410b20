"""A comment that is true of providers whose own tables say their rule."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COMMENT = (
    "How teams level on points are ordered, with its source, or that the rule is unknown;"
    " null where a provider''s own table does not say"
)


def upgrade() -> None:
    """Replace the comment."""
    op.get_bind().exec_driver_sql(f"COMMENT ON COLUMN tournament_standing.rule IS '{_COMMENT}'")


def downgrade() -> None:
    """Nothing: comments do no harm."""
