"""A first read of one season of 380 matches: against its floor, and with and without what is kept.

The floor is the same request and a COPY of as many rows. Each read is of another season, so that
nothing is stored of it; archive and history are switched off by leaving them out of the run.
"""

import contextlib
import os
import resource
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import anyio
import httpx
import psycopg
import pytest

from dp_pipeline.assets.runner import RunContext, ingest_tournaments
from dp_pipeline.database.database import Database
from dp_pipeline.domains import apply
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.http.archive import Archive
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import BY_NAME, Providers
from dp_pipeline.storage import Folder, Storing
from dp_pipeline_tests.benchmarks.cpu import Meter, family
from dp_pipeline_tests.benchmarks.place import place
from dp_pipeline_tests.benchmarks.world import Delayed
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

LATENCY_SECONDS = 0.05
PAIRS = 10
_CLUBS, _FIRST_YEAR = 20, 1900


def _keys(count: int) -> list[str]:
    years = range(_FIRST_YEAR, _FIRST_YEAR + count)
    return [f"openfootball:en.1:{year}-{(year + 1) % 100:02}" for year in years]


def _path(key: str) -> str:
    _, competition, years = key.split(":")
    return f"/{years}/{competition}.json"


def _payloads(count: int, clubs: int) -> dict[str, Any]:
    matches = league(*(f"{chr(ord('A') + number)}lford Rovers" for number in range(clubs)))
    return {
        _path(key): season(
            [{**m, "date": f"{key[18:22]}{m['date'][4:]}"} for m in matches], f"League {key[18:22]}"
        )
        for key in _keys(count)
    }


def measure(pairs: int = PAIRS, clubs: int = _CLUBS) -> Iterator[dict[str, Any]]:
    """A read and its floor in turn, then reads with and without what is kept in turn."""
    keys = iter(_keys(3 * pairs + 1))
    replay = Replay(payloads=_payloads(3 * pairs + 1, clubs))
    with (
        place() as (_, home),
        serve(Delayed(replay.app(), LATENCY_SECONDS)) as slow,
        serve(replay.app()) as quick,
    ):
        server = EmbeddedPostgres(home, linger_seconds=1)
        database = Database(server.url())
        try:
            database.ensure_current()
            read_season(database, home, quick, next(keys))  # imports, compiled statements
            rows = clubs * (clubs - 1)
            reads, floors = [], []
            for key in (next(keys) for _ in range(pairs)):
                reads.append(_wall(lambda key=key: read_season(database, home, slow, key)))
                floors.append(
                    _wall(lambda key=key: _floor(server.url(), f"{slow}{_path(key)}", rows))
                )
            yield _row(f"a first read of {rows} matches, 50 ms latency", reads, floors, "wall")
            kept, bare = [], []
            for _ in range(pairs):
                kept.append(_cpu(home, lambda: read_season(database, home, quick, next(keys))))
                with _no_history():
                    bare.append(
                        _cpu(
                            home,
                            lambda: read_season(database, home, quick, next(keys), archived=False),
                        )
                    )
            yield _row("with archive and history against without", kept, bare, "CPU")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            yield {"what": "peak memory of the process", "of": "MiB", "median": peak}
        finally:
            database.close()
            server.release()


def _row(what: str, measured: list[float], other: list[float], of: str) -> dict[str, Any]:
    each = [one / two for one, two in zip(measured, other, strict=True)]
    return {
        "what": what,
        "of": of,
        "median": round(median(measured), 4),
        "against": round(median(other), 4),
        "ratio of medians": round(median(measured) / median(other), 3),
        "median of ratios": round(median(each), 3),
        "n": len(measured),
    }


@contextlib.contextmanager
def _no_history() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apply, "add_changes", lambda *_, **__: None)
        yield


def read_season(
    database: Database, home: Path, url: str, key: str, *, archived: bool = True
) -> None:
    """One run of all domains of one tournament, in this process."""
    objects, ended = Folder(home / "objects"), list[Execution]()
    with Ledger(database, objects).working() as ledger:
        archive = Archive(database, Storing(objects)) if archived else None
        providers = Providers(dict.fromkeys(BY_NAME, url), NoRateLimit(), archive=archive)
        context = RunContext(providers, database, ledger, Run(uuid.uuid4()), ended.append)
        anyio.run(ingest_tournaments, [key], NAMES, context)
    assert {each.status for each in ended} == {"completed"}, [each.failure for each in ended]


def _floor(database_url: str, url: str, rows: int) -> None:
    payload = httpx.get(url).json()
    assert len(payload["matches"]) == rows
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE floor (LIKE match) ON COMMIT DROP")
        names = "id, provider, external_id, status, home_score, away_score"
        cursor.execute(
            "ALTER TABLE floor ALTER tournament_id DROP NOT NULL,"
            " ALTER home_team_id DROP NOT NULL, ALTER away_team_id DROP NOT NULL,"
            " ALTER created_at DROP NOT NULL, ALTER updated_at DROP NOT NULL"
        )
        with cursor.copy(f"COPY floor ({names}) FROM STDIN") as copy:
            for match in payload["matches"]:
                one, other = match["score"]["ft"]
                copy.write_row((uuid.uuid4(), "floor", match["team1"], "ended", one, other))


def _wall(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cpu(home: Path, work: Callable[[], object]) -> float:
    """CPU seconds of this process and of Postgres."""
    meter = Meter(lambda: family(os.getpid(), home))
    work()
    return meter.read()[0].cpu
