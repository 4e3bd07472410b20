CREATE TABLE goal (
    id uuid NOT NULL, tournament_id uuid NOT NULL, match_id uuid NOT NULL, side text NOT NULL,
    ordinal integer NOT NULL, minute integer, added_time integer, scorer text, penalty boolean,
    own_goal boolean, home_score integer, away_score integer, missing_since timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_goal PRIMARY KEY (id),
    CONSTRAINT uq_goal_match_id_side_ordinal UNIQUE (match_id, side, ordinal),
    CONSTRAINT fk_goal_tournament_id FOREIGN KEY (tournament_id)
        REFERENCES tournament (id) ON DELETE CASCADE,
    CONSTRAINT fk_goal_match_id FOREIGN KEY (match_id)
        REFERENCES match (id) ON DELETE CASCADE,
    CONSTRAINT ck_goal_side CHECK (side IN ('home', 'away')),
    CONSTRAINT ck_goal_ordinal CHECK (ordinal >= 1),
    CONSTRAINT ck_goal_minute_not_negative CHECK (minute >= 0 AND added_time >= 0),
    CONSTRAINT ck_goal_score_not_negative CHECK (home_score >= 0 AND away_score >= 0),
    CONSTRAINT ck_goal_score_both_or_none CHECK ((home_score IS NULL) = (away_score IS NULL))
);
CREATE INDEX ix_goal_tournament_id ON goal (tournament_id);
COMMENT ON TABLE goal IS 'A goal in play, extra time included, as the provider''s list of the match has it';
COMMENT ON COLUMN goal.id IS 'UUIDv5 of (match_id, side, ordinal)';
COMMENT ON COLUMN goal.side IS 'home or away: the side it counts for; an own goal for the other one';
COMMENT ON COLUMN goal.ordinal IS 'Place among the goals of this side in this match, from 1';
COMMENT ON COLUMN goal.minute IS 'In added time the last regular one: 45, 90, 105 or 120';
COMMENT ON COLUMN goal.added_time IS 'Minutes after it; null where there are none or it is not told';
COMMENT ON COLUMN goal.scorer IS 'The name as the provider writes it; of an own goal who scored it';
COMMENT ON COLUMN goal.penalty IS 'In play, never of a shoot-out; null: not told';
COMMENT ON COLUMN goal.own_goal IS 'Null: not told';
COMMENT ON COLUMN goal.home_score IS 'After this goal; null when that is not certain';
COMMENT ON COLUMN goal.away_score IS 'After this goal; null when that is not certain';
COMMENT ON COLUMN goal.missing_since IS 'Since when the provider''s list of the match does not have it; null: it does';
COMMENT ON COLUMN goal.updated_at IS 'Last time a value of this row changed';

CREATE VIEW goalscorers AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, goal.scorer,
    team.name AS team, count(*) AS goals, count(*) FILTER (WHERE goal.penalty) AS penalties,
    count(DISTINCT goal.match_id) AS matches, goal.tournament_id, team.id AS team_id
FROM goal
JOIN match ON match.id = goal.match_id
JOIN tournament ON tournament.id = goal.tournament_id
JOIN team ON team.id = CASE goal.side
    WHEN 'home' THEN match.home_team_id ELSE match.away_team_id END
WHERE goal.missing_since IS NULL AND goal.scorer IS NOT NULL AND goal.own_goal IS NOT TRUE
GROUP BY tournament.id, goal.tournament_id, team.id, goal.scorer;
COMMENT ON VIEW goalscorers IS 'Who scored how often for which team; own goals and goals that the provider took back do not count';
COMMENT ON COLUMN goalscorers.scorer IS 'As the provider writes the name: two spellings are two rows';
COMMENT ON COLUMN goalscorers.goals IS 'Penalties included, a shoot-out not';
COMMENT ON COLUMN goalscorers.matches IS 'In which the goals were scored';

COMMENT ON COLUMN data_provider_executions.domain
    IS 'What was updated; the asset in Dagster has this name';
