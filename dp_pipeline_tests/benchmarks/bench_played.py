"""Weeks of the simulated world at full speed beside the running daemon: delays, memory, growth.

A month of seven competitions is played in some minutes. From the end of a match at the provider it
is measured how long its row and its message take; of the processes how much memory they hold; of
database and folders what a match, its news and reports included, adds to them.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Self

import psutil
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline_tests.benchmarks.cpu import family, kind_of
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.dagster_dev import copy_project, dagster_dev, wait_for
from dp_pipeline_tests.end_to_end.played_season import Played, moment, played_season
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of, standing_still

COMPETITIONS = (1, 3, 4, 5, 6, 8, 9)
FIRST_DAY, DAYS = 98, 28
QUARTERS = 4
QUARTER_SECONDS = 90.0
_SAMPLED_EVERY = 1.0
_MIB = 2**20
# A run is a fork of the code server, and counted as one.
_PROCESSES = ("daemon", "code server", "webserver")


def measure(days: int = DAYS, quarter_seconds: float = QUARTER_SECONDS) -> Iterator[dict[str, Any]]:
    """What stands after each quarter of the time, then the delays of all matches that ended."""
    speed = days * 86_400 / (QUARTERS * quarter_seconds)
    simulation = standing_still(SMALL, moment(FIRST_DAY))
    with (
        place() as (top, _),
        played_season(simulation, [key_of(n) for n in COMPETITIONS]) as made,
        dagster_dev(copy_project(top / "project"), made.home, made.environment) as dev,
    ):
        made.fill(dev)
        began, ended_before = time.time(), set(_told_of(made))
        made.run_clock(speed)
        with Memory(lambda: family(dev.process.pid, made.home)) as memory:
            start = _size(made)
            yield _stand("at the start", 0, memory.taken(), start, start)
            for quarter in range(1, QUARTERS + 1):
                time.sleep(max(0.0, began + quarter * quarter_seconds - time.time()))
                if quarter == QUARTERS:
                    made.stop_clock()
                    wait_for("everything due to be read", made.is_current, 240, every=1)
                ended = len(set(_told_of(made)) - ended_before)
                name = f"after {quarter * days // QUARTERS} days"
                yield _stand(name, ended, memory.taken(), _size(made), start)
        wait_for("everything to be told", lambda: _all_told(made), 360, every=1)
        rows, messages = [], []
        for match, (stored, told) in _told_of(made).items():
            if match in ended_before:
                continue
            over = began + (_over(made)[match] - moment(FIRST_DAY)) / speed
            rows.append(stored - over)
            messages.append(told - over)
        for what, delays in (("row", rows), ("message", messages)):
            yield _delays(f"from a match's end to its {what}, s", delays)


@dataclass
class Memory:
    """The most memory of each kind of process, looked at every second."""

    members: Callable[[], list[psutil.Process]]
    most: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def taken(self) -> dict[str, int]:
        """MiB of the largest process of each kind since the last call."""
        if not self.most:
            time.sleep(2 * _SAMPLED_EVERY)
        most, self.most = self.most, Counter()
        return {kind: round(size / _MIB) for kind, size in most.items()}

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLED_EVERY):
            for process in self.members():
                try:
                    kind, size = kind_of(process.cmdline()), process.memory_info().rss
                except psutil.Error:  # it has ended meanwhile
                    continue
                self.most[kind] = max(self.most[kind], size)


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the database and of the folder of objects."""

    database: int
    objects: int


def _size(made: Played) -> Size:
    with made.database.transaction() as connection:
        size = sa.func.pg_database_size(sa.func.current_database())
        database = connection.execute(sa.select(size)).scalar_one()
    return Size(database, _bytes_below(made.home / "objects"))


def _bytes_below(folder: Path) -> int:
    sizes = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes += (Path(parent) / name).stat().st_size
            except FileNotFoundError:  # replaced meanwhile
                continue
    return sizes


def _stand(
    what: str, ended: int, memory: dict[str, int], size: Size, start: Size
) -> dict[str, Any]:
    grown = {
        "database, KiB a match": size.database - start.database,
        "objects, KiB a match": size.objects - start.objects,
    }
    return {
        "what": what,
        "matches ended": ended,
        **{f"{kind}, MiB": memory.get(kind, "") for kind in _PROCESSES},
        "database, MiB": round(size.database / _MIB, 1),
        **{name: round(more / 1024 / ended, 1) if ended else "" for name, more in grown.items()},
    }


def _delays(what: str, delays: list[float]) -> dict[str, Any]:
    *_, p95 = quantiles(delays, n=20)
    return {
        "what": what,
        "matches ended": len(delays),
        "median": round(median(delays), 1),
        "p95": round(p95, 1),
        "longest": round(max(delays), 1),
    }


def _told_of(made: Played) -> dict[str, tuple[float, float]]:
    """By the ID of each match that has ended: when its row was written, and when it was told."""
    match, change, ledger = tables.match, tables.change, tables.data_provider_executions
    at = sa.func.extract("epoch", sa.func.min(change.c.changed_at))
    told = sa.func.extract("epoch", sa.func.min(ledger.c.announced_at))
    wanted = (
        sa.select(match.c.external_id, at.label("stored"), told.label("told"))
        .join_from(match, change, change.c.entity_id == match.c.id)
        .join(ledger, ledger.c.id == change.c.execution_id)
        .where(change.c.field == "status", change.c.new.op("#>>")(sa.text("'{}'")) == "ended")
        .group_by(match.c.external_id)
    )
    with made.database.transaction() as connection:
        return {
            row.external_id: (float(row.stored), float(row.told or 0))
            for row in connection.execute(wanted)
        }


def _all_told(made: Played) -> bool | None:
    ledger = tables.data_provider_executions.c
    with made.database.transaction() as connection:
        untold = connection.scalar(sa.select(sa.func.count()).where(ledger.announced_at.is_(None)))
    return None if untold else True


def _over(made: Played) -> dict[str, int]:
    """When each match ends, by its ID, in seconds of the world."""
    found = {}
    for key in map(TournamentKey.parse, made.keys):
        number = identity.competition_number(int(key.competition))
        index = identity.season_index(number, int(key.season))
        assert index is not None
        for fixture in season_of(made.simulation.world, number, index).fixtures:
            found[str(fixture.id)] = timeline(fixture).over
    return found
