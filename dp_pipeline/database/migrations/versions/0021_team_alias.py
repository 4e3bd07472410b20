"""Other names of teams that have no ids: `team_alias`."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE team_alias (
    id uuid NOT NULL, provider text NOT NULL, key text NOT NULL, name text NOT NULL, team_id uuid,
    origin text NOT NULL, seen_in text,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_team_alias PRIMARY KEY (id),
    CONSTRAINT uq_team_alias_provider_key UNIQUE (provider, key),
    CONSTRAINT fk_team_alias_team_id FOREIGN KEY (team_id) REFERENCES team (id) ON DELETE RESTRICT,
    CONSTRAINT ck_team_alias_origin CHECK (origin IN ('person', 'season', 'merge'))
);
CREATE INDEX ix_team_alias_team_id ON team_alias (team_id);
COMMENT ON TABLE team_alias
    IS 'Other names of teams, beside those of the packaged list; see dp alias';
COMMENT ON COLUMN team_alias.id IS 'UUIDv5 of (provider, key)';
COMMENT ON COLUMN team_alias.provider
    IS 'Where the name is used; only of providers without ids of teams';
COMMENT ON COLUMN team_alias.key
    IS 'The words of the name that identify, and the country: arsenal-eng';
COMMENT ON COLUMN team_alias.name IS 'The name as it is written';
COMMENT ON COLUMN team_alias.team_id
    IS 'team.id of the team that goes by it; null: a club of its own, whatever lists say';
COMMENT ON COLUMN team_alias.origin
    IS 'person: dp alias; season: a season''s fixtures showed it; merge: clubs were joined';
COMMENT ON COLUMN team_alias.seen_in IS 'Key of the tournament that showed it';
COMMENT ON COLUMN team_alias.created_at IS 'When this row was first stored';
COMMENT ON COLUMN team_alias.updated_at IS 'Last time a value of this row changed';
"""


def upgrade() -> None:
    """Create the table, empty: the packaged list stays a file."""
    op.get_bind().exec_driver_sql(_UP)


def downgrade() -> None:
    """Drop it."""
    op.get_bind().exec_driver_sql("DROP TABLE team_alias")
