"""The real daemon finds new seasons and fills their tournaments, and nobody touches anything."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev, wait_for
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

YEAR = datetime.now(UTC).year
NEWEST = f"{YEAR}-{(YEAR + 1) % 100:02d}"
NEXT = str(YEAR + 1)
FILE = season(league("A", "B", "C", "D"))
MATCHES = 12


def matches(url: str) -> dict[str, int]:
    """Matches stored by tournament key."""
    with psycopg.connect(url) as connection:
        return dict(
            connection.execute(
                "SELECT t.key, count(*) FROM match m JOIN tournament t ON t.id = m.tournament_id"
                " GROUP BY t.key"
            ).fetchall()
        )


@pytest.mark.slow
def test_a_new_season_of_a_followed_competition_is_filled_by_the_daemon_alone(
    tmp_path: Path, migrated_url: str
) -> None:
    replay = Replay(payloads={f"/{NEWEST}/en.1.json": FILE})
    file = tmp_path / "competitions.yaml"
    file.write_text("competitions:\n- {provider: openfootball, competition: en.1, approve: true}\n")
    project, home = copy_project(tmp_path / "project"), tmp_path / "home"
    with serve(replay.app()) as base_url:
        environment = {
            "DP_DATABASE_URL": migrated_url,
            "DP_COMPETITIONS": str(file),
            "OPENFOOTBALL_BASE_URL": base_url,
        }
        with dagster_dev(project, home, environment) as dev:
            newest, following = (f"openfootball:en.1:{name}" for name in (NEWEST, NEXT))

            def filled(key: str) -> bool | None:
                return matches(migrated_url).get(key) == MATCHES or None

            wait_for("the newest season", lambda: filled(newest), 150, every=0.5)
            replay.payloads[f"/{NEXT}/en.1.json"] = FILE
            # What the schedule does once a day.
            assert dev.wait_for_run(dev.launch("seasons")) == "SUCCESS"
            wait_for("the season after it", lambda: filled(following), 150, every=0.5)

            def over() -> dict[str, str] | None:
                runs = dev.runs()
                return runs if set(runs.values()) == {"SUCCESS"} else None

            runs = wait_for("all runs to end well", over, every=0.5)
            assert len(runs) == 4, "twice a look for seasons and a run of what it found"
            for domain in NAMES:
                assert set(dev.partitions(domain)["materialized"]) == {newest, following}
            for sensor in ("watch_competitions", "discover_tournaments"):
                tick = dev.wait_for_tick(sensor)
                assert tick["status"] == "SKIPPED", tick
    with psycopg.connect(migrated_url) as connection:
        rows = connection.execute(
            "SELECT tournament_key, status, count(*) FROM data_provider_executions GROUP BY 1, 2"
        ).fetchall()
    each = len(NAMES) + 1  # the domains, and logos once for a new tournament
    assert sorted(rows) == sorted((key, "completed", each) for key in (newest, following))
    # Each look asks for a file whose season it lists, and the run that fills it once more.
    assert replay.seen[f"/{NEWEST}/en.1.json"] == 2
    assert replay.seen[f"/{NEXT}/en.1.json"] == 3
