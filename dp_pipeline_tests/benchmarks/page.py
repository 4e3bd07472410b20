"""The page of all that was measured: tables with the machine and the commit they are of.

Pure, but for `circumstances`.
"""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dp_pipeline_tests.dagster_dev import ROOT

KEPT, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"
_CPUS = Path("/proc/cpuinfo")
_HEAD = """# Benchmarks

`make bench` measures these and writes this page; `make bench ARGS="season scale"` measures parts
of it anew. Times are seconds. What stands in one table is of one run: ratios hold on other
machines, seconds do not.
"""
_ABOUT: Mapping[str, str] = {
    "ingest": "The parts: `dp ingest` as typed beside `import dagster`, payloads, writing, a tick.",
    "season": "A first read of a season of 380 matches, and what archive and history cost of it.",
    "peers": "A first read of one season as a whole process, beside other projects' readers. "
    "ScraperFC reads matches only and starts a browser anew for each of 15 addresses.",
    "backfill": "A backfill by the running daemon, all included, and Dagster as it comes.",
    "nightly": "A night of 300 tournaments by the running daemon, everything included.",
    "played": "Four weeks of the simulated world, seven competitions, in six minutes. A message "
    "waits until three minutes have brought no more news of its tournament, and ten at most: at "
    "this speed the next match ends before.",
    "ticks": "A tick of each sensor and schedule where 5,000 tournaments are followed.",
    "scale": "The same where 10,000 seasons with a million executions are, and where few are. The "
    "weekly re-read requests all seasons of its provider, and the overview of partitions, which is "
    "Dagster's, shows them all twice: what these take grows with what they say.",
    "scale-40000": "The same with 40,000 seasons, 15.2 million matches, 4 million executions.",
}


def circumstances() -> dict[str, str]:
    """When, on what and of which commit something is measured."""
    git = ("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    model = platform.machine()
    if _CPUS.exists():
        named = [line for line in _CPUS.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    load = os.getloadavg()[0]
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} x {model}, Python {platform.python_version()}",
        "load": f"{load:.1f} at the start",
        "commit": commit or "unknown",
    }


def page(kept: Mapping[str, Mapping[str, Any]]) -> str:
    """All that was measured as a page."""
    parts = [_HEAD]
    for name, about in _ABOUT.items():
        if name not in kept:
            continue
        measured = kept[name]
        rows = measured["rows"]
        columns = list(
            dict.fromkeys(c for row in rows for c, v in row.items() if not isinstance(v, Mapping))
        )
        facts = ", ".join(
            f"{word} {measured[word]}".removeprefix("at ").removeprefix("machine ")
            for word in ("at", "commit", "machine", "load")
        )
        parts += [
            f"\n## {name}\n\n{about}\n\n{facts}.\n",
            f"| {' | '.join(columns)} |",
            f"|{'---|' * len(columns)}",
            *(f"| {' | '.join(_cell(row.get(c, '')) for c in columns)} |" for row in rows),
        ]
    return "\n".join(parts).rstrip() + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "/")
