"""When a service rests and who finds out whether it answers again, as values."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.http.circuit import (
    LEASE,
    LONGEST_RETRY_AFTER,
    SILENT,
    Circuit,
    Permit,
    RequestOutcome,
    abandoned,
    after,
    begin_probe,
    open_sentence,
)
from dp_pipeline.http.circuit import REFUSED as REFUSED_BACKOFF
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
REFUSED = RequestOutcome(0.1, BlockedError("no"))
DOWN = RequestOutcome(0.1, ProviderServerError("down"))
DOWN_AGAIN = replace(DOWN, many=True)
GOOD = RequestOutcome(0.1)


def permit(circuit: Circuit, *, probe: bool = False, best_effort: bool = False) -> Permit:
    return Permit("p", "http://p", circuit.epoch, probe, best_effort)


def ask(circuit: Circuit, outcome: RequestOutcome, now: datetime = NOW) -> Circuit:
    """One request that is allowed, from its leave to its end."""
    if circuit.state(now) == "closed":
        return after(circuit, permit(circuit), outcome, now)
    lease = begin_probe(circuit, now)
    assert lease is not None
    return after(lease, permit(lease, probe=True), outcome, now)


def minutes_of_rests(outcome: RequestOutcome, count: int) -> list[float]:
    circuit, now, found = Circuit(), NOW, []
    for _ in range(count):
        circuit = ask(circuit, outcome, now)
        assert circuit.open_until is not None
        found.append((circuit.open_until - now) / MINUTE)
        now = circuit.open_until
    return found


def test_a_first_refusal_is_doubted_at_once_and_every_further_one_doubles_the_rest() -> None:
    assert minutes_of_rests(REFUSED, 9) == [0, 15, 30, 60, 120, 240, 360, 360, 360]
    assert ask(Circuit(), REFUSED).state(NOW) == "due"
    assert ask(Circuit(), REFUSED).doubted
    assert not ask(ask(Circuit(), REFUSED), REFUSED).doubted


def test_many_failures_in_a_row_rest_for_a_minute_and_then_for_twice_as_long() -> None:
    assert minutes_of_rests(DOWN_AGAIN, 7) == [1, 2, 4, 8, 15, 15, 15]
    assert ask(Circuit(), DOWN) == Circuit()


def test_a_failed_probe_counts_by_itself_and_by_what_it_failed_of() -> None:
    refused_twice = ask(ask(Circuit(), REFUSED), REFUSED)
    later = NOW + 15 * MINUTE
    down = ask(refused_twice, DOWN, later)
    assert (down.open_until, down.kind) == (later + MINUTE, "server_error")
    refused_again = ask(down, REFUSED, later + MINUTE)
    assert refused_again.open_until == later + MINUTE + 30 * MINUTE


@pytest.mark.parametrize(
    ("seconds", "rest"),
    [(90.0, timedelta(seconds=90)), (7_200.0, timedelta(hours=2)), (1e9, LONGEST_RETRY_AFTER)],
)
def test_who_asks_to_wait_is_left_alone_for_that_long_within_reason(
    seconds: float, rest: timedelta
) -> None:
    told = RequestOutcome(0.1, RateLimitedError("slow down"), seconds)
    circuit = ask(Circuit(), told)
    assert circuit.open_until == NOW + rest
    assert circuit.state(NOW + rest - MINUTE) == "open"
    assert circuit.state(NOW + rest) == "due"


def test_being_asked_to_wait_counts_also_of_a_request_that_was_under_way() -> None:
    early = permit(Circuit())
    refused = ask(Circuit(), REFUSED)
    told = after(refused, early, RequestOutcome(0.1, RateLimitedError("wait"), 600.0), NOW)
    assert told.open_until == NOW + 10 * MINUTE
    assert (told.refusals, told.silences) == (1, 0)
    assert after(told, early, RequestOutcome(0.1, RateLimitedError("wait"), 60.0), NOW) is told


@pytest.mark.parametrize("error", [None, NotFoundError("no such thing"), InvalidShapeError("odd")])
def test_any_answer_closes_and_all_is_forgotten(error: ProviderError | None) -> None:
    circuit = Circuit()
    for _ in range(4):
        now = circuit.open_until or NOW
        circuit = ask(circuit, REFUSED, now)
    assert circuit.open_until is not None
    answered = ask(circuit, RequestOutcome(0.1, error), circuit.open_until)
    assert answered == Circuit(answered.epoch)
    assert minutes_of_rests(REFUSED, 2) == [0, 15]


def test_what_was_under_way_when_it_opened_is_no_further_strike() -> None:
    early = permit(Circuit())
    circuit = ask(Circuit(), REFUSED)
    assert after(circuit, early, REFUSED, NOW) is circuit
    assert after(circuit, early, DOWN_AGAIN, NOW) is circuit
    probing = begin_probe(circuit, NOW)
    assert probing is not None
    assert after(probing, early, REFUSED, NOW) is probing
    healed = after(probing, permit(probing, probe=True), GOOD, NOW)
    assert after(healed, early, REFUSED, NOW) is healed


def test_a_path_that_may_be_refused_alone_opens_nothing() -> None:
    closed = Circuit()
    assert after(closed, permit(closed, best_effort=True), REFUSED, NOW) is closed
    assert after(closed, permit(closed, best_effort=True), DOWN_AGAIN, NOW).state(NOW) == "open"


def test_one_probe_is_under_way_at_a_time_and_a_lost_one_holds_nobody_for_ever() -> None:
    circuit = ask(Circuit(), REFUSED)
    probing = begin_probe(circuit, NOW)
    assert probing is not None
    assert probing.state(NOW) == "probing"
    assert begin_probe(probing, NOW + LEASE - MINUTE) is None
    another = begin_probe(probing, NOW + LEASE)
    assert another is not None
    late = after(another, permit(probing, probe=True), REFUSED, NOW + LEASE)
    assert late is another, "the probe that counts is the one whose lease holds"


def test_a_probe_that_is_cancelled_makes_room_for_another() -> None:
    probing = begin_probe(ask(Circuit(), REFUSED), NOW)
    assert probing is not None
    free = abandoned(probing, permit(probing, probe=True))
    assert free.state(NOW) == "due"
    assert free.refusals == 1
    assert abandoned(free, permit(probing, probe=True)) is free
    assert abandoned(Circuit(), permit(Circuit())) == Circuit()


def suppressed(text: str) -> str:
    """As the ledger's fingerprint does."""
    return re.sub(r"[A-Za-z0-9_./@-]*[0-9][A-Za-z0-9_./@-]*", "#", text)


