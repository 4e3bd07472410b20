"""`dp sandbox serve` as a process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from dp_pipeline.cli.sandbox import sandbox
from dp_pipeline.sandbox.faults import KINDS

DP = str(Path(sys.executable).parent / "dp")
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_world_is_served_until_it_is_ended(ending: signal.Signals) -> None:
    command = [DP, "sandbox", "serve", "--port", "0", "--clock", "100%", "--speed", "0"]
    command += ["--fault", "forbidden */rounds"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            root = re.search(r"http://127\.0\.0\.1:\d+", lines[0])
            assert root is not None, (lines, process.poll())
            assert "It is 2027-06-30T00:00:00Z there" in lines[1]
            ingest = rf"SANDBOX_BASE_URL={root[0]} dp ingest sandbox:(\d+):(\d+)"
            key = re.search(ingest, lines[2])
            assert key is not None
            path = f"{root[0]}/unique-tournament/{key[1]}/season/{key[2]}"
            assert httpx.get(f"{path}/standings/total").status_code == 200
            assert httpx.get(f"{path}/rounds").status_code == 403
        finally:
            process.send_signal(ending)
        _, errors = process.communicate(timeout=20)
    assert errors == ""


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--clock", "someday", "is no moment"),
        ("--speed", "-1", "from 0"),
        ("--fault", "explosion", "is no fault"),
        ("--tournaments", "0", "1 to 10000"),
        ("--host", "203.0.113.1", "Cannot listen"),
    ],
)
def test_a_bad_option_is_one_sentence(option: str, value: str, sentence: str) -> None:
    done = CliRunner().invoke(sandbox, ["serve", "--port", "0", option, value])
    assert done.exit_code != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_the_help_lists_every_kind_of_fault() -> None:
    text = " ".join(CliRunner().invoke(sandbox, ["serve", "--help"]).output.split())
    assert f"KIND is one of {', '.join(KINDS)}." in text
