-- Every table and view as version 0.1 left them. Frozen: what changes is a later revision.

CREATE TABLE tournament (
    id uuid NOT NULL, key text NOT NULL, provider text NOT NULL, external_id text NOT NULL,
    season text NOT NULL, label text NOT NULL, slug text NOT NULL, mode text NOT NULL,
    standings_mode text NOT NULL, status text NOT NULL, current_round text, public_url text,
    base_url text, logo_source text, logo text, created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tournament PRIMARY KEY (id),
    CONSTRAINT uq_tournament_key UNIQUE (key),
    CONSTRAINT ck_tournament_mode CHECK (mode IN ('regular-season-only', 'regular-season-and-knockout',
        'knockout-only')),
    CONSTRAINT ck_tournament_standings_mode CHECK (standings_mode IN ('unique-group', 'multi-group')),
    CONSTRAINT ck_tournament_status CHECK (status IN ('active', 'completed', 'upcoming', 'cancelled'))
);
COMMENT ON TABLE tournament IS 'One season of one competition at one provider';
COMMENT ON COLUMN tournament.id IS 'UUIDv5 of (provider, competition, season of the key)';
COMMENT ON COLUMN tournament.key IS 'provider:competition:season; the Dagster partition key';
COMMENT ON COLUMN tournament.external_id IS 'The provider''s id of the competition';
COMMENT ON COLUMN tournament.season IS 'For people: "2024/25", "2025"';
COMMENT ON COLUMN tournament.standings_mode IS 'unique-group: one table; multi-group: one per group';
COMMENT ON COLUMN tournament.current_round IS 'Slug of the round being played or coming next';
COMMENT ON COLUMN tournament.public_url IS 'Page for people';
COMMENT ON COLUMN tournament.base_url IS 'Root of the provider''s API for this season';
COMMENT ON COLUMN tournament.logo_source IS 'Where the provider has the logo; the last address known';
COMMENT ON COLUMN tournament.logo IS 'URL of the logo as stored by us; null until it is, never blanked';
COMMENT ON COLUMN tournament.updated_at IS 'Last time a value of this row changed';

CREATE TABLE team (
    id uuid NOT NULL, provider text NOT NULL, external_id text NOT NULL, name text NOT NULL,
    short_name text, country text, badge_source text, badge text, described_in text,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_team PRIMARY KEY (id),
    CONSTRAINT uq_team_provider_external_id UNIQUE (provider, external_id)
);
COMMENT ON TABLE team IS 'A club or national team at one provider; tournament_team says where it plays';
COMMENT ON COLUMN team.id IS 'UUIDv5 of (provider, external_id)';
COMMENT ON COLUMN team.external_id IS 'The provider''s id, the same in all its tournaments';
COMMENT ON COLUMN team.badge_source IS 'Where the provider has the badge; the last address known';
COMMENT ON COLUMN team.badge IS 'URL of the badge as stored by us; null until it is, never blanked';
COMMENT ON COLUMN team.described_in IS 'Key of the newest tournament stored; its name for the team counts';
COMMENT ON COLUMN team.updated_at IS 'Last time a value of this row changed';

CREATE TABLE tournament_team (
    tournament_id uuid NOT NULL CONSTRAINT fk_tournament_team_tournament_id REFERENCES tournament ON DELETE CASCADE,
    team_id uuid NOT NULL CONSTRAINT fk_tournament_team_team_id REFERENCES team ON DELETE RESTRICT,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tournament_team PRIMARY KEY (tournament_id, team_id)
);
CREATE INDEX ix_tournament_team_team_id ON tournament_team (team_id);
COMMENT ON TABLE tournament_team IS 'Which teams play in which tournament';
COMMENT ON COLUMN tournament_team.updated_at IS 'Last time a value of this row changed';

