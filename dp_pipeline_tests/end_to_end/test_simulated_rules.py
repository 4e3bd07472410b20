"""The simulated competitions with rules of their own in the database, ended and played by a daemon.

In this world meetings, not goals, decide places of the split season before and after the split,
and away goals decide a tie.
"""

from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.table import FINAL_TABLE
from dp_pipeline.sandbox.server import Simulation
from dp_pipeline.sandbox.world import calendar, names
from dp_pipeline.sandbox.world.formats import RULED
from dp_pipeline.sandbox.world.identity import team_owner
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.tables import Row
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev, wait_for
from dp_pipeline_tests.end_to_end.contents import query
from dp_pipeline_tests.end_to_end.played_season import moment, played_season
from dp_pipeline_tests.match_watch.season import (
    season,
    stored_matches,
    stored_table,
    true_matches_of,
    true_table_of,
)
from dp_pipeline_tests.sandbox.truth import true_tables
from dp_pipeline_tests.sandbox.worlds import key_of, standing_still

WORLD = World(4, 1)
CONFERENCES, SPLIT, CUP = KEYS = [key_of(number) for number in RULED]
FIRST, LAST = 190, 312
"""Days: the regular phase of the split season ends on the 195th, everything before the 312th."""
PLAYED_SECONDS = 90


def test_the_ended_seasons_have_their_tables_and_ties(database: Database, tmp_path: Path) -> None:
    with season(standing_still(WORLD, moment(LAST)), database, tmp_path) as ended:
        ended.ingest(KEYS)
        check(database, ended.simulation)
        findings = {finding.kind for each in ended.executions for finding in each.findings}
        assert findings == set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_daemon_plays_a_split_season_conferences_and_a_tie_decided_on_away_goals() -> None:
    simulation = standing_still(WORLD, moment(FIRST))
    with played_season(simulation, KEYS) as played:
        project = copy_project(played.home.parent / "project", poll_seconds=2)
        with dagster_dev(project, played.home, played.environment) as dev:
            played.fill(dev)
            played.run_clock((moment(LAST) - moment(FIRST)) / PLAYED_SECONDS)
            over = lambda: simulation.now >= moment(LAST) or None  # noqa: E731 - one condition
            wait_for("the season to be over", over, 2 * PLAYED_SECONDS, every=0.5)
            played.put_clock(moment(LAST))
            wait_for("everything due to be read", played.is_current, 240, every=1)
        check(played.database, simulation)
        assert {status for _, status, _ in played.executions()} == {"completed"}


def check(database: Database, simulation: Simulation) -> None:
    """That the tables and ties of all three seasons are in the database as in the world."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    statuses = query(url, "SELECT key, status FROM tournament")
    assert {row["key"]: row["status"] for row in statuses} == dict.fromkeys(KEYS, "completed")
    final, by_goals = true_final_table(simulation)
    for key in KEYS:
        assert stored_matches(database, key) == true_matches_of(simulation, key)
        true = true_table_of(simulation, key)
        assert stored_table(database, key) == (true | final if key == SPLIT else true)
    assert sorted(final, key=str) != sorted(by_goals, key=str), "meetings decide places"
    whole = query(
        url,
        "SELECT tournament_key AS key, stage, count(*) AS teams FROM league_table "
        "WHERE whole_season GROUP BY 1, 2",
    )
    assert {tuple(row.values()) for row in whole} == {
        (CONFERENCES, None, 12),
        (SPLIT, FINAL_TABLE, 12),
    }
    names_ = {row["stage"] for row in tables_of(url, CONFERENCES)}
    assert names_ == {None, "Eastern Conference", "Western Conference"}
    notes = {row["note"] for row in tables_of(url, SPLIT) if row["stage"] == "Championship Round"}
    assert all("halved, rounded up" in note for note in notes)
    assert not any("why is not known" in (row["note"] or "") for row in tables_of(url, SPLIT))
    ties = query(url, "SELECT home_team, away_team, winner, decided_by FROM knockout_ties")
    stored = {tuple(row.values()) for row in ties}
    assert {tie[:3] for tie in stored} == {tie[:3] for tie in true_ties()}
    away_goals = {tie[:3] for tie in true_ties() if tie[3]}
    assert {tie[:3] for tie in stored if tie[3] == "away goals"} == away_goals != set()


def tables_of(url: str, key: str) -> list[dict[str, Any]]:
    return query(url, "SELECT * FROM league_table WHERE tournament_key = %(key)s", key=key)


def true_final_table(simulation: Simulation) -> tuple[set[Any], set[Any]]:
    """The rows of the final table as `stored_table` has them; and as goals alone would order it."""
    parsed = TournamentKey.parse(SPLIT)
    ids = int(parsed.competition), int(parsed.season)
    regular, *groups = [t.rows for t in true_tables(WORLD, *ids, simulation.now)]
    before = {row.team: row for row in regular}

    def difference(row: Row) -> int:
        first = before[row.team]
        return row.goals_for + first.goals_for - row.goals_against - first.goals_against

    def placed(rows: list[Row]) -> set[Any]:
        return {
            (
                *(FINAL_TABLE, None, str(row.team), place),
                *(getattr(row, n) + getattr(before[row.team], n) for n in SUMS),
                row.points,
            )
            for place, row in enumerate(rows, start=1)
        }

    by_goals = [sorted(rows, key=lambda r: (-r.points, -difference(r))) for rows in groups]
    return placed([r for rows in groups for r in rows]), placed([r for rs in by_goals for r in rs])


SUMS = ("matches", "wins", "draws", "losses", "goals_for", "goals_against")


def true_ties() -> set[tuple[str, str, str, bool]]:
    """Home of the first leg, the other team, who went on, and whether by away goals."""
    found = set()
    for match in season_of(WORLD, RULED[2], calendar.HOME_SEASON).fixtures:
        first = match.first_leg
        if first is None and match.legs > 1:
            continue
        goals = match.play.count(home=True), match.play.count(home=False)
        if first is not None:
            goals = (
                goals[0] + first.play.count(home=False),
                goals[1] + first.play.count(home=True),
            )
        sides = (match.home, match.away) if first is None else (match.away, match.home)
        away_goals = goals[0] == goals[1] and not match.play.kicks
        home, away = map(name_of, sides)
        found.add((home, away, name_of(match.tie_winner()), away_goals))
    return found


def name_of(team: int) -> str:
    return names.team_name(WORLD.seed, *team_owner(team))
