"""Cup trees: the ties that SofaScore's rounds leave empty."""

from typing import Any

import pytest

from dp_pipeline.football.models import Match
from dp_pipeline_tests.providers.sofascore_payloads import DATA, FIRST_KICKOFF, team
from dp_pipeline_tests.providers.sofascore_seasons import (
    World,
    block,
    cup,
    league,
    over,
    path_of,
    tree,
)
from dp_pipeline_tests.providers.sofascore_service import (
    Everything,
    Service,
    ask,
    everything,
    status,
)

TREES = f"{DATA}/cuptrees"


def read(world: World, *ties: dict[str, Any]) -> tuple[Everything, dict[str, Match]]:
    """A cup whose semi-finals no round lists, with these ties in its tree."""
    world.more = tree((2, "Semifinals", ties))
    found = ask(world, everything)
    listed = {m.external_id: m for m in found.matches.items if m.round_slug == "semifinals"}
    return found, listed


def test_ties_that_a_round_lacks_come_from_the_tree_with_their_teams() -> None:
    ties = (over(1, 5, 801, "0 (4)", "0 (2)"), over(9, 77, 802, "1", "3", won=2))
    found, matches = read(cup(rounds=2), *ties)
    one, other = matches["801"], matches["802"]
    assert (one.home, one.away, one.status, one.stage) == ("1", "5", "ended", "Knockout stage")
    assert (one.home_score, one.away_score, one.home_score_90) == (0, 0, None)
    assert (one.home_penalties_score, one.away_penalties_score) == (4, 2)
    assert (other.home_score, other.away_score, other.home_penalties_score) == (1, 3, None)
    assert one.kickoff_at is not None
    assert one.kickoff_at.timestamp() == FIRST_KICKOFF
    assert "77" in {each.external_id for each in found.teams.items}
    assert [f.subject for f in found.matches.findings] == ["Final"]


def test_a_round_that_lists_its_matches_is_believed_and_not_the_tree() -> None:
    world = cup(rounds=3)
    given = world.events[path_of(world.rounds[2])]
    world.more = tree((2, "Semifinals", [over(1, 9, one["id"], "7", "0") for one in given]))
    plain = ask(cup(rounds=3), everything).matches
    assert ask(world, everything).matches == plain


def test_two_legs_have_their_sides_and_no_score_that_the_tree_does_not_tell() -> None:
    tie = block(1, 5, 801, 802, matchesInRound=2, finished=True)
    found, matches = read(cup(rounds=2), {**tie, "homeTeamScore": "3", "awayTeamScore": "2"})
    legs = [(m.home, m.away, m.status, m.home_score) for m in matches.values()]
    assert sorted(legs) == [("1", "5", "unknown", None), ("5", "1", "unknown", None)]
    kinds = [f.kind for f in found.matches.findings if f.subject.startswith("FC Number 1 -")]
    assert kinds == ["finished_without_result"]


@pytest.mark.parametrize(
    "tie",
    [
        over(1, 5, 801, "2", "1", won=2),
        over(1, 5, 801, "1", "1"),
        over(1, 5, 801, "1 (3)", "1"),
        over(1, 5, 801, "2 (3)", "1 (2)"),
        over(1, 5, 801, "w/o", ""),
    ],
)
def test_a_result_that_does_not_say_who_went_on_is_left_empty(tie: dict[str, Any]) -> None:
    _, matches = read(cup(rounds=2), tie)
    assert (matches["801"].status, matches["801"].home_score) == ("unknown", None)


def test_drawn_ties_without_a_match_are_named_and_places_in_the_draw_are_not() -> None:
    place = block(1, 5)
    place["participants"][1] = {"order": 2, "team": team(991, "Winner QF2", country={})}
    found, matches = read(cup(rounds=2), block(9, 13), place, {"blockId": 3})
    assert matches == {}
    told = {f.kind: f.detail for f in found.matches.findings}
    assert told["tie_without_match"].endswith("no match yet: FC Number 9 - FC Number 13.")
    assert "invalid_tie" in told


def test_trees_cost_one_request_where_there_are_knockout_rounds_and_none_in_a_league() -> None:
    for world, requests in ((cup(rounds=4), 1), (league(teams=4, played=6), 0)):
        service = Service(world.answers())
        ask(service, everything)
        assert service.requested[TREES] == requests


@pytest.mark.parametrize(
    "answer", [status(500), status(403, {"error": {}}), status(200, {"cupTrees": 1})]
)
def test_without_trees_a_cup_is_as_complete_as_its_rounds(answer: Any) -> None:
    world = cup(rounds=2)
    plain = ask(world, everything).matches
    world.more = {TREES: answer}
    found = ask(Service(world.answers()), everything).matches
    assert found.items == plain.items
    assert [f.kind for f in found.findings if f not in plain.findings] == ["no_cup_tree"]
