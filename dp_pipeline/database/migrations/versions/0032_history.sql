CREATE TABLE change (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL, tournament_id uuid, entity text NOT NULL,
    entity_id uuid NOT NULL, field text NOT NULL, old jsonb, new jsonb, execution_id uuid,
    changed_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_change PRIMARY KEY (id),
    CONSTRAINT fk_change_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE
);
CREATE INDEX ix_change_tournament_id_changed_at ON change (tournament_id, changed_at);
CREATE INDEX ix_change_entity_id_field ON change (entity_id, field);
COMMENT ON TABLE change IS 'The history: a row per changed field of football facts; first values are none';
COMMENT ON COLUMN change.id IS 'Ascending in the order of writing';
COMMENT ON COLUMN change.tournament_id IS 'tournament.id of the tournament by which it was changed';
COMMENT ON COLUMN change.entity IS 'Name of the table of the row';
COMMENT ON COLUMN change.entity_id IS 'id of the row; in tournament_team, which has none, its team_id';
COMMENT ON COLUMN change.field IS 'Name of the column';
COMMENT ON COLUMN change.old IS 'The value before; null: there was none';
COMMENT ON COLUMN change.new IS 'The value afterwards; null: there is none any more';
COMMENT ON COLUMN change.execution_id IS 'data_provider_executions.id; null: a command of a person. The ledger may have lost it';
COMMENT ON COLUMN change.changed_at IS 'When it was written';

CREATE VIEW match_history AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, round.label AS round,
    coalesce(home_here.name, home.name) || ' - ' || coalesce(away_here.name, away.name) AS match,
    change.field, change.old #>> '{}' AS old, change.new #>> '{}' AS new, change.changed_at,
    change.execution_id, match.id AS match_id, match.tournament_id, change.id AS change_id
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
COMMENT ON VIEW match_history IS 'Every changed field of every match, with the names of tournament, round and teams';
COMMENT ON COLUMN match_history.tournament_key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN match_history.tournament IS 'Its name and season, for people';
COMMENT ON COLUMN match_history.round IS 'Name of the round the match is in now, for people';
COMMENT ON COLUMN match_history.match IS 'Home team - away team, as used in the tournament';
COMMENT ON COLUMN match_history.field IS 'Name of the column of match';
COMMENT ON COLUMN match_history.old IS 'The value before; null: there was none';
COMMENT ON COLUMN match_history.new IS 'The value afterwards; null: there is none any more';
COMMENT ON COLUMN match_history.changed_at IS 'When it was written';
COMMENT ON COLUMN match_history.execution_id IS 'data_provider_executions.id; null: a command of a person. The ledger may have lost it';
COMMENT ON COLUMN match_history.match_id IS 'match.id';
COMMENT ON COLUMN match_history.tournament_id IS 'tournament.id';
COMMENT ON COLUMN match_history.change_id IS 'change.id: ascending in the order of writing';

CREATE VIEW table_history AS
WITH begun AS (
    SELECT id, created_at AS valid_from FROM tournament_standing
    UNION
    SELECT entity_id, changed_at FROM change WHERE entity = 'tournament_standing'
), version AS (
    SELECT id, valid_from,
        lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) AS valid_to
    FROM begun
)
SELECT tournament.key AS tournament_key, tournament.label AS tournament, was.stage, was.group_name,
    was.position, coalesce(here.name, team.name) AS team, was.games, was.wins, was.draws,
    was.losses, was.goals_for, was.goals_against, was.goal_difference, was.points, was.form,
    was.zone, was.note, was.computed, version.valid_from, version.valid_to, was.whole_season,
    was.tournament_id, was.team_id, was.id AS standing_id
FROM version
JOIN tournament_standing AS standing ON standing.id = version.id
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(later.field, later.old), '{}') AS fields
    FROM (
        SELECT DISTINCT ON (field) field, old FROM change
        WHERE entity_id = version.id AND changed_at > version.valid_from
        ORDER BY field, changed_at, id
    ) AS later
) AS before
CROSS JOIN LATERAL jsonb_populate_record(standing, before.fields) AS was
JOIN tournament ON tournament.id = was.tournament_id
JOIN team ON team.id = was.team_id
LEFT JOIN tournament_team AS here
    ON here.tournament_id = was.tournament_id AND here.team_id = was.team_id
WHERE NOT was.superseded;
COMMENT ON VIEW table_history IS 'Tables as they stood: valid_from <= a time and (valid_to > it or valid_to is null)';
COMMENT ON COLUMN table_history.tournament_key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN table_history.tournament IS 'Its name and season, for people';
COMMENT ON COLUMN table_history.stage IS 'Part of the tournament, if it has several';
COMMENT ON COLUMN table_history.group_name IS 'Group, if the stage has several';
COMMENT ON COLUMN table_history.position IS 'Place in the table, from 1; several teams may share one';
COMMENT ON COLUMN table_history.team IS 'Name of the team, as used in the tournament';
COMMENT ON COLUMN table_history.games IS 'Games that counted';
COMMENT ON COLUMN table_history.wins IS 'Of them, won';
COMMENT ON COLUMN table_history.draws IS 'Of them, drawn';
COMMENT ON COLUMN table_history.losses IS 'Of them, lost';
COMMENT ON COLUMN table_history.goals_for IS 'Goals scored';
COMMENT ON COLUMN table_history.goals_against IS 'Goals conceded';
COMMENT ON COLUMN table_history.goal_difference IS 'goals_for - goals_against';
COMMENT ON COLUMN table_history.points IS 'With what was carried over or deducted, so not always 3 * wins + draws';
COMMENT ON COLUMN table_history.form IS 'Last five results, oldest first: W, D, L';
COMMENT ON COLUMN table_history.zone IS 'What its place meant; null where it meant nothing of that or is not known';
COMMENT ON COLUMN table_history.note IS 'What to know of this row: deductions, points carried over, why a place is shared';
COMMENT ON COLUMN table_history.computed IS 'True: it follows from the matches; false: the provider gave it';
COMMENT ON COLUMN table_history.valid_from IS 'When the row began to be so here';
COMMENT ON COLUMN table_history.valid_to IS 'When it changed; null: it is so now';
COMMENT ON COLUMN table_history.whole_season IS 'True: this table is over the whole season, the only one or the final one';
COMMENT ON COLUMN table_history.tournament_id IS 'tournament.id';
COMMENT ON COLUMN table_history.team_id IS 'team.id';
COMMENT ON COLUMN table_history.standing_id IS 'tournament_standing.id';
