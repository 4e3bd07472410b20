"""`dp doctor` says of each part whether it works, and what to do; never a secret."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dp_pipeline.cli.group import main
from dp_pipeline.competitions import file
from dp_pipeline.database import migrations
from dp_pipeline.database.database import Database
from dp_pipeline.instance.doctor import CHECKS, Diagnosis, Installation, examine
from dp_pipeline.instance.doctor.database import clock, versions
from dp_pipeline.instance.doctor.files import files
from dp_pipeline.instance.doctor.machine import daemon, disk, permissions
from dp_pipeline.instance.doctor.services import object_store, providers, slack
from dp_pipeline.settings import Settings
from dp_pipeline.storage import Folder
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.database.league import KEY
from dp_pipeline_tests.servers import serve

SECRET = "hunter2hunter2"


@pytest.fixture(scope="module")
def shared(admin_url: str, migrated_template: str) -> Iterator[Database]:
    """One migrated database, in which one tournament is stored."""
    opened = Database(create_database(admin_url, f"{migrated_template}_doctor", migrated_template))
    with opened.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tournament (id, key, provider, external_id, season, label, slug, mode,"
            " standings_mode, status) VALUES (gen_random_uuid(), %s, 'openligadb', 'bl1', '2024',"
            " 'L', 'l', 'regular-season-only', 'unique-group', 'active')",
            (str(KEY),),
        )
    yield opened
    opened.close()


@pytest.fixture
def examined(shared: Database, tmp_path: Path) -> Callable[..., Installation]:
    """An installation with these settings, on the shared database."""

    def make(**environ: str) -> Installation:
        settings = Settings.load({"DP_HOME": str(tmp_path / "home"), **environ})
        return Installation(
            settings,
            lambda: shared,
            lambda: Folder(tmp_path / "objects"),
            dg.DagsterInstance.ephemeral,
            file.load,
        )

    return make


@contextmanager
def answering(answer: Callable[[dict[str, Any]], Response]) -> Generator[str]:
    """A server that answers everything so."""

    async def any_path(request: Request) -> Response:
        body = await request.body()
        return answer(json.loads(body) if body else {})

    methods = ["GET", "HEAD", "POST"]
    with serve(Starlette(routes=[Route("/{path:path}", any_path, methods=methods)])) as url:
        yield url


def test_a_file_that_cannot_be_used_fails_with_its_setting(
    examined: Callable[..., Installation], tmp_path: Path
) -> None:
    assert files(examined()) == Diagnosis("ok", "None is set.")
    known = tmp_path / "known.yaml"
    known.write_text("exception:\n  - tournament: openligadb:bl1:2024\n")
    found = files(examined(DP_KNOWN_EXCEPTIONS=str(known)))
    assert (found.state, found.said.startswith("DP_KNOWN_EXCEPTIONS: ")) == ("fail", True)
    known.write_text("")
    assert files(examined(DP_KNOWN_EXCEPTIONS=str(known))).state == "ok"


def test_a_file_of_competitions_is_examined_before_the_schedule_reads_it(
    examined: Callable[..., Installation], tmp_path: Path
) -> None:
    followed = tmp_path / "followed.yaml"
    wrong = "competitions:\n- {provider: openligadb}\n- {provider: kicker, competition: bl1}\n"
    followed.write_text(wrong)
    found = files(examined(DP_COMPETITIONS=str(followed)))
    assert found.state == "fail"
    line = f"DP_COMPETITIONS: {followed}, line 2: `competition` is missing. And 1 more."
    assert found.said == line
    assert found.cure.startswith(f"Correct {followed}, or unset DP_COMPETITIONS; ")
    followed.unlink()
    missing = files(examined(DP_COMPETITIONS=str(followed)))
    assert missing.said == f"DP_COMPETITIONS: {followed} cannot be read: No such file or directory."
    followed.write_text("competitions:\n- {provider: openligadb, competition: bl1}\n")
    said = "What DP_COMPETITIONS says can be used."
    assert files(examined(DP_COMPETITIONS=str(followed))) == Diagnosis("ok", said)


def test_the_command_has_a_line_for_each_part_and_fails_with_one_that_fails(
    shared: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    url = shared.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DP_DATABASE_URL", url)
    with answering(lambda _: PlainTextResponse("", 404)) as base_url:
        monkeypatch.setenv("OPENLIGADB_BASE_URL", base_url)
        well = CliRunner().invoke(main, ["doctor", "--json"])
    found = json.loads(well.stdout)
    assert [line["check"] for line in found] == list(CHECKS)
    assert {line["state"] for line in found} <= {"ok", "warn"}, found
    assert well.exit_code == 0
    quick = CliRunner().invoke(main, ["doctor", "--quick", "--json"])
    parts = [(line["check"], line["state"]) for line in json.loads(quick.stdout)]
    assert parts == [("database", "ok"), ("daemon", "fail"), ("delivery", "fail")]
    assert quick.exit_code == 1
    away = f"postgresql://somebody:{SECRET}@127.0.0.1:9/football"
    monkeypatch.setenv("DP_DATABASE_URL", away)
    monkeypatch.setenv("SLACK_JOB_EXECUTIONS_WEBHOOK", f"http://127.0.0.1:9/{SECRET}")
    ill = CliRunner().invoke(main, ["doctor"])
    assert ill.exit_code == 1
    assert SECRET not in ill.output
    assert "Start the server that DP_DATABASE_URL names" in " ".join(ill.output.split())
    assert "Slack cannot be reached (ConnectError)." in ill.output
    assert ill.output.count("Not checked, because of what database says.") == 4


@pytest.mark.parametrize(
    ("status", "text", "state"),
    [(400, "no_text", "ok"), (404, "no_service", "fail"), (200, "ok", "ok"), (302, "", "fail")],
)
def test_a_webhook_is_tried_with_a_message_that_is_not_posted(
    examined: Callable[..., Installation], status: int, text: str, state: str
) -> None:
    sent: list[dict[str, Any]] = []
    headers = {"Location": "https://login.example"} if status == 302 else {}

    def answer(body: dict[str, Any]) -> Response:
        sent.append(body)
        return PlainTextResponse(text, status, headers)

    with answering(answer) as url:
        said = slack(examined(SLACK_JOB_EXECUTIONS_WEBHOOK=f"{url}/services/{SECRET}"))
    assert (said.state, sent) == (state, [{}])
    assert (said.cure == "") is (state == "ok")


@pytest.mark.parametrize("error", [None, "invalid_auth"])
def test_a_bot_token_is_tried_without_posting(
    examined: Callable[..., Installation], error: str | None
) -> None:
    body = {"ok": error is None, "error": error, "user": "dp", "team": "Data"}
    with answering(lambda _: JSONResponse(body)) as url:
        said = slack(
            examined(
                SLACK_BOT_TOKEN="xoxb-1-hunter2hunter2",
                SLACK_CHANNEL="C0123456789",
                SLACK_API_URL=url,
            )
        )
    assert said.state == ("fail" if error else "ok")
    assert ("invalid_auth" if error else "dp's of Data") in said.said
    assert "hunter2" not in said.said + said.cure


def test_the_store_keeps_nothing_of_the_check(
    examined: Callable[..., Installation], tmp_path: Path
) -> None:
    assert object_store(examined()).state == "ok"
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


def test_providers_of_stored_tournaments_alone_are_asked(
    examined: Callable[..., Installation],
) -> None:
    with answering(lambda _: PlainTextResponse("", 404)) as url:
        assert providers(examined(OPENLIGADB_BASE_URL=url)).said == "openligadb answers."
    away = providers(examined(OPENLIGADB_BASE_URL="http://127.0.0.1:9"))
    assert away.state == "fail"
    assert "OPENLIGADB_BASE_URL" in away.cure


def test_a_simulated_world_that_nobody_runs_is_no_warning_unless_it_is_named(
    examined: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> httpx.Response:
        message = "refused"
        raise httpx.ConnectError(message)

    monkeypatch.setattr(f"{providers.__module__}._used_and_health", lambda *_: ({"sandbox"}, {}))
    monkeypatch.setattr(httpx, "head", away)
    said = providers(examined())
    assert said == Diagnosis("ok", "sandbox, the simulated world, is not running.")
    assert providers(examined(SANDBOX_BASE_URL="http://127.0.0.1:9")).state == "warn"


def test_tables_of_another_version_are_said(
    examined: Callable[..., Installation], shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert versions(examined()).state == "ok"
    monkeypatch.setattr(migrations, "HEAD", "9999")
    assert versions(examined()).state == "warn"
    monkeypatch.setattr(migrations, "REVISIONS", ("0000",))
    assert versions(examined()).state == "fail"
    del shared


@pytest.mark.parametrize(("apart", "state"), [(0.0, "ok"), (5.0, "warn"), (-600.0, "fail")])
def test_a_clock_is_compared_with_the_databases(
    examined: Callable[..., Installation],
    monkeypatch: pytest.MonkeyPatch,
    apart: float,
    state: str,
) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + apart)
    assert clock(examined()).state == state


def test_a_home_that_others_may_enter_and_a_full_disk_are_said(
    examined: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = examined(DP_DATABASE_URL="postgresql://a@b/c")
    assert permissions(installation).state == "ok"
    installation.settings.home.chmod(0o755)
    assert permissions(installation).cure == f"chmod o-rwx {installation.settings.home}"
    installation.settings.home.chmod(0o1777)  # as the image has it, for whatever uid
    assert permissions(installation).state == "ok"
    for free, state in ((10 * 1024**3, "ok"), (1024**3, "warn"), (1024**2, "fail")):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert disk(installation).state == state


@pytest.mark.parametrize(("ago", "state"), [(None, "warn"), (10, "ok"), (3600, "fail")])
def test_a_daemon_that_has_ended_is_a_failure_and_none_at_all_a_warning(
    examined: Callable[..., Installation], ago: float | None, state: str
) -> None:
    beat = type("Beat", (), {"timestamp": datetime.now(UTC).timestamp() - (ago or 0)})
    beats = {} if ago is None else {"SENSOR": beat}

    class WithBeats:
        """Dagster's instance, as far as it is asked."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def get_daemon_heartbeats(self) -> dict[str, Any]:
            return beats

        def get_required_daemon_types(self) -> list[str]:
            return ["SENSOR"]

    installation: Any = examined()
    asked = Installation(
        installation.settings,
        installation.database,
        installation.objects,
        WithBeats,  # ty: ignore[invalid-argument-type]
        installation.read_competitions,
    )
    assert daemon(asked).state == state


def test_a_check_that_raises_is_a_failure_without_secrets(
    examined: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Installation) -> Diagnosis:
        message = f"no route to postgresql://u:{SECRET}@h/d\nand a trace"
        raise RuntimeError(message)

    monkeypatch.setattr("dp_pipeline.instance.doctor.CHECKS", {"disk": broken})
    [(name, said)] = examine(examined(DP_DATABASE_URL=f"postgresql://u:{SECRET}@h/d"))
    assert (name, said.state) == ("disk", "fail")
    assert SECRET not in said.said
    assert "\n" not in said.said
