"""openfootball: what the text of a round says, and the order of a season's rounds."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.openfootball.rounds import RoundName, round_name
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.providers.openfootball_files import KEY, entry, league, season
from dp_pipeline_tests.providers.states import state

CUP = TournamentKey("openfootball", "uefa.cl", "2024-25")


def named(text: str | None, stage: str | None = None, *, is_league: bool = True) -> RoundName:
    name = round_name(text, stage, None, is_league=is_league)
    assert name is not None
    return name


@pytest.mark.parametrize(
    ("text", "slug", "type_", "stage"),
    [
        ("Matchday 3", "3", "season", None),
        ("3. Round", "3", "season", None),
        ("Round 3", "3", "season", None),
        ("3. Spieltag", "3", "season", None),
        ("1° Semestre, Matchday 4", "1-semestre-4", "season", "1° Semestre"),
        ("Apertura, Matchday 4", "apertura-4", "season", "Apertura"),
        ("League, Matchday 3", "league-3", "season", "League"),
        ("Championship, Matchday 10", "championship-10", "season", "Championship"),
        ("Playoffs, Matchday 1", "playoffs-1", None, "Playoffs"),
        ("Relegation, Matchday 1", "relegation-1", None, "Relegation"),
        ("Finals, Round of 16", "finals-round-of-16", "knockout", "Finals"),
        ("Aufstieg, Semifinals", "aufstieg-semifinals", "knockout", "Aufstieg"),
        (
            "Relegation, 15.-16. Platz Playoffs",
            "relegation-15-16-platz-playoffs",
            "knockout",
            "Relegation",
        ),
        (
            "Clausura Playoffs, Play-in round 1",
            "clausura-playoffs-play-in-round-1",
            "knockout",
            "Clausura Playoffs",
        ),
        ("Group A", "group-a", "season", None),
        ("Semifinals", "semifinals", "knockout", None),
        ("Semi-finals", "semifinals", "knockout", None),
        ("Final", "final", "knockout", None),
    ],
)
def test_a_round_text_of_a_league_file_is_read(
    text: str, slug: str, type_: str | None, stage: str | None
) -> None:
    name = named(text)
    assert (name.slug, name.type, name.stage, name.label) == (slug, type_, stage, text)
    assert name.known


def test_a_numbered_round_of_a_cup_is_a_knockout_round() -> None:
    name = named("Round 1", is_league=False)
    assert (name.slug, name.type) == ("round-1", "knockout")


def test_a_numbered_round_of_a_play_off_stage_is_a_knockout_round() -> None:
    name = named("Round 1", "Aufstieg")
    assert (name.slug, name.type, name.stage) == ("aufstieg-round-1", "knockout", "Aufstieg")


def test_a_match_with_a_stage_and_no_round_has_the_stage_as_its_round() -> None:
    name = named(None, "Play-offs")
    assert (name.slug, name.type, name.stage) == ("play-offs", "knockout", "Play-offs")
    assert round_name(None, None, None, is_league=True) is None


def test_a_group_in_the_round_text_is_the_group_of_the_match() -> None:
    assert named("Group A").group == "Group A"
    name = named("Group B, Matchday 2")
    assert (name.group, name.slug, name.stage) == ("Group B", "2", None)


def test_an_unknown_round_is_a_knockout_round_with_a_finding() -> None:
    payload = season([*league("A City", "B City"), entry("A City", "B City", round="Supertie")])
    found = read_season(payload, KEY)
    assert [finding.subject for finding in found.rounds.findings] == ["Supertie"]
    assert found.rounds.items[-1].type == "knockout"
    assert state(found).mode == "regular-season-and-knockout"


def test_a_stage_of_two_legs_is_knockout_and_one_of_many_opponents_is_a_league() -> None:
    ties = [
        entry("A City", "B City", round="Playoffs, Matchday 1", date="2025-02-11"),
        entry("B City", "A City", round="Playoffs, Matchday 2", date="2025-02-18"),
    ]
    small = [{**match, "round": f"Playoffs, {match['round']}"} for match in league("A", "B", "C")]
    assert {r.type for r in read_season(season(ties), CUP).rounds.items} == {"knockout"}
    assert {r.type for r in read_season(season(small), CUP).rounds.items} == {"season"}


def test_rounds_are_ordered_by_stage_then_matchday_then_depth() -> None:
    matches = [
        entry("A City", "B City", round="Finals, Final", date="2025-05-31"),
        entry("A City", "B City", round="Finals, Semifinals", date="2025-04-29"),
        entry("A City", "B City", round="League, Matchday 10", date="2024-09-17"),
        entry("A City", "B City", round="League, Matchday 2", date="2024-12-01"),
        entry("A City", "B City", round="Playoffs, Matchday 1", date="2025-02-11"),
    ]
    rounds = read_season(season(matches), CUP).rounds.items
    assert [round_.slug for round_ in rounds] == [
        *("league-2", "league-10", "playoffs-1", "finals-semifinals", "finals-final")
    ]
    assert [round_.order for round_ in rounds] == [1, 2, 3, 4, 5]


def test_knockout_rounds_of_unknown_depth_follow_their_first_day() -> None:
    texts = ["Quarterfinals", "Play-in round 2", "Play-in round 1"]
    days = [date(2025, 5, 7), date(2025, 5, 4), date(2025, 4, 27)]
    matches = [
        entry("A City", "B City", round=f"Clausura Playoffs, {text}", date=day.isoformat())
        for text, day in zip(texts, days, strict=True)
    ]
    rounds = read_season(season(matches), KEY).rounds.items
    assert [round_.label.split(", ")[1] for round_ in rounds] == texts[::-1]


def test_missing_matchdays_are_not_invented() -> None:
    matches = [entry("A City", "B City", round=f"Matchday {n}") for n in (1, 2, 5)]
    assert [r.slug for r in read_season(season(matches), KEY).rounds.items] == ["1", "2", "5"]


@given(st.text(max_size=60), st.none() | st.text(max_size=30), st.booleans())
def test_any_round_text_has_a_slug(text: str, stage: str | None, is_league: bool) -> None:
    name = round_name(text, stage, None, is_league=is_league)
    assert name is not None
    assert name.slug
    assert not any(character.isspace() for character in name.slug)
