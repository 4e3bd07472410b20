ALTER TABLE tournament_team
    ADD COLUMN name text, ADD COLUMN short_name text,
    ADD COLUMN badge_source text, ADD COLUMN badge text;
UPDATE tournament_team SET name = team.name, short_name = team.short_name,
    badge_source = team.badge_source, badge = team.badge
FROM team WHERE team.id = tournament_team.team_id;
ALTER TABLE tournament_team ALTER COLUMN name SET NOT NULL;
COMMENT ON TABLE tournament_team IS 'Which teams play in which tournament, and what they are called there';
COMMENT ON COLUMN tournament_team.name IS 'The team''s name as used in this tournament';
COMMENT ON COLUMN tournament_team.short_name IS 'Its short name as used here; null when the provider gives none';
COMMENT ON COLUMN tournament_team.badge_source IS 'Where the provider has the badge as used here; the last one known';
COMMENT ON COLUMN tournament_team.badge IS 'URL of that badge as stored by us; null until it is, never blanked';
COMMENT ON COLUMN team.name IS 'Its current name: as its newest stored tournament spells it';
COMMENT ON COLUMN team.short_name IS 'Its current short name; null when the provider gives none';
COMMENT ON COLUMN team.badge_source IS 'Where the provider has its current badge; the last address known';

-- The views show the names as used in the tournament.
CREATE OR REPLACE VIEW league_table AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.stage,
    standing.group_name, standing.position, coalesce(team_here.name, team.name) AS team,
    standing.games, standing.wins, standing.draws, standing.losses, standing.goals_for,
    standing.goals_against, standing.goal_difference, standing.points, standing.form,
    standing.computed, standing.tournament_id, standing.team_id
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = standing.tournament_id AND team_here.team_id = standing.team_id;

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
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug;

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
WHERE goal.missing_since IS NULL AND goal.scorer IS NOT NULL AND goal.own_goal IS NOT TRUE
GROUP BY tournament.id, goal.tournament_id, team.id, coalesce(team_here.name, team.name),
    goal.scorer;
COMMENT ON COLUMN league_table.team IS 'Name of the team as used in the tournament';
COMMENT ON COLUMN fixtures.home_team IS 'Name of the home side as used in the tournament';
COMMENT ON COLUMN fixtures.away_team IS 'Name of the away side as used in the tournament';
COMMENT ON COLUMN goalscorers.team IS 'Name of the team as used in the tournament';
