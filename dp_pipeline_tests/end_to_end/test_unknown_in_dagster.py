"""A partition that somebody mistyped in Dagster's pages fails with a sentence and goes again."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.responses import JSONResponse, Response

from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.ledger.liveness import tournament_lock
from dp_pipeline_tests.dagster_dev import DagsterDev, copy_project, dagster_dev, wait_for
from dp_pipeline_tests.end_to_end.contents import EXECUTIONS, query
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

WRITTEN_WRONG = "openfootball:en.1:2024"
UNKNOWN_LEAGUE = "openligadb:bl9:2024"
MALFORMED = " OpenLigaDB:BL1:2024 "
REFUSED = "sofascore:17:61627"
ANNOUNCED = "openligadb:bl1:2025"
SENTENCES = {
    WRITTEN_WRONG: "openfootball has no file 2024/en.1.json; did you mean "
    "openfootball:en.1:2024-25?",
    UNKNOWN_LEAGUE: "OpenLigaDB has no matches for bl9 2024; did you mean openligadb:bl1:2024?",
    MALFORMED: "The provider in the tournament key ' OpenLigaDB:BL1:2024 ' may hold only "
    "lower-case letters, digits, '.', '_' and '-', and starts with a letter or digit. "
    "Write it openligadb:bl1:2024.",
}
LEAGUES = [
    {"leagueShortcut": "bl1", "leagueSeason": str(year), "leagueName": f"Liga {year}"}
    for year in (2024, 2025)
]

_COUNTS = """
query($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) { partitionStats { numFailed numMaterialized } }
}
"""
_FAILURES = """
query($id: ID!) {
  logsForRun(runId: $id) {
    ... on EventConnection { events { ... on ExecutionStepFailureEvent { error { message } } } }
  }
}
"""


class Place:
    """A running Dagster, and the provider behind it."""

    def __init__(self, dev: DagsterDev, url: str, replay: Replay) -> None:
        self.dev = dev
        self.url = url
        self.replay = replay

    def partitions(self) -> set[str]:
        found = self.dev.partitions("tournaments")
        return {key for keys in found.values() for key in keys}

    def wait_until_gone(self, *keys: str, seconds: float = 60) -> None:
        wait_for("the partitions to go", lambda: not self.partitions() & set(keys) or None, seconds)

    def failures(self, run_id: str) -> list[str]:
        events = self.dev.query(_FAILURES, id=run_id)["logsForRun"]["events"]
        return [event["error"]["message"] for event in events if event.get("error")]

    def counted(self) -> list[tuple[int, int]]:
        """Of each asset how many partitions are failed and materialized, as its page shows it."""
        keys = [{"path": [asset]} for asset in NAMES]
        found = [
            node["partitionStats"] for node in self.dev.query(_COUNTS, keys=keys)["assetNodes"]
        ]
        return [(each["numFailed"], each["numMaterialized"]) for each in found]

    def rows(self, key: str) -> list[dict[str, Any]]:
        return [row for row in query(self.url, EXECUTIONS) if row["tournament_key"] == key]


@pytest.fixture
def place(migrated_url: str) -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="dp-unknown-"))
    replay = Replay(payloads={**healthy(), "/getavailableleagues": LEAGUES})

    def fault(path: str) -> Response | None:
        refusal = {"error": {"code": 403, "reason": "Forbidden"}}
        return JSONResponse(refusal, 403) if path == "/unique-tournament/17" else None

    replay.fault = fault
    try:
        with serve(replay.app()) as base_url:
            environment = {
                "DP_DATABASE_URL": migrated_url,
                "OPENLIGADB_BASE_URL": base_url,
                "OPENFOOTBALL_BASE_URL": base_url,
                "SOFASCORE_BASE_URL": base_url,
            }
            project = copy_project(folder / "project")
            with dagster_dev(project, folder / "home", environment) as dev:
                yield Place(dev, migrated_url, replay)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def at_work_on(key: str, url: str) -> Generator[None]:
    """Another run works on a tournament, and everybody else waits."""
    lock = tournament_lock(tournament_id_of(key))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (lock,))
        yield


@pytest.mark.slow
def test_in_a_backfill_what_does_not_exist_fails_and_is_taken_away_when_all_is_over(
    place: Place,
) -> None:
    keys = (LIGA, WRITTEN_WRONG, MALFORMED, UNKNOWN_LEAGUE, REFUSED, ANNOUNCED, FILE)
    dev = place.dev
    dev.add_partitions(*keys)

    def found_missing() -> bool | None:
        ended = [row for key in SENTENCES for row in place.rows(key) if row["status"] == "failed"]
        return len(ended) == len(SENTENCES) * len(NAMES) or None

    with at_work_on(FILE, place.url):
        backfill = dev.backfill(NAMES, keys)
        wait_for("the failures", found_missing, 120)
        dev.wait_for_tick()  # of the sensor that would take them away, while the run goes on
        assert place.partitions() == set(keys)
    ended = dev.wait_for_backfill(backfill, seconds=180)
    assert ended["status"] == "COMPLETED_FAILED"
    place.wait_until_gone(*SENTENCES)
    assert place.partitions() == {LIGA, FILE, ANNOUNCED, REFUSED}
    for domain in NAMES:
        assert set(dev.partitions(domain)["materialized"]) == {LIGA, FILE, ANNOUNCED}
        assert dev.partitions(domain)["failed"] == [REFUSED]
    for key, sentence in SENTENCES.items():
        first, *others = place.rows(key)
        assert first["error_text"] == sentence
        assert {row["outcome"] for row in others} == {"blocked_dependency"}
        assert all("partitionRemovedAt" in row["summary"] for row in (first, *others))
    assert {row["status"] for row in place.rows(ANNOUNCED)} == {"completed"}
    assert place.replay.seen["/getavailableleagues"] == 1


@pytest.mark.slow
def test_one_that_is_materialized_alone_fails_with_the_sentence_and_leaves_no_asset_red(
    place: Place,
) -> None:
    dev = place.dev
    dev.add_partitions(LIGA, WRITTEN_WRONG)
    assert dev.wait_for_run(dev.launch(*NAMES, partition=LIGA)) == "SUCCESS"
    with at_work_on(WRITTEN_WRONG, place.url):
        run = dev.launch(*NAMES, partition=WRITTEN_WRONG)
        wait_for("the run to begin", lambda: place.rows(WRITTEN_WRONG) or None)
        dev.wait_for_tick()
        assert WRITTEN_WRONG in place.partitions()
    assert dev.wait_for_run(run) == "FAILURE"
    [message] = place.failures(run)
    first, *_ = message.splitlines()
    assert f": {WRITTEN_WRONG}, tournaments: {SENTENCES[WRITTEN_WRONG]}" in first
    assert first.endswith(f"and at once by `dp remove {WRITTEN_WRONG}`.")
    place.counted()  # so that Dagster remembers which partitions have failed
    place.wait_until_gone(WRITTEN_WRONG)
    assert place.counted() == [(0, 1)] * len(NAMES)

    # The season is published and the key added again: what was said before counts no more.
    place.replay.payloads["/2024/en.1.json"] = place.replay.payloads[MATCHES_OF[FILE]]
    dev.add_partitions(WRITTEN_WRONG)
    dev.wait_for_tick()
    assert WRITTEN_WRONG in place.partitions()
    assert dev.wait_for_run(dev.launch(*NAMES, partition=WRITTEN_WRONG)) == "SUCCESS"
    dev.wait_for_tick()
    assert WRITTEN_WRONG in place.partitions()
