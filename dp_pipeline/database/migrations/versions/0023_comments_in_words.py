"""Comments in the words of the glossary."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_COMMENTS = """
COMMENT ON COLUMN goal.added_time
    IS 'Minutes after it; null where there are none or the provider does not say';
COMMENT ON COLUMN goal.penalty
    IS 'In play, never of a shoot-out; null: the provider does not say';
COMMENT ON COLUMN goal.own_goal IS 'Null: the provider does not say';
COMMENT ON TABLE provider_health IS 'Whether requests go to providers, for all processes';
COMMENT ON COLUMN provider_health.root
    IS 'The address it is read at; another one starts anew';
COMMENT ON COLUMN provider_health.rests_until
    IS 'When one request may try again; null: requests go to it as ever';
COMMENT ON COLUMN data_provider_executions.announced_at
    IS 'When it was announced; null: not yet';
COMMENT ON COLUMN data_provider_executions.scope
    IS 'whole: the domain was read; part: what was due; nothing: it was not requested; dry_run: it was read and only planned';
COMMENT ON COLUMN delivery_note.value
    IS 'state: up to when runs and executions were read; attempts: posts of messages that wait; backfills: those without executions that were announced';
"""  # noqa: E501 - a comment is one literal


def upgrade() -> None:
    """Replace them."""
    op.execute(_COMMENTS)


def downgrade() -> None:
    """Nothing: comments do no harm."""
