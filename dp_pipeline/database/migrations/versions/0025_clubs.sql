CREATE TABLE club (
    id uuid NOT NULL, name text NOT NULL, country text, kind text NOT NULL, squad text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_club PRIMARY KEY (id),
    CONSTRAINT ck_club_kind CHECK (kind IN ('club', 'national'))
);
COMMENT ON TABLE club
    IS 'A club or national team over all providers; women and youth have rows of their own';
COMMENT ON COLUMN club.id IS 'UUIDv5 of the first of its teams, when the club was found';
COMMENT ON COLUMN club.name IS 'As the first of its teams is called now; team has all names';
COMMENT ON COLUMN club.country
    IS 'Of the first of its teams that has one; null when none has';
COMMENT ON COLUMN club.kind IS 'club, or national: a team that plays for a country';
COMMENT ON COLUMN club.squad
    IS 'Which team of it: men, women, u19, women u19, second, …';
COMMENT ON COLUMN club.created_at IS 'When this row was first stored';
COMMENT ON COLUMN club.updated_at IS 'Last time a value of this row changed';

ALTER TABLE team ADD COLUMN club_id uuid, ADD COLUMN club_by text;
ALTER TABLE team ADD CONSTRAINT fk_team_club_id FOREIGN KEY (club_id)
    REFERENCES club (id) ON DELETE SET NULL;
ALTER TABLE team ADD CONSTRAINT ck_team_club_by CHECK (club_by IN ('fixtures', 'person'));
CREATE INDEX ix_team_club_id ON team (club_id);
COMMENT ON COLUMN team.club_id
    IS 'club.id of the club it is, as other providers have it too; null: not known';
COMMENT ON COLUMN team.club_by
    IS 'fixtures: the lists show its club; person: dp clubs; null: not known';

CREATE TABLE team_pair (
    tournament_id uuid NOT NULL, other_tournament_id uuid NOT NULL, team_id uuid NOT NULL,
    other_team_id uuid NOT NULL, fixtures integer NOT NULL, listed integer NOT NULL,
    scores_differ integer NOT NULL, names_agree text NOT NULL, squad text NOT NULL,
    national boolean NOT NULL, doubt text,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_team_pair
        PRIMARY KEY (tournament_id, other_tournament_id, team_id, other_team_id),
    CONSTRAINT fk_team_pair_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT fk_team_pair_other_tournament_id FOREIGN KEY (other_tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT fk_team_pair_team_id FOREIGN KEY (team_id) REFERENCES team (id) ON DELETE RESTRICT,
    CONSTRAINT fk_team_pair_other_team_id FOREIGN KEY (other_team_id)
        REFERENCES team (id) ON DELETE RESTRICT,
    CONSTRAINT ck_team_pair_names_agree
        CHECK (names_agree IN ('same', 'alias', 'short', 'different'))
);
CREATE INDEX ix_team_pair_other_tournament_id ON team_pair (other_tournament_id);
CREATE INDEX ix_team_pair_team_id ON team_pair (team_id);
CREATE INDEX ix_team_pair_other_team_id ON team_pair (other_team_id);
COMMENT ON TABLE team_pair
    IS 'Two teams of two providers that have the same fixtures in a season of both';
COMMENT ON COLUMN team_pair.tournament_id IS 'tournament.id';
COMMENT ON COLUMN team_pair.other_tournament_id IS 'tournament.id of the same season elsewhere';
COMMENT ON COLUMN team_pair.team_id IS 'team.id';
COMMENT ON COLUMN team_pair.other_team_id IS 'team.id of the team it is compared with';
COMMENT ON COLUMN team_pair.fixtures IS 'Fixtures of the team that both tournaments have';
COMMENT ON COLUMN team_pair.listed
    IS 'Its fixtures in the one of both that has fewer of them';
COMMENT ON COLUMN team_pair.scores_differ
    IS 'Of the fixtures that both have, those with other scores';
COMMENT ON COLUMN team_pair.names_agree
    IS 'How the names go together: same, alias, short, different';
COMMENT ON COLUMN team_pair.squad IS 'Which team of its club, as names and tournaments say';
COMMENT ON COLUMN team_pair.national IS 'Whether it plays for a country';
COMMENT ON COLUMN team_pair.doubt IS 'Why it is not certain that both are one; null: it is';
COMMENT ON COLUMN team_pair.created_at IS 'When this row was first stored';
COMMENT ON COLUMN team_pair.updated_at IS 'Last time a value of this row changed';

CREATE VIEW clubs AS
SELECT club.name AS club, club.kind, club.squad, club.country, team.provider, team.name AS team,
    team.external_id, team.club_by, coalesce(shown.seasons, 0) AS seasons,
    coalesce(shown.fixtures, 0) AS fixtures, club.id AS club_id, team.id AS team_id
FROM club
JOIN team ON team.club_id = club.id
LEFT JOIN LATERAL (
    SELECT count(*) AS seasons, sum(pair.fixtures) AS fixtures FROM team_pair AS pair
    WHERE pair.doubt IS NULL AND team.id IN (pair.team_id, pair.other_team_id)
) AS shown ON true;
COMMENT ON VIEW clubs IS 'Clubs over all providers: a row for each of their teams';
COMMENT ON COLUMN clubs.club IS 'Name of the club';
COMMENT ON COLUMN clubs.kind IS 'club, or national: a team that plays for a country';
COMMENT ON COLUMN clubs.squad IS 'Which team of it: men, women, u19, women u19, second, …';
COMMENT ON COLUMN clubs.country IS 'Of the first of its teams that has one';
COMMENT ON COLUMN clubs.provider IS 'Which provider has the team';
COMMENT ON COLUMN clubs.team IS 'The current name of the team at that provider';
COMMENT ON COLUMN clubs.external_id IS 'The id of the team at that provider';
COMMENT ON COLUMN clubs.club_by IS 'fixtures: the lists show it; person: dp clubs';
COMMENT ON COLUMN clubs.seasons IS 'In how many pairs of seasons fixtures show it for certain';
COMMENT ON COLUMN clubs.fixtures IS 'How many fixtures these have in common';
COMMENT ON COLUMN clubs.club_id IS 'club.id';
COMMENT ON COLUMN clubs.team_id IS 'team.id';