CREATE TABLE tournament_round (
    id uuid NOT NULL,
    tournament_id uuid NOT NULL CONSTRAINT fk_tournament_round_tournament_id REFERENCES tournament ON DELETE CASCADE,
    slug text NOT NULL, "order" integer NOT NULL, label text NOT NULL, type text NOT NULL,
    stage text, prefix text, provider_id text, provider_url text,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tournament_round PRIMARY KEY (id),
    CONSTRAINT uq_tournament_round_tournament_id_slug UNIQUE (tournament_id, slug),
    CONSTRAINT ck_tournament_round_type CHECK (type IN ('season', 'knockout')),
    CONSTRAINT ck_tournament_round_order CHECK ("order" >= 1)
);
COMMENT ON TABLE tournament_round IS 'A matchday or knockout round';
COMMENT ON COLUMN tournament_round.id IS 'UUIDv5 of (tournament_id, slug)';
COMMENT ON COLUMN tournament_round.slug IS 'Unique in the tournament; match.round_slug refers to it';
COMMENT ON COLUMN tournament_round."order" IS 'Place in the tournament, from 1';
COMMENT ON COLUMN tournament_round.stage IS 'Part of the tournament, if it has several';
COMMENT ON COLUMN tournament_round.prefix IS 'The provider''s prefix of a special knockout round';
COMMENT ON COLUMN tournament_round.provider_id IS 'The provider''s number; not unique';
COMMENT ON COLUMN tournament_round.updated_at IS 'Last time a value of this row changed';

CREATE TABLE match (
    id uuid NOT NULL, provider text NOT NULL, external_id text NOT NULL,
    tournament_id uuid NOT NULL CONSTRAINT fk_match_tournament_id REFERENCES tournament ON DELETE CASCADE,
    round_slug text, stage text, group_name text,
    home_team_id uuid NOT NULL CONSTRAINT fk_match_home_team_id REFERENCES team ON DELETE RESTRICT,
    away_team_id uuid NOT NULL CONSTRAINT fk_match_away_team_id REFERENCES team ON DELETE RESTRICT,
    kickoff_at timestamptz, kickoff_date date, status text NOT NULL, provider_status text,
    home_score integer, away_score integer, home_score_90 integer, away_score_90 integer,
    home_score_ht integer, away_score_ht integer, home_penalties_score integer,
    away_penalties_score integer, venue text, created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_match PRIMARY KEY (id),
    CONSTRAINT uq_match_provider_external_id UNIQUE (provider, external_id),
    CONSTRAINT fk_match_tournament_id_round_slug FOREIGN KEY(tournament_id, round_slug) REFERENCES
        tournament_round (tournament_id, slug),
    CONSTRAINT ck_match_status CHECK (status IN ('scheduled', 'live', 'ended', 'postponed', 'cancelled',
        'abandoned', 'interrupted', 'awarded', 'unknown')),
    CONSTRAINT ck_match_two_teams CHECK (home_team_id <> away_team_id),
    CONSTRAINT ck_match_score_not_negative CHECK (home_score >= 0 AND away_score >= 0),
    CONSTRAINT ck_match_score_both_or_none CHECK ((home_score IS NULL) = (away_score IS NULL)),
    CONSTRAINT ck_match_score_90_not_negative CHECK (home_score_90 >= 0 AND away_score_90 >= 0),
    CONSTRAINT ck_match_score_90_both_or_none CHECK ((home_score_90 IS NULL) = (away_score_90 IS NULL)),
    CONSTRAINT ck_match_score_ht_not_negative CHECK (home_score_ht >= 0 AND away_score_ht >= 0),
    CONSTRAINT ck_match_score_ht_both_or_none CHECK ((home_score_ht IS NULL) = (away_score_ht IS NULL)),
    CONSTRAINT ck_match_penalties_score_not_negative CHECK (home_penalties_score >= 0 AND away_penalties_score >= 0),
    CONSTRAINT ck_match_penalties_score_both_or_none CHECK ((home_penalties_score IS NULL) =
        (away_penalties_score IS NULL))
);
CREATE INDEX ix_match_away_team_id ON match (away_team_id);
CREATE INDEX ix_match_home_team_id ON match (home_team_id);
CREATE INDEX ix_match_tournament_id_kickoff_at ON match (tournament_id, kickoff_at);
CREATE INDEX ix_match_tournament_id_round_slug ON match (tournament_id, round_slug);
COMMENT ON TABLE match IS 'A fixture, played or not';
COMMENT ON COLUMN match.id IS 'UUIDv5 of (provider, external_id)';
COMMENT ON COLUMN match.round_slug IS 'tournament_round.slug; null when the provider names no round';
COMMENT ON COLUMN match.kickoff_at IS 'Null when only the day, or no time zone, is known: see kickoff_date';
COMMENT ON COLUMN match.kickoff_date IS 'The day as the provider gives it, also without a time';
COMMENT ON COLUMN match.provider_status IS 'The status in the provider''s own words';
COMMENT ON COLUMN match.home_score IS 'Result including extra time, never a shoot-out';
COMMENT ON COLUMN match.home_score_90 IS 'After ninety minutes';
COMMENT ON COLUMN match.home_score_ht IS 'At half-time';
COMMENT ON COLUMN match.home_penalties_score IS 'The shoot-out alone';
COMMENT ON COLUMN match.updated_at IS 'Last time a value of this row changed';

