"""What a person gets who types `dp`: exit codes, sentences, JSON, and two commands at once."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psycopg
import pytest
from starlette.responses import Response

from dp_pipeline.domains.registry import NAMES
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.end_to_end.command import dp, start_dp
from dp_pipeline_tests.end_to_end.contents import COUNTS, EXECUTIONS, query
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.providers import openfootball_files
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def settings(url: str, base_url: str) -> dict[str, str]:
    return {
        "DP_DATABASE_URL": url,
        "OPENLIGADB_BASE_URL": base_url,
        "OPENFOOTBALL_BASE_URL": base_url,
    }


BAD_KEYS = {
    "bundesliga": "The tournament key 'bundesliga' needs three parts between colons,",
    "openligadb:bl 1:2024": "The competition in the tournament key 'openligadb:bl 1:2024' may hold",
    "fifa:wc:2026": "There is no provider 'fifa' (in 'fifa:wc:2026'); the providers are",
    "openligadb:bl1:2024-25": "OpenLigaDB has no season '2024-25'",
    "openfootball:en.1:2024/25": "The season in the tournament key 'openfootball:en.1:2024/25'",
    "": "The tournament key is empty",
}


def test_every_bad_key_is_named_in_a_sentence_and_nothing_is_begun(home: Path) -> None:
    ended = dp("ingest", LIGA, *BAD_KEYS, home=home)
    assert ended.returncode == 2
    assert ended.stdout == ""
    _, _, *lines = ended.stderr.splitlines()
    said = [line.removeprefix("Error: ") for line in lines if line]
    assert len(said) == len(BAD_KEYS)
    for line, expected in zip(said, BAD_KEYS.values(), strict=True):
        assert expected in line
        assert line.endswith(".")
    assert not home.exists()


def test_one_that_fails_exits_with_one_leaves_the_others_alone_and_is_tried_again(
    home: Path, migrated_url: str
) -> None:
    refused = "/2024-25/de.1.json"
    replay = Replay(payloads=healthy())
    replay.fault = lambda path: Response("no", 403) if path == refused else None
    unknown = ("openligadb:bl9:2024", "openfootball:xx.1:2024-25")
    with serve(replay.app()) as base_url:
        further = settings(migrated_url, base_url)
        ended = dp(
            "ingest", *unknown, "openfootball:de.1:2024-25", FILE, home=home, further=further
        )
        before = replay.seen.copy()
        stored = query(migrated_url, COUNTS)
        replay.fault = None
        replay.payloads[refused] = replay.payloads[f"/2024-25/{FILE.split(':')[1]}.json"]
        again = dp("retry", "--since", "1h", home=home, further=further)
    assert ended.returncode == 1
    assert ended.stderr == ""
    for sentence in (
        "OpenLigaDB has no matches for bl9 2024; check league and season.",
        "openfootball has no file 2024-25/xx.1.json; the competition is written differently,",
        f"openfootball refused the request (HTTP 403 for {refused}). It is not retried",
    ):
        assert " ".join(ended.stdout.split()).count(sentence) == 1, ended.stdout
    assert "Traceback" not in ended.stdout
    assert [row["key"] for row in stored] == [FILE]
    assert before[refused] == 1
    # What is no tournament is not tried again, nor is what succeeded.
    assert again.returncode == 0
    assert {row["key"] for row in query(migrated_url, COUNTS)} == {
        FILE,
        "openfootball:de.1:2024-25",
    }
    assert "Traceback" not in again.stderr
    changed = {path for path in replay.seen if replay.seen[path] != before[path]}
    assert refused in changed
    assert not changed & {path for path in before if FILE.split(":")[1] in path}


def test_the_ledger_is_printed_for_people_and_as_json(home: Path, migrated_url: str) -> None:
    announced = {"leagueShortcut": "bl9", "leagueSeason": "2024", "leagueName": "Neunte Liga"}
    replay = Replay(payloads={**healthy(), "/getavailableleagues": [announced]})
    with serve(replay.app()) as base_url:
        further = settings(migrated_url, base_url)
        ended = dp("ingest", FILE, "openligadb:bl9:2024", home=home, further=further)
        assert ended.returncode == 0  # nothing published yet is no failure
    listed = dp("executions", home=home, further=further)
    assert listed.returncode == 0
    assert len(
        [line for line in listed.stdout.splitlines() if line.strip()[:2] == "20"]
    ) == 2 * len(NAMES)

    asked = dp("executions", "--tournament", FILE, "--json", home=home, further=further)
    rows = json.loads(asked.stdout)
    assert [row["domain"] for row in rows] == [*reversed(NAMES)]
    stored = {str(row["id"]): row for row in query(migrated_url, EXECUTIONS)}
    for row in rows:
        assert row["tournament_key"] == FILE
        assert row["status"] == "completed"
        assert row["summary"] == stored[row["id"]]["summary"]
        assert uuid.UUID(row["request_id"]) == stored[row["id"]]["request_id"]
    nobody = dp("executions", "--tournament", "a:b:c", "--json", home=home, further=further)
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "The ledger has no execution of a:b:c." in nobody.stderr


def test_bad_settings_are_one_sentence_without_the_value(home: Path) -> None:
    ended = dp("db", "url", home=home, further={"DP_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert ended.returncode == 1
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line == (
        "Error: DP_DATABASE_URL must be a Postgres URL like "
        "postgresql://user:password@host:5432/database."
    )


def test_an_unreachable_database_is_one_sentence_without_the_password(home: Path) -> None:
    url = "postgresql://somebody:hunter2@127.0.0.1:9/football"
    ended = dp("executions", home=home, further={"DP_DATABASE_URL": url})
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_keys_and_names_are_printed_as_they_are_and_move_no_terminal(
    home: Path, migrated_url: str
) -> None:
    key, name = "openligadb:cl:2025", "Frauen [Women] \x1b[2J 2024/25"
    file = {**openfootball_files.season(openfootball_files.league("A", "B")), "name": name}
    of_liga = {path.replace("bl1/2024", "cl/2025"): found for path, found in healthy().items()}
    replay = Replay(payloads={**of_liga, MATCHES_OF[FILE]: file})
    with serve(replay.app()) as base_url:
        further = settings(migrated_url, base_url)
        ingested = dp("ingest", key, FILE, home=home, further=further)
        assert ingested.returncode == 0, ingested.stdout
        listed = dp("executions", home=home, further=further)
    assert f"({key})" in ingested.stdout
    assert rf"Frauen [Women] \x1b[2J 2024/25 ({FILE})" in ingested.stdout
    assert listed.stdout.count(key) == len(NAMES)
    assert "\x1b" not in ingested.stdout + ingested.stderr + listed.stdout


def test_the_real_environment_beats_the_env_file_of_the_project(
    home: Path, migrated_url: str, tmp_path: Path
) -> None:
    # A copy, for the checkout's own file is the developer's.
    checkout = tmp_path / "checkout"
    shutil.copytree(
        ROOT / "dp_pipeline",
        checkout / "dp_pipeline",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (checkout / ".env").write_text(
        "DP_DATABASE_URL=postgresql://nobody@127.0.0.1:9/nothing\nDP_MESSAGES=nonsense\n"
    )
    program = "import sys; from dp_pipeline.cli.group import main; main(sys.argv[1:])"

    def url(**real: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, "db", "url"],
            cwd=checkout,
            env={"PATH": os.environ["PATH"], "DP_HOME": str(home), **real},
            capture_output=True,
            text=True,
            check=False,
        )

    assert "DP_MESSAGES must be one or more of" in url().stderr
    found = url(DP_DATABASE_URL=migrated_url, DP_MESSAGES="")
    assert (found.returncode, found.stdout.strip()) == (0, migrated_url), found.stderr


class TogetherOnly:
    """An application that answers a path when several have asked for it, or after ten seconds."""

    def __init__(self, app: Callable[..., Any], path: str, askers: int) -> None:
        self.app = app
        self.path = path
        self.askers = askers
        self.all_here = asyncio.Event()
        self.met = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == self.path:
            self.askers -= 1
            if self.askers <= 0:
                self.all_here.set()
            try:
                await asyncio.wait_for(self.all_here.wait(), 10)
                self.met = True
            except TimeoutError:
                pass
        await self.app(scope, receive, send)


@pytest.mark.slow
def test_two_commands_for_one_tournament_take_turns_and_both_complete(
    home: Path, postgres_url: str
) -> None:
    # an empty database and a fresh home: both also meet while migrating and making Dagster's files
    gate = TogetherOnly(Replay(payloads=healthy()).app(), MATCHES_OF[LIGA], 2)
    with serve(gate) as base_url:
        further = settings(postgres_url, base_url)
        both = [start_dp("ingest", LIGA, home=home, further=further) for _ in range(2)]
        ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert gate.met

    rows = query(postgres_url, EXECUTIONS)
    assert {row["status"] for row in rows} == {"completed"}
    at_work: list[tuple[str, str]] = []
    for request_id in {row["request_id"] for row in rows}:
        of_run = [row for row in rows if row["request_id"] == request_id]
        assert [row["domain"] for row in of_run] == list(NAMES)
        reports = [
            json.loads(Path(url2pathname(urlsplit(row["report_file_url"]).path)).read_bytes())
            for row in of_run
        ]
        validated, *work = reports[0]["operations"]
        assert validated["step"] == "initialization", "of the key alone, before its turn"
        began = work[0]["startTime"]
        at_work.append((began, max(report["endTime"] for report in reports)))
    first, second = sorted(at_work)
    assert first[1] <= second[0]
    outcomes = [row["outcome"] for row in rows]
    assert (outcomes.count("written"), outcomes.count("unchanged")) == (
        len(NAMES),
        len(NAMES),
    )


def test_the_printed_url_opens_the_database_for_others(home: Path, migrated_url: str) -> None:
    ended = dp("db", "url", home=home, further={"DP_DATABASE_URL": migrated_url})
    with psycopg.connect(ended.stdout.strip()) as connection:
        assert connection.execute("SELECT count(*) FROM tournament").fetchone() == (0,)
