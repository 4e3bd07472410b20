"""Good data replaced by bad: nothing of a payload is taken that contradicts what is settled."""

import copy
import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.end_to_end.contents import TABLE as TABLE_ROWS
from dp_pipeline_tests.end_to_end.contents import query, row_versions
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, TABLE, healthy
from dp_pipeline_tests.providers import openligadb_payloads
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

RECORDINGS = os.environ.get("DP_RECORDINGS")
Mutation = Callable[[list[dict[str, Any]]], None]


def each(change: Callable[[dict[str, Any]], Any]) -> Mutation:
    def mutate(matches: list[dict[str, Any]]) -> None:
        for match in matches:
            change(match)

    return mutate


def rotated(name: str) -> Mutation:
    def mutate(matches: list[dict[str, Any]]) -> None:
        values = [match[name] for match in matches]
        for match, value in zip(matches, values[1:] + values[:1], strict=True):
            match[name] = value

    return mutate


def exchanged(match: dict[str, Any]) -> None:
    match["team1"], match["team2"] = match["team2"], match["team1"]


def year_before(match: dict[str, Any]) -> None:
    for name in ("date", "matchDateTime", "matchDateTimeUTC"):
        if name in match:
            match[name] = match[name].replace("2024", "2023")


def names_of_others(matches: list[dict[str, Any]]) -> None:
    names = {m[side]["teamId"]: m[side]["teamName"] for m in matches for side in ("team1", "team2")}
    ids = sorted(names)
    for match in matches:
        for side in ("team1", "team2"):
            place = ids.index(match[side]["teamId"])
            match[side]["teamName"] = names[ids[place - 1]]


def other_ids_of_teams(matches: list[dict[str, Any]]) -> None:
    for match in matches:
        for side in ("team1", "team2"):
            match[side]["teamId"] = match[side]["teamId"] % 8 + 1


def result(home: int, away: int) -> dict[str, Any]:
    return {"matchResults": openligadb_payloads.results(t2=(home, away)), "goals": []}


BOTH: dict[str, Mutation] = {
    "other sides": each(exchanged),
    "a year before": each(year_before),
}
OF_LIGA: dict[str, Mutation] = {
    "unfinished": each(lambda m: m.update(matchIsFinished=False)),
    "no results": each(lambda m: m.update(matchResults=[], goals=[])),
    "other results": each(lambda m: m.update(result(3, 3))),
    "results exchanged": each(lambda m: m.update(result(1, 2))),
    "ids moved on": rotated("matchID"),
    "teams moved on": rotated("team1"),
    "days moved on": rotated("matchDateTimeUTC"),
    "no days": each(lambda m: m.update(matchDateTimeUTC=None, matchDateTime=None)),
    "rounds moved on": rotated("group"),
    "ids of teams moved on": other_ids_of_teams,
    "names of teams moved on": names_of_others,
}
OF_FILE: dict[str, Mutation] = {
    **{
        f"{status} {'without' if bare else 'with'} scores": each(
            lambda m, s=status, bare=bare: m.update(status=s, **({"score": {}} if bare else {}))
        )
        for status in ("postponed", "cancelled", "abandoned", "suspended")
        for bare in (True, False)
    },
    "no half-times": each(lambda m: m["score"].pop("ht")),
    # with the goals, which make the result, half-time would be read from these
    "other half-times": each(
        lambda m: m.update(score={**m["score"], "ht": [0, 1]}, goals1=None, goals2=None)
    ),
    "other results": each(lambda m: m["score"].update(ft=[3, 3])),
    "results exchanged": each(lambda m: m["score"].update(ft=m["score"]["ft"][::-1])),
    "days moved on": rotated("date"),
    "rounds moved on": rotated("round"),
    "no times": each(lambda m: m.pop("time")),
}
CASES = {
    f"{key} {name}": (key, mutation)
    for key, mutations in ((LIGA, BOTH | OF_LIGA), (FILE, BOTH | OF_FILE))
    for name, mutation in mutations.items()
}


