"""`dp dev` in a real terminal: ctrl-C, hang-up and SIGTERM end it and all that it started."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest

from dp_pipeline.database.database import Database
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.settings import Settings
from dp_pipeline_tests.dagster_dev import ROOT, DagsterDev, wait_for
from dp_pipeline_tests.servers import free_port

_CTRL_C = b"\x03"
_ENDED_WITHIN = 30.0  # 2 s on an idle machine, and this one may be busy
_IN_A_TERMINAL = """
import os, pty, sys
status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Terminal(DagsterDev):
    """`dp dev` typed in a terminal of its own; `process` is the terminal."""

    def type(self, keys: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def dp(self) -> psutil.Process:
        """What was typed."""
        [child] = psutil.Process(self.process.pid).children()
        return child

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(_ENDED_WITHIN)


def of_home(home: Path) -> list[psutil.Process]:
    """The living processes that work in a home."""
    return [
        process
        for process in psutil.process_iter(["environ", "status"])
        if (process.info["environ"] or {}).get("DP_HOME") == str(home)
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


@contextlib.contextmanager
def terminal(directory: Path, environment: Mapping[str, str], *options: str) -> Generator[Terminal]:
    """Type `dp dev` in a terminal; nothing of it is left after the block."""
    port = free_port()
    home, log = directory / "home", directory / "terminal.log"
    dp = Path(sys.executable).with_name("dp")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _IN_A_TERMINAL, dp, "dev", "--port", str(port), *options],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(directory),
                "DP_HOME": str(home),
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Terminal(f"http://127.0.0.1:{port}", log, process)
    finally:
        for left in of_home(home):
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def assert_stopped(dev: Terminal, home: Path) -> None:
    """It said so, without a trace, and left no process."""
    assert dev.output().rstrip().endswith("Stopped."), dev.output()
    assert "Traceback" not in dev.output()
    assert of_home(home) == []


@pytest.fixture
def silent_provider() -> Generator[socket.socket]:
    """A server that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(120)
        yield listener


@pytest.mark.slow
def test_ctrl_c_ends_dagster_and_the_run_that_is_at_work(
    tmp_path: Path, migrated_url: str, silent_provider: socket.socket
) -> None:
    port = silent_provider.getsockname()[1]
    environment = {
        "DP_DATABASE_URL": migrated_url,
        "OPENLIGADB_BASE_URL": f"http://127.0.0.1:{port}",
    }
    with terminal(tmp_path, environment, "--no-sandbox") as dev:
        wait_for("Dagster", dev.is_ready, 120)
        links = dagster_url(Settings.load({"DP_HOME": str(tmp_path / "home")}))
        assert links == dev.url.replace("127.0.0.1", "localhost")
        wait_for("the page to open", lambda: f"Open {links}/assets" in dev.output() or None)
        assert httpx.get(dev.url, headers={"host": "evil.example"}).status_code == 421
        dev.add_partitions("openligadb:bl1:2024")
        first = dev.launch("tournaments", partition="openligadb:bl1:2024")
        request, _ = silent_provider.accept()
        with request:
            dev.type(_CTRL_C)
            assert dev.ended() == 0
    assert_stopped(dev, tmp_path / "home")
    assert "1 run was cut off; it begins anew at the next start." in dev.output()
    database = Database(migrated_url)
    with database.transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT status, error_class FROM data_provider_executions"
        ).all()
    database.close()
    assert [tuple(row) for row in rows] == [("failed", "InterruptedRunError")]
    with terminal(tmp_path, environment, "--no-sandbox") as dev:
        request, _ = silent_provider.accept()  # nobody has launched anything
        with request:
            wait_for("Dagster", dev.is_ready, 120)
            statuses = dev.runs()
            assert statuses.pop(first) == "CANCELED"
            assert list(statuses.values()) == ["STARTED"]
            dev.type(_CTRL_C)
            assert dev.ended() == 0
    assert_stopped(dev, tmp_path / "home")


def dagster_of(dev: Terminal) -> psutil.Process:
    """The parent of all that Dagster is."""
    [child] = [each for each in dev.dp().children() if "dagster_dg_cli" in str(each.cmdline())]
    return child


@pytest.mark.slow
@pytest.mark.parametrize("killed", [Terminal.dp, dagster_of])
def test_dagster_does_not_outlive_the_one_that_is_killed(
    tmp_path: Path,
    migrated_url: str,
    silent_provider: socket.socket,
    killed: Callable[[Terminal], psutil.Process],
) -> None:
    base = f"http://127.0.0.1:{silent_provider.getsockname()[1]}"
    environment = {"DP_DATABASE_URL": migrated_url, "OPENLIGADB_BASE_URL": base}
    home = tmp_path / "home"
    with terminal(tmp_path, environment, "--no-sandbox") as dev:
        wait_for("Dagster", dev.is_ready, 120)
        dev.add_partitions("openligadb:bl1:2024")
        first = dev.launch("tournaments", partition="openligadb:bl1:2024")
        request, _ = silent_provider.accept()
        with request:
            killed(dev).kill()
            dev.ended()
            wait_for("all to be gone", lambda: None if of_home(home) else True, _ENDED_WITHIN)
    assert "Traceback" not in dev.output()
    with terminal(tmp_path, environment, "--no-sandbox") as dev:
        request, _ = silent_provider.accept()  # what was cut off begins anew
        with request:
            wait_for("Dagster", dev.is_ready, 120)
            assert dev.runs()[first] == "CANCELED"
            dev.type(_CTRL_C)
            dev.ended()


def terminate(dev: Terminal) -> None:
    dev.dp().send_signal(signal.SIGTERM)


def press_twice(dev: Terminal) -> None:
    dev.type(_CTRL_C)
    wait_for("the first to be heard", lambda: "Stopping" in dev.output() or None)
    dev.type(_CTRL_C)


@pytest.mark.slow
@pytest.mark.parametrize("end", [terminate, press_twice])
def test_other_ways_to_stop_are_as_good(
    tmp_path: Path, migrated_url: str, end: Callable[[Terminal], None]
) -> None:
    with terminal(tmp_path, {"DP_DATABASE_URL": migrated_url}) as dev:
        wait_for("Dagster", dev.is_ready, 120)
        end(dev)
        assert dev.ended() == 0
        assert_stopped(dev, tmp_path / "home")


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 1, 2, 4, 8])
def test_ctrl_c_while_it_starts_leaves_no_trace_either(
    tmp_path: Path, migrated_url: str, seconds: float
) -> None:
    with terminal(tmp_path, {"DP_DATABASE_URL": migrated_url}) as dev:
        time.sleep(seconds)  # wherever it is by then
        dev.type(_CTRL_C)
        dev.ended()
        assert "Traceback" not in dev.output()
        assert of_home(tmp_path / "home") == []


@pytest.mark.slow
def test_a_terminal_that_is_closed_takes_dagster_along(tmp_path: Path, migrated_url: str) -> None:
    with terminal(tmp_path, {"DP_DATABASE_URL": migrated_url}, "--no-sandbox") as dev:
        wait_for("Dagster", dev.is_ready, 120)
        dev.process.kill()
        wait_for(
            "all to be gone",
            lambda: None if of_home(tmp_path / "home") else True,
            _ENDED_WITHIN,
        )


def test_ctrl_c_ends_an_ingest_with_what_was_done(
    tmp_path: Path, migrated_url: str, silent_provider: socket.socket
) -> None:
    with subprocess.Popen(
        [Path(sys.executable).with_name("dp"), "ingest", "openligadb:bl1:2024"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DP_HOME": str(tmp_path / "home"),
            "DP_DATABASE_URL": migrated_url,
            "OPENLIGADB_BASE_URL": f"http://127.0.0.1:{silent_provider.getsockname()[1]}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        request, _ = silent_provider.accept()
        with request:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: all that it has started
            said, _ = process.communicate(timeout=_ENDED_WITHIN)
    assert process.returncode == 130
    assert said.rstrip().endswith("Stopped before all was done.")
    assert "Traceback" not in said
