"""Simulated seasons played in this process, poll by poll, against the truth."""

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.match_watch.cadence import CORRECTED_AFTER
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.matches import Fate, ScriptedMatch
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline_tests.match_watch.season import (
    Played,
    season,
    stored_matches,
    stored_table,
    true_matches_of,
    true_table_of,
)
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, standing_still

pytestmark = pytest.mark.slow

HOUR, DAY = calendar.HOUR, calendar.DAY
START = calendar.season_start(calendar.HOME_SEASON) - HOUR
END = calendar.season_end(calendar.HOME_SEASON)


def day(number: int) -> int:
    return calendar.day_of(calendar.HOME_SEASON, number)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Played(3, 96), id="qualifying, groups that are drawn, two-legged knockout"),
        pytest.param(
            Played(5, 48),
            id="a cup whose rounds are listed as they are drawn",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            Played(6, 8, 98, 136),
            id="fixtures with places in the draw, third place",
            marks=pytest.mark.slow,
        ),
        pytest.param(Played(8, 168), id="a league that is split in two", marks=pytest.mark.slow),
        pytest.param(Played(12, 168), id="no rounds at all", marks=pytest.mark.slow),
    ],
)
def test_a_season_that_is_polled_ends_as_it_is_in_the_world(
    database: Database, tmp_path: Path, case: Played
) -> None:
    key = key_of(case.number)
    with season(standing_still(SMALL, day(case.first) - HOUR), database, tmp_path) as played:
        played.put_clock(day(case.first) - HOUR)
        played.ingest([key])
        played.executions.clear()
        played.play(day(case.last), case.hours * HOUR)
        assert stored_matches(database, key) == true_matches_of(played.simulation, key)
        if true_table_of(played.simulation, key):
            assert stored_table(database, key) == true_table_of(played.simulation, key)
        assert {execution.status for execution in played.executions} == {"completed"}
        assert played.due() == [], "when all is over nothing is asked any more"
    with database.transaction() as connection:
        status = connection.scalar(sa.select(tables.tournament.c.status))
        assert status == "completed"


def fixtures(number: int) -> tuple[ScriptedMatch, ...]:
    return season_of(SMALL, number, calendar.HOME_SEASON).fixtures


def test_a_league_costs_the_requests_that_its_matches_need(
    database: Database, tmp_path: Path
) -> None:
    """Per matchday and poll one request, one for corrections, and three for what follows."""
    key, step = key_of(1), 12 * HOUR
    with season(standing_still(SMALL, day(0)), database, tmp_path) as played:
        played.put_clock(day(0))
        played.ingest([key])
        played.requests.clear()
        played.play(day(40), step)
        made = sum(played.requests.values())
        assert not any("/seasons" in path for path in played.requests)

    def poll(moment: float) -> int:
        return int(-(-(moment - day(0)) // step))

    looks: set[tuple[int, object]] = set()
    follows: set[int] = set()
    for fixture in fixtures(1):
        line = timeline(fixture)
        kickoff = fixture.moved_to or fixture.kickoff
        moments = [kickoff - HOUR, line.over]
        if fixture.fate in {Fate.POSTPONED, Fate.CANCELLED}:
            moments = [fixture.kickoff - HOUR]
        for moment in moments:
            if day(0) < moment < day(40):
                looks.add((poll(moment), fixture.round))
        if day(0) < line.over < day(40) - CORRECTED_AFTER.total_seconds():
            seen = day(0) + poll(line.over) * step
            looks.add((poll(seen + CORRECTED_AFTER.total_seconds()), fixture.round))
            follows.add(poll(line.over))
    needed = len(looks) + 3 * len(follows)
    assert made <= 1.5 * needed, (made, needed, played.requests)


@pytest.mark.slow
def test_every_end_and_every_correction_is_announced_once(
    database: Database, tmp_path: Path
) -> None:
    key = key_of(1)
    with season(standing_still(SMALL, day(0)), database, tmp_path) as played:
        played.put_clock(day(0))
        played.ingest([key])
        played.executions.clear()
        played.play(day(60), 6 * HOUR)
        told = Counter(text for execution in played.executions for text in execution.news)
    assert set(told.values()) == {1}
    over = [f for f in fixtures(1) if timeline(f).over < day(60) - DAY]
    ended = [f for f in over if f.fate not in {Fate.POSTPONED, Fate.CANCELLED, Fate.ABANDONED}]
    assert sum(" ended " in text for text in told) >= len(ended)
    corrected = [f for f in over if f.fate is Fate.SCORE_CORRECTED]
    assert corrected
    assert sum("is corrected to" in text for text in told) >= len(corrected) - 1
    assert sum("is postponed" in text for text in told) == sum(
        f.fate is Fate.POSTPONED and f.fate_at < day(60) - DAY for f in fixtures(1)
    )


@pytest.mark.slow
def test_the_score_of_a_live_match_is_that_of_the_minute(
    database: Database, tmp_path: Path
) -> None:
    fixture = max(
        (f for f in fixtures(4) if f.play.kicks and f.fate is Fate.PLAYED),
        key=lambda f: len(f.play.goals),
    )
    line = timeline(fixture)
    key = key_of(4)
    with season(standing_still(SMALL, fixture.kickoff - 2 * HOUR), database, tmp_path) as played:
        played.put_clock(fixture.kickoff - 2 * HOUR)
        played.ingest([key])
        played.requests.clear()
        seen = set()
        while played.simulation.now < line.over + 2 * calendar.MINUTE:
            played.put_clock(played.simulation.now + 2 * calendar.MINUTE)
            if not played.due():
                continue
            played.poll()
            mine = [m for m in stored_matches(database, key) if m[0] == str(fixture.id)]
            true = [m for m in true_matches_of(played.simulation, key) if m[0] == str(fixture.id)]
            assert mine == true
            seen.add(mine[0][6])
        assert {"scheduled", "live", "ended"} <= seen


def test_nothing_is_asked_between_matches(database: Database, tmp_path: Path) -> None:
    with season(standing_still(SMALL, day(5)), database, tmp_path) as played:
        played.put_clock(day(5))
        played.ingest([key_of(1)])
        first = min(f.kickoff for f in fixtures(1))
        played.put_clock(first - HOUR - 60)
        assert played.due() == []
        played.put_clock(first - HOUR)
        assert played.due() == [key_of(1)]
