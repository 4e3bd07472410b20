import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import WorkerStatus
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.instance.launcher import LocalHealthRunLauncher
from dp_pipeline.instance.worker import (
    MARK_TAG,
    FirstMessage,
    LocalProcess,
    WorkerMark,
    local_boot,
    process_of,
    verdict,
)

MARK = WorkerMark(home="here", boot="boot", uptime=1000.0, wall=50_000.0)
MESSAGE = FirstMessage(pid=57, wall=50_002.0)
WORKER = LocalProcess(began=1001.0, zombie=False)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_the_process_that_began_at_the_launch_is_the_worker() -> None:
    assert verdict(MARK, MESSAGE, "boot", WORKER).status == WorkerStatus.RUNNING


@pytest.mark.parametrize(
    ("boot", "process", "says"),
    [
        ("boot", None, "Process 57, which worked on this run, is gone."),
        ("boot", LocalProcess(1001.0, zombie=True), "has ended"),
        ("boot", LocalProcess(1004.0, zombie=False), "another program"),
        ("boot", LocalProcess(900.0, zombie=False), "another program"),
        ("next boot", WORKER, "machine was restarted"),
    ],
)
def test_a_worker_that_is_gone_is_told_in_words(
    boot: str, process: LocalProcess | None, says: str
) -> None:
    result = verdict(MARK, MESSAGE, boot, process)
    assert result.status == WorkerStatus.FAILED
    assert says in (result.msg or "")


@given(
    began=st.floats(min_value=0, max_value=60),
    message=st.floats(min_value=0, max_value=60),
    step=st.floats(min_value=0, max_value=1e6),
)
def test_a_clock_set_forward_or_back_kills_no_run(
    began: float, message: float, step: float
) -> None:
    worker = LocalProcess(began=MARK.uptime + min(began, message), zombie=False)
    for wall in (MARK.wall + message, MARK.wall + message + step):
        said = FirstMessage(pid=57, wall=wall)
        assert verdict(MARK, said, "boot", worker).status == WorkerStatus.RUNNING


def test_a_run_of_another_home_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    mark = dataclasses.replace(MARK, pid=57)
    run = dg.DagsterRun("any", tags={MARK_TAG: mark.to_tag()})
    elsewhere = LocalHealthRunLauncher().check_run_worker_health(run)
    assert elsewhere.status == WorkerStatus.RUNNING
    assert "another state directory" in (elsewhere.msg or "")


def test_a_run_of_another_container_that_shares_the_home_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    mine = WorkerMark.taken_now(by_the_worker=True)
    theirs = dataclasses.replace(mine, pid=99_999_999, space="pid:[1]")
    run = dg.DagsterRun("any", tags={MARK_TAG: theirs.to_tag()})
    elsewhere = LocalHealthRunLauncher().check_run_worker_health(run)
    assert elsewhere.status == WorkerStatus.RUNNING
    assert "another container" in (elsewhere.msg or "")


@given(
    st.builds(
        WorkerMark,
        home=st.text(),
        boot=st.text(),
        uptime=st.floats(allow_nan=False),
        wall=st.floats(allow_nan=False),
        pid=st.none() | st.integers(),
        space=st.text(),
    )
)
def test_a_mark_survives_its_tag(mark: WorkerMark) -> None:
    assert WorkerMark.from_tag(mark.to_tag()) == mark


@given(st.text() | st.sampled_from(["[]", "{}", "null", "1", '{"home":1,"boot":2,"uptime":"x"}']))
def test_a_tag_of_somebody_else_is_no_mark(text: str) -> None:
    assert WorkerMark.from_tag(text) is None


def test_a_process_launched_after_the_mark_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    mark = WorkerMark.taken_now()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        said = FirstMessage(pid=process.pid, wall=time.time())
        try:
            alive = verdict(mark, said, local_boot(), process_of(process.pid))
            assert alive.status == WorkerStatus.RUNNING
            later = dataclasses.replace(mark, uptime=mark.uptime + 3)
            assert verdict(later, said, local_boot(), process_of(process.pid)).status == (
                WorkerStatus.FAILED
            )
        finally:
            process.kill()


def test_this_process_recognises_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    mark = WorkerMark.taken_now(by_the_worker=True)
    assert mark.pid is not None
    assert mark.pid == psutil.Process().pid
    said = FirstMessage(mark.pid, mark.wall)
    assert verdict(mark, said, local_boot(), process_of(mark.pid)).status == WorkerStatus.RUNNING


def test_a_killed_process_is_a_zombie_until_it_is_waited_for_then_nothing(
    sleeper: subprocess.Popen[bytes],
) -> None:
    sleeper.kill()
    psutil.Process(sleeper.pid)  # still listed
    deadline = time.monotonic() + 5
    while not (found := process_of(sleeper.pid)) or not found.zombie:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    sleeper.wait()
    assert process_of(sleeper.pid) is None