CREATE TABLE tournament_standing (
    id uuid NOT NULL,
    tournament_id uuid NOT NULL CONSTRAINT fk_tournament_standing_tournament_id REFERENCES tournament ON DELETE CASCADE,
    stage text, group_name text,
    team_id uuid NOT NULL CONSTRAINT fk_tournament_standing_team_id REFERENCES team ON DELETE RESTRICT,
    position integer NOT NULL, games integer NOT NULL, wins integer NOT NULL,
    draws integer NOT NULL, losses integer NOT NULL, goals_for integer NOT NULL,
    goals_against integer NOT NULL, goal_difference integer NOT NULL, points integer NOT NULL,
    form text[] DEFAULT '{}'::text[] NOT NULL, computed boolean DEFAULT false NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tournament_standing PRIMARY KEY (id),
    CONSTRAINT uq_tournament_standing_tournament_id_stage_group_name_team_id UNIQUE NULLS NOT DISTINCT
        (tournament_id, stage, group_name, team_id),
    CONSTRAINT ck_tournament_standing_position CHECK (position >= 1),
    CONSTRAINT ck_tournament_standing_not_negative CHECK (games >= 0 AND wins >= 0 AND draws >= 0 AND
        losses >= 0 AND goals_for >= 0 AND goals_against >= 0),
    CONSTRAINT ck_tournament_standing_goal_difference CHECK (goal_difference = goals_for - goals_against),
    CONSTRAINT ck_tournament_standing_form CHECK (form <@ ARRAY['W', 'D', 'L'])
);
CREATE INDEX ix_tournament_standing_team_id ON tournament_standing (team_id);
COMMENT ON TABLE tournament_standing IS 'A row of a league or group table';
COMMENT ON COLUMN tournament_standing.id IS 'UUIDv5 of (tournament_id, stage, group_name, team_id)';
COMMENT ON COLUMN tournament_standing.group_name IS 'Null where the tournament has one table';
COMMENT ON COLUMN tournament_standing.goal_difference IS 'goals_for - goals_against';
COMMENT ON COLUMN tournament_standing.points IS 'With deductions, so not always 3 * wins + draws';
COMMENT ON COLUMN tournament_standing.form IS 'Last five results, oldest first: W, D, L';
COMMENT ON COLUMN tournament_standing.computed
    IS 'True: the provider has no usable table, this one follows from the matches';
COMMENT ON COLUMN tournament_standing.updated_at IS 'Last time a value of this row changed';

