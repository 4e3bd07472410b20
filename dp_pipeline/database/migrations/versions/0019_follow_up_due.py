"""Names in the words of the glossary: `tournament_watch.follow_up_due_at`, comments on polls."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_RENAME = """
ALTER TABLE tournament_watch RENAME COLUMN {old}_at TO {new}_at;
ALTER INDEX ix_tournament_watch_{old} RENAME TO ix_tournament_watch_{new};
"""
_COMMENTS = """
COMMENT ON TABLE match_watch IS 'When which match is polled again, by the provider''s time';
COMMENT ON COLUMN match_watch.status IS 'match.status at the last poll that changed this row';
COMMENT ON COLUMN match_watch.due_at IS 'When it is polled again; null: not for its own sake';
COMMENT ON COLUMN match_watch.failures IS 'Polls in a row that did not find it';
COMMENT ON COLUMN match_watch.not_before IS 'After such a poll: none before that, by our time';
COMMENT ON TABLE tournament_watch IS
    'Which tournaments wait for a draw, and which are paused after a failure';
COMMENT ON COLUMN tournament_watch.due_at IS 'When they are polled for, by the provider''s time';
"""


def upgrade() -> None:
    """Rename, in place."""
    op.execute(_RENAME.format(old="owed", new="follow_up_due"))
    op.execute(_COMMENTS)


def downgrade() -> None:
    """Rename back."""
    op.execute(_RENAME.format(old="follow_up_due", new="owed"))
