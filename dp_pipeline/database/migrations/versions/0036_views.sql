CREATE TABLE matchday_standing (
    id uuid NOT NULL, tournament_id uuid NOT NULL, matchday integer NOT NULL, stage text,
    group_name text, team_id uuid NOT NULL, position integer NOT NULL, games integer NOT NULL,
    wins integer NOT NULL, draws integer NOT NULL, losses integer NOT NULL,
    goals_for integer NOT NULL, goals_against integer NOT NULL, points integer NOT NULL, note text,
    whole_season boolean NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_matchday_standing PRIMARY KEY (id),
    CONSTRAINT fk_matchday_standing_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT fk_matchday_standing_team_id FOREIGN KEY (team_id)
        REFERENCES team (id) ON DELETE RESTRICT
);
CREATE INDEX ix_matchday_standing_team_id ON matchday_standing (team_id);
CREATE INDEX ix_matchday_standing_tournament_id_matchday
    ON matchday_standing (tournament_id, matchday);
COMMENT ON TABLE matchday_standing IS 'A row of a table after a matchday; follows from match, see table_by_matchday';
COMMENT ON COLUMN matchday_standing.id IS 'UUIDv5 of (tournament_id, matchday, stage, group_name, team_id)';
COMMENT ON COLUMN matchday_standing.tournament_id IS 'tournament.id';
COMMENT ON COLUMN matchday_standing.matchday IS 'tournament_round.order of the last round that counts';
COMMENT ON COLUMN matchday_standing.stage IS 'Part of the tournament, if it has several';
COMMENT ON COLUMN matchday_standing.group_name IS 'Null where the tournament has one table';
COMMENT ON COLUMN matchday_standing.team_id IS 'team.id';
COMMENT ON COLUMN matchday_standing.position IS 'Place in this table, by the rules of the competition';
COMMENT ON COLUMN matchday_standing.games IS 'Matches played that count for it';
COMMENT ON COLUMN matchday_standing.wins IS 'Of them, won';
COMMENT ON COLUMN matchday_standing.draws IS 'Of them, drawn';
COMMENT ON COLUMN matchday_standing.losses IS 'Of them, lost';
COMMENT ON COLUMN matchday_standing.goals_for IS 'Goals scored';
COMMENT ON COLUMN matchday_standing.goals_against IS 'Goals conceded';
COMMENT ON COLUMN matchday_standing.points IS 'With what was carried over or deducted';
COMMENT ON COLUMN matchday_standing.note IS 'What to know of this row: deductions, points carried over';
COMMENT ON COLUMN matchday_standing.whole_season IS 'True: this table is over the whole season, the only one or the final one';
COMMENT ON COLUMN matchday_standing.created_at IS 'When this row was first stored';
COMMENT ON COLUMN matchday_standing.updated_at IS 'Last time a value of this row changed';

CREATE VIEW table_by_matchday AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.matchday,
    named.round, standing.stage, standing.group_name, standing.position,
    coalesce(here.name, team.name) AS team, standing.games, standing.wins, standing.draws,
    standing.losses, standing.goals_for, standing.goals_against,
    standing.goals_for - standing.goals_against AS goal_difference, standing.points, standing.note,
    standing.whole_season, tournament.provider, standing.tournament_id, standing.team_id,
    standing.updated_at
FROM matchday_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
LEFT JOIN tournament_team AS here
    ON here.tournament_id = standing.tournament_id AND here.team_id = standing.team_id
