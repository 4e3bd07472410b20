"""Clubs, rounds and matches without ids are found again under the names they are stored under."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.models import Match
from dp_pipeline.football.pairing import renamed_clubs, renamed_rounds, same_fixtures, stored_ids

CLUBS = ("Ahlen", "Brake", "Celle", "Damme", "Emden", "Fulda", "Gotha", "Hanau")


def season(rounds: int = 2) -> list[Match]:
    """Round robins; the club named earlier wins 2:1."""
    count, found = len(CLUBS), []
    for day in range(rounds * (count - 1)):
        ring = [CLUBS[0], *(CLUBS[1 + (day + i) % (count - 1)] for i in range(count - 1))]
        for i in range(count // 2):
            pair = (ring[i], ring[-1 - i])
            home, away = pair if day // (count - 1) % 2 == 0 else pair[::-1]
            found.append(match(home, away, str(day + 1)))
    return found


def match(home: str, away: str, round_slug: str) -> Match:
    won = CLUBS.index(home) < CLUBS.index(away)
    score = (2, 1) if won else (1, 2)
    id_ = f"{round_slug}/{home}/{away}"
    return Match(id_, round_slug, home, away, "ended", home_score=score[0], away_score=score[1])


def called(matches: list[Match], names: dict[str, str]) -> list[Match]:
    found = []
    for each in matches:
        home, away = names.get(each.home, each.home), names.get(each.away, each.away)
        id_ = f"{each.round_slug}/{home}/{away}"
        found.append(replace(each, external_id=id_, home=home, away=away))
    return found


@given(st.sets(st.sampled_from(CLUBS), min_size=1, max_size=4), st.data())
def test_clubs_under_new_names_are_those_with_the_same_fixtures(
    clubs: set[str], data: st.DataObject
) -> None:
    names = {club: f"New {club}" for club in clubs}
    given_ = data.draw(st.permutations(called(season(), names)))
    found = renamed_clubs(season(), given_, ())
    assert found == {new: old for old, new in names.items()}


def test_where_most_clubs_have_other_names_another_tournament_is_given() -> None:
    names = {club: f"New {club}" for club in CLUBS[:5]}
    assert renamed_clubs(season(), called(season(), names), ()) == {}


def test_a_club_that_is_known_takes_a_place_and_is_not_the_one_before() -> None:
    ahead = [replace(m, status="scheduled", home_score=None, away_score=None) for m in season()]
    taken = called(ahead, {"Brake": "Weser"})
    assert renamed_clubs(ahead, taken, {"Weser"}) == {}
    assert renamed_clubs(ahead, taken, ()) == {"Weser": "Brake"}
    assert renamed_clubs(season(), called(season(), {"Brake": "Weser"}), {"Weser"}) == {
        "Weser": "Brake"
    }, "with the same results it is the same club"


def test_two_fixtures_are_too_few_to_be_a_name() -> None:
    cup = [match("Ahlen", "Brake", "1"), match("Celle", "Ahlen", "2"), match("Damme", "Celle", "1")]
    assert renamed_clubs(cup, called(cup, {"Ahlen": "Weser"}), ()) == {}


def test_rounds_are_found_by_their_pairings_and_a_match_by_its_round() -> None:
    stored = season(rounds=4)
    given_ = [
        replace(m, external_id=f"x{m.external_id}", round_slug=f"regular-{m.round_slug}")
        for m in stored
    ]
    slugs = {m.round_slug or "" for m in stored}
    # in four rounds of meetings each pairing comes twice at each ground
    assert renamed_rounds(stored, given_, slugs) == {}
    once = season()
    moved = [replace(m, round_slug=f"regular-{m.round_slug}") for m in once]
    assert renamed_rounds(once, moved, slugs) == {f"regular-{n}": str(n) for n in range(1, 15)}
    same_rounds = [replace(m, external_id=f"x{m.external_id}") for m in stored]
    assert stored_ids(stored, same_rounds) == {f"x{m.external_id}": m.external_id for m in stored}


def test_a_match_that_moved_to_another_round_is_the_one_of_its_pairing() -> None:
    stored = season()
    moved = replace(stored[0], external_id="elsewhere", round_slug="99")
    assert stored_ids(stored, [moved, *stored[1:]]) == {"elsewhere": stored[0].external_id}


def test_a_club_that_is_stored_twice_has_the_same_fixtures_as_itself_alone() -> None:
    matches = season()
    again = [m for m in called(matches, {"Brake": "Weser"}) if "Weser" in (m.home, m.away)]
    assert same_fixtures(matches) == {}
    assert same_fixtures([*matches, *again]) == {"Weser": "Brake"}
