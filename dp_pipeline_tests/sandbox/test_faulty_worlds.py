"""Random simulated worlds whose service fails at random: the data is never worse than before.

DP_FAULTY_WORLDS sets how many worlds are tried; a few are enough for every day.
"""

import os
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.sandbox.faults import Fault, Faults
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.end_to_end.contents import COUNTS, query, row_versions
from dp_pipeline_tests.end_to_end.in_process import IMPATIENT, ingest
from dp_pipeline_tests.sandbox.worlds import key_of, percent, served, standing_still

WORLDS = int(os.environ.get("DP_FAULTY_WORLDS", "5"))
_EVERY_DAY = 1
LIMITS = replace(IMPATIENT, max_retry_after_seconds=0.1)
# Latency is no fault to a patient client; everything else is.
KINDS = (
    *("challenge", "forbidden", "rate_limited", "server_error", "timeout"),
    *("truncated", "malformed", "html", "empty", "shrunken"),
)
PATTERNS = ("*", "*/rounds", "*/events/*", "*/standings/*", "*/team-events/*", "*/seasons")
ENDED = "SELECT id, home_score, away_score FROM match WHERE status IN ('ended', 'awarded')"
TABLES = "SELECT * FROM tournament_standing"
TOLD = "SELECT label, season, status, mode, standings_mode, current_round FROM tournament"
OUTCOMES = {
    "completed": {"written", "unchanged", "nothing_yet", "not_applicable"},
    "partial_failure": {"written", "unchanged"},
    "failed": {"failed", "suspicious_payload", "blocked_dependency"},
}


def random_faults(random: Random) -> list[Fault]:
    return [
        Fault(random.choice(KINDS), random.choice(PATTERNS), random.choice([500, 3_000, 10_000]))
        for _ in range(random.choice([1, 1, 2, 3]))
    ]


# 205 of five hundred: an empty table beside sound matches, and the provider's was overwritten.
@pytest.mark.parametrize(
    "seed",
    [
        *range(_EVERY_DAY),
        205,
        *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(_EVERY_DAY, WORLDS)),
    ],
)
def test_a_faulty_world_ends_every_execution_and_spoils_nothing(
    database: Database, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - the same world and faults for the same seed
    simulation = standing_still(World(seed, 12), percent(random.choice([20, 37, 63, 100])))
    key = key_of(random.randrange(1, 13))
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with served(simulation) as address:
        first = ingest(database, address, tmp_path, key)
        assert {row["status"] for row in first.values()} == {"completed"}
        (counts,), ended, tables = query(url, COUNTS), query(url, ENDED), query(url, TABLES)
        told = query(url, TOLD)

        simulation.faults = Faults(seed, random_faults(random))
        rows = ingest(database, address, tmp_path, key, limits=LIMITS)
        for row in rows.values():
            assert row["outcome"] in OUTCOMES[row["status"]], row
            assert row["completed_at"] is not None
            assert (row["status"] == "failed") == (row["error_text"] is not None)
            # Anything without a sentence of its own would carry the name of a Python error.
            assert row["status"] != "failed" or ": " not in row["error_text"].split(" ")[0]
        assert query(url, COUNTS) == [counts]
        assert sorted(map(str, query(url, ENDED))) == sorted(map(str, ended))
        assert sorted(map(str, query(url, TABLES))) == sorted(map(str, tables))
        assert query(url, TOLD) == told

        simulation.faults = Faults(seed, [])
        healed = ingest(database, address, tmp_path, key)
        assert {row["status"] for row in healed.values()} == {"completed"}
        before = row_versions(url)
        ingest(database, address, tmp_path, key)
        assert row_versions(url) == before
