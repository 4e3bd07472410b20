"""A broken, empty or shrunken answer over existing rows: a clear outcome, and no row touched."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import dagster as dg
import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from dp_pipeline.assets.materialize import ingest as assets
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.end_to_end.contents import COUNTS, query, row_versions
from dp_pipeline_tests.end_to_end.in_process import IMPATIENT, ingest
from dp_pipeline_tests.end_to_end.seasons_by_hand import (
    FILE,
    GROUPS,
    LIGA,
    MATCHES_OF,
    TABLE,
    healthy,
    league,
    table,
)
from dp_pipeline_tests.http import wire
from dp_pipeline_tests.providers import openligadb_payloads
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

TABLE_NUMBERS = """
SELECT s.position, s.games, s.points, s.computed
FROM tournament_standing s JOIN tournament t ON t.id = s.tournament_id
WHERE t.key = %(key)s ORDER BY s.position
"""


@dataclass
class Fault:
    """What is answered instead of the matches: a response, another payload, or bytes.

    `said` are pieces of what a person is told; `liga_outcome` is OpenLigaDB's where it differs.
    """

    said: tuple[str, ...]
    outcome: str = "failed"
    answer: Callable[[], Response] | None = None
    changed: Callable[[Any], Any] | None = None
    raw: wire.Reply | None = None
    liga_outcome: str | None = None

    def outcome_of(self, key: str) -> str:
        return (self.liga_outcome if key == LIGA else None) or self.outcome


def shrunken(payload: Any) -> Any:
    matches = payload["matches"] if isinstance(payload, dict) else payload
    kept = matches[: len(matches) // 2]
    return {**payload, "matches": kept} if isinstance(payload, dict) else kept


def without_scores(payload: Any) -> Any:
    payload = copy.deepcopy(payload)
    if isinstance(payload, dict):
        for match in payload["matches"]:
            match["score"] = {}
        return payload
    for match in payload:
        match |= {"matchIsFinished": False, "matchResults": [], "goals": []}
    return payload


def without_matches(payload: Any) -> Any:
    return {**payload, "matches": []} if isinstance(payload, dict) else []


def wrong_types(payload: Any) -> Any:
    if isinstance(payload, dict):
        return {"name": 5, "matches": {"not": "a list"}}
    return [{name: {"an": "object"} for name in match} for match in payload]


_PAGE = "<!doctype html><html><title>Just a moment...</title><body>Checking</body></html>"
_CUT = b'[{"matchID": 1, "team1": {"teamId": 1, "teamNa'
FAULTS = {
    "403": Fault(
        ("refused the request (HTTP 403", "It is not retried"),
        answer=lambda: JSONResponse({"error": {"code": 403, "reason": "Forbidden"}}, 403),
    ),
    "challenge page": Fault(
        ("asks for proof that we are a browser",),
        answer=lambda: HTMLResponse(_PAGE, 503, {"cf-mitigated": "challenge"}),
    ),
    "429 that asks to wait": Fault(
        ("limits how often we may ask (HTTP 429", "asks to wait 120 s"),
        answer=lambda: PlainTextResponse("slow down", 429, {"Retry-After": "120"}),
    ),
    "429 again and again": Fault(
        ("limits how often we may ask (HTTP 429", "Tried 3 times"),
        answer=lambda: PlainTextResponse("slow down", 429, {"Retry-After": "0"}),
    ),
    "500": Fault(
        ("failed with HTTP 500", "Tried 3 times"),
        answer=lambda: PlainTextResponse("oops", 500),
    ),
    "no answer": Fault(
        ("no", "Tried 3 times"),
        raw=wire.slow(b"", pause_seconds=1.5),
    ),
    "connection reset": Fault(("Tried 3 times",), raw=wire.reset),
    "half an answer": Fault(("Tried 3 times",), raw=wire.http(body=_CUT, length=len(_CUT) + 900)),
    "JSON cut short": Fault(
        ("with text that is no JSON",),
        answer=lambda: Response(_CUT, media_type="application/json"),
    ),
    "a web page with 200": Fault(
        ("answered with a web page instead of data",), answer=lambda: HTMLResponse(_PAGE)
    ),
    "wrong types": Fault(("cannot be read",), changed=wrong_types),
    # OpenLigaDB answers what it does not know with nothing
    "null": Fault((), answer=lambda: JSONResponse(None), liga_outcome="suspicious_payload"),
    "an empty body": Fault(
        (), answer=lambda: Response(b"", media_type="text/json"), liga_outcome="suspicious_payload"
    ),
    "an empty list": Fault(
        ("Rows of it are stored already; they were kept as they are.",),
        outcome="suspicious_payload",
        changed=without_matches,
    ),
    "half of the matches": Fault(
        ("stored ones are not among them. Nothing was changed.",),
        outcome="suspicious_payload",
        changed=shrunken,
    ),
    "no scores any more": Fault(
        ("would have lost their result. Nothing was changed.",),
        outcome="suspicious_payload",
        changed=without_scores,
    ),
}


@pytest.fixture(scope="module")
def ingested_template(
    admin_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database with both seasons, to be copied."""
    name = f"{migrated_template}_ingested"
    database = Database(create_database(admin_url, name, migrated_template))
    with serve(Replay(payloads=healthy()).app()) as base_url:
        for key in (LIGA, FILE):
            rows = ingest(database, base_url, tmp_path_factory.mktemp("home"), key)
            assert {row["outcome"] for row in rows.values()} == {"written"}
    database.close()
    return name


