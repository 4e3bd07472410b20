CREATE TABLE comparison (
    id uuid NOT NULL,
    tournament_id uuid NOT NULL,
    other_tournament_id uuid NOT NULL,
    tournament_key text NOT NULL,
    other_tournament_key text NOT NULL,
    subject text NOT NULL,
    match_id uuid,
    other_match_id uuid,
    aspect text NOT NULL,
    value text NOT NULL,
    other_value text NOT NULL,
    since timestamptz DEFAULT now() NOT NULL,
    agrees text,
    because text,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_comparison PRIMARY KEY (id),
    CONSTRAINT ck_comparison_aspect CHECK (aspect IN ('score', 'half-time', 'day', 'kick-off', 'status', 'table', 'fixture')),
    CONSTRAINT fk_comparison_tournament_id FOREIGN KEY(tournament_id) REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT fk_comparison_other_tournament_id FOREIGN KEY(other_tournament_id) REFERENCES tournament (id) ON DELETE CASCADE
);
CREATE INDEX ix_comparison_other_tournament_id ON comparison (other_tournament_id);
CREATE INDEX ix_comparison_tournament_id ON comparison (tournament_id);
COMMENT ON TABLE comparison IS 'Fixtures and table rows on which two providers disagree; nothing is overwritten by it';
COMMENT ON COLUMN comparison.id IS 'UUIDv5 of (tournament_id, other_tournament_id, subject''s row, aspect)';
COMMENT ON COLUMN comparison.tournament_id IS 'tournament.id';
COMMENT ON COLUMN comparison.other_tournament_id IS 'tournament.id of the same season elsewhere';
COMMENT ON COLUMN comparison.tournament_key IS 'tournament.key of the first tournament';
COMMENT ON COLUMN comparison.other_tournament_key IS 'tournament.key of the other tournament';
COMMENT ON COLUMN comparison.subject IS 'Home team - away team, or of a table the team, in words';
COMMENT ON COLUMN comparison.match_id IS 'match.id in the first tournament; null: it has none';
COMMENT ON COLUMN comparison.other_match_id IS 'match.id in the other one; null: it has none';
COMMENT ON COLUMN comparison.aspect IS 'score, half-time, day, kick-off, status, table, or fixture: only one of them lists it';
COMMENT ON COLUMN comparison.value IS 'What the first tournament says, in words';
COMMENT ON COLUMN comparison.other_value IS 'What the other one says, in words';
COMMENT ON COLUMN comparison.since IS 'Since when both have said so here';
COMMENT ON COLUMN comparison.agrees IS 'Provider whose value goes together with goals and tables; null: not known';
COMMENT ON COLUMN comparison.because IS 'What says so: goals, table, or goals and table';
COMMENT ON COLUMN comparison.created_at IS 'When this row was first stored';
COMMENT ON COLUMN comparison.updated_at IS 'Last time a value of this row changed';
