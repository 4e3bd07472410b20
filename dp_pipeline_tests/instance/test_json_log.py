"""With DP_LOG_FORMAT=json every line of a run says which run, execution and tournament it is of."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.instance import json_log
from dp_pipeline.instance.json_log import JsonLines, JsonLogger, install
from dp_pipeline.settings import Settings
from dp_pipeline_tests.dagster_dev import ROOT
from dp_pipeline_tests.days import clock
from dp_pipeline_tests.end_to_end.seasons_by_hand import LIGA, healthy
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

SECRET = "hidden77"
MISSING = "openligadb:bl1:1901"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["dagster job execute", "dp ingest"])
def test_every_line_of_a_run_is_an_object_with_execution_and_tournament(
    migrated_url: str, tmp_path: Path, how: str
) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    environment = {
        "PATH": os.environ["PATH"],
        "DP_HOME": str(tmp_path / "home"),
        "DAGSTER_HOME": str(tmp_path),
        "DP_DATABASE_URL": migrated_url,
        "SLACK_JOB_EXECUTIONS_WEBHOOK": f"https://hooks.example/{SECRET}",
        "DP_LOG_FORMAT": "json",
        "PYTHONWARNINGS": "ignore",  # Dagster's, of a command that it would rather not have
        **clock(),
    }
    if how == "dp ingest":
        command = [str(Path(sys.executable).with_name("dp")), "ingest", LIGA, MISSING]
    else:
        config = {"ops": {"refresh": {"config": {"keys": [LIGA, MISSING]}}}}
        command = [sys.executable, "-m", "dagster", "job", "execute"]
        command += ["-m", "dp_pipeline.definitions", "-j", "refresh_tournaments"]
        (tmp_path / "run.json").write_text(json.dumps(config))
        command += ["--config", "run.json"]
    with serve(Replay(payloads=healthy()).app()) as base_url:
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env={**environment, "OPENLIGADB_BASE_URL": base_url},
            capture_output=True,
            text=True,
            check=False,
        )
    # At a terminal the outcome is printed for people, to the other stream.
    said = [line for line in ended.stderr.splitlines() if not line.startswith("Error: Run ")]
    lines = [json.loads(line) for line in said]
    for line in lines:
        assert list(line)[:4] == ["time", "level", "logger", "message"], line
    of_ledger = [line for line in lines if line["logger"] == "dp_pipeline.ledger.ledger"]
    found = {(line["tournament"], line["domain"]): line for line in of_ledger}
    matches = found[LIGA, "matches"]
    assert (matches["outcome"], matches["provider"]) == ("written", "openligadb")
    assert found[MISSING, "tournaments"]["outcome"] == "failed"
    assert (
        "tournaments of openligadb:bl1:1901: failed: " in found[MISSING, "tournaments"]["message"]
    )
    assert len({line["execution_id"] for line in of_ledger}) == len(of_ledger)
    (run,) = {line["run_id"] for line in of_ledger}
    if how != "dp ingest":
        told = [line for line in lines if line.get("event") == "ASSET_MATERIALIZATION"]
        assert told
        for line in told:
            assert (line["tournament"], line["run_id"]) == (LIGA, run)
        failures = [line for line in lines if line.get("event") == "STEP_FAILURE"]
        assert len(failures) == 1, ended.stderr
        failure = failures[0]
        assert "is not registered" not in failure["message"]
        assert MISSING in failure["error"]
    assert SECRET not in ended.stderr


@pytest.fixture
def _logging() -> Iterator[None]:
    """Puts back what is of the whole process."""
    hooks = sys.excepthook, json_log.threading.excepthook, logging.getLoggerClass()
    known = [
        (handler, handler.formatter)
        for logger in (logging.root, *logging.root.manager.loggerDict.values())
        for handler in getattr(logger, "handlers", ())
    ]
    last = logging.lastResort
    plain = [
        each for each in logging.root.manager.loggerDict.values() if type(each) is logging.Logger
    ]
    yield
    for each in plain:
        each.__class__ = logging.Logger
    sys.excepthook, json_log.threading.excepthook = hooks[:2]
    logging.setLoggerClass(hooks[2])
    logging.captureWarnings(capture=False)
    JsonLogger.formatter = None
    for handler, formatter in known:
        handler.setFormatter(formatter)
    if last is not None:
        last.setFormatter(None)
    ours = logging.getLogger(json_log.OURS)
    ours.handlers.clear()
    ours.setLevel(logging.NOTSET)


def line_of(record: logging.LogRecord, conceal: Any = str) -> dict[str, Any]:
    text = JsonLines(conceal).format(record)
    assert "\n" not in text
    return json.loads(text)


@given(st.text(), st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.none()))
def test_whatever_is_logged_is_one_line_of_ascii(message: str, extra: dict[str, Any]) -> None:
    record = logging.LogRecord("x", logging.INFO, "p", 1, message, None, None)
    for name, value in extra.items():
        if not hasattr(record, name):
            setattr(record, name, value)
    line = line_of(record)
    assert line["message"] == message
    assert JsonLines(str).format(record).isascii()


def test_secrets_are_concealed_in_message_trace_and_fields() -> None:
    settings = Settings.load({"DP_HEARTBEAT_URL": f"https://monitor.example/{SECRET}"})
    url = f"https://monitor.example/{SECRET}"
    error = RuntimeError(url)
    cause = (RuntimeError, error, None)
    record = logging.LogRecord("x", logging.ERROR, "p", 1, "GET %s", (url,), cause)
    record.address = url
    line = line_of(record, settings.conceal)
    assert line["message"] == "GET ***"
    assert line["address"] == "***"
    assert "RuntimeError: ***" in line["error"]
    assert SECRET not in json.dumps(line)


def test_what_dagster_knows_of_a_record_has_the_names_of_ours() -> None:
    record = logging.LogRecord("dagster", logging.INFO, "p", 1, "job - run - text", None, None)
    record.dagster_meta = {
        "run_id": "r",
        "job_name": "j",
        "step_key": None,
        "orig_message": "text",
        "dagster_event": SimpleNamespace(
            event_type_value="ASSET_MATERIALIZATION",
            asset_key=SimpleNamespace(to_user_string=lambda: "matches"),
            partition=LIGA,
            event_specific_data=None,
        ),
    }
    line = line_of(record)
    assert {name: line[name] for name in line if name not in ("time", "level", "logger")} == {
        "message": "text",
        "run_id": "r",
        "job": "j",
        "event": "ASSET_MATERIALIZATION",
        "domain": "matches",
        "tournament": LIGA,
        "provider": "openligadb",
    }


@pytest.mark.usefixtures("_logging")
def test_loggers_and_handlers_that_come_later_write_objects_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings.load({"DP_LOG_FORMAT": "json"})
    install(Settings.load({}))
    assert logging.getLoggerClass() is not JsonLogger, "nothing is changed where it is not set"
    before = logging.getLogger("made.before")
    install(settings)
    install(settings)
    for logger in (before, logging.getLoggerClass()("made.later")):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("plain %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.info("said")
        logger.removeHandler(handler)
    logging.getLogger("dp_pipeline.ledger.ledger").info("once")
    sys.excepthook(ValueError, ValueError("why"), None)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == ["said", "said", "once", "why"]
    assert lines[3]["level"] == "CRITICAL"