LEFT JOIN LATERAL (
    SELECT min(label) AS round FROM tournament_round
    WHERE tournament_round.tournament_id = standing.tournament_id
        AND tournament_round."order" = standing.matchday AND tournament_round.type = 'season'
) AS named ON true;
COMMENT ON VIEW table_by_matchday IS 'Tables after each matchday, by the results as they are now and the rules of the competition';
COMMENT ON COLUMN table_by_matchday.tournament_key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN table_by_matchday.tournament IS 'Its name and season, for people';
COMMENT ON COLUMN table_by_matchday.matchday IS 'Number of the last round that counts: its place among the rounds of the tournament';
COMMENT ON COLUMN table_by_matchday.round IS 'Name of that round, for people';
COMMENT ON COLUMN table_by_matchday.stage IS 'Part of the tournament, if it has several';
COMMENT ON COLUMN table_by_matchday.group_name IS 'Group, if the stage has several';
COMMENT ON COLUMN table_by_matchday.position IS 'Place in the table, from 1; several teams may share one';
COMMENT ON COLUMN table_by_matchday.team IS 'Name of the team, as used in the tournament';
COMMENT ON COLUMN table_by_matchday.games IS 'Games that counted';
COMMENT ON COLUMN table_by_matchday.wins IS 'Of them, won';
COMMENT ON COLUMN table_by_matchday.draws IS 'Of them, drawn';
COMMENT ON COLUMN table_by_matchday.losses IS 'Of them, lost';
COMMENT ON COLUMN table_by_matchday.goals_for IS 'Goals scored';
COMMENT ON COLUMN table_by_matchday.goals_against IS 'Goals conceded';
COMMENT ON COLUMN table_by_matchday.goal_difference IS 'goals_for - goals_against';
COMMENT ON COLUMN table_by_matchday.points IS 'With what was carried over or deducted, so not always 3 * wins + draws';
COMMENT ON COLUMN table_by_matchday.note IS 'What to know of this row: deductions, points carried over, why a place is shared';
COMMENT ON COLUMN table_by_matchday.whole_season IS 'True: this table is over the whole season, the only one or the final one';
COMMENT ON COLUMN table_by_matchday.provider IS 'Name of the provider';
COMMENT ON COLUMN table_by_matchday.tournament_id IS 'tournament.id';
COMMENT ON COLUMN table_by_matchday.team_id IS 'team.id';
COMMENT ON COLUMN table_by_matchday.updated_at IS 'Last time a value of this row changed';

CREATE OR REPLACE VIEW league_table AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.stage,
    standing.group_name, standing.position, coalesce(team_here.name, team.name) AS team,
    standing.games, standing.wins, standing.draws, standing.losses, standing.goals_for,
    standing.goals_against, standing.goal_difference, standing.points, standing.form,
    standing.computed, standing.tournament_id, standing.team_id, standing.rule, standing.note,
    standing.whole_season, standing.zone
    -- new
    , coalesce(team_here.short_name, team.short_name) AS short_name, tournament.provider,
    standing.updated_at
    -- end
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = standing.tournament_id AND team_here.team_id = standing.team_id
WHERE NOT standing.superseded;
COMMENT ON COLUMN league_table.short_name IS 'Short name of the team as used in the tournament; null when the provider gives none';
COMMENT ON COLUMN league_table.provider IS 'Name of the provider';
COMMENT ON COLUMN league_table.updated_at IS 'Last time a value of this row changed';

CREATE OR REPLACE VIEW fixtures AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, match.stage,
    match.group_name, round."order" AS round_order, round.label AS round, match.kickoff_at,
    match.kickoff_date, match.status, coalesce(home_here.name, home.name) AS home_team,
    coalesce(away_here.name, away.name) AS away_team, match.home_score, match.away_score,
    match.home_penalties_score, match.away_penalties_score, match.venue, match.id AS match_id,
    match.tournament_id, match.kickoff_local
    -- new
    , match.home_score_ht, match.away_score_ht, match.home_score_90, match.away_score_90,
    match.round_slug, match.provider, match.external_id, match.provider_status, match.home_team_id,
    match.away_team_id, home.club_id AS home_club_id, away.club_id AS away_club_id,
    match.missing_since, match.updated_at
    -- end
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
COMMENT ON COLUMN fixtures.home_score_ht IS 'Goals of the home side at half-time';
COMMENT ON COLUMN fixtures.away_score_ht IS 'Goals of the away side at half-time';
COMMENT ON COLUMN fixtures.home_score_90 IS 'Goals of the home side after ninety minutes';
COMMENT ON COLUMN fixtures.away_score_90 IS 'Goals of the away side after ninety minutes';
COMMENT ON COLUMN fixtures.round_slug IS 'tournament_round.slug; null when the provider names no round';
COMMENT ON COLUMN fixtures.provider IS 'Name of the provider';
COMMENT ON COLUMN fixtures.external_id IS 'The provider''s id of the match';
COMMENT ON COLUMN fixtures.provider_status IS 'The status in the provider''s own words';
COMMENT ON COLUMN fixtures.home_team_id IS 'team.id of the home side';
COMMENT ON COLUMN fixtures.away_team_id IS 'team.id of the away side';
COMMENT ON COLUMN fixtures.home_club_id IS 'club.id of the home side, the same at all providers; null: not known';
COMMENT ON COLUMN fixtures.away_club_id IS 'club.id of the away side, the same at all providers; null: not known';
COMMENT ON COLUMN fixtures.missing_since IS 'Since when the provider''s list of matches does not have it; null: it does';
COMMENT ON COLUMN fixtures.updated_at IS 'Last time a value of the match changed';

