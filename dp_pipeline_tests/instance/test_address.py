"""Where Dagster and its simulated world are: addresses that nobody follows when they are gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dp_pipeline.cli import main
from dp_pipeline.instance.address import WORLD, address_of, announced, announced_address
from dp_pipeline_tests.dagster_dev import ROOT, wait_for

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


def test_of_two_on_one_home_the_second_is_known_when_the_first_has_ended(tmp_path: Path) -> None:
    with announcing(tmp_path, "http://localhost:1") as process:
        assert process.stdout is not None
        process.stdout.readline()
        with announced(tmp_path, "http://localhost:2"):
            assert announced_address(tmp_path) == "http://localhost:1"
            process.kill()
            wait_for(
                "the second to be known",
                lambda: announced_address(tmp_path) == "http://localhost:2" or None,
            )
    assert announced_address(tmp_path) is None


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
