CREATE TABLE knockout_tie (
    id uuid NOT NULL, tournament_id uuid NOT NULL, match_ids uuid[] NOT NULL,
    legs integer NOT NULL, home_goals integer, away_goals integer, winner text, decided_by text,
    superseded boolean DEFAULT false NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_knockout_tie PRIMARY KEY (id),
    CONSTRAINT fk_knockout_tie_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT ck_knockout_tie_winner CHECK (winner IN ('home', 'away')),
    CONSTRAINT ck_knockout_tie_decided_by CHECK (decided_by IN ('regular time', 'extra time',
        'goals', 'shoot-out', 'away goals', 'replay', 'series', 'awarded', 'rule unknown',
        'not known')),
    CONSTRAINT ck_knockout_tie_legs CHECK (legs >= 1 AND legs >= cardinality(match_ids)),
    CONSTRAINT ck_knockout_tie_winner_by_something
        CHECK (winner IS NULL OR decided_by IS NOT NULL),
    CONSTRAINT ck_knockout_tie_goals_not_negative CHECK (home_goals >= 0 AND away_goals >= 0),
    CONSTRAINT ck_knockout_tie_goals_both_or_none
        CHECK ((home_goals IS NULL) = (away_goals IS NULL))
);
CREATE INDEX ix_knockout_tie_tournament_id ON knockout_tie (tournament_id);
COMMENT ON TABLE knockout_tie IS 'Matches of a knockout round by which one of two teams goes on; follows from match';
COMMENT ON COLUMN knockout_tie.id IS 'UUIDv5 of (id of the first match)';
COMMENT ON COLUMN knockout_tie.tournament_id IS 'tournament.id';
COMMENT ON COLUMN knockout_tie.match_ids IS 'match.id of its matches, oldest first';
COMMENT ON COLUMN knockout_tie.legs IS 'How many matches it has, a second leg not listed yet included';
COMMENT ON COLUMN knockout_tie.home_goals IS 'Goals of the home team of the first match in all matches, of a replay in that alone; null until one is played';
COMMENT ON COLUMN knockout_tie.away_goals IS 'Goals of the other team, counted in the same way';
COMMENT ON COLUMN knockout_tie.winner IS 'home or away: the side of the first match that went on; null: not known';
COMMENT ON COLUMN knockout_tie.decided_by IS 'regular time, extra time, goals (in which of them is not known), shoot-out, away goals, replay, series, awarded, rule unknown or not known; null while the tie goes on';
COMMENT ON COLUMN knockout_tie.superseded IS 'True: it does not follow from the matches any more; not in knockout_ties';
COMMENT ON COLUMN knockout_tie.created_at IS 'When this row was first stored';
COMMENT ON COLUMN knockout_tie.updated_at IS 'Last time a value of this row changed';

CREATE VIEW knockout_ties AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, first.stage,
    round."order" AS round_order, round.label AS round, tie.legs,
    coalesce(home_here.name, home.name) AS home_team,
    coalesce(away_here.name, away.name) AS away_team, played.scores, tie.home_goals,
    tie.away_goals,
    CASE tie.winner WHEN 'home' THEN coalesce(home_here.name, home.name)
        WHEN 'away' THEN coalesce(away_here.name, away.name) END AS winner,
    tie.decided_by, played.home_penalties, played.away_penalties, first.kickoff_date AS first_date,
    played.last_date, tie.match_ids, tie.tournament_id,
    CASE tie.winner WHEN 'home' THEN first.home_team_id
        WHEN 'away' THEN first.away_team_id END AS winner_id, tie.id AS tie_id
FROM knockout_tie AS tie
JOIN tournament ON tournament.id = tie.tournament_id
JOIN match AS first ON first.id = tie.match_ids[1]
JOIN team AS home ON home.id = first.home_team_id
JOIN team AS away ON away.id = first.away_team_id
LEFT JOIN tournament_team AS home_here
    ON home_here.tournament_id = tie.tournament_id AND home_here.team_id = first.home_team_id
LEFT JOIN tournament_team AS away_here
    ON away_here.tournament_id = tie.tournament_id AND away_here.team_id = first.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = tie.tournament_id AND round.slug = first.round_slug
CROSS JOIN LATERAL (
    SELECT array_agg(CASE WHEN leg.home_team_id = first.home_team_id
            THEN leg.home_score || '-' || leg.away_score
            ELSE leg.away_score || '-' || leg.home_score END ORDER BY listed.n) AS scores,
        max(CASE WHEN leg.home_team_id = first.home_team_id
            THEN leg.home_penalties_score ELSE leg.away_penalties_score END)
            FILTER (WHERE listed.n = cardinality(tie.match_ids)) AS home_penalties,
        max(CASE WHEN leg.home_team_id = first.home_team_id
            THEN leg.away_penalties_score ELSE leg.home_penalties_score END)
            FILTER (WHERE listed.n = cardinality(tie.match_ids)) AS away_penalties,
        max(leg.kickoff_date) AS last_date
    FROM unnest(tie.match_ids) WITH ORDINALITY AS listed (id, n)
    JOIN match AS leg ON leg.id = listed.id
) AS played
WHERE NOT tie.superseded AND first.superseded_by IS NULL;
COMMENT ON VIEW knockout_ties IS 'Ties of knockout rounds: legs, aggregate, who went on and by what';
COMMENT ON COLUMN knockout_ties.tournament_key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN knockout_ties.tournament IS 'Its name and season, for people';
COMMENT ON COLUMN knockout_ties.stage IS 'Part of the tournament, if it has several';
COMMENT ON COLUMN knockout_ties.round_order IS 'Place of the round in the tournament, from 1';
COMMENT ON COLUMN knockout_ties.round IS 'Name of the round of the first match, for people';
COMMENT ON COLUMN knockout_ties.legs IS 'How many matches it has, a second leg not listed yet included';
COMMENT ON COLUMN knockout_ties.home_team IS 'Home team of the first match, as used in the tournament';
COMMENT ON COLUMN knockout_ties.away_team IS 'The other team, as used in the tournament';
COMMENT ON COLUMN knockout_ties.scores IS 'Results of the matches, oldest first, the goals of home_team before those of away_team; null: not played';
COMMENT ON COLUMN knockout_ties.home_goals IS 'Goals of home_team in all matches, of a replay in that alone; null until one is played';
COMMENT ON COLUMN knockout_ties.away_goals IS 'Goals of away_team, counted in the same way';
COMMENT ON COLUMN knockout_ties.winner IS 'The team that went on; null while that is not known';
COMMENT ON COLUMN knockout_ties.decided_by IS 'regular time, extra time, goals (in which of them is not known), shoot-out, away goals, replay, series, awarded, rule unknown or not known; null while the tie goes on';
COMMENT ON COLUMN knockout_ties.home_penalties IS 'Goals of home_team in the shoot-out of the last match';
COMMENT ON COLUMN knockout_ties.away_penalties IS 'Goals of away_team in the shoot-out of the last match';
COMMENT ON COLUMN knockout_ties.first_date IS 'Day of the first match';
COMMENT ON COLUMN knockout_ties.last_date IS 'Day of the last match';
COMMENT ON COLUMN knockout_ties.match_ids IS 'match.id of its matches, oldest first';
COMMENT ON COLUMN knockout_ties.tournament_id IS 'tournament.id';
COMMENT ON COLUMN knockout_ties.winner_id IS 'team.id of winner';
COMMENT ON COLUMN knockout_ties.tie_id IS 'knockout_tie.id';
