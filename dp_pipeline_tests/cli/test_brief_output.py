"""What a person at the terminal of `make run` reads of what Dagster says."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.cli.brief_output import BriefOutput

RUN, OTHER = "1e37fddd-0c05-4bc2-88dd-6d4383abb19f", "fbf63c8f-16d2-46d9-a07f-0f947cd8a55d"
OF_RUN = "2026-11-28 20:52:02 +0000 - dagster - DEBUG - refresh_tournaments -"


def shown(*lines: str) -> Sequence[str]:
    output = BriefOutput("http://localhost:3000")
    return [said for line in lines for said in output.lines(line)]


def event(kind: str, text: str, run: str = RUN) -> str:
    return f"{OF_RUN} {run} - 22108 - refresh - {kind} - {text}"


def test_what_a_run_changed_is_a_line_for_each_tournament_when_it_ends() -> None:
    assert shown(
        event("STEP_START", 'Started execution of step "refresh".'),
        event("ASSET_MATERIALIZATION", "Matches of League 1 26/27: 7 updated, 303 unchanged"),
        event("ASSET_MATERIALIZATION", "Teams of Cup 3 26/27: 39 created", OTHER),
        event("ASSET_MATERIALIZATION", "Goals of League 1 26/27: The list says nothing of goals"),
        event("ASSET_MATERIALIZATION", "Standings of League 1 26/27: 18 updated"),
        event("ASSET_MATERIALIZATION", "Matches of Cup 3 26/27: 110 unchanged"),
        event("STEP_SUCCESS", 'Finished execution of step "refresh" in 16.31s.'),
        f"{OF_RUN} {RUN} - 22108 - RUN_SUCCESS - Finished execution of run.",
    ) == ["20:52:02 League 1 26/27: matches 7 updated; standings 18 updated"]


def test_looking_and_finding_nothing_is_not_said() -> None:
    service = "\x1b[32m2026-11-28 20:51:27 +0000\x1b[0m - dagster.daemon.SensorDaemon - "
    assert not shown(f"{service}\x1b[34mINFO\x1b[0m - Checking for new runs for sensor: x", "more")
    assert not shown(f"{service}WARNING - Tick 16 was interrupted part-way through, resuming")
    assert shown(f"{service}\x1b[34mWARNING\x1b[0m - The storage is away.", "of it") == [
        "20:51:27 WARNING: The storage is away. (dagster.daemon.SensorDaemon)",
        "of it",
    ]


TRACE = """Traceback (most recent call last):
  File "sensor.py", line 649, in _process_tick_generator
dagster._core.errors.DagsterUserCodeProcessError: dagster._core.errors.SensorExecutionError: Error

Stack Trace:
  File "impl.py", line 401, in get_external_sensor_execution

The above exception was caused by the following exception:
dp_pipeline.database.errors.DatabaseError: The database is away.

Stack Trace:
    with database.open().transaction() as connection:
"""


def test_what_a_service_fails_with_is_its_reason_once_in_ten_minutes() -> None:
    def failing(at: str, reason: str = "The database is away.") -> list[str]:
        head = f"2026-11-28 {at} +0000 - dagster.daemon.SensorDaemon - ERROR - Sensor"
        trace = TRACE.replace("The database is away.", reason).splitlines()
        tick, daemon = f"{head} tick caught an error", f"{head} daemon caught an error for sensor x"
        return [tick, *trace, daemon, *trace]

    first = (
        "23:55:00 ERROR: Sensor daemon caught an error for sensor x (dagster.daemon.SensorDaemon)"
    )
    assert shown(*failing("23:55:00"), *failing("23:55:05"), *failing("00:04:59")) == [
        first,
        "    DatabaseError: The database is away.",
    ]
    assert shown(
        *failing("23:55:00"), *failing("23:55:05", "It is full."), *failing("00:05:00")
    ) == [
        first,
        "    DatabaseError: The database is away.",
        first.replace("55:00", "55:05"),
        "    DatabaseError: It is full.",
        first.replace("23:55:00", "00:05:00"),
        "    DatabaseError: The database is away.",
    ]


def test_a_failure_is_a_sentence_and_the_page_of_its_run() -> None:
    failed = OF_RUN.replace("DEBUG", "ERROR")
    assert shown(
        f"{failed} {RUN} - refresh - teams of openligadb:bl9:2024 failed: there is no bl9",
        f"{failed} {RUN} - 22108 - refresh - STEP_FAILURE - Execution of step failed.",
        "",
        "dagster._core.errors.Failure: one of two",
        f"{failed} {RUN} - 22108 - RUN_FAILURE - Execution of run failed.",
    ) == [
        "20:52:02 ERROR: teams of openligadb:bl9:2024 failed: there is no bl9",
        f"20:52:02 A run failed; why: http://localhost:3000/runs/{RUN}",
    ]


def test_what_nobody_logged_is_shown_as_it_is() -> None:
    trace = ["Traceback (most recent call last):", '  File "x.py", line 1', "OSError: no space"]
    assert shown("Address already in use", event("ENGINE_EVENT", "x"), *trace) == [
        "Address already in use",
        *trace,
    ]


@given(st.lists(st.text(max_size=80)))
def test_no_line_breaks_the_reading(lines: list[str]) -> None:
    shown(*lines)
