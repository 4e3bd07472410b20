"""The archive: every answer a row, every body once, and no run that depends on it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import pytest
from click.testing import CliRunner
from starlette.requests import Request
from starlette.responses import Response

from dp_pipeline.cli.group import main
from dp_pipeline.database.database import Database
from dp_pipeline.http.archive import Archive, entries_of, object_key, unpacked
from dp_pipeline.http.client import HttpClient
from dp_pipeline.storage import Folder, ObjectStoreError, Storing
from dp_pipeline_tests.end_to_end.contents import contents, emptied, query, row_versions
from dp_pipeline_tests.end_to_end.in_process import ingest
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.providers.openligadb_payloads import LEAGUE
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

KEY = "openfootball:en.1:2024-25"
PATH = "/2024-25/en.1.json"
TEAMS = ("Arsenal FC", "Chelsea FC", "Everton FC", "Fulham FC")
SEASON = json.dumps(season(league(*TEAMS))).encode()
RESPONSES = """
SELECT r.status, r.hash, r.url, r.etag, e.domain, e.selection, e.now IS NOT NULL AS has_now
FROM response r JOIN data_provider_executions e ON e.id = r.execution_id
WHERE r.hash IS NOT NULL ORDER BY r.id
"""


class Files:
    """A server of one file, with validators or without; it notes what it sent."""

    def __init__(self, *, validators: bool = True) -> None:
        self.body, self.validators = SEASON, validators
        self.sent: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)
        etag = f'W/"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'
        headers = {"ETag": etag} if self.validators else {}
        if request.url.path != PATH:
            response = Response("not here", 404)
        elif self.validators and request.headers.get("if-none-match") == etag:
            response = Response(status_code=304, headers=headers)
        else:
            response = Response(self.body, media_type="application/json", headers=headers)
        if request.url.path == PATH:
            self.sent.append(len(response.body))
        await response(scope, receive, send)


class BrokenFolder(Folder):
    """A store that neither takes nor gives payloads."""

    def put(self, key: str, body: bytes, **more: Any) -> None:
        if key.startswith("payloads/"):
            message = "The bucket is away."
            raise ObjectStoreError(message)
        super().put(key, body, **more)

    def get(self, key: str) -> bytes | None:
        message = f"The bucket is away, and {key} with it."
        raise ObjectStoreError(message)


Read = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def base_url(files: Files) -> Iterator[str]:
    with serve(files) as url:
        yield url


@pytest.fixture
def read(database: Database, tmp_path: Path, base_url: str) -> Read:
    return partial(ingest, database, base_url, tmp_path, KEY)


def url_of(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_a_body_is_stored_once_and_every_answer_is_a_row(
    database: Database, tmp_path: Path, files: Files, read: Read
) -> None:
    files.validators = False
    for _ in range(2):
        rows = read()
    assert {row["outcome"] for row in rows.values()} <= {"unchanged", "not_applicable"}
    first, second = query(url_of(database), RESPONSES)
    assert first == second
    assert (first["status"], first["selection"], first["has_now"]) == (200, {}, True)
    (stored,) = query(url_of(database), "SELECT * FROM payload")
    assert stored["hash"] == first["hash"] == hashlib.sha256(SEASON).hexdigest()
    assert (stored["bytes"], stored["object_key"]) == (len(SEASON), object_key(stored["hash"]))
    packed = (tmp_path / "objects" / stored["object_key"]).read_bytes()
    assert len(packed) == stored["stored_bytes"] < len(SEASON)
    assert unpacked(packed) == SEASON


def test_what_has_not_changed_is_not_sent_again_but_read_from_the_archive(
    database: Database, files: Files, read: Read
) -> None:
    read()
    stored = row_versions(url_of(database))
    rows = [read() for _ in range(2)][-1]
    assert row_versions(url_of(database)) == stored, "no row is written again"
    assert files.sent == [len(SEASON), 0, 0]
    assert {row["outcome"] for row in rows.values()} <= {"unchanged", "not_applicable"}
    assert sum(row["summary"]["bytes"] for row in rows.values()) == 0
    assert [row["status"] for row in query(url_of(database), RESPONSES)] == [200, 304, 304]
    assert len(query(url_of(database), "SELECT * FROM payload")) == 1
    files.body = json.dumps(season(league(*TEAMS)[:-1])).encode()
    read()
    assert files.sent[-1] == len(files.body)
    assert len(query(url_of(database), "SELECT * FROM payload")) == 2


def test_a_body_that_is_gone_is_requested_again(
    database: Database, tmp_path: Path, files: Files, read: Read
) -> None:
    read()
    (stored,) = query(url_of(database), "SELECT * FROM payload")
    (tmp_path / "objects" / stored["object_key"]).write_bytes(b"damaged")
    rows = read()
    assert {row["outcome"] for row in rows.values()} <= {"unchanged", "not_applicable"}
    assert files.sent == [len(SEASON), 0, len(SEASON)]
    assert unpacked((tmp_path / "objects" / stored["object_key"]).read_bytes()) == SEASON


def test_a_store_that_fails_costs_the_archive_alone(
    database: Database, tmp_path: Path, files: Files, read: Read
) -> None:
    rows = read(objects=BrokenFolder(tmp_path / "objects"))
    assert {row["status"] for row in rows.values()} == {"completed"}
    assert len(query(url_of(database), "SELECT id FROM match")) == 12
    (error,) = query(
        url_of(database),
        "SELECT summary->>'archiveError' AS said FROM data_provider_executions"
        " WHERE summary ? 'archiveError'",
    )
    assert error["said"] == "1 of 1 bodies that came were not archived. The bucket is away."
    assert query(url_of(database), RESPONSES) == []
    read()
    rows = read(objects=BrokenFolder(tmp_path / "objects"))
    assert {row["outcome"] for row in rows.values()} <= {"unchanged", "not_applicable"}
    assert files.sent == [len(SEASON), len(SEASON), 0, len(SEASON)]


def test_a_database_that_fails_costs_the_archive_alone(database: Database, read: Read) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE response RENAME TO elsewhere")
    rows = read()
    assert {row["status"] for row in rows.values()} == {"completed"}
    errors = query(
        url_of(database),
        "SELECT summary->>'archiveError' AS said FROM data_provider_executions"
        " WHERE summary ? 'archiveError'",
    )
    assert len(errors) == 1


@pytest.fixture
def dp(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str
) -> Callable[..., str]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", url_of(database))
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", base_url)

    def said(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == exit_code, result.output
        return result.output

    return said


def played(days: int) -> bytes:
    """The season when so many of its six matchdays are over."""
    matches = league(*TEAMS)
    for match in matches[2 * days :]:
        match["score"] = {}
    return json.dumps(season(matches)).encode()


def test_an_empty_database_is_rebuilt_from_the_archive_without_a_request(
    database: Database, files: Files, read: Read, dp: Callable[..., str]
) -> None:
    files.body = played(2)
    read()
    first, between = contents(database), datetime.now(UTC)
    for files.body in (played(3), played(4)):
        read()
    last, sent = contents(database), len(files.sent)
    assert len(last["change"]) > 0
    emptied(database)
    assert "planned" in dp("replay", KEY)
    assert not any(contents(database).values()), "a dry run writes nothing"
    dp("replay", KEY, "--apply")
    rebuilt = contents(database)
    assert {**rebuilt, "change": []} == {**last, "change": []}
    emptied(database)
    dp("replay", KEY, "--apply", "--every-run")
    assert contents(database) == last
    emptied(database)
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE data_provider_executions SET started_at = started_at - interval '1 day'"
            " WHERE started_at < %(between)s",
            {"between": between},
        )
    dp("replay", KEY, "--apply", "--at", f"{between:%Y-%m-%d}")
    assert contents(database) == first
    assert len(files.sent) == sent
    announced = query(
        url_of(database),
        "SELECT announced_at IS NOT NULL AS done FROM data_provider_executions"
        " WHERE summary ? 'replays'",
    )
    assert {row["done"] for row in announced} == {True}


def test_the_time_of_the_last_change_decides_where_there_are_no_validators(
    database: Database, tmp_path: Path
) -> None:
    round_ = [{"matchID": 1}]
    service = Replay(payloads={"/getmatchdata/bl1/2024/5": round_})

    async def read() -> Any:
        archive = Archive(database, Storing(Folder(tmp_path)))
        async with archive, HttpClient("openligadb", base_url, archive=archive) as client:
            requests = client.requests()
            found = await requests.json(
                "/getmatchdata/bl1/2024/5", list, last_change="/getlastchangedate/bl1/2024/5"
            )
            await archive.keep(uuid4(), entries_of(requests.taken()))
        return found

    with serve(service.app()) as base_url:
        seen = []
        # Read; read with a time beside it; unchanged; changed; a time that is none says nothing.
        for change in (*["2024-10-01T20:00"] * 3, "2024-10-02T20:00", [], []):
            service.payloads["/getlastchangedate/bl1/2024/5"] = change
            assert anyio.run(read) == round_
            seen.append(service.seen["/getmatchdata/bl1/2024/5"])
    assert seen == [1, 2, 2, 3, 4, 5]


def test_a_season_that_was_only_listed_at_first_is_rebuilt_with_what_was_listed(
    database: Database, tmp_path: Path, dp: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, sport = "openligadb:bl1:2024", {"sportId": 1, "sportName": "Fußball"}
    listed = {"leagueShortcut": "bl1", "leagueSeason": 2024, "leagueName": "Liga", "sport": sport}
    replay = Replay(payloads={"/getavailableleagues": [listed]})
    with serve(replay.app()) as url:
        rows = ingest(database, url, tmp_path, key)
        assert {row["outcome"] for row in rows.values()} == {"nothing_yet"}
        replay.payloads["/getmatchdata/bl1/2024"] = LEAGUE
        ingest(database, url, tmp_path, key)
        before, requested = contents(database), replay.seen.total()
        emptied(database)
        monkeypatch.setenv("OPENLIGADB_BASE_URL", url)
        dp("replay", key, "--apply", "--every-run")
        assert contents(database) == before
        assert replay.seen.total() == requested
    replayed = query(
        url_of(database),
        "SELECT status FROM data_provider_executions WHERE summary ? 'replays'",
    )
    assert {row["status"] for row in replayed} == {"completed"}
    archived = "SELECT status FROM response WHERE url LIKE '%%/getavailableleagues'"
    assert {row["status"] for row in query(url_of(database), archived)} == {200}
