"""The threads of the bot in Slack: the table `slack_thread`."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE slack_thread (
    key text NOT NULL, channel text NOT NULL, channel_id text NOT NULL, ts text NOT NULL,
    last_message text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_slack_thread PRIMARY KEY (key)
);
COMMENT ON TABLE slack_thread IS 'Threads that the bot began in Slack, so that later messages go on with them';
COMMENT ON COLUMN slack_thread.key IS 'What the thread is about: a run group, a day of a tournament, or an incident';
COMMENT ON COLUMN slack_thread.channel IS 'SLACK_CHANNEL when the thread was begun';
COMMENT ON COLUMN slack_thread.channel_id IS 'Slack''s ID of the channel';
COMMENT ON COLUMN slack_thread.ts IS 'Slack''s name of the first message in its channel';
COMMENT ON COLUMN slack_thread.last_message IS 'Which message was posted last, or edited into the first';
COMMENT ON COLUMN slack_thread.created_at IS 'When this row was first stored';
COMMENT ON COLUMN slack_thread.updated_at IS 'Last time a value of this row changed';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Create it, empty: what comes next begins threads of its own."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it; messages begin new threads then."""
    op.get_bind().exec_driver_sql("DROP TABLE slack_thread")