CREATE VIEW head_to_head AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, round.label AS round,
    match.kickoff_at, match.kickoff_date, side.place, coalesce(team_here.name, team.name) AS team,
    coalesce(opponent_here.name, opponent.name) AS opponent,
    CASE side.place WHEN 'home' THEN match.home_score ELSE match.away_score END AS goals_for,
    CASE side.place WHEN 'home' THEN match.away_score ELSE match.home_score END AS goals_against,
    CASE WHEN match.home_score = match.away_score THEN 'D'
        WHEN (match.home_score > match.away_score) = (side.place = 'home') THEN 'W'
        ELSE 'L' END AS result,
    CASE side.place WHEN 'home' THEN match.home_penalties_score
        ELSE match.away_penalties_score END AS penalties_for,
    CASE side.place WHEN 'home' THEN match.away_penalties_score
        ELSE match.home_penalties_score END AS penalties_against,
    match.status, match.provider, team.id AS team_id, opponent.id AS opponent_id,
    team.club_id, opponent.club_id AS opponent_club_id, match.id AS match_id, match.tournament_id,
    match.updated_at
FROM (
    SELECT id AS match_id, 'home' AS place, home_team_id AS team_id, away_team_id AS opponent_id
    FROM match
    UNION ALL
    SELECT id, 'away', away_team_id, home_team_id FROM match
) AS side
JOIN match ON match.id = side.match_id
JOIN tournament ON tournament.id = match.tournament_id
JOIN team ON team.id = side.team_id
JOIN team AS opponent ON opponent.id = side.opponent_id
LEFT JOIN tournament_team AS team_here
    ON team_here.tournament_id = match.tournament_id AND team_here.team_id = team.id
LEFT JOIN tournament_team AS opponent_here
    ON opponent_here.tournament_id = match.tournament_id AND opponent_here.team_id = opponent.id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug
WHERE match.superseded_by IS NULL AND match.status IN ('ended', 'awarded')
    AND match.home_score IS NOT NULL;
COMMENT ON VIEW head_to_head IS 'Played matches as each of both teams sees them: two rows per match';
COMMENT ON COLUMN head_to_head.tournament_key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN head_to_head.tournament IS 'Its name and season, for people';
COMMENT ON COLUMN head_to_head.round IS 'Name of the round, for people';
COMMENT ON COLUMN head_to_head.kickoff_at IS 'Null when only the day, or no time zone, is known';
COMMENT ON COLUMN head_to_head.kickoff_date IS 'The day as the provider gives it';
COMMENT ON COLUMN head_to_head.place IS 'home or away: where team played';
COMMENT ON COLUMN head_to_head.team IS 'Name of the team, as used in the tournament';
COMMENT ON COLUMN head_to_head.opponent IS 'Name of the other team, as used in the tournament';
COMMENT ON COLUMN head_to_head.goals_for IS 'Goals of team, extra time included, a shoot-out never';
COMMENT ON COLUMN head_to_head.goals_against IS 'Goals of opponent, counted in the same way';
COMMENT ON COLUMN head_to_head.result IS 'W, D or L for team, by these goals';
COMMENT ON COLUMN head_to_head.penalties_for IS 'Goals of team in the shoot-out alone';
COMMENT ON COLUMN head_to_head.penalties_against IS 'Goals of opponent in the shoot-out alone';
COMMENT ON COLUMN head_to_head.status IS 'ended or awarded';
COMMENT ON COLUMN head_to_head.provider IS 'Name of the provider: a match that two have is listed for each of them';
COMMENT ON COLUMN head_to_head.team_id IS 'team.id of team';
COMMENT ON COLUMN head_to_head.opponent_id IS 'team.id of opponent';
COMMENT ON COLUMN head_to_head.club_id IS 'club.id of team, the same at all providers; null: not known';
COMMENT ON COLUMN head_to_head.opponent_club_id IS 'club.id of opponent; null: not known';
COMMENT ON COLUMN head_to_head.match_id IS 'match.id';
COMMENT ON COLUMN head_to_head.tournament_id IS 'tournament.id';
COMMENT ON COLUMN head_to_head.updated_at IS 'Last time a value of the match changed';

