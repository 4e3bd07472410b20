"""Incidents: one memory of what is wrong, in place of the cursors of sensors."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE incident (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    subject text NOT NULL,
    tournament_key text,
    summary text NOT NULL,
    detail text,
    page text,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    opening_announced_at timestamptz,
    closing_announced_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_incident PRIMARY KEY (id),
    CONSTRAINT ck_incident_closed_at CHECK (closed_at >= opened_at),
    CONSTRAINT ck_incident_kind CHECK (kind IN
        ('check', 'sensor', 'schedule', 'job', 'provider', 'delivery', 'database'))
);
CREATE UNIQUE INDEX uq_incident_open ON incident
    (kind, subject, COALESCE(tournament_key, '')) WHERE closed_at IS NULL;
CREATE INDEX ix_incident_unannounced ON incident (opened_at)
    WHERE opening_announced_at IS NULL AND closed_at IS NULL
       OR closing_announced_at IS NULL AND closed_at IS NOT NULL;
COMMENT ON TABLE incident IS
    'What is wrong and needs a person: one row from its beginning to its end';
COMMENT ON COLUMN incident.id IS 'Minted when the incident is opened';
COMMENT ON COLUMN incident.kind IS
    'check, sensor, schedule, job, provider, delivery or database';
COMMENT ON COLUMN incident.subject IS 'What is concerned, such as the name of a sensor';
COMMENT ON COLUMN incident.tournament_key IS
    'tournament.key where a check is of one tournament; null: of all';
COMMENT ON COLUMN incident.summary IS 'What is wrong, in a sentence or two for a person';
COMMENT ON COLUMN incident.detail IS
    'The text of the error or of the check; null: there is none';
COMMENT ON COLUMN incident.page IS 'Path of the page in Dagster that shows it';
COMMENT ON COLUMN incident.opened_at IS 'Since when it is wrong';
COMMENT ON COLUMN incident.closed_at IS 'When it was well again; null: the incident is open';
COMMENT ON COLUMN incident.opening_announced_at IS
    'When it was announced; null: not yet, or never';
COMMENT ON COLUMN incident.closing_announced_at IS
    'When its end was announced; null: not yet';
COMMENT ON COLUMN incident.updated_at IS 'Last time a value of this row changed';
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(_TABLE)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("incident")
