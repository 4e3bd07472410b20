CREATE INDEX ix_data_provider_executions_day
    ON data_provider_executions (CAST((started_at AT TIME ZONE 'UTC') AS date));

CREATE VIEW execution_stats AS
SELECT CAST((started_at AT TIME ZONE 'UTC') AS date) AS day,
    CASE WHEN tournament_key ~ '^[a-z][a-z0-9]*:' THEN split_part(tournament_key, ':', 1) END
        AS provider,
    domain, count(*) AS executions, count(DISTINCT request_id) AS runs,
    count(*) FILTER (WHERE outcome IN ('written', 'unchanged')) AS stored,
    count(*) FILTER (WHERE status = 'failed' AND outcome IS DISTINCT FROM 'blocked_dependency')
        AS failures,
    count(*) FILTER (WHERE outcome = 'blocked_dependency') AS blocked,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY duration)
        FILTER (WHERE outcome IS DISTINCT FROM 'blocked_dependency') AS median_duration,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration)
        FILTER (WHERE outcome IS DISTINCT FROM 'blocked_dependency') AS p95_duration,
    CAST(coalesce(sum(CAST(summary ->> 'requests' AS bigint)), 0) AS bigint) AS requests,
    CAST(coalesce(sum(CAST(summary ->> 'bytes' AS bigint)), 0) AS bigint) AS bytes
FROM data_provider_executions
WHERE scope <> 'dry_run'
GROUP BY 1, 2, 3;
COMMENT ON VIEW execution_stats IS 'What executions came to and cost, per day, provider and domain; dry runs do not count';
COMMENT ON COLUMN execution_stats.day IS 'Day on which the executions began, in UTC';
COMMENT ON COLUMN execution_stats.provider IS 'Name of the provider, as in a tournament key; null: somebody added a key that names none';
COMMENT ON COLUMN execution_stats.domain IS 'What was updated; the asset in Dagster has this name';
COMMENT ON COLUMN execution_stats.executions IS 'How many executions began';
COMMENT ON COLUMN execution_stats.runs IS 'In how many Dagster runs';
COMMENT ON COLUMN execution_stats.stored IS 'Of the executions, those whose data was written or was stored already';
COMMENT ON COLUMN execution_stats.failures IS 'Of the executions, those that failed by themselves';
COMMENT ON COLUMN execution_stats.blocked IS 'Of the executions, those that were not begun, because another domain of the tournament had failed';
COMMENT ON COLUMN execution_stats.median_duration IS 'Milliseconds that half of them took at most, without those that were not begun';
COMMENT ON COLUMN execution_stats.p95_duration IS 'Milliseconds that 95 of 100 of them took at most, without those that were not begun';
COMMENT ON COLUMN execution_stats.requests IS 'Requests that were made to the provider; answers that were known already are none';
COMMENT ON COLUMN execution_stats.bytes IS 'Size of the bodies that came, uncompressed';