CREATE TABLE image (
    source_url text NOT NULL, object_key text, sha256 text, content_type text, bytes integer,
    etag text, last_modified text, error text, created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_image PRIMARY KEY (source_url),
    CONSTRAINT ck_image_object CHECK ((object_key IS NULL) = (sha256 IS NULL))
);
COMMENT ON TABLE image IS 'Logos and badges that were downloaded; the same content is one object';
COMMENT ON COLUMN image.source_url IS 'The provider''s address of it';
COMMENT ON COLUMN image.object_key IS 'Key in the object store, by content; null while none was ever good';
COMMENT ON COLUMN image.sha256 IS 'Of the object, which for an SVG is the cleaned one';
COMMENT ON COLUMN image.content_type IS 'By its bytes, whatever the provider calls it';
COMMENT ON COLUMN image.bytes IS 'Size of the object';
COMMENT ON COLUMN image.etag IS 'As the provider sent it with this content';
COMMENT ON COLUMN image.last_modified IS 'As the provider sent it with this content';
COMMENT ON COLUMN image.error IS 'Why the last download failed; null: it did not';
COMMENT ON COLUMN image.updated_at IS 'Last time a value of this row changed';

CREATE TABLE data_provider_executions (
    id uuid DEFAULT gen_random_uuid() NOT NULL, request_id uuid NOT NULL,
    tournament_id uuid NOT NULL, operation_type text NOT NULL, status text NOT NULL,
    started_at timestamptz DEFAULT now() NOT NULL, completed_at timestamptz, duration integer,
    report_file_url text, report_file_key text, summary jsonb,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    tournament_key text NOT NULL, tournament_label text, domain text NOT NULL,
    attempt integer DEFAULT 1 NOT NULL, outcome text, error_class text, error_text text,
    announced_at timestamptz, unit text,
    fingerprint text GENERATED ALWAYS AS (CASE status
        WHEN 'failed' THEN md5(coalesce(error_class, '') || ' ' || regexp_replace(
            replace(coalesce(error_text, ''), tournament_key, '#'),
            '[A-Za-z0-9_./@-]*[0-9][A-Za-z0-9_./@-]*', '#', 'g'))
        WHEN 'partial_failure' THEN md5('partial ' || coalesce(summary ->> 'leftOut', ''))
        END) STORED,
    scope text DEFAULT 'whole' NOT NULL,
    CONSTRAINT pk_data_provider_executions PRIMARY KEY (id),
    CONSTRAINT uq_data_provider_executions_attempt UNIQUE (request_id, tournament_key, domain, attempt),
    CONSTRAINT ck_data_provider_executions_status CHECK (status IN ('in_progress', 'completed',
        'partial_failure', 'failed')),
    CONSTRAINT ck_data_provider_executions_operation_type CHECK (operation_type IN ('tournament_create',
        'tournament_update', 'teams_create', 'teams_update', 'rounds_create', 'rounds_update',
        'matches_create', 'matches_update', 'standings_create', 'standings_update', 'logos_create',
        'logos_update')),
    CONSTRAINT ck_data_provider_executions_scope CHECK (scope IN ('whole', 'part', 'nothing')),
    CONSTRAINT ck_data_provider_executions_attempt CHECK (attempt >= 1),
    CONSTRAINT ck_data_provider_executions_duration CHECK (duration >= 0)
);
CREATE INDEX ix_data_provider_executions_completed
    ON data_provider_executions (tournament_key, domain, scope, completed_at)
    WHERE status = 'completed';
CREATE INDEX ix_data_provider_executions_fingerprint
    ON data_provider_executions (tournament_key, domain, completed_at)
    WHERE fingerprint IS NOT NULL;
CREATE INDEX ix_data_provider_executions_in_progress
    ON data_provider_executions (started_at) WHERE status = 'in_progress';
