"""The button that tries again what failed: those domains of those tournaments, and no others."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
import sqlalchemy as sa
from starlette.responses import Response

from dp_pipeline.assets.refresh_job import REFRESH_JOB
from dp_pipeline.assets.retry_job import RETRY_JOB
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEYS = [f"openfootball:en.{number}:2024-25" for number in range(1, 6)]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_what_failed_is_tried_again_as_one_run_group_and_nothing_else_is_read(
    instance: dg.DagsterInstance,
    database: Database,
    migrated_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    file = season(league("A", "B"))
    replay = Replay(payloads={f"/2024-25/en.{number}.json": file for number in range(1, 6)})
    replay.fault = lambda path: None if "en.1." in path else Response("[]")

    def rows_of(run_id: str) -> dict[str, list[str]]:
        table = tables.data_provider_executions
        wanted = sa.select(table).where(table.c.request_id == UUID(run_id))
        found = defaultdict(list)
        with database.transaction() as connection:
            for row in connection.execute(wanted.order_by(table.c.started_at)):
                assert (row.run_group or "retry:").startswith("retry:")
                found[row.tournament_key].append(row.domain)
        return dict(found)

    with serve(replay.app()) as base_url:
        definitions = build(
            {
                "database": DatabaseResource(url=migrated_url),
                "providers": ProvidersResource(base_urls={"openfootball": base_url}),
            }
        )

        def run(job: str, **config: object) -> dg.ExecuteInProcessResult:
            op = {REFRESH_JOB: "refresh", RETRY_JOB: "retry"}[job]
            return definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_config={"ops": {op: {"config": config}}} if config else {},
                raise_on_error=False,
            )

        assert not run(REFRESH_JOB, keys=KEYS).success
        # Of one the teams were mended by hand meanwhile, with what they depend on.
        replay.fault = None
        assert run(REFRESH_JOB, keys=[KEYS[1]], domains=["tournaments", "teams"]).success
        replay.seen.clear()
        planned = run(RETRY_JOB, dry_run=True)
        assert planned.success
        again = run(RETRY_JOB)
        assert again.success
        assert "/2024-25/en.1.json" not in replay.seen
        after = run(RETRY_JOB, since="1d")
        assert not run(RETRY_JOB, since="soon").success
    whole = {key: [*NAMES] for key in KEYS[2:]}
    expected = {KEYS[1]: [name for name in NAMES if name not in {"tournaments", "teams"}], **whole}
    assert rows_of(planned.run_id) == expected
    assert rows_of(again.run_id) == expected
    assert rows_of(after.run_id) == {}
    record = instance.get_run_by_id(again.run_id)
    assert record is not None
    assert record.tags["dp/run_group"].startswith("retry:")
    for domain in NAMES:
        assert instance.get_materialized_partitions(dg.AssetKey(domain)) == set(KEYS)
