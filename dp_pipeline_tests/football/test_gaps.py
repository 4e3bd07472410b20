"""What a season lacks by its own fixture list and by its format."""

from dataclasses import replace

import pytest

from dp_pipeline.football.gaps import gaps_of
from dp_pipeline.football.models import Match, MatchStatus
from dp_pipeline.football.rules import CompetitionRules, rules_of
from dp_pipeline_tests.football.seasons import knockout, matchday, round_robin

ROUNDS = [matchday(n) for n in range(1, 35)]
BUNDESLIGA = rules_of("openligadb", "bl1", "2024")
WHOLE = round_robin(18)


def gaps(
    matches: list[Match], rounds: int = 0, rules: CompetitionRules | None = BUNDESLIGA
) -> list[str]:
    last = max((int(match.round_slug or 0) for match in matches), default=0)
    return [gap.detail for gap in gaps_of(matches, ROUNDS[: max(rounds, last)], {}, rules)]


def test_a_whole_season_lacks_nothing() -> None:
    assert gaps(WHOLE) == []
    assert gaps(round_robin(10, legs=1), rules=None) == []
    assert gaps(round_robin(4, legs=1), rules=None) == []


def test_a_match_that_is_missing_is_seen_in_all_games_and_rounds() -> None:
    number, games, rounds = gaps(WHOLE[1:])
    assert number == (
        "It has 305 matches; 18 teams of which each meets every other twice come to 306, 34 each."
    )
    assert "Of 18 teams 16 have 34 matches each" in games
    assert "1 (8)" in rounds


@pytest.mark.parametrize("status", ["postponed", "abandoned"])
def test_a_match_and_the_one_that_made_up_for_it_are_one(status: MatchStatus) -> None:
    first, *others = WHOLE
    assert gaps([replace(first, external_id="first", status=status), first, *others]) == []


def test_thirty_matches_that_are_missing_are_counted() -> None:
    left = [match for place, match in enumerate(WHOLE) if place % 10 or place > 290]
    number, games, *_ = gaps(left)
    assert "276 matches" in number
    assert "306" in number
    assert "others have not" in games


def test_a_matchday_that_is_missing_is_named() -> None:
    left = [match for match in WHOLE if match.round_slug != "17"]
    number, empty = gaps(left)
    assert "297 matches" in number
    assert empty == "Of 34 rounds 33 have matches, and others have not: 17. Spieltag."
    listed = [round_ for round_ in ROUNDS if round_.slug != "17"]
    assert [gap.detail for gap in gaps_of(left, listed, {}, None)] == [
        number,
        "Of the rounds 1 to 34 it lacks 17.",
    ]


def test_rounds_that_are_not_published_yet_are_seen_in_the_number_of_matches() -> None:
    (told,) = gaps(WHOLE[: 9 * 30], rules=None)
    assert "270 matches" in told
    number, empty = gaps(WHOLE[: 9 * 30], rounds=34)
    assert "come to 306" in number
    assert "Of 34 rounds 30 have matches, and others have not: 31. Spieltag, 32" in empty


def test_the_first_half_of_a_season_is_no_whole_one_where_the_format_is_known() -> None:
    half = WHOLE[: 9 * 17]
    assert gaps(half, rules=None) == []
    (told,) = gaps(half)
    assert "153 matches" in told
    assert "306" in told


def test_a_team_that_is_missing_is_seen_where_the_format_is_known() -> None:
    without = [match for match in WHOLE if "5" not in (match.home, match.away)]
    assert "It has 17 teams; by its format it has 18." in gaps(without)


def test_one_matchday_alone_is_little_of_a_season() -> None:
    (first,) = gaps(round_robin(10)[:5], rules=None)
    assert first.startswith("It has 5 matches; 10 teams")


def test_groups_are_judged_one_by_one_and_a_cup_is_not() -> None:
    groups = [
        replace(match, group_name=name, home=f"{name}{match.home}", away=f"{name}{match.away}")
        for name in "AB"
        for match in round_robin(4, legs=1)
    ]
    last = groups[:-2]
    (gap,) = gaps_of(last, ROUNDS[:3], {}, None)
    assert (gap.table, "It has 4 matches" in gap.detail) == ("B", True)
    cup = [replace(match, round_slug="final") for match in WHOLE[:3]]
    assert gaps_of(cup, [knockout("final", 1)], {}, None) == ()