CREATE INDEX ix_data_provider_executions_tournament_key
    ON data_provider_executions (tournament_key, started_at DESC);
CREATE INDEX ix_data_provider_executions_unannounced
    ON data_provider_executions (completed_at)
    WHERE announced_at IS NULL AND completed_at IS NOT NULL AND unit IS NULL;
CREATE INDEX ix_data_provider_executions_unannounced_unit
    ON data_provider_executions (unit, completed_at)
    WHERE announced_at IS NULL AND completed_at IS NOT NULL AND unit IS NOT NULL;
COMMENT ON TABLE data_provider_executions IS 'The ledger: one row per attempt to materialize one domain of one tournament';
COMMENT ON COLUMN data_provider_executions.request_id IS 'The Dagster run id';
COMMENT ON COLUMN data_provider_executions.tournament_id IS 'tournament.id, also while that row does not exist yet';
COMMENT ON COLUMN data_provider_executions.completed_at IS 'Null while in progress';
COMMENT ON COLUMN data_provider_executions.duration IS 'Milliseconds';
COMMENT ON COLUMN data_provider_executions.report_file_key IS 'Key of the report in the object store';
COMMENT ON COLUMN data_provider_executions.summary IS 'Counts of operations and rows; error on failure';
COMMENT ON COLUMN data_provider_executions.updated_at IS 'Last time a value of this row changed';
COMMENT ON COLUMN data_provider_executions.tournament_key IS 'tournament.key';
COMMENT ON COLUMN data_provider_executions.domain IS 'tournaments, teams, rounds, matches, standings or logos';
COMMENT ON COLUMN data_provider_executions.attempt IS 'Which try within the run, from 1';
COMMENT ON COLUMN data_provider_executions.outcome IS 'written, unchanged, nothing_yet, not_applicable, …, failed';
COMMENT ON COLUMN data_provider_executions.error_text IS 'One sentence for a person';
COMMENT ON COLUMN data_provider_executions.announced_at IS 'When people were told; null: not yet';
COMMENT ON COLUMN data_provider_executions.unit IS 'backfill:ID or the refresh it was part of; null: on its own';
COMMENT ON COLUMN data_provider_executions.fingerprint IS 'Equal for the same failure; null when it did not fail';
COMMENT ON COLUMN data_provider_executions.scope
    IS 'whole: the domain was read; part: what was due; nothing: it was not asked for';

CREATE TABLE execution_report (
    execution_id uuid NOT NULL CONSTRAINT fk_execution_report_execution_id REFERENCES data_provider_executions ON DELETE CASCADE,
    file_key text NOT NULL, report json NOT NULL, attempts integer DEFAULT 0 NOT NULL,
    last_error text, next_attempt_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_execution_report PRIMARY KEY (execution_id)
);
CREATE INDEX ix_execution_report_next_attempt_at ON execution_report (next_attempt_at);
COMMENT ON TABLE execution_report IS 'Reports the object store has not taken yet; a row goes when it has';

CREATE TABLE provider_pace (
    provider text NOT NULL, next_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_provider_pace PRIMARY KEY (provider)
);
COMMENT ON TABLE provider_pace IS 'Spaces the requests of all processes to one provider';
COMMENT ON COLUMN provider_pace.next_at IS 'The earliest time of the next request to this provider';

CREATE TABLE provider_clock (
    provider text NOT NULL, at timestamptz, read_at timestamptz, speed double precision NOT NULL,
    CONSTRAINT pk_provider_clock PRIMARY KEY (provider)
);
COMMENT ON TABLE provider_clock IS 'The time of simulated providers; of all others it is ours';
COMMENT ON COLUMN provider_clock.at IS 'The time there when it was read';
COMMENT ON COLUMN provider_clock.read_at IS 'Our time then';
COMMENT ON COLUMN provider_clock.speed IS 'How many times as fast as ours it runs';