def test_the_sentence_says_since_when_until_when_and_what_can_be_done() -> None:
    circuit = ask(ask(Circuit(), REFUSED), REFUSED)
    said = open_sentence("sofascore", "/unique-tournament/17", circuit, NOW)
    assert said == (
        "sofascore refused us at 2026-11-25 10:02 UTC (blocked); /unique-tournament/17 was not "
        "requested. One request, after 2026-11-25 10:17 UTC, is to find out whether it answers "
        "again."
    )
    later = replace(circuit, struck_at=NOW + MINUTE, open_until=NOW + 17 * timedelta(hours=1))
    other = open_sentence("sofascore", "/unique-tournament/18/season/7", later, NOW)
    assert suppressed(other) == suppressed(said)
    down = open_sentence("p", "/x", ask(Circuit(), DOWN_AGAIN), NOW)
    assert down.startswith("p did not answer at 2026-11-25 10:02 UTC (server_error); /x was not")
    probing = begin_probe(ask(Circuit(), REFUSED), NOW)
    assert probing is not None
    said = open_sentence("p", "/x", probing, NOW)
    assert "One request is to find out whether it answers again." in said


OUTCOMES = st.sampled_from(
    [
        GOOD,
        REFUSED,
        DOWN,
        DOWN_AGAIN,
        RequestOutcome(0.1, NetworkError("gone"), many=True),
        RequestOutcome(0.1, NotFoundError("nothing")),
        RequestOutcome(0.1, RateLimitedError("wait"), 1_000.0),
        RequestOutcome(0.1, RateLimitedError("wait")),
    ]
)
STEPS = st.lists(
    st.one_of(
        st.builds(lambda seconds: timedelta(seconds=seconds), st.integers(0, 3_000)),
        st.tuples(st.integers(0, 5), OUTCOMES),
        st.just("ask"),
    ),
    max_size=80,
)


@given(STEPS)
def test_whatever_happens_one_probe_at_most_is_out_and_rests_are_bounded(steps: list) -> None:
    circuit, now = Circuit(), NOW
    under_way: list[Permit] = []
    for step in steps:
        before = circuit
        if isinstance(step, timedelta):
            now += step
            continue
        if step == "ask":
            if circuit.state(now) == "closed":
                under_way.append(permit(circuit))
            elif (lease := begin_probe(circuit, now)) is not None:
                circuit = lease
                under_way.append(permit(circuit, probe=True))
        elif under_way:
            index, outcome = step
            mine = under_way.pop(index % len(under_way))
            circuit = after(circuit, mine, outcome, now)
            if mine.epoch != before.epoch and not outcome.answered:
                assert (circuit.refusals, circuit.silences) == (before.refusals, before.silences)
        assert circuit.epoch == before.epoch + (circuit != before)
        assert (circuit.open_until is None) == (circuit.refusals + circuit.silences == 0)
        if circuit.open_until is not None:
            assert circuit.open_until - now <= LONGEST_RETRY_AFTER
        out = [one for one in under_way if one.probe and one.epoch == circuit.epoch]
        assert len(out) <= 1
        assert bool(out) <= (circuit.probe_until is not None)


@given(st.lists(st.integers(0, 1_200), max_size=300), st.sampled_from([REFUSED, DOWN_AGAIN]))
def test_a_provider_that_never_answers_gets_a_request_per_rest_however_often_it_is_wanted(
    pauses: list[int], outcome: RequestOutcome
) -> None:
    circuit, now, made = Circuit(), NOW, 0
    for seconds in pauses:
        now += timedelta(seconds=seconds)
        if circuit.state(now) in ("closed", "due"):
            circuit, made = ask(circuit, outcome, now), made + 1
    spent, allowed = timedelta(), 1
    while spent <= now - NOW and allowed <= made:
        seconds = REFUSED_BACKOFF.seconds(allowed - 1)
        if outcome is not REFUSED:
            seconds = SILENT.seconds(allowed)
        spent += timedelta(seconds=seconds)
        allowed += 1
    assert made <= allowed
