"""SofaScore's events as matches and teams: once each, in any order, with any garbage among them."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.models import Match
from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.sofascore.addresses import addresses
from dp_pipeline.providers.sofascore.matches import (
    ListedEvent,
    SeasonMatches,
    fixtures_of,
    of_season,
)
from dp_pipeline.providers.sofascore.parse import (
    parse_events,
    parse_form,
    parse_seasons,
    parse_tables,
)
from dp_pipeline.providers.sofascore.rounds import SeasonRounds, rounds_of_events
from dp_pipeline.providers.sofascore.season import SeasonEvents
from dp_pipeline.providers.sofascore.standings import tables_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams
from dp_pipeline_tests.providers.garbage import garbage_for, spoiled
from dp_pipeline_tests.providers.sofascore_payloads import (
    ENDED,
    FIRST_KICKOFF,
    KEY,
    POSTPONED,
    event,
    full_time,
    group,
    shoot_out,
    sides,
    table_of,
    team,
)
from dp_pipeline_tests.providers.sofascore_seasons import NAMED, all_events, groups_and_cup, league

AT = addresses("http://x", pages_at=None)
T = TypeVar("T")


def read(events: Any) -> tuple[SeasonRounds, SeasonMatches, SeasonTeams]:
    """Events as they would come without a list of rounds."""
    listed = parse_events(events).items
    ours, _ = of_season([ListedEvent(one) for one in listed], KEY)
    kept = [telling.event for telling in ours]
    rounds, teams = rounds_of_events(kept, KEY, AT.root), SeasonTeams(kept)
    return rounds, fixtures_of(ours, rounds, teams), teams


def one(payload: dict[str, Any]) -> Match:
    (found,) = read([payload])[1].matches
    return found


def test_every_field_of_a_match_arrives() -> None:
    knockout = NAMED[0]
    stadium = {"name": "Test Park", "city": {"name": "Testville"}}
    given_ = event(7, 1, 2, roundInfo=knockout, venue=stadium, **shoot_out((1, 1), (1, 1), (5, 4)))
    assert one(given_) == Match(
        external_id="7",
        round_slug="round-of-16",
        home="1",
        away="2",
        status="ended",
        kickoff_at=datetime(2024, 8, 16, 18, tzinfo=UTC),
        provider_status="120 finished",
        home_score=2,
        away_score=2,
        home_score_90=1,
        away_score_90=1,
        home_score_ht=0,
        away_score_ht=0,
        home_penalties_score=5,
        away_penalties_score=4,
        venue="Test Park, Testville",
    )
    assert datetime.fromtimestamp(FIRST_KICKOFF, UTC).hour == 18


def test_null_and_missing_fields_are_alike() -> None:
    optional = ("season", "roundInfo", "tournament", "venue", "changes", "winnerCode", "time")
    nulls = {**event(1, 1, 2, **full_time(2, 1)), **dict.fromkeys(optional)}
    missing = {key: value for key, value in nulls.items() if value is not None}
    assert one(nulls) == one(missing)
    assert one(nulls).round_slug is None
    assert one(nulls).home_score == 2


def test_an_empty_list_is_an_empty_object() -> None:
    given_ = event(1, team(1, country=[]), 2, homeScore=[], awayScore=[], changes=[], venue=[])
    found = one(given_)
    assert (found.status, found.home_score) == ("scheduled", None)


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: {"events": e}])
def test_a_bare_list_is_read_like_one_under_events(wrap: Any) -> None:
    assert len(parse_events(wrap([event(1, 1, 2), event(2, 3, 4)])).items) == 2


def test_a_single_event_is_a_list_of_one() -> None:
    assert len(parse_events({"event": event(1, 1, 2)}).items) == 1


def test_a_finished_match_without_a_result_is_not_ended() -> None:
    _, fixtures, _ = read([event(1, 1, 2, status=ENDED)])
    assert fixtures.matches[0].status == "unknown"
    assert fixtures.matches[0].provider_status == "100 finished"
    assert [i.kind for i in fixtures.findings] == ["finished_without_result"]


def test_an_unknown_status_is_kept_and_the_match_is_stored() -> None:
    _, fixtures, _ = read([event(1, 1, 2, status={"code": 777, "type": "paused"})])
    found = fixtures.matches[0]
    assert (found.status, found.provider_status) == ("unknown", "777 paused")
    assert [(i.kind, i.left_out) for i in fixtures.findings] == [("unknown_status", False)]


@pytest.mark.parametrize("at", [None, "x", -(10**15), 10**15, True, 2.5])
def test_an_impossible_kick_off_is_none_and_told(at: Any) -> None:
    _, fixtures, _ = read([event(1, 1, 2, startTimestamp=at)])
    assert fixtures.matches[0].kickoff_at is None
    assert [i.kind for i in fixtures.findings] == ["no_kickoff"]


def test_of_two_tellings_of_one_event_the_last_changed_one_is_stored() -> None:
    old = event(1, 1, 2, changes={"changeTimestamp": 10}, **full_time(1, 0))
    new = event(1, 1, 2, changes={"changeTimestamp": 20}, **full_time(2, 0))
    for events in ([old, new], [new, old], [new, old, new]):
        _, fixtures, _ = read(events)
        assert [m.home_score for m in fixtures.matches] == [2]
        assert fixtures.findings == ()


def test_two_tellings_of_the_same_moment_that_differ_are_told() -> None:
    events = [event(1, 1, 2, **full_time(1, 0)), event(1, 1, 2, **full_time(2, 0))]
    found = [read(order)[1] for order in (events, events[::-1])]
    assert found[0] == found[1]
    assert [i.kind for i in found[0].findings] == ["contradicting_match"]


def test_a_postponed_match_and_its_replay_are_two_and_do_not_keep_the_season_open() -> None:
    postponed = event(1, 1, 2, status=POSTPONED)
    replay = event(9, 1, 2, **full_time(1, 0))
    rounds, fixtures, _ = read([postponed, replay])
    assert {m.external_id: m.status for m in fixtures.matches} == {"1": "postponed", "9": "ended"}
    assert state_of(rounds.rounds, fixtures.matches).status == "completed"
    rounds, fixtures, _ = read([postponed, event(9, 3, 4, **full_time(1, 0))])
    assert state_of(rounds.rounds, fixtures.matches).status == "active"


def test_a_team_cannot_play_itself() -> None:
    _, fixtures, _ = read([event(1, 1, 1), event(2, 1, 2)])
    assert [m.external_id for m in fixtures.matches] == ["2"]
    assert [(i.kind, i.left_out) for i in fixtures.findings] == [("team_against_itself", True)]


@pytest.mark.parametrize(
    "name",
    ["W49", "L 101", "Winner SF1", "Winner of match 12", "Loser SF2", "Runner-up Group B", "1A",
     "3A/B/C", "2nd Group C", "A1", "TBD", "TBA", "To be determined", "SF1", "QF 3",
     "Semifinal 1 winner", "Group A winner", "Best 3rd", "Quarter-final winner 2", "Team 3"],
)  # fmt: skip
def test_a_place_in_the_draw_is_no_team(name: str) -> None:
    assert is_place_in_draw(name)
    _, fixtures, teams = read([event(1, team(90, name), 2)])
    assert fixtures.matches == ()
    assert [(i.kind, i.left_out) for i in fixtures.findings] == [("placeholder_team", False)]
    assert [t.name for t in teams.fetched("x")[0]] == ["FC Number 2"]


@pytest.mark.parametrize(
    "name",
    ["Bodø/Glimt", "B 93", "Winterthur", "1. FC Köln", "Westerlo", "Losc", "Team Wellington",
     "AC Milan", "A.F.C. Bournemouth", "Best Vooruit", "U Cluj", "Finalense", "Groupama FC"],
)  # fmt: skip
def test_a_club_with_an_odd_name_is_a_team(name: str) -> None:
    assert not is_place_in_draw(name)


def test_disabled_says_little_of_a_team_that_plays_or_has_a_country() -> None:
    slot = team(1, "Somebody", disabled=True, country={})
    club = team(3, "Juventus", disabled=True)
    assert read([event(1, slot, 2)])[1].matches == ()
    assert len(read([event(1, slot, 2, **full_time(1, 0))])[1].matches) == 1
    assert len(read([event(1, club, 2)])[1].matches) == 1


def test_teams_have_names_countries_and_badges() -> None:
    country = {"alpha2": "HN", "name": "Honduras"}
    _, _, teams = read([event(1, team(1), team(2, "Motagua", country=country, shortName=None))])
    found, findings = teams.fetched("https://images.example")
    assert findings == ()
    assert [(t.external_id, t.name, t.short_name, t.country, t.badge_url) for t in found] == [
        ("1", "FC Number 1", "No. 1", "ENG", "https://images.example/team/1/image"),
        ("2", "Motagua", None, "Honduras", "https://images.example/team/2/image"),
    ]


def test_a_renamed_team_has_the_name_of_its_last_changed_match() -> None:
    events = [
        event(1, team(1, "Old FC"), 2, changes={"changeTimestamp": 1}),
        event(2, team(1, "New FC"), 2, changes={"changeTimestamp": 2}),
    ]
    for order in (events, events[::-1]):
        found, findings = read(order)[2].fetched("x")
        assert found[0].name == "New FC"
        assert [i.kind for i in findings] == ["several_team_names"]


def test_names_lose_what_a_database_cannot_hold() -> None:
    _, _, teams = read([event(1, team(1, " FC\x00 K\u00f6ln\n\ud800 "), 2)])
    assert teams.fetched("x")[0][0].name == "FC Köln"


def test_one_unreadable_event_is_named_and_the_others_are_read() -> None:
    found = parse_events({"events": [event(1, 1, 2), {**event(2, 3, 4), "homeTeam": None}]})
    assert [e.id for e in found.items] == [1]
    assert [(i.kind, i.left_out) for i in found.findings] == [("invalid_match", True)]
    assert found.findings[0].data == {"path": "events[1].homeTeam"}
    assert found.findings[0].subject == "? - FC Number 4"


@pytest.mark.parametrize("payload", [{}, {"events": "x"}, {"events": [1]}, "text", 5, True, [None]])
def test_an_answer_of_another_shape_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidShapeError):
        parse_events(payload)


@pytest.mark.parametrize("payload", [None, [], {"events": []}, {"events": None}, {"events": {}}])
def test_an_empty_answer_is_no_fault(payload: Any) -> None:
    assert parse_events(payload).items == ()


def test_a_later_answer_changes_exactly_what_changed() -> None:
    world = league(teams=8, played=5)
    before = {m.external_id: m for m in read(all_events(world))[1].matches}
    later = copy.deepcopy(all_events(world))
    scored, moved, off = later[20], later[30], later[40]
    scored.update(full_time(4, 4))
    moved["startTimestamp"] += 3 * 3600
    off["status"] = POSTPONED
    after = {m.external_id: m for m in read(later)[1].matches}
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {str(e["id"]) for e in (scored, moved, off)}
    assert after[str(scored["id"])].home_score == 4
    assert after[str(off["id"])].status == "postponed"


SEASON = [
    *all_events(groups_and_cup("A", rounds=1)),
    event(1, team(901, "Winner SF1"), 2, roundInfo=NAMED[3]),
    event(2, 1, 2, status=POSTPONED, tournament=group("A")),
]


@given(st.integers())
def test_the_order_of_events_and_keys_says_nothing(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - hypothesis' own shuffling takes ten times as long
    season = random.sample(SEASON, len(SEASON))

    def shaken(value: Any) -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            random.shuffle(items)
            return {key: shaken(inner) for key, inner in items}
        return value

    expected, found = read(SEASON), read([shaken(e) for e in season])
    assert found[0].rounds == expected[0].rounds
    assert found[1] == expected[1]
    assert found[2].fetched("x") == expected[2].fetched("x")


FULL: dict[str, Any] = {
    "events": [
        event(1, 1, 2, **full_time(2, 1)),
        event(2, 3, 4, tournament=group("A"), **sides(display=(1, 1), current=(1, 1))),
        event(3, 1, 3, roundInfo=NAMED[3], **shoot_out((1, 1), (0, 0), (3, 1))),
    ],
    "standings": [table_of([event(1, 1, 2, **full_time(2, 1))])],
    "tournamentTeamEvents": {"1": {"1": [event(1, 1, 2, **full_time(2, 1))]}},
    "seasons": [{"id": 1, "name": "A", "year": "24/25"}],
}


def unless_refused(parse: Callable[[Any], T], payload: Any) -> T | None:
    try:
        return parse(payload)
    except InvalidShapeError:
        return None


@given(garbage_for(FULL))
def test_garbage_in_any_field_is_reported_or_refused_and_never_breaks_anything(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    payload = spoiled(FULL, changes)
    events = unless_refused(parse_events, payload)
    tables = unless_refused(parse_tables, payload) or ()
    form = unless_refused(parse_form, payload) or {}
    unless_refused(parse_seasons, payload)
    if events is None:
        return
    season = SeasonEvents(KEY, AT, SeasonRounds(), [("events/last", events)], {})
    matches = season.fetched_matches()
    slugs = {r.slug for r in season.fetched_rounds().items}
    teams = {t.external_id for t in season.fetched_teams(tables).items}
    ids = [m.external_id for m in matches.items]
    assert len(set(ids)) == len(ids)
    for match in matches.items:
        assert {match.home, match.away} <= teams
        assert match.round_slug is None or match.round_slug in slugs
        assert (match.home_score is None) == (match.away_score is None)
    standings = season.fetched_standings(tables_of(tables), form)
    rows = [(r.stage, r.group_name, r.team) for r in standings.items]
    assert len(set(rows)) == len(rows)
    assert {r.team for r in standings.items} <= teams
    assert all(r.position >= 1 for r in standings.items)