CREATE TABLE provider_health (
    provider text NOT NULL, root text NOT NULL, epoch integer NOT NULL,
    refusals integer NOT NULL, silences integer NOT NULL, kind text, struck_at timestamptz,
    rests_until timestamptz, probe_until timestamptz, answered_at timestamptz,
    failed_at timestamptz, failure text, blocked_at timestamptz,
    CONSTRAINT pk_provider_health PRIMARY KEY (provider),
    CONSTRAINT ck_provider_health_strikes CHECK (refusals >= 0 AND silences >= 0)
);
CREATE INDEX ix_provider_health_rests_until ON provider_health (rests_until);
COMMENT ON TABLE provider_health IS 'Whether providers are asked, for all processes';
COMMENT ON COLUMN provider_health.root IS 'The address it is asked at; another one starts anew';
COMMENT ON COLUMN provider_health.epoch IS 'Grows whenever it opens, closes or is tried';
COMMENT ON COLUMN provider_health.refusals IS 'In a row, when it was to be found out';
COMMENT ON COLUMN provider_health.silences IS 'Likewise, without an answer';
COMMENT ON COLUMN provider_health.kind IS 'Of the failure that counted last';
COMMENT ON COLUMN provider_health.struck_at IS 'When that was';
COMMENT ON COLUMN provider_health.rests_until IS 'When one request may try again; null: it is asked as ever';
COMMENT ON COLUMN provider_health.probe_until IS 'Until when the result of that request is waited for';
COMMENT ON COLUMN provider_health.answered_at IS 'Its last answer';
COMMENT ON COLUMN provider_health.failed_at IS 'Its last failure';
COMMENT ON COLUMN provider_health.failure IS 'The kind of that';
COMMENT ON COLUMN provider_health.blocked_at IS 'Its last refusal';

CREATE TABLE provider_hour (
    provider text NOT NULL, hour timestamptz NOT NULL, requests integer NOT NULL,
    blocked integer NOT NULL, rate_limited integer NOT NULL, server_error integer NOT NULL,
    network integer NOT NULL, seconds double precision NOT NULL,
    CONSTRAINT pk_provider_hour PRIMARY KEY (provider, hour)
);
COMMENT ON TABLE provider_hour IS 'Requests to providers and how they ended, by the hour';
COMMENT ON COLUMN provider_hour.hour IS 'Its beginning';
COMMENT ON COLUMN provider_hour.blocked IS 'Of them, refused';
COMMENT ON COLUMN provider_hour.network IS 'Of them, without an answer';
COMMENT ON COLUMN provider_hour.seconds IS 'What they took together';

