"""Which teams of all seasons are one club, whatever is read first and whoever says so."""

import random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.clubs import ClubTeam, DecidedClubs, TeamPair, clubs_of

LEAGUE, SECOND, NEXT = (UUID(int=n) for n in (901, 902, 903))
OLD, OTHER_CLUB = UUID(int=801), UUID(int=802)


def team(  # noqa: PLR0913 - named by the caller
    number: int,
    provider: str,
    *tournaments: UUID,
    name: str = "",
    country: str | None = None,
    club: UUID | None = None,
    by_person: bool = False,
) -> ClubTeam:
    return ClubTeam(
        UUID(int=number),
        provider,
        f"{number}",
        name or f"FC {number}",
        country,
        provider != "openfootball",
        frozenset(tournaments),
        club,
        by_person,
    )


def pair(one: ClubTeam, other: ClubTeam, squad: str = "men", doubt: str | None = None) -> TeamPair:
    return TeamPair(one.id, other.id, squad, doubt=doubt)


def decided(teams: list[ClubTeam], *pairs: TeamPair) -> DecidedClubs:
    return clubs_of({each.id: each for each in teams}, pairs)


def together(found: DecidedClubs) -> set[frozenset[str]]:
    return {frozenset(team.external_id for team in club.teams) for club in found.clubs}


def test_a_club_has_the_name_of_the_team_with_an_id_and_the_country_of_whichever_has_one() -> None:
    one, other = team(1, "openligadb", name="Bayern"), team(2, "openfootball", country="GER")
    (club,) = decided([other, one], pair(other, one)).clubs
    assert (club.id, club.name, club.country, club.kind, club.squad) == (
        *(None, "Bayern", "GER", "club", "men"),
    )


def test_a_club_that_is_promoted_or_renamed_stays_one() -> None:
    known = team(1, "openligadb", SECOND)
    before, renamed = team(2, "openfootball", LEAGUE), team(3, "openfootball", NEXT)
    found = decided([known, before, renamed], pair(known, before), pair(known, renamed))
    assert together(found) == {frozenset("123")}
    assert not found.doubts


def test_two_teams_that_play_in_one_tournament_are_no_club() -> None:
    known = team(1, "openligadb", SECOND)
    teams = [known, team(2, "openfootball", LEAGUE), team(3, "openfootball", LEAGUE)]
    found = decided(teams, *(pair(known, each) for each in teams[1:]))
    assert found.clubs == ()
    assert set(found.doubts.values()) == {"FC 2 and FC 3 of openfootball play in one tournament"}


def test_teams_of_two_countries_are_no_club() -> None:
    known = team(1, "openligadb")
    teams = [known, team(2, "openfootball", country="ENG"), team(3, "openfootball", country="WAL")]
    found = decided(teams, *(pair(known, each) for each in teams[1:]))
    assert found.clubs == ()


def test_the_women_under_the_mens_id_are_not_the_mens_club() -> None:
    both, men, women = team(1, "openligadb"), team(2, "openfootball"), team(3, "openfootball")
    found = decided([both, men, women], pair(both, men), pair(both, women, "women"))
    assert together(found) == {frozenset("12")}
    assert set(found.doubts.values()) == {"one id stands for several teams of a club: men, women"}


def test_what_is_doubtful_joins_nobody() -> None:
    teams = [team(1, "openligadb"), team(2, "openfootball")]
    found = decided(teams, pair(teams[0], teams[1], doubt="only 3 of 34 fixtures are the same"))
    assert found.clubs == ()
    assert list(found.doubts.values()) == ["only 3 of 34 fixtures are the same"]


def test_what_a_person_said_goes_before_fixtures() -> None:
    known = team(1, "openligadb")
    alone = team(2, "openfootball", by_person=True)
    assert decided([known, alone], pair(known, alone)).clubs == ()
    said = [
        team(3, "openligadb", club=OLD, by_person=True),
        team(4, "openfootball", club=OLD, by_person=True),
    ]
    third = team(5, "sofascore")
    found = decided([*said, third], pair(said[1], third))
    assert together(found) == {frozenset("345")}
    assert found.clubs[0].id == OLD
    moved = team(6, "sofascore", club=OTHER_CLUB, by_person=True)
    found = decided([*said, moved], pair(said[0], moved))
    assert {club.id: len(club.teams) for club in found.clubs} == {OLD: 2, OTHER_CLUB: 1}
    assert set(found.doubts.values()) == {"a person said that they are of different clubs"}


def test_a_club_that_grows_keeps_its_id_and_one_that_falls_apart_leaves_it_to_the_larger() -> None:
    teams = [team(n, p, club=OLD) for n, p in enumerate(("openligadb", "openfootball"), start=1)]
    third = team(3, "sofascore", club=OTHER_CLUB)
    found = decided([*teams, third], pair(teams[0], teams[1]), pair(teams[0], third))
    assert [club.id for club in found.clubs] == [OLD]
    five = [team(n, f"p{n}", club=OLD) for n in range(5)]
    found = decided(five, pair(five[0], five[1]), pair(five[2], five[3]), pair(five[3], five[4]))
    assert {len(club.teams): club.id for club in found.clubs} == {3: OLD, 2: None}


@given(st.integers(0, 10**6))
def test_clubs_are_the_same_whatever_was_read_first(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same for the same seed
    seasons = [[UUID(int=900 + 10 * provider + n) for n in range(4)] for provider in range(3)]
    teams = [
        team(n, f"p{n % 3}", *chance.sample(seasons[n % 3], chance.randrange(1, 3)))
        for n in range(12)
    ]
    pairs = []
    for _ in range(chance.randrange(16)):
        one, other = chance.sample(teams, 2)
        if one.provider != other.provider:
            pairs.append(pair(one, other, chance.choice(("men", "men", "women"))))
    found = decided(teams, *pairs)
    shuffled = decided(chance.sample(teams, 12), *chance.sample(pairs, len(pairs)))
    assert together(found) == together(shuffled)
    assert found.doubts == shuffled.doubts
    members = [each.id for club in found.clubs for each in club.teams]
    assert len(members) == len(set(members)), "no team is of two clubs"
    for club in found.clubs:
        played = [tournament for each in club.teams for tournament in each.tournaments]
        assert len(played) == len(set(played)), "nor does a club play itself"