@pytest.fixture
def url(new_database: Callable[..., str], ingested_template: str) -> str:
    return new_database(ingested_template)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


def is_a_sentence(text: str) -> bool:
    """What a person reads: one or two sentences, without the machine's words."""
    machine = ("Traceback", "Exception", "Error:", "object at 0x", "httpx", "pydantic", "None")
    return (
        (text[0].isupper() or text.startswith("open"))
        and text.endswith(".")
        and len(text) < 500
        and "\n" not in text
        and not any(word in text for word in machine)
    )


def report_of(row: dict[str, Any]) -> dict[str, Any]:
    path = url2pathname(urlsplit(row["report_file_url"]).path)
    return json.loads(Path(path).read_bytes())


def run_with(fault: Fault, database: Database, home: Path, key: str) -> dict[str, dict[str, Any]]:
    path = MATCHES_OF[key]
    replay = Replay(payloads=healthy())
    if fault.raw is not None:
        with wire.wire(fault.raw) as broken:
            return ingest(database, broken.url, home, key, limits=IMPATIENT)
    if fault.changed is not None:
        replay.payloads[path] = fault.changed(replay.payloads[path])
    answer = fault.answer
    if answer is not None:
        replay.fault = lambda asked: answer() if asked == path else None
    with serve(replay.app()) as base_url:
        return ingest(database, base_url, home, key)


