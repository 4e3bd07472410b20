"""What sources of polled providers decide alike: what is requested, and what is known after it."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import (
    Match,
    MatchStatus,
    Round,
    RoundType,
    Tournament,
    TournamentState,
)
from dp_pipeline.providers.contract import StoredTournament
from dp_pipeline.providers.errors import BlockedError, ProviderServerError
from dp_pipeline.providers.polling import (
    all_at_once,
    due_requests,
    overlaid,
    waiting_for_draw,
)

CUP = Tournament(
    key=TournamentKey("sandbox", "cup", "2024"),
    external_id="cup",
    label="Cup",
    season="2024",
    slug="cup-2024",
)


def game(number: int, round_slug: str | None, status: MatchStatus = "scheduled") -> Match:
    return Match(str(number), round_slug, f"h{number}", f"a{number}", status)


def a_round(order: int, round_type: RoundType = "season") -> Round:
    return Round(slug=str(order), order=order, label=f"Round {order}", type=round_type)


def known(*matches: Match, rounds: int = 3) -> StoredTournament:
    listed = tuple(a_round(order) for order in range(rounds, 0, -1))
    return StoredTournament(CUP, TournamentState(), (), listed, matches)


def test_one_due_match_is_asked_for_alone_and_two_of_a_round_by_their_round() -> None:
    stored = known(game(1, "3"), game(2, "3"), game(3, "2"), game(4, "1"), game(5, "1"))
    found = due_requests(stored, {"1", "2", "3", "4", "5"})
    assert found.rounds == ("1", "3")
    assert [match.external_id for match in found.alone] == ["3"]


@pytest.mark.parametrize("status", ["postponed", "abandoned", "cancelled"])
def test_the_round_of_a_match_that_may_be_replayed_is_asked_for(status: MatchStatus) -> None:
    stored = known(game(1, "1", status), game(2, "2", status), game(3, "3"))
    assert due_requests(stored, {"1", "3"}).rounds == ("1",)
    assert [match.external_id for match in due_requests(stored, {"1", "3"}).alone] == ["3"]


def test_a_due_match_of_no_round_or_of_one_that_is_not_stored_is_asked_for_alone() -> None:
    stored = known(game(1, None), game(2, None, "postponed"), game(3, "9"), game(4, "9"))
    found = due_requests(stored, ["1", "2", "3", "4"])
    assert found.rounds == ()
    assert [match.external_id for match in found.alone] == ["1", "2", "3", "4"]


def test_what_is_due_and_not_known_is_not_asked_for() -> None:
    assert due_requests(known(game(1, "1")), {"7"}) == due_requests(known(), ())


STATUSES = st.sampled_from(["scheduled", "live", "ended", "postponed", "cancelled", "unknown"])
MATCHES = st.lists(
    st.builds(
        game, st.integers(1, 12), st.sampled_from([None, "1", "2", "3", "4"]), status=STATUSES
    ),
    max_size=12,
    unique_by=lambda match: match.external_id,
)


@given(MATCHES, st.sets(st.integers(1, 14).map(str)))
def test_every_known_due_match_is_asked_for_exactly_once(
    matches: list[Match], due: set[str]
) -> None:
    found = due_requests(known(*matches), due)
    alone = {match.external_id for match in found.alone}
    in_rounds = {
        match.external_id
        for match in matches
        if match.external_id in due and match.round_slug in found.rounds
    }
    assert not alone & in_rounds
    assert alone | in_rounds == due & {match.external_id for match in matches}
    assert list(found.rounds) == sorted(found.rounds)
    assert len(alone) == len(found.alone)


def test_a_found_match_takes_the_place_of_the_known_one_and_new_ones_come_last() -> None:
    first, second, third = game(1, "1"), game(2, "1"), game(3, "1")
    moved = replace(first, round_slug="2", status="ended")
    assert overlaid([first, second], [third, moved]) == (moved, second, third)


@given(MATCHES, MATCHES)
def test_overlaid_matches_are_all_there_once_each_as_found(
    before: list[Match], found: list[Match]
) -> None:
    together = overlaid(before, found)
    ids = [match.external_id for match in together]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {match.external_id for match in [*before, *found]}
    assert set(found) <= set(together)
    assert ids[: len(before)] == [match.external_id for match in before]
    assert overlaid(together, found) == together


def waits(rounds: list[Round], *matches: Match) -> list[str]:
    return [round_.slug for round_ in waiting_for_draw(rounds, matches)]


@pytest.mark.parametrize("begun", ["ended", "live", "awarded"])
def test_a_round_waits_for_its_draw_once_the_one_before_has_begun(begun: MatchStatus) -> None:
    rounds = [a_round(order, "knockout") for order in (3, 1, 2)]
    assert waits(rounds, game(1, "1")) == []
    assert waits(rounds, game(1, "1", begun), game(2, "1")) == ["2"]


@pytest.mark.parametrize("postponed", [False, True])
def test_a_knockout_round_with_fixtures_waits_until_one_has_begun(*, postponed: bool) -> None:
    rounds = [a_round(1, "knockout"), a_round(2, "knockout")]
    ahead = game(2, "2", "postponed" if postponed else "scheduled")
    assert waits(rounds, game(1, "1", "ended"), ahead) == ["2"]
    assert waits(rounds, game(1, "1", "ended"), ahead, game(3, "2", "live")) == []
    assert waits(rounds, game(1, "1", "ended"), game(2, "2", "cancelled")) == []


def test_a_matchday_waits_only_while_it_has_no_match() -> None:
    rounds = [a_round(1), a_round(2), a_round(3)]
    assert waits(rounds, game(1, "1", "ended"), game(2, "2"), game(3, "3")) == []
    assert waits(rounds, game(1, "1", "ended"), game(2, "2", "live")) == ["3"]


def test_the_first_round_waits_for_nothing() -> None:
    assert waits([a_round(1, "knockout")]) == []
    assert waits([]) == []


def test_what_cannot_be_had_is_told_beside_what_came() -> None:
    async def fine() -> int:
        return 1

    async def down() -> int:
        message = "down"
        raise ProviderServerError(message)

    answers, failures = asyncio.run(all_at_once({"a": fine, "b": down}))
    assert answers == {"a": 1}
    assert [(name, error.message) for name, error in failures.items()] == [("b", "down")]


def test_a_refusal_ends_what_has_not_been_answered() -> None:
    async def refused() -> int:
        message = "refused"
        raise BlockedError(message)

    answers, failures = asyncio.run(all_at_once({"a": asyncio.Event().wait, "b": refused}))
    assert (answers, list(failures)) == ({}, ["b"])
