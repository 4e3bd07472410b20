"""When a provider is left alone and who finds out whether it answers again, as values."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.providers.breaker import (
    LEASE,
    LONGEST_TOLD,
    REFUSED_RESTS,
    SILENT_RESTS,
    Breaker,
    Ending,
    Ticket,
    after,
    given_up,
    leased,
    resting_sentence,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NetworkError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
)

NOW = datetime(2026, 11, 25, 10, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REFUSED = Ending(0.1, BlockedError("no"))
DOWN = Ending(0.1, ProviderServerError("down"))
DOWN_AGAIN = replace(DOWN, many=True)
GOOD = Ending(0.1)


def ticket(breaker: Breaker, *, probe: bool = False, aside: bool = False) -> Ticket:
    return Ticket("p", "http://p", breaker.epoch, probe, aside)


def ask(breaker: Breaker, ending: Ending, now: datetime = NOW) -> Breaker:
    """One request that is allowed, from its leave to its end."""
    if breaker.standing(now) == "closed":
        return after(breaker, ticket(breaker), ending, now)
    lease = leased(breaker, now)
    assert lease is not None
    return after(lease, ticket(lease, probe=True), ending, now)


def minutes_of_rests(ending: Ending, count: int) -> list[float]:
    breaker, now, found = Breaker(), NOW, []
    for _ in range(count):
        breaker = ask(breaker, ending, now)
        assert breaker.rests_until is not None
        found.append((breaker.rests_until - now) / MINUTE)
        now = breaker.rests_until
    return found


def test_a_first_refusal_is_doubted_at_once_and_every_further_one_doubles_the_rest() -> None:
    assert minutes_of_rests(REFUSED, 9) == [0, 15, 30, 60, 120, 240, 360, 360, 360]
    assert ask(Breaker(), REFUSED).standing(NOW) == "due"
    assert ask(Breaker(), REFUSED).doubted
    assert not ask(ask(Breaker(), REFUSED), REFUSED).doubted


def test_many_failures_in_a_row_rest_for_a_minute_and_then_for_twice_as_long() -> None:
    assert minutes_of_rests(DOWN_AGAIN, 7) == [1, 2, 4, 8, 15, 15, 15]
    assert ask(Breaker(), DOWN) == Breaker()


def test_a_failed_probe_counts_by_itself_and_by_what_it_failed_of() -> None:
    refused_twice = ask(ask(Breaker(), REFUSED), REFUSED)
    later = NOW + 15 * MINUTE
    down = ask(refused_twice, DOWN, later)
    assert (down.rests_until, down.kind) == (later + MINUTE, "server_error")
    refused_again = ask(down, REFUSED, later + MINUTE)
    assert refused_again.rests_until == later + MINUTE + 30 * MINUTE


@pytest.mark.parametrize(
    ("seconds", "rest"),
    [(90.0, timedelta(seconds=90)), (7_200.0, timedelta(hours=2)), (1e9, LONGEST_TOLD)],
)
def test_who_asks_to_wait_is_left_alone_for_that_long_within_reason(
    seconds: float, rest: timedelta
) -> None:
    told = Ending(0.1, RateLimitedError("slow down"), seconds)
    breaker = ask(Breaker(), told)
    assert breaker.rests_until == NOW + rest
    assert breaker.standing(NOW + rest - MINUTE) == "resting"
    assert breaker.standing(NOW + rest) == "due"


def test_being_asked_to_wait_counts_also_of_a_request_that_was_under_way() -> None:
    early = ticket(Breaker())
    refused = ask(Breaker(), REFUSED)
    told = after(refused, early, Ending(0.1, RateLimitedError("wait"), 600.0), NOW)
    assert told.rests_until == NOW + 10 * MINUTE
    assert (told.refusals, told.silences) == (1, 0)
    assert after(told, early, Ending(0.1, RateLimitedError("wait"), 60.0), NOW) is told


@pytest.mark.parametrize("error", [None, NotFoundError("no such thing"), InvalidShapeError("odd")])
def test_any_answer_closes_and_all_is_forgotten(error: ProviderError | None) -> None:
    breaker = Breaker()
    for _ in range(4):
        now = breaker.rests_until or NOW
        breaker = ask(breaker, REFUSED, now)
    assert breaker.rests_until is not None
    answered = ask(breaker, Ending(0.1, error), breaker.rests_until)
    assert answered == Breaker(answered.epoch)
    assert minutes_of_rests(REFUSED, 2) == [0, 15]


def test_what_was_under_way_when_it_opened_is_no_further_strike() -> None:
    early = ticket(Breaker())
    breaker = ask(Breaker(), REFUSED)
    assert after(breaker, early, REFUSED, NOW) is breaker
    assert after(breaker, early, DOWN_AGAIN, NOW) is breaker
    probing = leased(breaker, NOW)
    assert probing is not None
    assert after(probing, early, REFUSED, NOW) is probing
    healed = after(probing, ticket(probing, probe=True), GOOD, NOW)
    assert after(healed, early, REFUSED, NOW) is healed


def test_a_path_that_may_be_refused_alone_opens_nothing() -> None:
    closed = Breaker()
    assert after(closed, ticket(closed, aside=True), REFUSED, NOW) is closed
    assert after(closed, ticket(closed, aside=True), DOWN_AGAIN, NOW).standing(NOW) == "resting"


def test_one_probe_is_under_way_at_a_time_and_a_lost_one_holds_nobody_for_ever() -> None:
    breaker = ask(Breaker(), REFUSED)
    probing = leased(breaker, NOW)
    assert probing is not None
    assert probing.standing(NOW) == "probing"
    assert leased(probing, NOW + LEASE - MINUTE) is None
    another = leased(probing, NOW + LEASE)
    assert another is not None
    late = after(another, ticket(probing, probe=True), REFUSED, NOW + LEASE)
    assert late is another, "the probe that counts is the one whose lease holds"


def test_a_probe_that_is_cancelled_makes_room_for_another() -> None:
    probing = leased(ask(Breaker(), REFUSED), NOW)
    assert probing is not None
    free = given_up(probing, ticket(probing, probe=True))
    assert free.standing(NOW) == "due"
    assert free.refusals == 1
    assert given_up(free, ticket(probing, probe=True)) is free
    assert given_up(Breaker(), ticket(Breaker())) == Breaker()


def folded(text: str) -> str:
    """As the ledger's fingerprint does."""
    return re.sub(r"[A-Za-z0-9_./@-]*[0-9][A-Za-z0-9_./@-]*", "#", text)