CREATE OR REPLACE VIEW goalscorers AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, goal.scorer,
    coalesce(team_here.name, team.name) AS team, count(*) AS goals,
    count(*) FILTER (WHERE goal.penalty) AS penalties,
    count(DISTINCT goal.match_id) AS matches, goal.tournament_id, team.id AS team_id
    -- new
    , tournament.provider, max(goal.updated_at) AS updated_at
    -- end
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
COMMENT ON COLUMN goalscorers.provider IS 'Name of the provider';
COMMENT ON COLUMN goalscorers.updated_at IS 'Last time one of these goals changed';

CREATE OR REPLACE VIEW knockout_ties AS
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
    -- new
    , tournament.provider, first.round_slug, first.home_team_id, first.away_team_id, tie.updated_at
    -- end
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
COMMENT ON COLUMN knockout_ties.provider IS 'Name of the provider';
COMMENT ON COLUMN knockout_ties.round_slug IS 'tournament_round.slug of the first match';
COMMENT ON COLUMN knockout_ties.home_team_id IS 'team.id of home_team';
COMMENT ON COLUMN knockout_ties.away_team_id IS 'team.id of away_team';
COMMENT ON COLUMN knockout_ties.updated_at IS 'Last time a value of the tie changed';

CREATE OR REPLACE VIEW match_history AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, round.label AS round,
    coalesce(home_here.name, home.name) || ' - ' || coalesce(away_here.name, away.name) AS match,
    change.field, change.old #>> '{}' AS old, change.new #>> '{}' AS new, change.changed_at,
    change.execution_id, match.id AS match_id, match.tournament_id, change.id AS change_id
    -- new
    , match.provider, match.kickoff_date, match.round_slug,
    coalesce(home_here.name, home.name) AS home_team,
    coalesce(away_here.name, away.name) AS away_team, match.home_team_id, match.away_team_id
    -- end
FROM change
JOIN match ON match.id = change.entity_id
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_team AS home_here
    ON home_here.tournament_id = match.tournament_id AND home_here.team_id = match.home_team_id
LEFT JOIN tournament_team AS away_here
    ON away_here.tournament_id = match.tournament_id AND away_here.team_id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug
WHERE change.entity = 'match';
COMMENT ON COLUMN match_history.provider IS 'Name of the provider';
COMMENT ON COLUMN match_history.kickoff_date IS 'Day of the match, as it is now';
COMMENT ON COLUMN match_history.round_slug IS 'tournament_round.slug of the round the match is in now';
COMMENT ON COLUMN match_history.home_team IS 'Name of the home side as used in the tournament';
COMMENT ON COLUMN match_history.away_team IS 'Name of the away side as used in the tournament';
COMMENT ON COLUMN match_history.home_team_id IS 'team.id of the home side';
COMMENT ON COLUMN match_history.away_team_id IS 'team.id of the away side';

-- Row by row: of one tournament it read the changes of all of them, as a window over all rows did.
CREATE OR REPLACE VIEW table_history AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, was.stage, was.group_name,
    was.position, coalesce(here.name, team.name) AS team, was.games, was.wins, was.draws,
    was.losses, was.goals_for, was.goals_against, was.goal_difference, was.points, was.form,
    was.zone, was.note, was.computed, version.valid_from, version.valid_to, was.whole_season,
    was.tournament_id, was.team_id, was.id AS standing_id
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
CROSS JOIN LATERAL (
    SELECT begun.valid_from, lead(begun.valid_from) OVER (ORDER BY begun.valid_from) AS valid_to
    FROM (
        SELECT standing.created_at AS valid_from
        UNION
        SELECT changed_at FROM change
        WHERE entity = 'tournament_standing' AND entity_id = standing.id
    ) AS begun
) AS version
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(later.field, later.old), '{}') AS fields
    FROM (
        SELECT DISTINCT ON (field) field, old FROM change
        WHERE entity_id = standing.id AND changed_at > version.valid_from
        ORDER BY field, changed_at, id
    ) AS later
) AS before
CROSS JOIN LATERAL jsonb_populate_record(standing, before.fields) AS was
JOIN team ON team.id = was.team_id
LEFT JOIN tournament_team AS here
    ON here.tournament_id = was.tournament_id AND here.team_id = was.team_id
WHERE NOT was.superseded;
