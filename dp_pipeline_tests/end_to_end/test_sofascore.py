"""SofaScore's seasons in the database: complete, written once, changed only where they changed."""

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.end_to_end.command import dp
from dp_pipeline_tests.end_to_end.contents import (
    COUNTS,
    FOOTBALL_TABLES,
    MATCHES,
    query,
    row_versions,
)
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.sofascore_payloads import (
    DATA,
    KEY,
    POSTPONED,
    event,
    full_time,
    group,
    table_of,
)
from dp_pipeline_tests.providers.sofascore_seasons import (
    World,
    conferences,
    cup,
    groups_and_cup,
    league,
)
from dp_pipeline_tests.providers.sofascore_service import FORBIDDEN, Service

PLAYED = """
SELECT count(*) FILTER (WHERE status = 'ended') AS ended, sum(home_score + away_score) AS goals
FROM match
"""
TABLES = "SELECT group_name, games, points FROM tournament_standing WHERE games > 0"


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def run(database: Database, answers: Any, home: Path) -> dict[str, dict[str, Any]]:
    service = answers if isinstance(answers, Service) else Service(answers)
    with service.listening() as base_url:
        return ingest(database, base_url, home, str(KEY))


def outcomes(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {domain: row["outcome"] for domain, row in rows.items()}


def at_one_address(world: World) -> tuple[Service, dict[str, Any]]:
    answers = world.answers()
    return Service(answers), answers


def test_groups_and_a_knockout_stage_are_stored_and_then_left_alone(
    database: Database, tmp_path: Path
) -> None:
    service, _ = at_one_address(groups_and_cup("ABCD", rounds=2))
    with service.listening() as base_url:
        first = ingest(database, base_url, tmp_path, str(KEY))
        before = row_versions(url_of(database))
        second = ingest(database, base_url, tmp_path, str(KEY))
    assert outcomes(first) == {**dict.fromkeys(NAMES, "written"), "goals": "not_applicable"}
    assert outcomes(second) == {**dict.fromkeys(NAMES, "unchanged"), "goals": "not_applicable"}
    assert row_versions(url_of(database)) == before
    (counts,) = query(url_of(database), COUNTS)
    assert (counts["teams"], counts["rounds"], counts["matches"], counts["standings"]) == (
        16,
        7,
        24 + 12,
        16,
    )


def test_a_later_answer_writes_exactly_the_rows_that_changed(
    database: Database, tmp_path: Path
) -> None:
    world = groups_and_cup("AB", rounds=2)
    service, answers = at_one_address(world)
    with service.listening() as base_url:
        ingest(database, base_url, tmp_path, str(KEY))
        before = row_versions(url_of(database))
        quarters = answers[f"{DATA}/events/round/27/slug/quarterfinals"]["events"]
        quarters[0].update(full_time(3, 2))
        quarters[1]["startTimestamp"] += 7200
        quarters[2]["status"] = POSTPONED
        ingest(database, base_url, tmp_path, str(KEY))
    after = row_versions(url_of(database))
    changed = {table: set(map(str, after[table])) - set(map(str, before[table])) for table in after}
    assert {table: len(rows) for table, rows in changed.items()} == {
        **dict.fromkeys(FOOTBALL_TABLES, 0),
        "match": 3,
    }
    stored = {m["external_id"]: m for m in query(url_of(database), MATCHES, key=str(KEY))}
    assert (stored[str(quarters[0]["id"])]["home_score"]) == 3
    assert stored[str(quarters[2]["id"])]["status"] == "postponed"


def test_a_round_published_late_arrives_with_its_matches(
    database: Database, tmp_path: Path
) -> None:
    first = run(database, cup(rounds=2).answers(), tmp_path)
    assert first["matches"]["status"] == "completed"
    assert outcomes(first)["standings"] == "not_applicable"
    with_semifinals = cup(rounds=3)
    second = run(database, with_semifinals.answers(), tmp_path)
    assert second["matches"]["summary"]["created"] == 2
    assert second["matches"]["status"] == "completed"


def test_a_contradicting_score_never_replaces_a_good_one(
    database: Database, tmp_path: Path
) -> None:
    world = league(teams=6, played=6)
    run(database, world.answers(), tmp_path)
    spoiled = copy.deepcopy(world)
    one = spoiled.events["events/round/3"][1]
    one["homeScore"]["display"] += 1
    one["homeScore"]["current"] += 2
    one["homeScore"]["normaltime"] += 3
    before = query(url_of(database), PLAYED)
    rows = run(database, spoiled.answers(), tmp_path)
    assert rows["matches"]["status"] == "partial_failure"
    assert query(url_of(database), PLAYED) == before


def test_a_refusal_changes_nothing_and_says_what_to_do(database: Database, tmp_path: Path) -> None:
    run(database, league(teams=6, played=6).answers(), tmp_path)
    before = row_versions(url_of(database))
    refusing = Service({}, default=lambda: JSONResponse(FORBIDDEN, 403))
    rows = run(database, refusing, tmp_path)
    assert sum(refusing.requested.values()) == 1
    assert {row["status"] for row in rows.values()} == {"failed"}
    assert "open-data provider" in rows["tournaments"]["error_text"]
    assert row_versions(url_of(database)) == before


def faulty(answers: dict[str, Any], random: Random) -> dict[str, Any]:
    """The same answers, some of them broken as services break."""

    def halved(answer: Any) -> Any:
        return {
            key: value[: len(value) // 2] if isinstance(value, list) else value
            for key, value in answer.items()
        }

    def emptied(answer: Any) -> Any:
        return {key: [] if isinstance(v, list) else v for key, v in answer.items()}

    def broken(answer: Any) -> Response:
        text = json.dumps(answer)
        return random.choice(
            [
                Response(status_code=500),
                Response(status_code=503),
                JSONResponse({"error": {"code": 404}}, 404),
                JSONResponse(FORBIDDEN, 403),
                HTMLResponse("<html>Just a moment</html>"),
                PlainTextResponse(text[: len(text) // 2]),
                JSONResponse({}),
                JSONResponse(None),
                JSONResponse([]),
                JSONResponse(emptied(answer)),
                JSONResponse(halved(answer)),
            ]
        )

    share = random.choice([0.05, 0.3, 1.0])
    found = dict(answers)
    for path, answer in answers.items():
        if random.random() < share:
            response = broken(answer)
            found[path] = lambda response=response: response
    return found


@pytest.mark.parametrize("seed", range(10))
def test_no_fault_leaves_the_data_worse_than_before(
    database: Database, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - the same faults for the same seed
    world = groups_and_cup("AB", rounds=2) if seed % 2 else league(teams=6, played=6)
    run(database, world.answers(), tmp_path)
    url = url_of(database)
    (counts,), (played,), tables = query(url, COUNTS), query(url, PLAYED), query(url, TABLES)
    (tournament,) = query(url, "SELECT * FROM tournament")
    rows = run(database, faulty(world.answers(), random), tmp_path)
    assert {row["status"] for row in rows.values()} <= {"completed", "partial_failure", "failed"}
    assert all(row["completed_at"] for row in rows.values())
    (after,) = query(url, COUNTS)
    assert {name: after[name] for name in counts} == counts
    assert query(url, PLAYED) == [played]
    assert sorted(map(str, query(url, TABLES))) == sorted(map(str, tables))
    (same,) = query(url, "SELECT * FROM tournament")
    told = ("label", "status", "mode", "standings_mode", "current_round", "season", "slug")
    assert {name: same[name] for name in told} == {name: tournament[name] for name in told}


@pytest.mark.parametrize("overall", [0, None])
def test_only_the_table_over_all_conferences_is_over_the_whole_season(
    database: Database, tmp_path: Path, overall: int | None
) -> None:
    names = ("Eastern Conference", "Western Conference")
    rows = run(database, conferences(*names, overall=overall).answers(), tmp_path)
    assert outcomes(rows)["standings"] == "written"
    stored = query(
        url_of(database),
        "SELECT stage, whole_season, count(*) AS teams FROM league_table GROUP BY 1, 2",
    )
    expected = {(name, False, 3) for name in names} | ({(None, True, 6)} if overall == 0 else set())
    assert {(row["stage"], row["whole_season"], row["teams"]) for row in stored} == expected


@pytest.mark.slow
def test_dp_ingest_takes_the_page_of_a_tournament(tmp_path: Path) -> None:
    played = [event(1, 1, 2, tournament=group("A"), **full_time(2, 1))]
    table = table_of(played, group("A"), "Group A")
    service = Service(World([{"round": 1}], {"events/round/1": played}, [table]).answers())
    home = tmp_path / "home"
    with service.listening() as base_url:
        page = f"{base_url}/football/tournament/england/test-league/17"
        further = {"SOFASCORE_BASE_URL": base_url}
        ended = dp("ingest", f"{page}#id:61627", home=home, further=further)
        nobodys = dp("ingest", "https://example.com/tournament/1", home=home, further=further)
        printed = dp("executions", "--json", home=home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "sofascore:17:61627" in ended.stdout
    assert {row["tournament_key"] for row in json.loads(printed.stdout)} == {str(KEY)}
    assert nobodys.returncode != 0
    assert "No provider has the page" in nobodys.stderr
    assert "Traceback" not in nobodys.stderr
