"""`dp executions` shows what went wrong before what only followed from it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.event import listen

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.ledger.listing import ExecutionFilter, IdBeginning, newest_executions
from dp_pipeline_tests.ledger.many import fill_ledger
from dp_pipeline_tests.ledger.rows import failed, finished_row

BEGAN = datetime(2024, 5, 4, 12, tzinfo=UTC)


def fail_in(database: Database, key: str, broken: str, *, minute: int = 0) -> None:
    """A run in which one domain failed and the later ones were blocked by it."""
    request_id, at = uuid4(), NAMES.index(broken)
    for place, domain in enumerate(NAMES):
        values = failed() if place == at else failed(outcome="blocked_dependency")
        finished_row(
            database,
            request_id,
            key,
            domain,
            **(values if place >= at else {}),
            completed_at=BEGAN + timedelta(minutes=minute, seconds=place),
        )


def listed(database: Database, limit: int, tournament: str | None = None) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        rows = newest_executions(connection, ExecutionFilter(tournament), limit=limit)
    return [(row["tournament_key"], row["domain"]) for row in rows]


@pytest.mark.parametrize("folded", [False, True])
def test_the_newest_are_listed_without_reading_the_whole_ledger_or_expecting_to(
    database: Database, *, folded: bool
) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        sent.append((statement, parameters))

    with database.transaction() as connection:
        fill_ledger(connection, 4_000)
        connection.exec_driver_sql("ANALYZE data_provider_executions")
        listen(connection, "before_cursor_execute", note)
        newest_executions(connection, limit=20, folded=folded)
        for statement, parameters in sent[:]:
            explained = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(explained.scalars())
            assert "Seq Scan" not in plan
            # From 100,000 on Postgres compiles a statement first, where it can. With a subquery
            # for each row of an unknown third of the ledger this was 50,000, and grew with it.
            (cost,) = re.findall(r"\.\.([0-9.]+)", plan)[:1]
            assert float(cost) < 10_000, plan


def test_the_cause_comes_before_what_it_blocked_however_few_are_asked_for(
    database: Database,
) -> None:
    fail_in(database, "a:a:1", "tournaments")
    expected = [("a:a:1", domain) for domain in ("tournaments", *reversed(NAMES[1:]))]
    for limit in range(1, len(NAMES) + 1):
        assert listed(database, limit) == expected[:limit]


def test_the_causes_of_several_tournaments_at_work_at_once_all_come_before_their_followers(
    database: Database,
) -> None:
    fail_in(database, "a:a:1", "tournaments")
    fail_in(database, "b:b:1", "matches")
    assert listed(database, 2) == [("b:b:1", "matches"), ("b:b:1", "standings")]
    assert listed(database, 2, "a:a:1") == [("a:a:1", "tournaments"), ("a:a:1", "standings")]
    everything = listed(database, 50)
    assert len(everything) == 2 * len(NAMES)
    for key, cause in (("a:a:1", "tournaments"), ("b:b:1", "matches")):
        followers = NAMES[NAMES.index(cause) + 1 :]
        for domain in followers:
            assert everything.index((key, cause)) < everything.index((key, domain))


def test_a_later_run_comes_before_an_earlier_one_whole(database: Database) -> None:
    fail_in(database, "a:a:1", "tournaments")
    fail_in(database, "b:b:1", "teams", minute=1)
    assert [key for key, _ in listed(database, 50)] == [
        key for key in ("b:b:1", "a:a:1") for _ in NAMES
    ]


def test_what_is_blocked_by_no_row_of_its_run_keeps_its_place(database: Database) -> None:
    finished_row(database, uuid4(), domain="matches", completed_at=BEGAN)
    values = failed("It is not stored yet.", outcome="blocked_dependency")
    finished_row(database, uuid4(), domain="logos", completed_at=BEGAN + timedelta(1), **values)
    assert [domain for _, domain in listed(database, 2)] == ["logos", "matches"]
    assert [domain for _, domain in listed(database, 1)] == ["logos"]


def test_of_a_run_what_failed_comes_first_though_something_else_ended_well_after_it(
    database: Database,
) -> None:
    run = uuid4()
    for second, domain in enumerate(NAMES):
        values = failed() if domain == "teams" else {}
        ended = BEGAN + timedelta(seconds=second)
        finished_row(database, run, "a:a:1", domain, completed_at=ended, **values)
    assert listed(database, 1) == [("a:a:1", "teams")]
    assert listed(database, 50)[1:] == [("a:a:1", d) for d in reversed(NAMES) if d != "teams"]


def test_folded_a_cause_names_what_it_blocked_and_they_are_no_rows(database: Database) -> None:
    fail_in(database, "a:a:1", "rounds")
    with database.transaction() as connection:
        cause, *others = newest_executions(connection, limit=50, folded=True)
    assert cause["domain"] == "rounds"
    assert sorted(cause["blocked"]) == sorted(NAMES[NAMES.index("rounds") + 1 :])
    assert [row["domain"] for row in others] == ["teams", "tournaments"]
    assert [row["blocked"] for row in others] == [None, None]


def test_only_what_is_wanted_is_listed_and_a_cause_that_is_not_does_not_hide_what_it_blocked(
    database: Database,
) -> None:
    fail_in(database, "a:a:1", "matches")
    fail_in(database, "b:b:1", "teams", minute=1)

    def domains(wanted: ExecutionFilter) -> list[str]:
        with database.transaction() as connection:
            rows = newest_executions(connection, wanted, limit=50, folded=True)
        return [f"{row['tournament_key'][0]} {row['domain']}" for row in rows]

    assert domains(ExecutionFilter(statuses=("failed",))) == ["b teams", "a matches"]
    assert domains(ExecutionFilter(domains=("goals",))) == ["b goals", "a goals"]
    assert domains(ExecutionFilter(since=BEGAN + timedelta(seconds=55)))[-1] == "b tournaments"
    with database.transaction() as connection:
        run = newest_executions(connection, limit=1)[0]["request_id"]
    for text in (str(run), str(run)[:8].upper(), f" {str(run)[:10]} "):
        found = domains(ExecutionFilter(runs=IdBeginning.parse(text)))
        assert found == ["b teams", "b tournaments"]


@pytest.mark.parametrize("text", ["", "abc", "not a run", "0" * 33, "-"])
def test_what_is_no_run_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no run: give its id"):
        IdBeginning.parse(text)
