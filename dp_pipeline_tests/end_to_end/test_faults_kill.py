"""kill -9 of the worker at moments picked by fixed seeds: what is stored, recorded and told."""

import random
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.end_to_end.world import (
    LEDGER_SECONDS,
    PATH,
    SLEEPING,
    VERSIONS,
    WRITE_SECONDS,
    World,
    dawdle,
    payload,
    statement,
    until,
    world,
)

Strike = Callable[[World, random.Random], None]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, migrated_url: str) -> Iterator[World]:
    with world(monkeypatch, migrated_url) as made:
        made.query(dawdle())
        yield made


def while_it_fetches(made: World, chance: random.Random) -> None:
    with made.gate.closed():
        until("a request", lambda: made.gate.waiting)
        time.sleep(chance.uniform(0, 0.2))
        made.workers[-1].kill()


def while_it_opens_a_row(made: World, chance: random.Random) -> None:
    statement(made, "INSERT INTO data_provider_executions", chance.randint(1, 5))
    time.sleep(chance.uniform(0, LEDGER_SECONDS))


def while_it_writes(made: World, chance: random.Random) -> None:
    table = chance.choice(("tournament", "match", "tournament_standing"))
    statement(made, f"(INSERT INTO|UPDATE) {table}")
    time.sleep(chance.uniform(0, WRITE_SECONDS))


def while_it_closes_a_row(made: World, chance: random.Random) -> None:
    statement(made, "UPDATE data_provider_executions", chance.randint(1, 5))
    time.sleep(chance.uniform(0, LEDGER_SECONDS))


def at_any_time(made: World, chance: random.Random) -> None:
    seen = sum(made.replay.seen.values())
    until("a request", lambda: sum(made.replay.seen.values()) > seen)
    time.sleep(chance.uniform(0, 0.8))


def is_accounted_for(made: World, run_id: str, version: int) -> None:
    """One tick later: every domain closed and told once; what is called stored is stored.

    A run that was killed where the one before it was, with nothing written, is suppressed.
    """
    said = made.tick()
    rows = [row for row in made.executions() if str(row["request_id"]) == run_id]
    assert {row["status"] for row in rows} <= {"completed", "failed"}, said
    assert sorted(row["domain"] for row in rows) == sorted(NAMES), said
    if "1 messages suppressed" in said:
        told_before = [row for row in made.executions() if str(row["request_id"]) != run_id]
        known = {(row["domain"], row["fingerprint"]) for row in told_before}
        failures = {(r["domain"], r["fingerprint"]) for r in rows if r["status"] == "failed"}
        assert failures <= known, said
        assert not any(row["outcome"] == "written" for row in rows), said
    else:
        assert made.told()[run_id] == 1, said
    assert all(row["announced_at"] for row in rows)
    stored = made.versions()
    for row in rows:
        if row["status"] == "completed" and row["domain"] in stored:
            assert stored[row["domain"]] == version, row["domain"]
        if row["status"] == "failed":
            assert row["error_class"] in {"ProcessGone", "RunEndedEarly"}
            assert row["error_text"]


def kill(made: World, strike: Strike, seed: int, version: int) -> None:
    """Ingest a payload of this version and kill the worker in it; nothing is lost or left open."""
    made.replay.payloads[PATH] = payload(version)
    worker = made.worker()
    strike(made, random.Random(seed))  # noqa: S311 - repeatable on purpose
    worker.kill()
    worker.join(10)
    assert worker.exitcode == -signal.SIGKILL, f"seed {seed} struck too late: {made.log()}"
    # Postgres ends the statement it is at, and a row may come of it: in a millisecond otherwise,
    # which no tick is too early for, and in 0.2 s here.
    until("its last statement", lambda: not made.query(SLEEPING, ""))
    made.look_after_runs()
    is_accounted_for(made, made.run_ids()[-1], version)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_hundred_killed_workers_leave_no_row_open_and_nothing_untold(slow: World) -> None:
    strikes = (
        while_it_fetches,
        while_it_opens_a_row,
        while_it_writes,
        while_it_closes_a_row,
        at_any_time,
    )
    for number in range(100):
        version = number % len(VERSIONS)
        if version == 0:
            slow.forget()
        kill(slow, strikes[number % len(strikes)], 100 + number, version)
    assert len(slow.executions()) == 100 * len(NAMES)
    assert slow.ingest() == 0, slow.log()
    is_accounted_for(slow, slow.run_ids()[-1], VERSIONS[-1])
    assert set(slow.versions().values()) == {VERSIONS[-1]}


@pytest.mark.parametrize(
    ("strike", "seeds"),
    [  # one of each; a hundred of them are in the slow test above
        pytest.param(while_it_fetches, (1,), marks=pytest.mark.slow),
        pytest.param(while_it_opens_a_row, (3,), marks=pytest.mark.slow),
        (while_it_writes, (6,)),
        pytest.param(while_it_closes_a_row, (10,), marks=pytest.mark.slow),
        pytest.param(at_any_time, (13,), marks=pytest.mark.slow),
    ],
)
def test_a_killed_worker_leaves_consistent_data_a_closed_ledger_and_a_clear_way(
    slow: World, strike: Strike, seeds: tuple[int, ...]
) -> None:
    for version, seed in enumerate(seeds, start=1):
        kill(slow, strike, seed, version)

    version = len(seeds) + 1
    slow.replay.payloads[PATH] = payload(version)
    assert slow.ingest() == 0, slow.log()
    is_accounted_for(slow, slow.run_ids()[-1], version)
    assert set(slow.versions().values()) == {version}
    told = slow.told()
    assert set(told.values()) <= {0, 1}
    assert (told[slow.run_ids()[0]], told[slow.run_ids()[-1]]) == (1, 1)
    assert "recovered after" in str(slow.slack.accepted[-1])
