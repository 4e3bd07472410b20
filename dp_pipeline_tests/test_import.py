"""Loading the code location does nothing but import, and little of that: every worker pays it."""

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "dp_pipeline"

# An audit hook sees every open, socket and process of the interpreter; reading a variable it does
# not see, so the mapping behind os.environ is one that takes notes.
_PROGRAM = """
import json, os, sys

seen = {"files": [], "sockets": [], "processes": [], "variables": []}

class Noting(dict):
    def __getitem__(self, name):
        seen["variables"].append(os.fsdecode(name))
        return super().__getitem__(name)

    def __contains__(self, name):
        seen["variables"].append(os.fsdecode(name))
        return super().__contains__(name)

def note(event, arguments):
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
        seen["files"].append(str(arguments[0]))
    elif event in {"os.mkdir", "os.remove", "os.rename", "sqlite3.connect"}:
        seen["files"].append(f"{event} {arguments[0]}")
    elif event.startswith("socket."):
        seen["sockets"].append(event)
    elif event in {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"}:
        seen["processes"].append(event)

import dagster, sqlalchemy, psycopg  # what they do by themselves is not ours
os.environ._data = Noting(os.environ._data)
sys.addaudithook(note)
import dp_pipeline.definitions
seen["modules"] = sorted(sys.modules)
print(json.dumps(seen))
"""
_OURS = (
    "DP_",
    "DAGSTER_POSTGRES",
    "DAGSTER_BASE",
    "DAGSTER_HOME",
    "AWS_",
    "SLACK_",
    "OPEN",
    "SANDBOX",
    "SOFA",
)
# Each costs 0.1 to 1 s, and is for tests or for those who have a bucket or a channel.
_NEVER = {
    "alembic",
    "boto3",
    "dagster_aws",
    "dagster_slack",
    "hypothesis",
    "matplotlib",
    "polars",
    "rich",
    "slack_sdk",
    "starlette",
    "uvicorn",
}


def test_loading_the_code_location_reads_nothing_and_starts_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=PACKAGE.parent,
        env={
            "DP_HOME": str(home),
            "DP_DATABASE_URL": "no url",
            "PATH": "",
            # a fresh clone has no bytecode yet, and writing it is Python's doing
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(finished.stdout)
    assert seen["sockets"] == []
    assert seen["processes"] == []
    assert [name for name in seen["variables"] if name.startswith(_OURS)] == []
    touched = [file for file in seen["files"] if str(PACKAGE) in file or str(home) in file]
    assert touched == []
    assert [file for file in seen["files"] if file.startswith(("os.", "sqlite3"))] == []
    assert not home.exists()
    assert _NEVER & set(seen["modules"]) == set()


def test_a_command_that_reads_tournaments_loads_no_sensors_no_messages_and_no_payloads_unread() -> (
    None
):
    program = (
        "import sys, dp_pipeline.cli.ingest\n"
        "from dp_pipeline.assets.reading import READING\n"
        "READING.resolve_job_def('ingest_tournaments')\n"
        "print(*sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    others = ("definitions", "notifications", "schedules", "sensors", "providers.sofascore.payload")
    assert not {f"dp_pipeline.{name}" for name in others} & set(finished.stdout.split())


def test_a_command_that_shows_what_is_stored_loads_no_dagster_and_no_other_command() -> None:
    program = (
        "import sys\n"
        "from click import Context\n"
        "from dp_pipeline.cli.group import main\n"
        "assert main.get_command(Context(main), 'tournaments').callback\n"
        "print(*sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(finished.stdout.split())
    assert {"dagster", "jinja2", "httpx", "dp_pipeline.cli.ingest"} & loaded == set()
    assert "dp_pipeline.cli.tournaments" in loaded