def test_the_sentence_says_since_when_until_when_and_what_can_be_done() -> None:
    breaker = ask(ask(Breaker(), REFUSED), REFUSED)
    said = resting_sentence("sofascore", "/unique-tournament/17", breaker, NOW)
    assert said == (
        "sofascore refused us at 2026-11-25 10:02 UTC (blocked); /unique-tournament/17 was not "
        "requested. It is asked again, with one request, after 2026-11-25 10:17 UTC. "
        "`dp health --reset sofascore` asks at once."
    )
    later = replace(breaker, struck_at=NOW + MINUTE, rests_until=NOW + 17 * timedelta(hours=1))
    other = resting_sentence("sofascore", "/unique-tournament/18/season/7", later, NOW)
    assert folded(other) == folded(said)
    down = resting_sentence("p", "/x", ask(Breaker(), DOWN_AGAIN), NOW)
    assert down.startswith("p did not answer at 2026-11-25 10:02 UTC (server_error); /x was not")
    probing = leased(ask(Breaker(), REFUSED), NOW)
    assert probing is not None
    said = resting_sentence("p", "/x", probing, NOW)
    assert "One request is to find out whether it answers again." in said


ENDINGS = st.sampled_from(
    [
        GOOD,
        REFUSED,
        DOWN,
        DOWN_AGAIN,
        Ending(0.1, NetworkError("gone"), many=True),
        Ending(0.1, NotFoundError("nothing")),
        Ending(0.1, RateLimitedError("wait"), 1_000.0),
        Ending(0.1, RateLimitedError("wait")),
    ]
)
STEPS = st.lists(
    st.one_of(
        st.builds(lambda seconds: timedelta(seconds=seconds), st.integers(0, 3_000)),
        st.tuples(st.integers(0, 5), ENDINGS),
        st.just("ask"),
    ),
    max_size=80,
)


@given(STEPS)
def test_whatever_happens_one_probe_at_most_is_out_and_rests_are_bounded(steps: list) -> None:
    breaker, now = Breaker(), NOW
    under_way: list[Ticket] = []
    for step in steps:
        before = breaker
        if isinstance(step, timedelta):
            now += step
            continue
        if step == "ask":
            if breaker.standing(now) == "closed":
                under_way.append(ticket(breaker))
            elif (lease := leased(breaker, now)) is not None:
                breaker = lease
                under_way.append(ticket(breaker, probe=True))
        elif under_way:
            index, ending = step
            mine = under_way.pop(index % len(under_way))
            breaker = after(breaker, mine, ending, now)
            if mine.epoch != before.epoch and not ending.answered:
                assert (breaker.refusals, breaker.silences) == (before.refusals, before.silences)
        assert breaker.epoch == before.epoch + (breaker != before)
        assert (breaker.rests_until is None) == (breaker.refusals + breaker.silences == 0)
        if breaker.rests_until is not None:
            assert breaker.rests_until - now <= LONGEST_TOLD
        out = [one for one in under_way if one.probe and one.epoch == breaker.epoch]
        assert len(out) <= 1
        assert bool(out) <= (breaker.probe_until is not None)


@given(st.lists(st.integers(0, 1_200), max_size=300), st.sampled_from([REFUSED, DOWN_AGAIN]))
def test_a_provider_that_never_answers_gets_a_request_per_rest_however_often_it_is_wanted(
    pauses: list[int], ending: Ending
) -> None:
    breaker, now, made = Breaker(), NOW, 0
    for seconds in pauses:
        now += timedelta(seconds=seconds)
        if breaker.standing(now) in ("closed", "due"):
            breaker, made = ask(breaker, ending, now), made + 1
    rests = REFUSED_RESTS if ending is REFUSED else SILENT_RESTS
    spent, allowed = timedelta(), 1
    while spent <= now - NOW and allowed <= made:
        spent += rests[min(allowed, len(rests)) - 1]
        allowed += 1
    assert made <= allowed
