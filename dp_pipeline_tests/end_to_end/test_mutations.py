"""Recorded seasons, mutated at random and read over good data."""

import json
import os
import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.domains.judge import judge, limit_of
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.end_to_end.contents import TABLE, query
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.mutations import PLAYED, mutated, played, worse
from dp_pipeline_tests.providers import openligadb_payloads
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

RECORDINGS = os.environ.get("DP_RECORDINGS")
pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="DP_RECORDINGS does not name the folder of recorded answers"
)
SEASONS = {
    "openligadb:bl1:2024": ("openligadb/openliga_bl2425.json", "/getmatchdata/bl1/2024"),
    "openligadb:bl1:2025": ("openligadb/openliga_bl2526_20260321.json", "/getmatchdata/bl1/2025"),
    "openligadb:dfb:2025": ("openligadb/openliga_dfb2526.json", "/getmatchdata/dfb/2025"),
    "openfootball:de.cup:2018-19": ("openfootball/2018-19/de.cup.json", "/2018-19/de.cup.json"),
    "openfootball:en.1:2025-26": ("openfootball/2025-26/en.1.json", "/2025-26/en.1.json"),
}
# A team is what its id says: its name may change.
MATCHES = """
SELECT m.*, home.external_id AS home, away.external_id AS away
FROM match m
JOIN tournament t ON t.id = m.tournament_id
JOIN team home ON home.id = m.home_team_id
JOIN team away ON away.id = m.away_team_id
WHERE t.key = %(key)s
"""
LATER = sa.text(
    "UPDATE data_provider_executions SET started_at = started_at - make_interval(days => :days)"
)


def state(url: str, key: str) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    rows = query(url, MATCHES, key=key)
    return {row["external_id"]: row for row in rows}, query(url, TABLE, key=key)


def soak(
    times: int,
    key: str,
    url: str,
    home: Path,
    *,
    seed: int,
) -> None:
    file, path = SEASONS[key]
    good = json.loads((Path(RECORDINGS or "") / file).read_bytes())
    replay = Replay(Path(RECORDINGS or ""), payloads={path: good})
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    with closing(Database(url)) as database, serve(replay.app()) as base_url:
        assert "failed" not in {r["status"] for r in ingest(database, base_url, home, key).values()}
        before, table = state(url, key)
        limit = limit_of(sum(row["status"] in PLAYED for row in before.values()))
        changed: set[str] = set()
        for number in range(times):
            replay.payloads[path] = mutated(good, chance)
            rows = ingest(database, base_url, home, key)
            assert {r["status"] for r in rows.values()} <= {
                "completed",
                "partial_failure",
                "failed",
            }
            unforeseen = {
                r["error_class"]
                for r in rows.values()
                if r["status"] == "failed"
                and r["error_class"]
                not in {"SuspiciousPayloadError", "BlockedDependencyError", "InvalidShapeError"}
            }
            assert not unforeseen, (number, unforeseen)
            after, _ = state(url, key)
            # a twentieth of what is stored: a mutation may end matches that had not been played
            limit = max(limit, limit_of(sum(row["status"] in PLAYED for row in after.values())))
            changed |= worse(before, after)
            assert len(changed) <= limit, (number, seed, rows["matches"]["outcome"])
        replay.payloads[path] = good
        ingest(database, base_url, home, key)
        # The mutations may have used up what a month may correct; and a shoot-out, say, that one
        # has added is kept until a read a day later lacks it too.
        for days in (31, 2):
            with database.transaction() as connection:
                connection.execute(LATER, {"days": days})
            again = ingest(database, base_url, home, key)
        said = {name: row["error_text"] for name, row in again.items()}
        assert {row["status"] for row in again.values()} == {"completed"}, said
        final, final_table = state(url, key)
        assert worse(before, final) == set()
        assert played(final) - played(before) == set(), "what a mutation brought counts for ever"
        assert final_table == table


def read_by(key: str, payload: Any) -> tuple[Match, ...]:
    """The matches of a payload; none when it is none."""
    try:
        if key.startswith("openligadb"):
            return openligadb_payloads.read(payload)[2].matches
        return read_season(payload, TournamentKey.parse(key)).matches.items
    except ProviderError:
        return ()


@pytest.mark.parametrize("key", SEASONS)
def test_random_mutations_that_are_taken_change_no_more_than_the_rule_allows(key: str) -> None:
    good = json.loads((Path(RECORDINGS or "") / SEASONS[key][0]).read_bytes())
    stored = {match.external_id: match for match in read_by(key, good)}
    limit = limit_of(sum(match.status in PLAYED for match in stored.values()))
    chance = random.Random(7)  # noqa: S311 - to be repeated
    for number in range(20):
        fetched = read_by(key, mutated(good, chance))
        verdict = judge(list(stored.values()), fetched, read_at=datetime(2026, 7, 1, tzinfo=UTC))
        if verdict.refusal is None:
            taken = {m.external_id: asdict(m) for m in fetched}
            after = {
                id_: asdict(match) if id_ in verdict.kept else taken.get(id_, asdict(match))
                for id_, match in stored.items()
            }
            before = {id_: asdict(match) for id_, match in stored.items()}
            assert len(worse(before, after)) <= limit, number


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("key", SEASONS)
def test_hundreds_of_random_mutations_change_no_more_than_the_rule_allows(
    new_database: Callable[..., str], migrated_template: str, tmp_path: Path, key: str
) -> None:
    soak(440, key, new_database(migrated_template), tmp_path, seed=11)
