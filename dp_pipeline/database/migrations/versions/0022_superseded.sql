ALTER TABLE match ADD COLUMN missing_since timestamptz, ADD COLUMN superseded_by uuid;
ALTER TABLE match ADD CONSTRAINT fk_match_superseded_by FOREIGN KEY (superseded_by)
    REFERENCES match (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX ix_match_superseded_by ON match (superseded_by);
COMMENT ON COLUMN match.missing_since
    IS 'Since when the provider''s list of matches does not have it; null: it does';
COMMENT ON COLUMN match.superseded_by
    IS 'match.id of the same fixture under a new id; then this row counts nowhere';
-- The views leave out what is superseded.
CREATE OR REPLACE VIEW fixtures AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, match.stage,
    match.group_name, round."order" AS round_order, round.label AS round, match.kickoff_at,
    match.kickoff_date, match.status, coalesce(home_here.name, home.name) AS home_team,
    coalesce(away_here.name, away.name) AS away_team, match.home_score, match.away_score,
    match.home_penalties_score, match.away_penalties_score, match.venue, match.id AS match_id,
    match.tournament_id, match.kickoff_local
FROM match
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_team AS home_here
    ON home_here.tournament_id = match.tournament_id AND home_here.team_id = match.home_team_id
LEFT JOIN tournament_team AS away_here
    ON away_here.tournament_id = match.tournament_id AND away_here.team_id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug
WHERE match.superseded_by IS NULL;

CREATE OR REPLACE VIEW goalscorers AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, goal.scorer,
    coalesce(team_here.name, team.name) AS team, count(*) AS goals,
    count(*) FILTER (WHERE goal.penalty) AS penalties,
    count(DISTINCT goal.match_id) AS matches, goal.tournament_id, team.id AS team_id
FROM goal
JOIN match ON match.id = goal.match_id
JOIN tournament ON tournament.id = goal.tournament_id
JOIN team ON team.id = CASE goal.side
    WHEN 'home' THEN match.home_team_id ELSE match.away_team_id END
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = goal.tournament_id AND team_here.team_id = team.id
WHERE goal.missing_since IS NULL AND goal.scorer IS NOT NULL AND goal.own_goal IS NOT TRUE AND match.superseded_by IS NULL
GROUP BY tournament.id, goal.tournament_id, team.id, coalesce(team_here.name, team.name),
    goal.scorer;
