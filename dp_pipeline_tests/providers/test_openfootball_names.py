"""openfootball: which names are one team, and which stay apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.club_names import spelling_of
from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.openfootball.names import slug_of
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.providers.openfootball_files import KEY, entry, season


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Millwall", "Millwall FC"),
        ("Leicester City", "Leicester City FC"),
        ("AFC Bournemouth", "Bournemouth"),
        ("Bayern München", "FC Bayern München"),
        ("1. FC Köln", "1.FC Köln"),
        ("1. FC Union Berlin", "Union Berlin"),
        ("1899 Hoffenheim", "TSG 1899 Hoffenheim"),
        ("Bayer Leverkusen", "Bayer 04 Leverkusen"),
        ("Bor. Mönchengladbach", "Borussia Mönchengladbach"),
        ("FC St. Pauli", "FC St. Pauli 1910"),
        ("TSV 1860 München", "1860 München"),
        ("Club Brugge", "Club Brugge KV"),
        ("Real Madrid", "Real Madrid CF"),
        ("Brighton & Hove Albion FC", "Brighton and Hove Albion"),
        ("F.C. Porto", "FC Porto"),
        ("İstanbul Başakşehir FK", "Istanbul Basaksehir"),
    ],
)
def test_two_spellings_of_one_club_have_one_identity(one: str, other: str) -> None:
    first, second = spelling_of(one, "XXX"), spelling_of(other, "XXX")
    assert first is not None
    assert second is not None
    assert first.core == second.core


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FC Bayern München", "FC Bayern München II"),
        ("FC Bayern München", "TSV 1860 München"),
        ("Real Madrid CF", "Real Madrid B"),
        ("Club Brugge", "Cercle Brugge"),
        ("AC Milan", "FC Internazionale Milano"),
        ("Vitória SC", "Vitória FC"),
        ("SC Bastia", "CA Bastia"),
        ("Dundee FC", "Dundee United FC"),
        ("PSV Eindhoven", "FC Eindhoven"),
        ("Dynamo Dresden", "BFC Dynamo"),
        ("Paris FC", "Paris Saint-Germain FC"),
        ("Los Angeles FC", "Los Angeles Galaxy"),
        ("Sheffield United FC", "Sheffield Wednesday FC"),
    ],
)
def test_two_clubs_keep_two_identities(one: str, other: str) -> None:
    first, second = spelling_of(one, "XXX"), spelling_of(other, "XXX")
    assert first is not None
    assert second is not None
    assert first.core != second.core


def test_the_country_comes_from_the_suffix_and_else_from_the_file() -> None:
    monaco, arsenal = spelling_of("AS Monaco FC (MCO)", None), spelling_of("Arsenal FC", "ENG")
    assert monaco is not None
    assert arsenal is not None
    assert (monaco.name, monaco.country, monaco.core) == ("AS Monaco FC", "FRA", "monaco")
    assert (arsenal.name, arsenal.country) == ("Arsenal FC", "ENG")


def test_a_team_has_one_external_id_in_a_league_and_in_a_cup_of_many_countries() -> None:
    league = season([entry("Arsenal", "Chelsea")])
    cup = season([entry("Arsenal FC (ENG)", "AS Monaco FC (MCO)", round="League, Matchday 1")])
    ids = {team.external_id for team in read_season(league, KEY).teams.items}
    uefa = read_season(cup, KEY.__class__("openfootball", "uefa.cl", "2024-25")).teams.items
    assert "arsenal-eng" in ids
    assert {team.external_id for team in uefa} == {"arsenal-eng", "monaco-fra"}
    assert {team.name for team in uefa} == {"Arsenal FC", "AS Monaco FC"}


def test_spellings_that_never_meet_are_merged_with_a_finding() -> None:
    payload = season(
        [
            entry("Millwall FC", "Watford FC", round="Matchday 1"),
            entry("Stoke City FC", "Millwall FC", round="Matchday 2"),
            entry("Millwall", "Stoke City FC", round="Matchday 3"),
        ]
    )
    found = read_season(payload, KEY).teams
    assert [team.name for team in found.items] == ["Millwall FC", "Stoke City FC", "Watford FC"]
    assert [(finding.kind, finding.subject) for finding in found.findings] == [
        ("merged_team_name", "Millwall FC")
    ]
    assert not found.findings[0].left_out


@pytest.mark.parametrize(
    "matches",
    [
        [entry("Dynamo Kyiv", "FC Dynamo Kyiv")],
        [entry("Dynamo Kyiv", "Karpaty"), entry("Zorya", "FC Dynamo Kyiv")],
    ],
    ids=["they meet", "both play in one round"],
)
def test_spellings_that_play_beside_each_other_stay_two_teams(matches: list[dict]) -> None:
    found = read_season(season(matches), KEY).teams
    ids = [team.external_id for team in found.items]
    assert {"dynamo-kyiv-eng", "fc-dynamo-kyiv-eng"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert [finding.kind for finding in found.findings] == ["similar_team_names"]


def test_one_typing_error_does_not_change_the_id_of_the_club_for_the_season() -> None:
    matches = [entry("Millwall FC", f"FC Club {i}", round=f"Matchday {i}") for i in range(1, 9)]
    matches.append(entry("Derby County", "Millwall", round="Matchday 3"))
    teams = read_season(season(matches), KEY).teams.items
    ids = {team.name: team.external_id for team in teams}
    assert ids["Millwall FC"] == "millwall-eng"
    assert ids["Millwall"] == "millwall-eng-2"


def test_the_same_fixture_listed_with_two_spellings_does_not_make_two_teams() -> None:
    payload = season(
        [
            entry("Blackburn Rovers", "Ipswich Town", status="cancelled"),
            entry("Blackburn Rovers FC", "Ipswich Town FC", score={"ft": [1, 0]}),
        ]
    )
    found = read_season(payload, KEY)
    assert len(found.teams.items) == 2
    assert [match.status for match in found.matches.items] == ["ended"]


@pytest.mark.parametrize(
    "text",
    [
        *("N.N.", "n.n.", "TBD", "TBA", "W49", "L61", "1A", "3A/B/C", "A1", "?", "-"),
        *("Winner QF1", "Sieger Spiel 3", "Loser Semifinal 1", "Group A winners", "Runner-up B"),
        *("UEFA Path A winner", "IC Path 1 winner"),
    ],
)
def test_a_text_that_awaits_the_draw_is_no_team(text: str) -> None:
    assert is_place_in_draw(text)


@pytest.mark.parametrize("text", ["AZ", "PSV", "Siegen", "NAC", "B 1903", "Winnipeg", "LASK"])
def test_a_short_name_is_a_team(text: str) -> None:
    assert not is_place_in_draw(text)


@given(st.text(max_size=60))
def test_any_text_is_a_spelling_or_none_and_its_identity_has_no_spaces(text: str) -> None:
    spelling = spelling_of(text, "ENG")
    if spelling is not None:
        assert spelling.core
        assert spelling.full
        assert not any(character.isspace() for character in spelling.core)
    assert slug_of(slug_of(text)) == slug_of(text)


def test_a_name_without_its_country_is_the_only_one_with_it_also_in_a_group() -> None:
    clubs = ("Celtic FC", "AC Milan (ITA)", "Celtic FC (SCO)", "River Plate (ARG)")
    matches = [
        entry(home, "Ajax (NED)", round="Group A", date=f"2024-09-1{n}")
        for n, home in enumerate(clubs)
    ]
    payload = season([*matches, entry("River Plate (URU)", "River Plate")])
    data = read_season(payload, TournamentKey("openfootball", "uefa.cl", "2024-25"))
    teams = {team.external_id: team.country for team in data.teams.items}
    assert teams["celtic-sco"] == "SCO"
    assert sum("celtic" in id_ for id_ in teams) == 1
    assert sum("river" in id_ for id_ in teams) == 3, "which of the two is not known"
    merged = [f.subject for f in data.teams.findings if f.kind == "merged_team_name"]
    assert merged == ["Celtic FC"]
