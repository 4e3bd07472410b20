"""Failures in a row as Postgres finds them, against a reading of the same rows in plain Python."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dp_pipeline.database.database import Database
from dp_pipeline.ledger.vocabulary import Scope
from dp_pipeline.notifications.failure_runs import executions, failure_runs, recoveries
from dp_pipeline.notifications.news import FailureRun
from dp_pipeline_tests.ledger.rows import TABLE, failed, finished_row

START = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
ANNOUNCED_FROM = START + timedelta(minutes=300)


def fingerprints(database: Database) -> list[str | None]:
    with database.transaction() as connection:
        return list(connection.scalars(sa.select(TABLE.c.fingerprint).order_by(TABLE.c.started_at)))


def test_failures_that_differ_in_numbers_keys_and_addresses_are_the_same(
    database: Database,
) -> None:
    for place, (key, error) in enumerate(
        [
            ("openligadb:bl1:2024", "3 of openligadb:bl1:2024 left (https://api.x.de/bl1/2024)."),
            ("openligadb:dfb:2025", "17 of openligadb:dfb:2025 left (https://api.x.de/dfb/2025)."),
            ("openligadb:bl1:2024", "The provider refuses us."),
        ]
    ):
        ended = START + timedelta(minutes=place)
        finished_row(database, uuid4(), key, completed_at=ended, **failed(error))
    first, second, third = fingerprints(database)
    assert first == second
    assert first != third


def test_the_same_words_of_another_class_are_another_failure(database: Database) -> None:
    for place, name in enumerate(["BlockedError", "NetworkError"]):
        ended = START + timedelta(minutes=place)
        finished_row(database, uuid4(), **failed(completed_at=ended, error_class=name))
    first, second = fingerprints(database)
    assert first != second


def test_a_partial_failure_is_known_by_how_much_was_left_out(database: Database) -> None:
    for place, left_out in enumerate([1, 1, 2]):
        finished_row(
            database,
            uuid4(),
            completed_at=START + timedelta(minutes=place),
            status="partial_failure",
            summary={"leftOut": left_out},
        )
    first, second, third = fingerprints(database)
    assert first == second != third
    assert first is not None


def test_what_did_not_fail_has_no_fingerprint(database: Database) -> None:
    finished_row(database, uuid4())
    assert fingerprints(database) == [None]


@dataclass(frozen=True)
class Happened:
    """One attempt of one domain; `error` 0 is none."""

    domain: str
    scope: Scope
    gap: int
    error: int
    told: bool
    in_run_group: bool
    repeated: bool


happenings = st.lists(
    st.builds(
        Happened,
        domain=st.sampled_from(["teams", "matches"]),
        scope=st.sampled_from(["whole", "whole", "part", "part", "nothing"]),
        gap=st.integers(0, 400),
        error=st.sampled_from([0, 1, 1, 1, 2]),
        told=st.booleans(),
        in_run_group=st.booleans(),
        repeated=st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


def store(database: Database, story: list[Happened]) -> list[dict[str, Any]]:
    """The story as rows, oldest first; a failure that is repeated is followed in its run."""
    rows: list[dict[str, Any]] = []
    at = START
    run, attempt = uuid4(), 1
    open_domain = None
    for each in story:
        at += timedelta(minutes=each.gap)
        if open_domain == each.domain:
            attempt += 1
        else:
            run, attempt = uuid4(), 1
        row: dict[str, Any] = {
            "id": uuid4(),
            "request_id": run,
            "domain": each.domain,
            "attempt": attempt,
            "scope": each.scope,
            "completed_at": at,
            "announced_at": at if each.told else None,
            "run_group": "nightly" if each.in_run_group else None,
            **(failed("abc"[each.error]) if each.error else {}),
        }
        finished_row(database, **row)
        row["error"] = each.error
        rows.append(row)
        open_domain = each.domain if each.error and each.repeated else None
    return rows


def expected(rows: list[dict[str, Any]], row: dict[str, Any]) -> FailureRun | None:
    """What `row` goes on with or ends, read in plain Python."""

    def final(one: dict[str, Any]) -> bool:
        return not any(
            other["request_id"] == one["request_id"] and other["attempt"] > one["attempt"]
            for other in rows
        )

    mine = [one for one in rows if one["domain"] == row["domain"]]

    def mended(one: dict[str, Any]) -> bool:
        enough = {"whole"} if one["scope"] == "whole" else {"whole", "part"}
        return any(
            not good["error"]
            and good["scope"] in enough
            and one["completed_at"] <= good["completed_at"] < row["completed_at"]
            for good in mine
        )

    before = [
        one
        for one in mine
        if one["error"]
        and final(one)
        and not mended(one)
        and (row["scope"] == "whole" or (row["scope"], one["scope"] != "whole") == ("part", True))
        and (one["completed_at"], one["id"]) < (row["completed_at"], row["id"])
        and (not row["error"] or one["error"] == row["error"])
    ]
    if not before:
        return None
    heard = [
        one["completed_at"]
        for one in before
        if one["announced_at"] or (not one["run_group"] and one["completed_at"] >= ANNOUNCED_FROM)
    ]
    return FailureRun(
        ended_at=row["completed_at"],
        times=len(before) + bool(row["error"]),
        since=min(one["completed_at"] for one in before),
        first_announced=min(heard, default=None),
        last_announced=max(heard, default=None),
    )


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(happenings)
def test_streaks_are_what_the_rows_say(database: Database, story: list[Happened]) -> None:
    with database.transaction() as connection:
        connection.execute(sa.delete(TABLE))
    rows = store(database, story)
    with database.transaction() as connection:
        found = failure_runs(connection, [row["id"] for row in rows], announced_from=ANNOUNCED_FROM)
        named, count = recoveries(connection, executions.c.domain == "teams", most=3)
    wanted: dict[UUID, FailureRun] = {}
    for row in rows:
        known = expected(rows, row)
        if known is not None:
            wanted[row["id"]] = known
    assert found == wanted
    over = [
        row for row in rows if row["domain"] == "teams" and not row["error"] and row["id"] in wanted
    ]
    assert count == len(over)
    assert len(named) == min(count, 3)
