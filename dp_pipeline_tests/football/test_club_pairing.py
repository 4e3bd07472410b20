"""Which teams of two providers are one: made-up leagues, whole and spoilt, and recorded seasons."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.football.club_names import squad_of
from dp_pipeline.football.club_pairing import FixtureList, pair_teams
from dp_pipeline.football.models import Match
from dp_pipeline_tests.football.recorded_lists import certain, openfootball_list, openligadb_list

TOWNS = (
    *("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda", "Gotha", "Halle", "Jena", "Kassel"),
    *("Lahr", "Marl"),
)
START = date(2024, 8, 17)


def league(seed: int, towns: Sequence[str] = TOWNS, weeks: int | None = None) -> FixtureList:
    """A double round robin with results, whose first weeks are played."""
    chance = random.Random(seed)  # noqa: S311 - the same league for the same seed
    count = len(towns)
    ring = chance.sample(towns, count)
    matches = []
    for week in range(2 * (count - 1)):
        turned = [ring[0], *(ring[1 + (week + i) % (count - 1)] for i in range(count - 1))]
        for i in range(count // 2):
            home, away = turned[i], turned[-1 - i]
            if week >= count - 1:
                home, away = away, home
            played = weeks is None or week < weeks
            matches.append(
                Match(
                    f"{home}-{away}",
                    f"{week + 1}",
                    home,
                    away,
                    "ended" if played else "scheduled",
                    kickoff_date=START + timedelta(7 * week + chance.randrange(2)),
                    home_score=chance.choice((0, 0, 1, 1, 1, 2, 2, 3)) if played else None,
                    away_score=chance.choice((0, 0, 1, 1, 1, 2, 2, 3)) if played else None,
                )
            )
    names = {town: f"FC {town}" for town in towns}
    return FixtureList("one:a:2024", "A", 2024, names, dict.fromkeys(towns), matches)


def elsewhere(of: FixtureList, names: Mapping[str, str] | None = None) -> FixtureList:
    """The same list at a provider with other ids, and other names if they are given."""
    return replace(
        of,
        key="two:b:2024",
        names={f"{id_} 2": (names or of.names)[id_] for id_ in of.names},
        countries={f"{id_} 2": None for id_ in of.names},
        matches=[replace(m, home=f"{m.home} 2", away=f"{m.away} 2") for m in of.matches],
    )


def spoilt(of: FixtureList, seed: int, share: float) -> FixtureList:
    """Some scores are others, and some matches were moved by weeks."""
    chance = random.Random(seed)  # noqa: S311 - the same faults for the same seed

    def one(match: Match) -> Match:
        if match.home_score is not None and chance.random() < share:
            match = replace(match, home_score=match.home_score + 1)
        if match.kickoff_date and chance.random() < share:
            match = replace(
                match, kickoff_date=match.kickoff_date + timedelta(chance.randrange(40))
            )
        return match

    return replace(of, matches=[one(match) for match in of.matches])


def right(towns: Sequence[str] = TOWNS) -> set[tuple[str, str]]:
    return {(town, f"{town} 2") for town in towns}


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from((-1, 0, 1)))
def test_teams_are_paired_by_fixtures_whatever_they_are_called(
    seed: int, inferred: bool, days: int
) -> None:
    one = league(seed)
    other = elsewhere(one, {town: f"Club {number}" for number, town in enumerate(TOWNS)})
    moved = [
        replace(m, kickoff_date=m.kickoff_date + timedelta(days))
        for m in other.matches
        if m.kickoff_date
    ]
    pairs = pair_teams(one, replace(other, matches=moved), inferred=inferred)
    assert certain(pairs) == right()
    assert all((pair.fixtures, pair.names_agree) == (22, "different") for pair in pairs)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.booleans())
def test_providers_that_disagree_on_some_scores_and_days_are_never_taken_for_others(
    seed: int, inferred: bool
) -> None:
    one = league(seed)
    pairs = pair_teams(one, spoilt(elsewhere(one), seed, 0.05), inferred=inferred)
    assert certain(pairs) <= right()


def test_a_twentieth_of_wrong_scores_and_days_leaves_nearly_all_teams_paired() -> None:
    found = [
        len(certain(pair_teams(one, spoilt(elsewhere(one), seed, 0.05), inferred=False)))
        for seed in range(20)
        for one in [league(seed)]
    ]
    assert min(found) >= 10


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.booleans())
def test_two_leagues_with_the_same_names_have_no_team_in_common(seed: int, inferred: bool) -> None:
    one, other = league(seed), elsewhere(league(seed + 1))
    assert certain(pair_teams(one, other, inferred=inferred)) == set()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(0, 22), st.floats(0, 0.5))
def test_no_team_is_ever_paired_with_another_one(seed: int, weeks: int, share: float) -> None:
    """However little is played and however much is wrong, what is certain is right."""
    one = league(seed, weeks=weeks)
    pairs = pair_teams(one, spoilt(elsewhere(one), seed, share), inferred=False)
    assert certain(pairs) <= right()
    ones, others = {pair.one for pair in pairs}, {pair.other for pair in pairs}
    assert len(ones) == len(others) == len(pairs)


def test_a_season_that_has_not_begun_pairs_nobody() -> None:
    one = league(1, weeks=0)
    assert certain(pair_teams(one, elsewhere(one), inferred=False)) == set()


def test_one_matchday_is_enough_for_teams_with_the_same_names_of_a_known_competition() -> None:
    one = league(1, weeks=1)
    assert certain(pair_teams(one, elsewhere(one), inferred=False)) == right()
    assert pair_teams(one, elsewhere(one), inferred=True) == []
    other_names = elsewhere(one, {town: f"Club {number}" for number, town in enumerate(TOWNS)})
    assert certain(pair_teams(one, other_names, inferred=False)) == set()


def test_names_that_have_changed_places_throw_doubt_on_both() -> None:
    one = league(7)
    swapped = {**one.names, "Ahlen": "FC Brake", "Brake": "FC Ahlen"}
    pairs = pair_teams(one, elsewhere(one, swapped), inferred=False)
    assert certain(pairs) == right(TOWNS[2:])
    doubts = {pair.one: pair.doubt for pair in pairs if pair.doubt}
    assert doubts == {
        "Ahlen": "the fixtures are those of one, the name that of another: FC Ahlen",
        "Brake": "the fixtures are those of one, the name that of another: FC Brake",
    }


def test_a_list_that_stops_half_way_is_compared_as_far_as_it_goes() -> None:
    one = league(3)
    half = replace(elsewhere(one), matches=elsewhere(one).matches[:60])
    assert certain(pair_teams(one, half, inferred=False)) == right()
    assert pair_teams(one, half, inferred=True) == [], "this is no proof of the same competition"


def test_the_entrants_of_a_cup_are_paired_by_whom_they_met() -> None:
    whole = league(5)
    cup = [m for m in whole.matches if int(m.round_slug or 0) <= 4]
    lost = Match(
        "x",
        "1",
        "Lahr",
        "Guest",
        "ended",
        kickoff_date=date(2024, 8, 1),
        home_score=4,
        away_score=0,
    )
    one = replace(whole, names={**whole.names, "Guest": "SV Guest"}, matches=[*cup, lost])
    one = replace(one, countries=dict.fromkeys(one.names))
    assert ("Guest", "Guest 2") in certain(pair_teams(one, elsewhere(one), inferred=False))


@pytest.mark.parametrize(
    ("names", "label", "squad"),
    [
        (("FC Bayern München", "Bayern"), "2. Bundesliga", "men"),
        (("FC Bayern München (Frauen)", "Bayern"), "Bundesliga", "women"),
        (("Arsenal", "Arsenal"), "Women's Super League", "women"),
        (("Borussia Dortmund II", "Dortmund II"), "3. Liga", "second"),
        (("Real Madrid B", "Real Madrid Castilla"), "Segunda", "second"),
        (("Chelsea U19", "Chelsea"), "Youth League", "u19 youth"),
    ],
)
def test_women_youth_and_second_teams_are_told_by_their_names(
    names: tuple[str, str], label: str, squad: str
) -> None:
    assert squad_of(names, (label, label)) == squad


# -- recorded --------------------------------------------------------------------------------------


@pytest.mark.parametrize("inferred", [False, True])
def test_the_bundesliga_of_two_providers_has_the_same_clubs_and_fixtures(
    recordings: Path, inferred: bool
) -> None:
    one = openligadb_list("openliga_bl2425.json", "bl1", 2024)
    other = openfootball_list(recordings / "openfootball/2024-25/de.1.json", "de.1", "2024-25")
    pairs = pair_teams(one, other, inferred=inferred)
    assert len(certain(pairs)) == 18
    assert sum(pair.fixtures for pair in pairs) == 2 * 306
    assert sum(pair.scores_differ for pair in pairs) == 0
    assert {pair.names_agree for pair in pairs} == {"same"}


def test_countries_with_names_in_two_languages_are_paired_by_their_matches(
    recordings: Path,
) -> None:
    """24 teams; 20 of them are written otherwise in German and English."""
    one = openligadb_list("gluehloch/uefa-em-2020-01.json", "em", 2020)
    seasons = recordings.parent / "more_seasons"
    other = openfootball_list(seasons / "euro.json/2020/euro.json", "euro", "2020")
    pairs = pair_teams(one, other, inferred=False)
    assert len(certain(pairs)) == 24
    named = {(one.names[a], other.names[b]) for a, b in certain(pairs)}
    assert ("Deutschland", "Germany") in named
    assert ("Frankreich", "France") in named


@pytest.mark.parametrize(
    ("name", "season", "teams"),
    [
        ("gluehloch/response-2018-22.json_", "2018-19", 12),
        ("gluehloch/bundesliga-2020-03.json", "2020-21", 18),
        ("gluehloch/bundesliga-2022-01.json", "2022-23", 18),
    ],
)
def test_one_matchday_of_a_known_competition_pairs_the_teams_that_results_tell_apart(
    recordings: Path, name: str, season: str, teams: int
) -> None:
    """Equal results on one day leave the others open until the next matchday."""
    file = recordings.parent / "more_seasons/football.json" / season / "de.1.json"
    other = openfootball_list(file, "de.1", season)
    pairs = pair_teams(openligadb_list(name, "bl1", int(season[:4])), other, inferred=False)
    assert len(certain(pairs)) == len(pairs) == teams


def test_other_seasons_and_other_leagues_have_no_team_in_common(recordings: Path) -> None:
    next_one = openligadb_list("openliga_bl2526_20260321.json", "bl1", 2025)
    one = openligadb_list("openliga_bl2425.json", "bl1", 2024)
    for path in ("2024-25/de.1", "2024-25/en.1", "2023-24/en.1", "2025-26/en.2"):
        season, competition = path.split("/")
        other = openfootball_list(recordings / f"openfootball/{path}.json", competition, season)
        assert certain(pair_teams(next_one, other, inferred=False)) == set()
        if competition != "de.1":
            assert certain(pair_teams(one, other, inferred=False)) == set()
