"""Which tournaments wait for a draw."""

from dataclasses import replace

import pytest

from dp_pipeline.football.models import Match, MatchStatus, Mode, Round, RoundType
from dp_pipeline.match_watch.draws import awaits_draw

CUP: Mode = "knockout-only"
LEAGUE: Mode = "regular-season-only"


def rounds(*slugs: str, kind: RoundType = "knockout") -> list[Round]:
    return [Round(slug, order, slug, kind) for order, slug in enumerate(slugs, start=1)]


def match(round_slug: str, status: MatchStatus, number: int = 1) -> Match:
    return Match(f"{round_slug}-{number}", round_slug, "a", "b", status)


def test_a_round_that_is_over_and_has_none_after_it_waits() -> None:
    listed = rounds("quarterfinals", "semifinals", "final")
    played = [match("quarterfinals", "ended")]
    assert awaits_draw("active", CUP, listed, played)
    assert awaits_draw("active", CUP, listed[:1], played), "the next one may not be listed yet"
    drawn = [*played, match("semifinals", "scheduled")]
    assert not awaits_draw("active", CUP, listed, drawn)


@pytest.mark.parametrize("status", ["scheduled", "live", "interrupted", "unknown"])
def test_a_round_that_still_goes_on_comes_first(status: MatchStatus) -> None:
    listed = rounds("quarterfinals", "semifinals")
    played = [match("quarterfinals", "ended"), match("quarterfinals", status, 2)]
    assert not awaits_draw("active", CUP, listed, played)


def test_a_cup_that_is_over_waits_for_nothing() -> None:
    listed = rounds("final")
    assert not awaits_draw("completed", CUP, listed, [match("final", "ended")])
    assert not awaits_draw("cancelled", CUP, listed, [match("final", "cancelled")])


def test_groups_that_are_over_wait_for_the_knockout_rounds_behind_them() -> None:
    # A provider that lists the round of 16 only once it is drawn shows a league that is over.
    days = rounds("group-stage", kind="season")
    played = [
        replace(match("group-stage", "ended", number), group_name=group)
        for number, group in enumerate(["Group A", "Group B"])
    ]
    assert awaits_draw("completed", LEAGUE, days, played)
    assert not awaits_draw("completed", LEAGUE, days, played[:1]), "one group is a league"
    assert not awaits_draw("cancelled", LEAGUE, days, played)
    listed = [*days, *rounds("final")]
    done = [*played, match("final", "ended")]
    assert not awaits_draw("completed", "regular-season-and-knockout", listed, done)


def test_a_league_waits_only_for_matchdays_that_are_listed_without_fixtures() -> None:
    days = rounds("1", "2", kind="season")
    assert not awaits_draw("active", LEAGUE, days[:1], [match("1", "ended")])
    assert awaits_draw("active", LEAGUE, days, [match("1", "ended")])
    assert not awaits_draw("active", LEAGUE, days, [match("1", "postponed")])


def test_a_tournament_without_matches_waits_for_no_draw() -> None:
    assert not awaits_draw("upcoming", CUP, rounds("final"), [])