@pytest.mark.parametrize("key", [LIGA, FILE], ids=["openligadb", "openfootball"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_over_existing_rows_ends_clearly_and_touches_none(
    database: Database, url: str, tmp_path: Path, fault: Fault, key: str
) -> None:
    before = row_versions(url)

    rows = run_with(fault, database, tmp_path, key)

    assert row_versions(url) == before
    assert {row["status"] for row in rows.values()} == {"failed"}
    outcomes = {domain: rows[domain]["outcome"] for domain in NAMES}
    assert outcomes["tournaments"] == fault.outcome_of(key)
    text = rows["tournaments"]["error_text"]
    assert is_a_sentence(text), text
    for part in fault.said:
        assert part in text
    for domain in NAMES[1:]:
        assert outcomes[domain] == "blocked_dependency"
        assert is_a_sentence(rows[domain]["error_text"])

    with serve(Replay(payloads=healthy()).app()) as base_url:
        again = ingest(database, base_url, tmp_path, key)
    assert {row["status"] for row in again.values()} == {"completed"}
    assert {row["outcome"] for row in again.values()} == {"unchanged"}
    assert row_versions(url) == before


TABLE_FAULTS: dict[str, tuple[Any, str | None]] = {
    # answer, and the outcome where it is worse than none (then the stored table is kept)
    "all zero": (
        [{**row, **dict.fromkeys(("points", "matches", "won", "lost"), 0)} for row in table()],
        None,
    ),
    "empty": ([], None),
    "of other teams": (
        [
            {
                **row,
                "teamInfoId": row["teamInfoId"] + 90,
                "teamName": f"Reserve {row['teamInfoId']}",
                "shortName": f"R{row['teamInfoId']}",
            }
            for row in table()
        ],
        None,
    ),
    "refused": (Response("no", 403), "failed"),
    "a web page": (HTMLResponse(_PAGE), "failed"),
    "of another form": ({"table": "soon"}, "failed"),
}


@pytest.mark.parametrize(("answer", "outcome"), TABLE_FAULTS.values(), ids=TABLE_FAULTS)
def test_a_broken_table_costs_the_standings_alone(
    database: Database, url: str, tmp_path: Path, answer: Any, outcome: str | None
) -> None:
    before = row_versions(url)
    replay = Replay(payloads=healthy())
    if isinstance(answer, Response):
        replay.fault = lambda asked: answer if asked == TABLE else None
    else:
        replay.payloads[TABLE] = answer
    with serve(replay.app()) as base_url:
        rows = ingest(database, base_url, tmp_path, LIGA)
    after = row_versions(url)

    standings = rows.pop("standings")
    assert {row["outcome"] for row in rows.values()} == {"unchanged"}
    assert after == before
    if outcome is not None:
        assert (standings["status"], standings["outcome"]) == ("failed", outcome)
        assert is_a_sentence(standings["error_text"])
    else:
        # computed from the matches it would have lost the provider's deductions, and gained nothing
        assert (standings["status"], standings["outcome"]) == ("completed", "unchanged")
        assert standings["summary"]["findings"] == 2


@pytest.mark.parametrize("path", [GROUPS, TABLE])
def test_what_is_asked_beside_the_matches_may_be_missing(
    database: Database, url: str, tmp_path: Path, path: str
) -> None:
    replay = Replay(payloads=healthy())
    replay.fault = lambda asked: Response("gone", 404) if asked == path else None
    with serve(replay.app()) as base_url:
        rows = ingest(database, base_url, tmp_path, LIGA)
    assert {row["status"] for row in rows.values()} == {"completed"}
    [counted] = [row for row in query(url, COUNTS) if row["key"] == LIGA]
    assert tuple(counted.values())[1:] == (8, 7, 28, 8)


@pytest.mark.parametrize("domain", ["teams", "rounds", "matches"])
@pytest.mark.parametrize("changed", [shrunken, without_scores])
def test_a_domain_alone_does_not_believe_half_a_season_either(
    database: Database, url: str, tmp_path: Path, domain: str, changed: Callable[[Any], Any]
) -> None:
    before = row_versions(url)
    replay = Replay(payloads=healthy())
    replay.payloads[MATCHES_OF[FILE]] = changed(replay.payloads[MATCHES_OF[FILE]])
    with serve(replay.app()) as base_url:
        rows = ingest(database, base_url, tmp_path, FILE, [domain])
    assert [row["outcome"] for row in rows.values()] == ["suspicious_payload"]
    assert row_versions(url) == before


def test_a_single_match_less_is_named_and_kept(
    database: Database, url: str, tmp_path: Path
) -> None:
    before = row_versions(url)
    replay = Replay(payloads=healthy())
    replay.payloads[MATCHES_OF[LIGA]] = league()[:-1]
    with serve(replay.app()) as base_url:
        rows = ingest(database, base_url, tmp_path, LIGA)
    assert {row["status"] for row in rows.values()} == {"completed"}
    report = report_of(rows["matches"])
    assert len(report["findings"]["no_longer_at_provider"]) == 1
    assert report["summary"]["updated"] == 0, "that it is missing is no fact of football"
    after = row_versions(url)["match"]
    assert len([row for row in before["match"] if row not in after]) == 1, "says since when"
    gone = query(url, "SELECT count(*) AS n FROM match WHERE missing_since IS NOT NULL")
    assert gone == [{"n": 1}]


def test_one_broken_match_among_many_is_left_out_counted_and_named(
    database: Database, url: str, tmp_path: Path
) -> None:
    before = row_versions(url)
    replay = Replay(payloads=healthy())
    matches = league()
    matches[3]["team1"]["teamId"] = "Ahlen"  # where a number belongs
    matches[4]["matchResults"] = openligadb_payloads.results(t2=(5, 5))
    replay.payloads[MATCHES_OF[LIGA]] = matches
    with serve(replay.app()) as base_url:
        rows = ingest(database, base_url, tmp_path, LIGA)

    assert {row["status"] for row in rows.values()} - {"completed"} == {"partial_failure"}
    row = rows["matches"]
    assert (row["status"], row["outcome"]) == ("partial_failure", "written")
    summary = row["summary"]
    assert (summary["leftOut"], summary["updated"], summary["unchanged"]) == (1, 1, 26)
    [[left_out]] = report_of(row)["leftOut"].values()
    assert "SV Ahlen - SV Emden" in left_out["subject"]
    assert "team1.teamid" in left_out["detail"].lower()
    kept = [stored for stored in before["match"] if stored in row_versions(url)["match"]]
    assert len(kept) == 28 + 56 - 1


def test_dagster_shows_which_domain_failed_and_the_sentence_why(
    database: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    before = row_versions(url)
    replay = Replay(payloads=healthy())
    replay.fault = lambda asked: JSONResponse({}, 403) if asked == TABLE else None
    with serve(replay.app()) as base_url, dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("tournaments", [LIGA])
        result = dg.materialize(
            [assets],
            partition_key=LIGA,
            instance=instance,
            raise_on_error=False,
            resources={
                "database": DatabaseResource(url=url),
                "providers": ProvidersResource(base_urls={"openligadb": base_url}),
                "ledger": LedgerResource(),
            },
        )
        events = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert not result.success
    told = {
        event.step_materialization_data.materialization.asset_key.to_user_string()
        for event in (entry.get_dagster_event() for entry in events)
        if event.partition == LIGA
    }
    assert told == {"tournaments", "teams", "rounds", "matches", "goals"}
    [failure] = [e.step_failure_data for e in result.all_events if e.is_step_failure]
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == (
        f"{LIGA}, standings: openligadb refused the request (HTTP 403 for {TABLE}). It is not "
        "retried; use an open-data provider or your own licensed gateway through "
        "OPENLIGADB_BASE_URL."
    )
    assert row_versions(url) == before
    database.close()