CREATE TABLE match_watch (
    match_id uuid NOT NULL CONSTRAINT fk_match_watch_match_id REFERENCES match ON DELETE CASCADE,
    tournament_id uuid NOT NULL CONSTRAINT fk_match_watch_tournament_id REFERENCES tournament ON DELETE CASCADE,
    provider text NOT NULL, status text NOT NULL, since timestamptz DEFAULT now() NOT NULL,
    window_from timestamptz, due_at timestamptz, given_up_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    failures integer DEFAULT 0 NOT NULL, not_before timestamptz,
    CONSTRAINT pk_match_watch PRIMARY KEY (match_id)
);
CREATE INDEX ix_match_watch_due ON match_watch (provider, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_match_watch_tournament_id ON match_watch (tournament_id);
COMMENT ON TABLE match_watch IS 'When which match is to be looked at again, by the provider''s time';
COMMENT ON COLUMN match_watch.status IS 'match.status at the last look that changed this row';
COMMENT ON COLUMN match_watch.since IS 'When it was first seen in this status';
COMMENT ON COLUMN match_watch.window_from IS 'From when on the times of play count';
COMMENT ON COLUMN match_watch.due_at IS 'When the provider is asked again; null: not for its own sake';
COMMENT ON COLUMN match_watch.given_up_at IS 'When it was given up as open for too long (stale_open)';
COMMENT ON COLUMN match_watch.updated_at IS 'Last time a value of this row changed';
COMMENT ON COLUMN match_watch.failures IS 'Looks in a row that did not find it';
COMMENT ON COLUMN match_watch.not_before IS 'After such a look: none before that, by our time';

CREATE TABLE tournament_watch (
    tournament_id uuid NOT NULL CONSTRAINT fk_tournament_watch_tournament_id REFERENCES tournament ON DELETE CASCADE,
    provider text NOT NULL, awaiting_since timestamptz, due_at timestamptz, owed_at timestamptz,
    failures integer DEFAULT 0 NOT NULL, not_before timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL, updated_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_tournament_watch PRIMARY KEY (tournament_id)
);
CREATE INDEX ix_tournament_watch_due ON tournament_watch (provider, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_tournament_watch_owed ON tournament_watch (provider) WHERE owed_at IS NOT NULL;
COMMENT ON TABLE tournament_watch IS 'Which tournaments wait for a draw, and which are left alone after a failure';
COMMENT ON COLUMN tournament_watch.awaiting_since IS 'Since when a draw or fixtures to come are waited for';
COMMENT ON COLUMN tournament_watch.due_at IS 'When the provider is asked for them again, by its time';
COMMENT ON COLUMN tournament_watch.owed_at IS 'Since when rounds and table have to follow matches that ended';
COMMENT ON COLUMN tournament_watch.failures IS 'Times in a row that it failed to follow';
COMMENT ON COLUMN tournament_watch.not_before IS 'After such a failure: no attempt before that, by our time';
COMMENT ON COLUMN tournament_watch.updated_at IS 'Last time a value of this row changed';

CREATE TABLE competition_season (
    key text NOT NULL, provider text NOT NULL, competition text NOT NULL, season text NOT NULL,
    label text NOT NULL, place integer, first_seen_at timestamptz DEFAULT now() NOT NULL,
    last_seen_at timestamptz DEFAULT now() NOT NULL, approved_at timestamptz,
    CONSTRAINT pk_competition_season PRIMARY KEY (key),
    CONSTRAINT ck_competition_season_place CHECK (place >= 0)
);
CREATE INDEX ix_competition_season_provider_competition_place
    ON competition_season (provider, competition, place);
COMMENT ON TABLE competition_season IS 'Seasons that providers list of the competitions that are or were followed';
COMMENT ON COLUMN competition_season.key IS 'The tournament key it has or would have';
COMMENT ON COLUMN competition_season.competition IS 'As in the key';
COMMENT ON COLUMN competition_season.season IS 'As in the key';
COMMENT ON COLUMN competition_season.place IS '0 is the competition''s newest season; null: long gone from the list';
COMMENT ON COLUMN competition_season.last_seen_at IS 'When the provider last listed it';
COMMENT ON COLUMN competition_season.approved_at IS 'When it was approved to be ingested by itself; null: it is not';

CREATE VIEW league_table AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, standing.stage,
    standing.group_name, standing.position, team.name AS team, standing.games, standing.wins,
    standing.draws, standing.losses, standing.goals_for, standing.goals_against,
    standing.goal_difference, standing.points, standing.form, standing.computed,
    standing.tournament_id, standing.team_id
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id;
COMMENT ON VIEW league_table IS 'Standings with the names of tournament and team';

CREATE VIEW fixtures AS
SELECT tournament.key AS tournament_key, tournament.label AS tournament, match.stage,
    match.group_name, round."order" AS round_order, round.label AS round, match.kickoff_at,
    match.kickoff_date, match.status, home.name AS home_team, away.name AS away_team,
    match.home_score, match.away_score, match.home_penalties_score, match.away_penalties_score,
    match.venue, match.id AS match_id, match.tournament_id
FROM match
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug;
COMMENT ON VIEW fixtures IS 'Matches with the names of tournament, round and teams';
