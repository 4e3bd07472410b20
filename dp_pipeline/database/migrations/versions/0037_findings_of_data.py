"""What reads found, in the table `finding`, and how many things a check says are wrong."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE finding (
    id uuid NOT NULL, tournament_id uuid NOT NULL, domain text NOT NULL, kind text NOT NULL,
    subject text NOT NULL, detail text NOT NULL, severity text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_finding PRIMARY KEY (id),
    CONSTRAINT fk_finding_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT ck_finding_severity CHECK (severity IN ('WARN', 'ERROR'))
);
CREATE INDEX ix_finding_tournament_id ON finding (tournament_id);
COMMENT ON TABLE finding IS 'What the last whole read of each domain of a tournament found wrong or doubtful; created_at says since when';
COMMENT ON COLUMN finding.id IS 'UUIDv5 of (tournament_id, domain, kind, subject, detail)';
COMMENT ON COLUMN finding.tournament_id IS 'tournament.id';
COMMENT ON COLUMN finding.domain IS 'Of which something was found';
COMMENT ON COLUMN finding.kind IS 'What was found, as in reports: unknown_team, …';
COMMENT ON COLUMN finding.subject IS 'What is concerned, in words';
COMMENT ON COLUMN finding.detail IS 'What is wrong or doubtful, a sentence';
COMMENT ON COLUMN finding.severity IS 'ERROR: it was left out, as it cannot be stored soundly; WARN: it is stored';
COMMENT ON COLUMN finding.created_at IS 'When this row was first stored';
COMMENT ON COLUMN finding.updated_at IS 'Last time a value of this row changed';
ALTER TABLE data_check ADD COLUMN wrong integer;
UPDATE data_check SET wrong = jsonb_array_length(rows);
ALTER TABLE data_check ALTER COLUMN wrong SET NOT NULL;
COMMENT ON COLUMN data_check.wrong IS 'How many things are wrong, also those that are known';
"""  # noqa: E501 - a comment is one line


def upgrade() -> None:
    """Create it, empty: the next read of a tournament fills it."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it; findings are in the reports, and checks are made again."""
    op.get_bind().exec_driver_sql("DROP TABLE finding; ALTER TABLE data_check DROP COLUMN wrong")
