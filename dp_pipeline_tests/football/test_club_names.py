"""Which names of a season are one club, and which entries of the packaged list can be used."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.club_aliases import AliasError, packaged, read
from dp_pipeline.football.club_names import Meeting, Spelling, is_part, short_names, spelling_of

HEAD = "country,club,alias,seasons,source\n"


def _spelling(text: str) -> Spelling:
    found = spelling_of(text, "XXX")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bolton", "Bolton Wanderers"),
        ("AFC", "AFC Wimbledon"),
        ("Man Utd", "Manchester United FC"),
        ("QPR", "Queens Park Rangers"),
        ("Espanyol Barcelona", "RCD Espanyol de Barcelona"),
        ("Gaziantep FK", "Gazişehir Gaziantep"),
    ],
)
def test_a_name_may_be_short_for_another(one: str, other: str) -> None:
    assert is_part(_spelling(one), _spelling(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Real Madrid", "Real Madrid B"),
        ("Bayern München", "Bayern München II"),
        ("Sevilla", "Sevilla Atlético"),
        ("Chelsea", "Chelsea Women"),
        ("Bristol City", "Bristol Rovers"),
        ("Wanderers Bolton", "Bolton Wanderers"),
    ],
)
def test_a_name_is_not_short_for_a_second_team_or_another_club(one: str, other: str) -> None:
    assert not is_part(_spelling(one), _spelling(other))


def _season(clubs: list[str]) -> Iterator[Meeting[str]]:
    """A double round robin."""
    count = len(clubs)
    for day in range(2 * (count - 1)):
        ring = [clubs[0], *(clubs[1 + (day + i) % (count - 1)] for i in range(count - 1))]
        for i in range(count // 2):
            home, away = (ring[i], ring[-1 - i]) if day < count - 1 else (ring[-1 - i], ring[i])
            yield Meeting(home, away, f"{day + 1}")


def _written(meeting: Meeting[str], names: dict[str, str]) -> Meeting[str]:
    return Meeting(
        names.get(meeting.home, meeting.home), names.get(meeting.away, meeting.away), meeting.round
    )


def _short(meetings: list[Meeting[str]]) -> dict[str, str]:
    clubs = {side for meeting in meetings for side in (meeting.home, meeting.away)}
    return short_names({club: [_spelling(club)] for club in clubs}, meetings)


CLUBS = ["Bolton Wanderers", "Bradford City", "Cardiff City", "Luton Town", "Real Oviedo", "Ulm"]


@given(st.data())
def test_a_season_torn_by_short_names_is_whole_again(data: st.DataObject) -> None:
    short = {club: club.split()[0] for club in CLUBS if club.count(" ") and club != "Real Oviedo"}
    days = {
        club: data.draw(st.sets(st.integers(1, 10), min_size=1, max_size=5), label=club)
        for club in short
    }
    meetings = [
        _written(m, {c: name for c, name in short.items() if int(m.round or 0) in days[c]})
        for m in _season(CLUBS)
    ]
    assert _short(meetings) == {name: club for club, name in short.items()}


@given(st.permutations(["Madrid", "Atlético Madrid", "Sporting Gijón", "Gijón", "Sporting", "Ulm"]))
def test_clubs_that_play_every_round_are_never_one(clubs: list[str]) -> None:
    assert _short(list(_season(clubs))) == {}


def test_a_name_that_is_part_of_two_others_stays_apart() -> None:
    clubs = ["Atlético Mineiro", "Atlético Goianiense", "Santos", "Bahia"]
    meetings = [
        _written(m, {"Atlético Mineiro": "Atlético"} if m.round == "2" else {})
        for m in _season(clubs)
    ]
    assert _short(meetings) == {}


def test_in_a_cup_a_short_name_is_no_hint() -> None:
    """Who enters later never meets who is out, and plays in no round with it."""
    meetings = [
        Meeting("Ulm", "Aalen", "1"),
        Meeting("Verl", "Lok Leipzig", "1"),
        Meeting("Leipzig", "Verl", "2"),
        Meeting("Ulm", "Kiel", "2"),
        Meeting("Leipzig", "Ulm", "3"),
    ]
    assert _short(meetings) == {}


def test_the_packaged_list_is_checked_and_ends_the_old_name_where_the_new_one_began() -> None:
    aliases = packaged()
    found = aliases.find("wsg-wattens-aut", 2018)
    assert found is not None
    assert (found.club_key, found.source) == ("wsg-tirol-aut", "clubs:at")
    assert aliases.find("wsg-wattens-aut", 2019) is None
    assert aliases.names_of("psv-eindhoven-ned") == ["psv-eindhoven-ned", "psv-ned"]
    assert aliases.find("paris-fra", 2024) is None


@pytest.mark.parametrize(
    ("rows", "because"),
    [
        ("NED,PSV Eindhoven,PSV,2010-\n", "five columns"),
        ("NED,PSV Eindhoven,PSV,,general\n", "five columns"),
        ("NED,PSV Eindhoven,PSV,since 2010,general\n", "is not written as it must be"),
        ("Holland,PSV Eindhoven,PSV,2010-,general\n", "is not written as it must be"),
        ("NED,PSV Eindhoven,PSV,2010-,somebody\n", "names no source"),
        ("NED,PSV,PSV,2010-,general\n", "needs no entry"),
        ("NED,PSV Eindhoven,PSV,2012-2010,general\n", "years turn"),
        ("NED,PSV Eindhoven,?,2010-,general\n", "has no word"),
        ("NED,A B,C,2010-,general\nNED,C,D,2010-,general\n", "is a club of the list and an alias"),
        ("NED,A B,C,-2014,general\nNED,D E,C,2014-,general\n", "is both A B and D E in 2014"),
        ("NED,A B,Cee,2010-,general\nNED,A B,Cee FC,2010-,general\n", "has Cee twice"),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused_with_a_sentence(rows: str, because: str) -> None:
    with pytest.raises(AliasError, match=because):
        read(HEAD + rows)


def test_one_name_may_be_two_clubs_one_after_the_other() -> None:
    aliases = read(HEAD + "NED,A B,C,-2014,general\nNED,D E,C,2015-,general\n")
    one, other = aliases.find("c-ned", 2014), aliases.find("c-ned", 2015)
    assert one is not None
    assert other is not None
    assert (one.club, other.club) == ("A B", "D E")
