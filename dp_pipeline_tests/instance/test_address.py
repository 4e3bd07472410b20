"""Where Dagster and its simulated world are: addresses that nobody follows when they are gone."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner

from dp_pipeline.cli.dev import free_port
from dp_pipeline.cli.group import main
from dp_pipeline.instance.address import (
    PAGES,
    WORLD,
    address_of,
    announced,
    announced_address,
    refuse_second,
)
from dp_pipeline_tests.dagster_dev import ROOT

_ANNOUNCE = """
import sys, time
from pathlib import Path
from dp_pipeline.instance.address import announced
with announced(Path(sys.argv[1]), sys.argv[2]):
    print("announced", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:4321"),
        ("localhost", "http://localhost:4321"),
        ("0.0.0.0", "http://localhost:4321"),  # noqa: S104 - what somebody may say
        ("::", "http://localhost:4321"),
        ("::1", "http://[::1]:4321"),
        ("2001:db8::7", "http://[2001:db8::7]:4321"),
        ("192.0.2.7", "http://192.0.2.7:4321"),
        ("dagster.example", "http://dagster.example:4321"),
    ],
)
def test_the_address_can_be_opened(host: str, address: str) -> None:
    assert address_of(host, 4321) == address


def announcing(home: Path, address: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", _ANNOUNCE, str(home), address], cwd=ROOT, stdout=subprocess.PIPE
    )


def test_an_address_is_valid_until_the_process_that_announced_it_is_killed(tmp_path: Path) -> None:
    assert announced_address(tmp_path) is None
    with announcing(tmp_path, "http://localhost:1") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"announced\n"
        assert announced_address(tmp_path) == "http://localhost:1"
        process.kill()
    assert announced_address(tmp_path) is None


def test_a_second_start_on_one_home_names_the_first_and_what_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    with announcing(tmp_path, "http://localhost:1") as process:
        assert process.stdout is not None
        process.stdout.readline()
        refused = CliRunner().invoke(main, ["dev"])
        process.kill()
    assert refused.exit_code == 1
    here = f"process {process.pid}, at http://localhost:1; `kill {process.pid}` stops it."
    assert refused.output == f"Error: It runs here already, {here}\n"


def test_a_start_waits_for_what_a_killed_one_has_left(tmp_path: Path) -> None:
    waits: list[str] = []
    with announcing(tmp_path, "http://localhost:1") as process:  # holds the lock
        assert process.stdout is not None
        process.stdout.readline()
        with subprocess.Popen([sys.executable, "-c", ""]) as ended:
            ended.wait()
        (tmp_path / PAGES).write_text(f"http://localhost:1 {ended.pid}")

        def end() -> None:
            waits.append("once")
            process.kill()

        refuse_second(tmp_path, end)
    assert waits == ["once"]


def test_a_busy_port_is_refused_if_it_was_named_and_else_another_is_taken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ClickException, match=f"Port {port} on 127.0.0.1 is busy"):
            free_port("127.0.0.1", port)
        monkeypatch.setattr("dp_pipeline.cli.dev._PORT", port)
        other = free_port("127.0.0.1", None)
    assert other != port
    assert f"Port {port} is busy, so this runs on port {other}." in capsys.readouterr().err
    assert free_port("127.0.0.1", other) == other


@pytest.mark.parametrize(
    ("named", "asked"),
    [("", "http://127.0.0.1:9/api/v1"), ("http://127.0.0.1:8", "http://127.0.0.1:8")],
)
def test_commands_in_another_terminal_ask_the_world_that_runs_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, asked: str
) -> None:
    asking: list[str] = []

    def noted(*_: object, **__: object) -> None:
        asking.append(os.environ["SANDBOX_BASE_URL"])

    monkeypatch.setattr("dp_pipeline.cli.shown.open_database", noted)
    environ = {"DP_HOME": str(tmp_path), "SANDBOX_BASE_URL": named}
    with announced(tmp_path, "http://127.0.0.1:9/api/v1", WORLD):
        CliRunner(env=environ).invoke(main, ["health"])
    CliRunner(env=environ).invoke(main, ["health"])
    assert asking == [asked, named]