@pytest.fixture(scope="module")
def template(
    admin_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    name = f"{migrated_template}_believed"
    database = Database(create_database(admin_url, name, migrated_template))
    for key in (LIGA, FILE):
        rows = read(database, tmp_path_factory.mktemp("home"), key)
        assert {row["outcome"] for row in rows.values()} == {"written"}
    database.close()
    return name


@pytest.fixture
def url(new_database: Callable[..., str], template: str) -> str:
    return new_database(template)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


def matches_in(payload: Any) -> list[dict[str, Any]]:
    return payload["matches"] if isinstance(payload, dict) else payload


def read(  # noqa: PLR0913 - named by the caller
    database: Database,
    home: Path,
    key: str,
    mutation: Mutation | None = None,
    *,
    domains: tuple[str, ...] = NAMES,
    table: list[dict[str, Any]] | None = None,
) -> dict[str, dict[str, Any]]:
    """Ingest one of the seasons, its matches changed beforehand."""
    payloads = copy.deepcopy(healthy())
    if mutation is not None:
        mutation(matches_in(payloads[MATCHES_OF[key]]))
    if table is not None:
        payloads[TABLE] = table
    with serve(Replay(payloads=payloads).app()) as base_url:
        return ingest(database, base_url, home, key, domains)


@pytest.mark.parametrize("key", [LIGA, FILE], ids=["openligadb", "openfootball"])
def test_what_contradicts_settled_facts_at_large_is_not_taken_in_any_domain(
    database: Database, url: str, tmp_path: Path, key: str
) -> None:
    before = row_versions(url)
    for name, (of, mutation) in CASES.items():
        if of != key:
            continue
        rows = read(database, tmp_path, key, mutation)
        assert row_versions(url) == before, name
        first = next(row for row in rows.values() if row["outcome"] != "blocked_dependency")
        if "names of teams" in name:
            # the matches are as ever: what is wrong is found where names are written
            first = rows["teams"]
        assert (first["status"], first["outcome"]) == ("failed", "suspicious_payload"), name
        assert "othing was changed" in first["error_text"], name
    again = read(database, tmp_path, key)
    assert {row["outcome"] for row in again.values()} == {"unchanged"}


def test_each_domain_alone_refuses_as_well(database: Database, url: str, tmp_path: Path) -> None:
    before = row_versions(url)
    for domain in NAMES:
        rows = read(database, tmp_path, LIGA, BOTH["other sides"], domains=(domain,))
        assert rows[domain]["outcome"] == "suspicious_payload", domain
        assert row_versions(url) == before, domain


def first_matches(count: int, change: Callable[[dict[str, Any]], Any]) -> Mutation:
    return lambda matches: each(change)(matches[:count])


def results_of(url: str) -> list[tuple[Any, ...]]:
    rows = query(url, "SELECT external_id, status, home_score, away_score FROM match ORDER BY 1")
    return [tuple(row.values()) for row in rows]


def days_pass(url: str, days: float) -> None:
    """Let everything in the ledger have happened earlier."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE data_provider_executions SET started_at = started_at - %(by)s,"
            " completed_at = completed_at - %(by)s",
            {"by": timedelta(days=days)},
        )


def test_a_few_corrections_are_taken_and_counted_over_thirty_days(
    database: Database, url: str, tmp_path: Path
) -> None:
    # 28 matches: two of them in thirty days
    def corrected(*numbers: int) -> Mutation:
        def mutate(matches: list[dict[str, Any]]) -> None:
            for number in numbers:
                matches[number] |= result(5, 5)

        return mutate

    rows = read(database, tmp_path, LIGA, corrected(0, 1))
    assert rows["matches"]["outcome"] == "written"
    assert len(rows["matches"]["summary"]["corrected"]) == 2
    stored = results_of(url)
    rows = read(database, tmp_path, LIGA, corrected(0, 1, 2))
    assert rows["tournaments"]["outcome"] == "suspicious_payload"
    assert "1 played matches after 2 in the last 30 days" in rows["tournaments"]["error_text"]
    assert results_of(url) == stored
    rows = read(database, tmp_path, LIGA)
    assert {row["status"] for row in rows.values()} == {"completed"}, "corrected back"
    days_pass(url, 30.1)
    rows = read(database, tmp_path, LIGA, corrected(2))
    assert {row["status"] for row in rows.values()} == {"completed"}


def test_goals_that_are_rewritten_are_counted_over_thirty_days(
    database: Database, url: str, tmp_path: Path
) -> None:
    # 28 matches with 84 goals: four of them in thirty days
    def second(minute: int, matches: slice) -> dict[str, Any]:
        def mutate(payload: list[dict[str, Any]]) -> None:
            for match in payload[matches]:
                match["goals"][1]["matchMinute"] = minute

        return read(database, tmp_path, LIGA, mutate)["goals"]

    assert second(49, slice(4))["outcome"] == "written"
    row = second(49, slice(5))
    assert row["outcome"] == "suspicious_payload"
    assert "1 goals of settled matches after 4 in the last 30 days" in row["error_text"]
    assert second(50, slice(4))["outcome"] == "written", "changed back"
    days_pass(url, 30.1)
    assert second(48, slice(4, 8))["outcome"] == "written"


def test_a_result_that_is_taken_back_is_kept_until_it_is_taken_back_a_day_later_too(
    database: Database, url: str, tmp_path: Path
) -> None:
    before = results_of(url)
    table_before = query(url, TABLE_ROWS, key=FILE)
    tournament = query(url, "SELECT key, status, current_round FROM tournament ORDER BY key")

    def called_off(match: dict[str, Any]) -> None:
        match.update(status="cancelled", score={})

    gone = first_matches(1, called_off)

    def nothing_changed() -> bool:
        return (
            results_of(url) == before
            and query(url, TABLE_ROWS, key=FILE) == table_before
            and query(url, "SELECT key, status, current_round FROM tournament ORDER BY key")
            == tournament
        )

    for _ in range(2):
        rows = read(database, tmp_path, FILE, gone)
        assert rows["matches"]["status"] == "partial_failure"
        assert rows["matches"]["summary"]["leftOut"] == 1
        assert nothing_changed()
    days_pass(url, 1)
    # a read in between that has the result again: the day begins anew
    read(database, tmp_path, FILE)
    read(database, tmp_path, FILE, gone)
    assert nothing_changed()
    days_pass(url, 1.01)
    rows = read(database, tmp_path, FILE, gone)
    assert rows["matches"]["status"] == "completed"
    changed = set(results_of(url)) - set(before)
    assert [row[1:] for row in changed] == [("cancelled", None, None)]
    games = {row["games"] for row in query(url, TABLE_ROWS, key=FILE)}
    assert games == {13, 14}
    assert {row["status"] for row in read(database, tmp_path, FILE, gone).values()} == {"completed"}


def test_a_computed_table_follows_from_the_matches_that_are_stored(
    database: Database, url: str, tmp_path: Path
) -> None:
    before = query(url, TABLE_ROWS, key=FILE)

    def without_one(matches: list[dict[str, Any]]) -> None:
        del matches[0]

    rows = read(database, tmp_path, FILE, without_one)
    assert {row["status"] for row in rows.values()} == {"completed"}
    assert query(url, TABLE_ROWS, key=FILE) == before
    assert {row["games"] for row in before} == {14}


TABLES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "half of the points": lambda row: row.update(points=row["points"] // 2),
    "no goals": lambda row: row.update(goals=0, opponentGoals=0),
    "twice the points": lambda row: row.update(points=row["points"] * 2),
    "a win less": lambda row: row["won"] and row.update(won=row["won"] - 1, draw=row["draw"] + 1),
}


def test_a_table_that_does_not_follow_from_what_is_stored_is_not_taken(
    database: Database, url: str, tmp_path: Path
) -> None:
    before = row_versions(url)
    for name, change in TABLES.items():
        table = healthy()[TABLE]
        each(change)(table)
        rows = read(database, tmp_path, LIGA, table=table)
        assert row_versions(url) == before, name
        standings = rows.pop("standings")
        assert (standings["status"], standings["outcome"]) == ("failed", "suspicious_payload"), name
        assert {row["outcome"] for row in rows.values()} == {"unchanged"}, name


def test_an_id_of_another_tournament_takes_no_match_from_it(
    database: Database, url: str, tmp_path: Path
) -> None:
    payloads = copy.deepcopy(healthy())
    payloads["/getmatchdata/bl2/2024"] = copy.deepcopy(payloads[MATCHES_OF[LIGA]])
    for number, match in enumerate(payloads["/getmatchdata/bl2/2024"]):
        match["matchID"] += 1000 if number else 0
    before = row_versions(url)
    with serve(Replay(payloads=payloads).app()) as base_url:
        rows = ingest(database, base_url, tmp_path, "openligadb:bl2:2024")
    assert rows["matches"]["status"] == "partial_failure"
    assert rows["matches"]["summary"]["created"] == 27
    assert [row for row in before["match"] if row not in row_versions(url)["match"]] == []


@pytest.mark.skipif(not RECORDINGS, reason="DP_RECORDINGS does not name the recorded answers")
@pytest.mark.parametrize(
    ("name", "refused"),
    [("mini_all_postponed", True), ("mini_no_half_times", True), ("mini_one_match_gone", False)],
)
def test_the_inputs_that_went_wrong_go_right(
    new_database: Callable[..., str],
    migrated_template: str,
    tmp_path: Path,
    name: str,
    *,
    refused: bool,
) -> None:
    url = new_database(migrated_template)
    database = Database(url)
    cases = Path(RECORDINGS or "").parent / "cases" / "openfootball"

    def take(file: str) -> dict[str, dict[str, Any]]:
        payload = json.loads((cases / f"{file}.json").read_bytes())
        with serve(Replay(payloads={MATCHES_OF[FILE]: payload}).app()) as base_url:
            return ingest(database, base_url, tmp_path, FILE)

    first = {domain: row["outcome"] for domain, row in take("mini_good").items()}
    assert first.pop("goals") == "not_applicable", "the file has no lists of them"
    assert set(first.values()) == {"written"}
    before = row_versions(url)
    rows = take(name)
    after = row_versions(url)
    # the match that is gone says since when, and nothing else is written
    changed = {table for table in before if before[table] != after[table]}
    assert changed == (set() if refused else {"match"})
    gone = query(url, "SELECT count(*) AS n FROM match WHERE missing_since IS NOT NULL")
    assert gone == [{"n": 0 if refused else 1}]
    assert (rows["tournaments"]["outcome"] == "suspicious_payload") == refused
    assert sum(row["games"] for row in query(url, TABLE_ROWS, key=FILE)) == 30
    database.close()
