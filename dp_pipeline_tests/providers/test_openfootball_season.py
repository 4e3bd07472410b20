"""openfootball: whole files, written by hand, generated, and recorded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.errors import InvalidShapeError, InvalidTournamentKeyError
from dp_pipeline.providers.openfootball.competition import check_key
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.providers.garbage import JSON
from dp_pipeline_tests.providers.openfootball_files import (
    KEY,
    counts,
    entry,
    is_consistent,
    league,
    season,
)
from dp_pipeline_tests.providers.states import state

UEFA = TournamentKey("openfootball", "uefa.cl", "2024-25")
FOUR = ("Arsenal FC", "Chelsea FC", "Everton FC", "Fulham FC")


def test_a_league_season_is_read_into_all_five_domains() -> None:
    data = read_season(season(league(*FOUR)), KEY)
    tournament = data.tournament.items[0]
    assert counts(data) == (4, 6, 12, 4)
    assert (tournament.label, tournament.season, tournament.slug, tournament.external_id) == (
        *("English Premier League 2024/25", "2024/25", "en.1-2024-25", "2024-25/en.1"),
    )
    follows = state(data)
    assert (follows.mode, follows.standings_mode, follows.status) == (
        *("regular-season-only", "unique-group", "completed"),
    )
    assert tournament.public_url == (
        "https://github.com/openfootball/football.json/blob/master/2024-25/en.1.json"
    )
    assert [(s.team, s.position, s.points) for s in data.standings.items] == [
        *(("arsenal-eng", 1, 18), ("chelsea-eng", 2, 12)),
        *(("everton-eng", 3, 6), ("fulham-eng", 4, 0)),
    ]
    assert all(standing.computed for standing in data.standings.items)
    assert [finding.kind for finding in data.standings.findings] == ["table_computed"]
    assert {(team.name, team.country) for team in data.teams.items} == {(n, "ENG") for n in FOUR}
    assert is_consistent(data)


def test_a_season_that_has_not_begun_has_no_table_yet() -> None:
    data = read_season(season(league(*FOUR, played=False)), KEY)
    assert state(data).status == "upcoming"
    assert data.standings.absent is not None
    assert data.standings.absent.kind == "nothing_yet"


@pytest.mark.parametrize("payload", [{"matches": []}, {"name": "x", "rounds": []}])
def test_a_file_without_matches_is_nothing_yet_in_every_domain(payload: Any) -> None:
    data = read_season(payload, KEY)
    for found in (data.tournament, data.teams, data.rounds, data.matches, data.standings):
        assert found.absent is not None
        assert found.absent.kind == "nothing_yet"


@pytest.mark.parametrize(
    "payload",
    [
        *(None, [], "x", 7, {}, {"name": "clubs", "clubs": []}, {"matches": {}}),
        {"matches": [{"team1": 1}, None]},
        {"rounds": ["Matchday 1"]},
        {"matches": [None] * 10_001},
    ],
)
def test_what_is_no_season_file_is_an_invalid_shape(payload: Any) -> None:
    with pytest.raises(InvalidShapeError, match="openfootball"):
        read_season(payload, KEY)


def test_the_old_form_is_read_like_the_present_one() -> None:
    old = {
        "name": "Champions League 2013/14",
        "rounds": [
            {
                "name": "Matchday 1",
                "matches": [
                    {
                        "date": "2013-09-17",
                        "team1": {"key": "manunited", "name": "Manchester United", "code": "MUN"},
                        "team2": {"name": "Bayer Leverkusen"},
                        "score1": 4,
                        "score2": 2,
                        "score1i": 1,
                        "score2i": 0,
                        "group": "Group A",
                    },
                    {
                        "date": "2013-09-17",
                        "team1": "Real Madrid",
                        "team2": "Juventus",
                        "score1": None,
                        "score2": None,
                        "group": "Group B",
                    },
                    {
                        "date": "2013-09-18",
                        "team1": "FC Porto",
                        "team2": "FC Basel",
                        "score": {"ft": [1, 1]},
                        "group": "Group C",
                    },
                ],
            },
            {"name": "Final", "matches": []},
        ],
    }
    data = read_season(old, TournamentKey("openfootball", "cl", "2013-14"))
    matches = {match.home: match for match in data.matches.items}
    united = matches["manchester-united"]
    assert (united.status, united.home_score, united.away_score, united.home_score_ht) == (
        *("ended", 4, 2, 1),
    )
    assert united.group_name == "Group A"
    assert matches["real-madrid"].status == "scheduled"
    assert {standing.group_name for standing in data.standings.items} == {"Group A", "Group C"}
    assert state(data).standings_mode == "multi-group"


def test_groups_named_as_rounds_have_a_table_each_and_knockout_rounds_none() -> None:
    matches = [
        *(entry("A (ESP)", "B (ITA)", round=f"Group {g}", score={"ft": [1, 0]}) for g in "A"),
        *(entry("C (ESP)", "D (ITA)", round=f"Group {g}", score={"ft": [1, 0]}) for g in "B"),
        entry("A (ESP)", "C (ESP)", round="Final", date="2025-05-31", score={"ft": [9, 0]}),
    ]
    data = read_season(season(matches), UEFA)
    assert [(s.group_name, s.team, s.goals_for) for s in data.standings.items] == [
        *(("Group A", "a-esp", 1), ("Group A", "b-ita", 0)),
        *(("Group B", "c-esp", 1), ("Group B", "d-ita", 0)),
    ]
    assert state(data).mode == "regular-season-and-knockout"
    assert state(data).status == "completed"


def test_stages_of_a_season_have_a_table_each() -> None:
    split = [{**m, "round": f"Clausura, {m['round']}"} for m in league(*FOUR)]
    first = [{**m, "round": f"Apertura, {m['round']}"} for m in league(*FOUR)]
    data = read_season(season(first + split), KEY)
    assert {(s.stage, s.games) for s in data.standings.items} == {("Apertura", 6), ("Clausura", 6)}
    assert state(data).standings_mode == "multi-group"


def test_a_group_stage_whose_groups_are_not_told_is_a_finding() -> None:
    matches = [{**m, "round": f"Group, {m['round']}"} for m in league(*FOUR)]
    data = read_season(season(matches), TournamentKey("openfootball", "copa.l", "2025"))
    assert [finding.kind for finding in data.standings.findings] == [
        "table_computed",
        "groups_unknown",
    ]


def test_a_cup_has_no_table() -> None:
    matches = [entry("A City", "B City", round="Round 1", score={"ft": [1, 0]})]
    data = read_season(season(matches), TournamentKey("openfootball", "de.cup", "2024-25"))
    assert state(data).mode == "knockout-only"
    assert data.standings.absent is not None
    assert data.standings.absent.kind == "not_applicable"


IN_ORDER = [
    *league(*FOUR)[:8],
    entry("Fulham", "Arsenal FC", round="Final", date="2025-05-31"),
    entry("Chelsea FC", "Arsenal FC", round="Matchday 1", score={"ft": [9, 9]}),
    entry("Chelsea", "Arsenal FC", round="Matchday 1", status="postponed"),
    entry("Everton", "Dynamo", round="Replay", date="2025-06-01"),
    entry("FC Dynamo", "Dynamo", round="Replay", score={"ft": [0, 1], "ht": [1, 1]}),
    entry("FC Dynamo", "Dynamo", round="Replay", score={"ft": [0, 1]}, date="2025-06-02"),
]


@given(st.permutations(IN_ORDER))
def test_the_order_of_matches_in_a_file_does_not_matter(matches: list[Any]) -> None:
    assert read_season(season(matches), KEY) == read_season(season(IN_ORDER), KEY)


TEXTS = st.sampled_from(
    [
        *("Arsenal", "Arsenal FC", "AFC Arsenal", "Chelsea (ENG)", "N.N.", "Winner 1", "1. FC"),
        *("Matchday 1", "2. Round", "Final", "Playoffs, Matchday 1", "Group A", "Group, Final"),
        *("2024-08-17", "0001-01-01", "9999-12-31", "20:45", "24:00", "1:00 UTC+99"),
        *("cancelled", "awarded", "finished", ""),
    ]
)
PAIR = st.lists(st.integers(-1, 9), min_size=2, max_size=2)
SCORE = st.dictionaries(st.sampled_from(["ht", "ft", "et", "p"]), PAIR | JSON)
OPTIONAL = ("round", "stage", "group", "date", "time", "status")
READABLE = st.fixed_dictionaries(
    {"team1": TEXTS | st.text(max_size=12), "team2": TEXTS | st.text(max_size=12)},
    optional={
        **dict.fromkeys(OPTIONAL, TEXTS | st.text(max_size=12)),
        "score": st.dictionaries(st.sampled_from(["ht", "ft", "et", "p"]), PAIR),
    },
)
BROKEN = st.fixed_dictionaries(
    {"team1": TEXTS | JSON, "team2": TEXTS | JSON},
    optional={
        **dict.fromkeys(OPTIONAL, TEXTS | JSON),
        "score": SCORE | JSON,
        "score1": JSON,
        "score2": st.integers(),
    },
)


@given(
    st.lists(READABLE | BROKEN | JSON, max_size=8),
    st.sampled_from(["en.1", "uefa.cl", "de.cup", "mls", "xx.9"]),
    st.booleans(),
)
def test_any_file_ends_in_consistent_data_or_an_invalid_shape(
    matches: list[Any], competition: str, old_form: bool
) -> None:
    key = TournamentKey("openfootball", competition, "2024-25")
    payload: dict[str, Any] = {"matches": matches}
    if old_form:
        payload = {"rounds": [{"name": "Matchday 1", "matches": matches}]}
    try:
        data = read_season(payload, key)
    except InvalidShapeError:
        return
    assert is_consistent(data)


@given(JSON)
def test_any_json_is_a_file_or_an_invalid_shape(payload: Any) -> None:
    try:
        data = read_season(payload, KEY)
    except InvalidShapeError:
        return
    assert is_consistent(data)


@pytest.mark.parametrize("season_text", ["2024-25", "1999-00", "2025"])
def test_a_season_of_one_or_two_years_is_accepted(season_text: str) -> None:
    check_key(TournamentKey("openfootball", "en.1", season_text))


@pytest.mark.parametrize("competition", ["en.1", "uefa.cl", "euro", "worldcup", "copa.l"])
def test_files_of_other_repositories_of_the_same_form_have_keys(competition: str) -> None:
    check_key(TournamentKey("openfootball", competition, "2018"))


@pytest.mark.parametrize(
    ("competition", "season_text", "hint"),
    [
        ("en.1", "2024-26", "2024-25"),
        ("en.1", "2024-2025", "2024-25"),
        ("en.1", "24-25", "2024-25"),
        ("en.1.json", "2024-25", "openfootball:en.1:2024-25"),
        ("en.1.clubs", "2024-25", "uefa.cl"),
        ("premier-league", "2024-25", "uefa.cl"),
    ],
)
def test_a_key_no_file_can_have_is_refused_with_what_to_write(
    competition: str, season_text: str, hint: str
) -> None:
    with pytest.raises(InvalidTournamentKeyError) as raised:
        check_key(TournamentKey("openfootball", competition, season_text))
    assert hint in str(raised.value)
