"""What the delivery knows, in our database in place of the storage of Dagster's daemon."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE delivery_note (
    name text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_delivery_note PRIMARY KEY (name)
);
COMMENT ON TABLE delivery_note IS 'What the delivery of messages knows from tick to tick';
COMMENT ON COLUMN delivery_note.name IS 'state, attempts or backfills';
COMMENT ON COLUMN delivery_note.value IS
    'state: up to when runs and executions were looked at; attempts: posts of messages that wait; backfills: those without executions that were announced';
COMMENT ON COLUMN delivery_note.updated_at IS 'Last time a value of this row changed';
"""  # noqa: E501 - a comment is one literal


def upgrade() -> None:
    """Create the table."""
    op.execute(_TABLE)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("delivery_note")
