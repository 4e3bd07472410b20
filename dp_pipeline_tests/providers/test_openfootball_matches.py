"""openfootball: score, status, kick-off and identity of a match, and what is left out."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.providers.openfootball_files import KEY, entry, season
from dp_pipeline_tests.providers.states import state

MLS = TournamentKey("openfootball", "mls", "2025")


def only(**fields: Any) -> tuple[Match, tuple[Finding, ...]]:
    found = read_season(season([entry("Arsenal FC", "Chelsea FC", **fields)]), KEY).matches
    assert len(found.items) == 1
    return found.items[0], found.findings


def reasons(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.kind for finding in findings]


def final(match: Match) -> tuple[int | None, int | None]:
    return match.home_score, match.away_score


def shootout(match: Match) -> tuple[int | None, int | None]:
    return match.home_penalties_score, match.away_penalties_score


def half_time(match: Match) -> tuple[int | None, int | None]:
    return match.home_score_ht, match.away_score_ht


def test_a_score_without_status_is_an_ended_match() -> None:
    match, findings = only(score={"ht": [1, 0], "ft": [2, 1]})
    assert match.status == "ended"
    assert final(match) == (2, 1)
    assert (match.home_score_90, match.away_score_90) == (2, 1)
    assert half_time(match) == (1, 0)
    assert shootout(match) == (None, None)
    assert findings == ()


def test_a_match_after_extra_time_has_that_result_and_the_one_after_90_minutes() -> None:
    match, findings = only(score={"ht": [0, 1], "ft": [1, 1], "et": [1, 2]})
    assert final(match) == (1, 2)
    assert (match.home_score_90, match.away_score_90) == (1, 1)
    assert findings == ()


def test_a_shootout_is_apart_from_the_result() -> None:
    match, _ = only(score={"ht": [0, 1], "ft": [1, 1], "et": [1, 1], "p": [5, 6]})
    assert final(match) == (1, 1)
    assert shootout(match) == (5, 6)


def test_a_shootout_straight_after_90_minutes_is_no_contradiction() -> None:
    match, findings = only(score={"ht": [1, 1], "ft": [1, 1], "p": [1, 2]})
    assert (final(match), shootout(match), findings) == ((1, 1), (1, 2), ())


def test_an_impossible_shootout_is_withheld_and_the_result_stays() -> None:
    match, findings = only(score={"ft": [1, 0], "et": [1, 0], "p": [4, 4]})
    assert (match.status, final(match), shootout(match)) == ("ended", (1, 0), (None, None))
    assert reasons(findings) == ["impossible_shootout"]
    assert not findings[0].left_out


def test_a_half_time_above_the_result_is_withheld() -> None:
    match, findings = only(score={"ht": [2, 0], "ft": [1, 1]})
    assert (final(match), half_time(match)) == ((1, 1), (None, None))
    assert reasons(findings) == ["contradicting_half_time"]


def test_extra_time_below_90_minutes_leaves_no_certain_result() -> None:
    match, findings = only(score={"ft": [2, 2], "et": [1, 0]})
    assert (match.status, final(match)) == ("unknown", (None, None))
    assert (match.home_score_90, match.away_score_90) == (2, 2)
    assert reasons(findings) == ["contradicting_extra_time"]


def test_a_half_time_score_alone_ends_nothing() -> None:
    match, findings = only(score={"ht": [1, 0]})
    assert (match.status, final(match), half_time(match)) == ("unknown", (None, None), (1, 0))
    assert reasons(findings) == ["incomplete_score"]


@pytest.mark.parametrize("score", [{}, None, [], {"ft": [None, None]}])
def test_no_score_and_no_status_is_scheduled_whatever_the_date(score: Any) -> None:
    payload = season([{**entry("A City", "B City", date="2024-08-01"), "score": score}])
    match = read_season(payload, KEY).matches.items[0]
    assert (match.status, final(match)) == ("scheduled", (None, None))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("cancelled", "cancelled"),
        ("CANCELED", "cancelled"),
        ("Postponed", "postponed"),
        ("abandoned", "abandoned"),
        ("suspended", "interrupted"),
        ("live", "live"),
    ],
)
def test_a_status_is_read_in_any_case_and_kept_as_given(text: str, status: str) -> None:
    match, findings = only(status=text)
    assert (match.status, match.provider_status, findings) == (status, text, ())


def test_an_awarded_match_keeps_its_score() -> None:
    match, findings = only(status="awarded", score={"ft": [0, 2]})
    assert (match.status, final(match), findings) == ("awarded", (0, 2), ())


def test_an_abandoned_match_keeps_what_was_played_and_counts_in_no_table() -> None:
    payload = season([entry("A City", "B City", status="abandoned", score={"ft": [1, 0]})])
    found = read_season(payload, KEY)
    assert final(found.matches.items[0]) == (1, 0)
    assert found.standings.items == ()


def test_a_postponed_match_with_a_score_does_not_keep_it() -> None:
    match, findings = only(status="postponed", score={"ft": [1, 0]})
    assert (match.status, final(match)) == ("postponed", (None, None))
    assert reasons(findings) == ["contradicting_status"]


def test_an_unknown_status_is_kept_with_a_finding() -> None:
    match, findings = only(status="moved indoors")
    assert (match.status, match.provider_status) == ("unknown", "moved indoors")
    assert reasons(findings) == ["unknown_status"]


def test_a_match_said_to_be_finished_without_score_is_not_ended() -> None:
    match, findings = only(status="finished")
    assert match.status == "unknown"
    assert reasons(findings) == ["ended_without_score"]


@pytest.mark.parametrize(
    ("day", "time", "moment"),
    [
        ("2024-08-17", "15:00", datetime(2024, 8, 17, 14, 0, tzinfo=UTC)),
        ("2024-12-26", "9:30", datetime(2024, 12, 26, 9, 30, tzinfo=UTC)),
        ("2024-08-17", "13:00 UTC-6", datetime(2024, 8, 17, 19, 0, tzinfo=UTC)),
    ],
)
def test_a_kickoff_is_local_to_the_country_of_the_file(
    day: str, time: str, moment: datetime
) -> None:
    match, findings = only(date=day, time=time)
    assert (match.kickoff_at, match.kickoff_date) == (moment, date.fromisoformat(day))
    assert findings == ()


@pytest.mark.parametrize(
    ("fields", "reason", "day"),
    [
        ({"time": None}, "kickoff_no_time", date(2024, 8, 17)),
        ({"time": "25:00"}, "kickoff_unreadable_time", date(2024, 8, 17)),
        ({"time": "evening"}, "kickoff_unreadable_time", date(2024, 8, 17)),
        ({"date": "2024-02-30"}, "kickoff_unreadable_date", None),
        ({"date": "2042-08-17"}, "kickoff_date_outside_season", None),
        ({"date": None}, "kickoff_no_date", None),
    ],
)
def test_an_uncertain_kickoff_is_withheld_and_the_match_stays(
    fields: dict[str, Any], reason: str, day: date | None
) -> None:
    match, findings = only(score={"ft": [1, 0]}, **fields)
    assert (match.kickoff_at, match.kickoff_date, final(match)) == (None, day, (1, 0))
    assert reasons(findings) == [reason]


def test_unknown_time_zones_are_one_finding_for_the_file() -> None:
    matches = [entry(f"A {i}", f"B {i}", date="2025-03-01") for i in "CDEF"]
    found = read_season(season(matches), MLS).matches
    assert {match.kickoff_at for match in found.items} == {None}
    assert {match.kickoff_date for match in found.items} == {date(2025, 3, 1)}
    assert [(i.kind, i.subject) for i in found.findings] == [("kickoff_no_zone", "4 of 4 matches")]


def test_a_match_is_identified_by_file_round_home_and_away() -> None:
    match, _ = only(round="Matchday 3")
    assert match.external_id == "2024-25/en.1/3/arsenal-eng/chelsea-eng"
    moved, _ = only(round="Matchday 3", date="2025-01-01", time="20:00", score={"ft": [0, 0]})
    assert moved.external_id == match.external_id


def test_the_same_pairing_at_the_same_ground_in_another_round_is_another_match() -> None:
    twice = [entry("Celtic", "Hearts", round=f"Matchday {n}", score={"ft": [n, 0]}) for n in (1, 3)]
    assert len(read_season(season(twice), KEY).matches.items) == 2


def listed_twice(one: dict[str, Any], other: dict[str, Any]) -> tuple[tuple[Match, ...], Finding]:
    payload = season([entry("A City", "B City", **one), entry("A City", "B City", **other)])
    found = read_season(payload, KEY).matches
    assert len(found.findings) == 1
    return found.items, found.findings[0]


def test_an_equal_fixture_listed_twice_is_one_match() -> None:
    matches, finding = listed_twice({"score": {"ft": [1, 0]}}, {"score": {"ft": [1, 0]}})
    assert [final(match) for match in matches] == [(1, 0)]
    assert (finding.kind, finding.left_out) == ("duplicate_fixture", False)


@pytest.mark.parametrize("status", ["postponed", "cancelled", "abandoned", None])
def test_of_a_fixture_listed_twice_the_one_with_a_result_stays(status: str | None) -> None:
    replay = {"date": "2025-01-14", "score": {"ft": [0, 2]}}
    matches, finding = listed_twice(replay, {"status": status})
    assert [(m.status, final(m), m.kickoff_date) for m in matches] == [
        ("ended", (0, 2), date(2025, 1, 14))
    ]
    assert (finding.kind, finding.left_out) == ("duplicate_fixture", False)


def test_a_new_date_stays_before_a_note_that_the_old_one_is_off() -> None:
    matches, _ = listed_twice({"status": "postponed"}, {"date": "2025-01-14"})
    assert [(m.status, m.kickoff_date) for m in matches] == [("scheduled", date(2025, 1, 14))]


def test_two_results_of_one_fixture_leave_it_out() -> None:
    matches, finding = listed_twice({"score": {"ft": [1, 0]}}, {"score": {"ft": [2, 0]}})
    assert matches == ()
    assert (finding.kind, finding.left_out) == ("contradicting_fixture", True)
    assert "1:0 and 2:0" in finding.detail


def test_entries_that_agree_on_the_result_give_up_what_they_disagree_on() -> None:
    matches, _ = listed_twice(
        {"score": {"ht": [1, 0], "ft": [1, 0]}},
        {"score": {"ht": [0, 0], "ft": [1, 0]}, "date": "2024-08-18"},
    )
    assert [(final(m), half_time(m), m.kickoff_date) for m in matches] == [
        ((1, 0), (None, None), None)
    ]


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ({"team1": None}, "team1"),
        ({"team1": 7}, "team1"),
        ({"team1": "x" * 201}, "team1"),
        ({"round": 3}, "round"),
        ({"score": "2-1"}, "score"),
        ({"score": {"ft": ["2", "1"]}}, "score.ft.0"),
        ({"score": {"ft": [2]}}, "score.ft"),
        ({"score": {"ft": [-1, 0]}}, "score.ft.0"),
        ({"score": {"ft": [2, 1000]}}, "score.ft.1"),
        ({"score": {"ft": [True, 0]}}, "score.ft.0"),
    ],
)
def test_a_broken_match_is_left_out_with_its_path_and_the_others_stay(
    broken: dict[str, Any], where: str
) -> None:
    payload = season([entry("A City", "B City"), {**entry("C City", "D City"), **broken}])
    found = read_season(payload, KEY).matches
    assert len(found.items) == 1
    assert [(finding.kind, finding.left_out) for finding in found.findings] == [
        ("invalid_match", True)
    ]
    assert f"matches[1].{where}" in found.findings[0].detail


@pytest.mark.parametrize("again", ["Arsenal FC", "ARSENAL F.C.", "Arsenal FC (ENG)"])
def test_a_team_against_itself_is_left_out(again: str) -> None:
    payload = season([entry("A City", "B City"), entry("Arsenal FC", again)])
    found = read_season(payload, KEY)
    assert [match.home for match in found.matches.items] == ["a-city-eng"]
    assert reasons(found.matches.findings) == ["team_against_itself"]
    assert len(found.teams.items) == 2


def test_a_match_that_awaits_the_draw_is_a_finding_and_its_round_is_there() -> None:
    payload = season(
        [
            entry("A City", "B City", round="Semifinals", score={"ft": [1, 0]}),
            entry("N.N.", "N.N.", round="Final", date="2025-05-31"),
        ]
    )
    found = read_season(payload, TournamentKey("openfootball", "de.cup", "2024-25"))
    assert len(found.matches.items) == 1
    assert [(i.kind, i.left_out) for i in found.matches.findings] == [("placeholder_team", False)]
    assert [round_.slug for round_ in found.rounds.items] == ["semifinals", "final"]
    assert [team.name for team in found.teams.items] == ["A City", "B City"]
    assert state(found).status == "active"


def test_a_match_without_round_or_stage_is_given_and_counts_in_no_table() -> None:
    payload = season(
        [
            entry("A City", "B City", score={"ft": [1, 0]}),
            entry("A City", "B City", round=None, score={"ft": [5, 0]}, date="2025-05-13"),
        ]
    )
    found = read_season(payload, KEY)
    assert [(m.round_slug, final(m)) for m in found.matches.items] == [
        ("1", (1, 0)),
        (None, (5, 0)),
    ]
    assert reasons(found.matches.findings) == ["match_without_round"]
    assert found.standings.items[0].goals_for == 1
