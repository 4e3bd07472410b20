"""The command `dp`, typed in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dp_pipeline_tests.dagster_dev import ROOT

Ended = subprocess.CompletedProcess[str]
DP = Path(sys.executable).with_name("dp")


def environment(home: Path, further: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the command sees: its home and what a test says, nothing of this process."""
    if (ROOT / ".env").exists():
        pytest.skip("the checkout has a .env, which the command reads as well")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home.parent),
        "DP_HOME": str(home),
        **(further or {}),
    }


def start_dp(
    *arguments: str, home: Path, further: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Begin a command; `communicate` waits for its end."""
    return subprocess.Popen(
        [DP, *arguments],
        cwd=home.parent,
        env=environment(home, further),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def dp(*arguments: str, home: Path, further: Mapping[str, str] | None = None) -> Ended:
    """A command and how it ended."""
    with start_dp(*arguments, home=home, further=further) as process:
        out, err = process.communicate(timeout=120)
    return Ended(process.args, process.returncode, out, err)
