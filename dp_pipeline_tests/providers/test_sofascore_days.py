"""The days of SofaScore's matches, read against the season and the rounds around them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.sofascore.addresses import addresses
from dp_pipeline.providers.sofascore.parse import parse_events
from dp_pipeline.providers.sofascore.payload import EventPayload
from dp_pipeline.providers.sofascore.rounds import SeasonRounds
from dp_pipeline.providers.sofascore.season import SeasonEvents
from dp_pipeline.providers.sofascore.tournament import season_span
from dp_pipeline_tests.providers.sofascore_payloads import KEY, event
from dp_pipeline_tests.providers.sofascore_seasons import World, league

NOW = datetime(2024, 10, 15, tzinfo=UTC)
"""Of the league of six after eight of its ten rounds."""
AT = addresses("http://x", pages_at=None)


def read(world: World) -> Fetched[Match]:
    answers = [(path, parse_events(events)) for path, events in world.events.items()]
    season = SeasonEvents(KEY, AT, SeasonRounds(), answers, {}, now=NOW)
    return season.fetched_matches()


def moment(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 18, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("given", "kind", "right"),
    [
        ("a year early", "kickoff_year_put_right", True),
        ("a year late", "kickoff_year_put_right", True),
        (0, "no_kickoff", False),
        (3_600, "no_kickoff", False),
        (moment(1970, 1, 2), "kickoff_date_outside_season", False),
        (moment(2099, 12, 31), "kickoff_date_outside_season", False),
        (moment(1900, 1, 1), "kickoff_date_outside_season", False),
        (moment(2021, 3, 20), "kickoff_date_outside_season", False),
    ],
)
def test_a_kick_off_of_no_season_is_put_right_or_none(given: Any, kind: str, right: bool) -> None:
    world = league(teams=6, played=8)
    one = world.events["events/round/5"][1]
    was = datetime.fromtimestamp(one["startTimestamp"], UTC)
    years = {"a year early": -1, "a year late": 1}
    if given in years:
        given = int(was.replace(year=was.year + years[given]).timestamp())
    one["startTimestamp"] = given
    fetched = read(world)
    (match,) = (match for match in fetched.items if match.external_id == str(one["id"]))
    assert match.kickoff_at == (was if right else None)
    assert match.home_score is not None
    assert [f.kind for f in fetched.findings if "kickoff" in f.kind] == [kind]
    if kind != "no_kickoff":
        assert fetched.literal[match.external_id].kickoff_at == datetime.fromtimestamp(given, UTC)


def test_a_result_of_a_round_that_is_over_loses_a_day_to_come() -> None:
    world = league(teams=6, played=8)
    one = world.events["events/round/2"][0]
    one["startTimestamp"] = int((NOW + timedelta(days=120)).timestamp())
    fetched = read(world)
    (match,) = (match for match in fetched.items if match.external_id == str(one["id"]))
    assert (match.kickoff_at, match.status) == (None, "ended")
    assert {f.kind for f in fetched.findings} == {"kickoff_in_future"}


def test_a_sound_season_is_as_given() -> None:
    world = league(teams=6, played=8)
    fetched = read(world)
    assert (len(fetched.items), fetched.findings, fetched.literal) == (30, (), {})


@pytest.mark.parametrize(
    ("season", "first", "last"),
    [
        ({"id": 1, "year": "24/25", "name": "Test League 24/25"}, (2024, 6), (2026, 12)),
        ({"id": 1, "year": "2025", "name": "Test League 2025"}, (2024, 6), (2026, 12)),
        # the season says no more than when most of the matches are
        ({"id": 1, "year": "2026", "name": "World Cup Qual. UEFA 2026"}, (2021, 1), (2027, 12)),
        (None, (2021, 1), (2027, 12)),
    ],
)
def test_the_days_of_a_season_follow_from_its_name_or_from_its_matches(
    season: Any, first: tuple[int, int], last: tuple[int, int]
) -> None:
    payload = EventPayload.model_validate(event(1, 1, 2, season=season))
    span = season_span([payload], ())
    assert span is not None
    assert (span.first.year, span.first.month) == first
    assert (span.last.year, span.last.month) == last
