"""Small synthetic tournaments, served by a process of their own so that it is not counted.

Run as a program it serves until its standard input ends and prints its address first; its argument
is how many seconds it takes to answer.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.providers.openligadb_payloads import played
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

TOURNAMENTS = 200
_FIRST_YEAR = 1970
_YEARS = 50
_PLACES = ("Ayr", "Bury", "Cork", "Deal", "Ely", "Frome", "Goole", "Hove")
_MATCHDAYS = 2 * (len(_PLACES) - 1)


@dataclass
class Delayed:
    """An application that takes its time to answer."""

    app: Any
    seconds: float

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)


def openfootball_keys(count: int = TOURNAMENTS) -> list[str]:
    """Keys of seasons this world has."""
    seasons = ((1 + place // _YEARS, _FIRST_YEAR + place % _YEARS) for place in range(count))
    return [f"openfootball:en.{level}:{y}-{(y + 1) % 100:02}" for level, y in seasons]


def openligadb_keys(count: int = TOURNAMENTS) -> list[str]:
    """Keys of seasons this world has."""
    return [f"openligadb:test{number}:2024" for number in range(count)]


def playing_keys(count: int) -> list[str]:
    """Keys of seasons whose last matchday is being played."""
    began = datetime.now(UTC) - timedelta(weeks=_MATCHDAYS)
    return [f"openligadb:live{number}:{began.year}" for number in range(count)]


def payloads(count: int = TOURNAMENTS) -> dict[str, Any]:
    """Path to answer, for both providers."""
    names = [f"{place} FC" for place in _PLACES]
    file = season(league(*names), "Test League")
    found: dict[str, Any] = {}
    for key in openfootball_keys(count):
        _, competition, years = key.split(":")
        first = int(years[:4])
        found[f"/{years}/{competition}.json"] = season(
            [{**m, "date": f"{first}{m['date'][4:]}"} for m in file["matches"]],
            f"Test League {first}",
        )
    for number, key in enumerate(openligadb_keys(count)):
        _, shortcut, year = key.split(":")
        matches = _openligadb(1000 * (number + 1))
        found[f"/getmatchdata/{shortcut}/{year}"] = matches
        found[f"/getavailablegroups/{shortcut}/{year}"] = _groups(matches)
    for number, key in enumerate(playing_keys(_YEARS)):
        _, shortcut, year = key.split(":")
        matches = [_moved(m) for m in _openligadb(1_000_000 + 1000 * number)]
        found[f"/getmatchdata/{shortcut}/{year}"] = matches
        found[f"/getavailablegroups/{shortcut}/{year}"] = _groups(matches)
        last = [m for m in matches if m["group"]["groupOrderID"] == _MATCHDAYS]
        found[f"/getmatchdata/{shortcut}/{year}/{_MATCHDAYS}"] = last
    return found


def _groups(matches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({m["group"]["groupOrderID"]: m["group"] for m in matches}.values())


def _moved(match: dict[str, Any]) -> dict[str, Any]:
    """The match in its week before today's; one of the last matchday began an hour ago."""
    weeks = _MATCHDAYS - match["group"]["groupOrderID"]
    began = datetime.now(UTC) - timedelta(hours=1, weeks=weeks)
    last: dict[str, Any] = {} if weeks else {"matchIsFinished": False, "matchResults": []}
    moved = {"matchDateTimeUTC": f"{began:%Y-%m-%dT%H:%M:00Z}", **last}
    return {**match, "matchDateTime": f"{began:%Y-%m-%dT%H:%M:00}", **moved}


def _openligadb(first_id: int) -> list[dict[str, Any]]:
    days = len(_PLACES) - 1
    matches = []
    for day in range(2 * days):
        ring = [0, *(1 + (day + i) % days for i in range(days))]
        for i in range(len(_PLACES) // 2):
            one, other = ring[i] + 1, ring[-1 - i] + 1
            home, away = (one, other) if day < days else (other, one)
            number = first_id + len(matches)
            matches.append(played(number, home, away, (2, 1), order=day + 1))
    return matches


@contextlib.contextmanager
def serving(latency_seconds: float = 0) -> Generator[str]:
    """Start the program below; its base URL."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(latency_seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(timeout=30)


if __name__ == "__main__":
    with serve(Delayed(Replay(payloads=payloads()).app(), float(sys.argv[1]))) as url:
        sys.stdout.write(url + "\n")
        sys.stdout.flush()
        sys.stdin.read()
