"""A simulated season that plays while a real `dagster dev` runs, and nobody touches either."""

import contextlib
import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.embedded_postgres import EmbeddedPostgres
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sandbox.faults import read_fault
from dp_pipeline.sandbox.server import Simulation, app
from dp_pipeline.sandbox.world import calendar, identity
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline_tests.dagster_dev import DagsterDev, wait_for
from dp_pipeline_tests.match_watch.season import (
    stored_matches,
    stored_table,
    true_matches_of,
    true_table_of,
)
from dp_pipeline_tests.servers import SlackReceiver, serve

_KEY = re.compile(r"sandbox:\d+:\d+")


@dataclass
class Played:
    """A world that plays, the database it is read into, and the people who are told."""

    simulation: Simulation
    keys: Sequence[str]
    home: Path
    database: Database
    slack: "Slack"
    environment: Mapping[str, str]
    requests: Counter[str] = field(default_factory=Counter)

    # -- what happens ------------------------------------------------------------------------------

    def fill(self, dev: DagsterDev) -> None:
        """Register the tournaments; sensors do the rest while the clock stands still."""
        dev.add_partitions(*self.keys)
        wait_for("all tournaments to be ingested", self._is_filled, 180, every=0.5)
        self.requests.clear()

    def run_clock(self, speed: float) -> None:
        """Let time pass so many times as fast as ours."""
        now = time.time()
        self.simulation.clock = self.simulation.clock.run(speed, now)

    def stop_clock(self) -> None:
        """Let the world stand still."""
        self.run_clock(0)

    def put_clock(self, at: int) -> None:
        """Put the world's clock to a moment, at which it stands still."""
        self.simulation.clock = Clock(at, time.time(), 0)

    def set_faults(self, *faults: str) -> None:
        """From now on these happen at the provider."""
        self.simulation.faults.replace([read_fault(text) for text in faults])

    # -- what is to be seen ------------------------------------------------------------------------

    def differences(self) -> dict[str, tuple[object, object]]:
        """By tournament the matches and table rows that are not as in the world."""
        found = {}
        for key in self.keys:
            matches = set(true_matches_of(self.simulation, key)) ^ set(
                stored_matches(self.database, key)
            )
            table = true_table_of(self.simulation, key)
            rows = table ^ stored_table(self.database, key) if table else set()
            if matches or rows:
                found[key] = (sorted(map(str, matches)), sorted(map(str, rows)))
        return found

    def is_current(self) -> bool | None:
        """True once nothing is due, owed or paused and no execution is under way."""
        ledger, match, tournament = (
            tables.data_provider_executions.c,
            tables.match_watch.c,
            tables.tournament_watch.c,
        )
        with self.database.transaction() as connection:
            now = datetime.fromtimestamp(self.simulation.now, UTC)
            waiting = [
                connection.scalar(sa.select(sa.func.count()).where(condition))
                for condition in (
                    ledger.status == "in_progress",
                    match.due_at <= now,
                    tournament.due_at <= now,
                    tournament.follow_up_due_at.is_not(None),
                )
            ]
        return None if any(waiting) else True

    def delays(self) -> list[float]:
        """Seconds of the world from the end of each match to its being seen as ended."""
        found = []
        seen = self._seen_ended()
        for key in self.keys:
            parsed = TournamentKey.parse(key)
            number = identity.competition_number(int(parsed.competition))
            index = identity.season_index(number, int(parsed.season))
            assert index is not None
            found += [
                seen[str(fixture.id)].timestamp() - timeline(fixture).over
                for fixture in season_of(self.simulation.world, number, index).fixtures
                if str(fixture.id) in seen
            ]
        return sorted(found)

    def noted(self) -> Counter[tuple[str, str]]:
        """Every piece of news in the ledger, by tournament."""
        ledger = tables.data_provider_executions.c
        wanted = sa.select(ledger.tournament_key, ledger.summary["news"])
        with self.database.transaction() as connection:
            rows = connection.execute(wanted.where(ledger.summary.has_key("news"))).all()
        return Counter((key, text) for key, news in rows for text in news)

    def told(self) -> Counter[tuple[str, str]]:
        """Every line of a message that Slack took, by tournament."""
        return Counter(
            (_tournament_of(message), line)
            for message in self.slack.accepted
            for text in _texts(message)
            for line in text.splitlines()
        )

    def executions(self) -> Counter[tuple[str, str, str]]:
        """How often which domain came to what."""
        ledger = tables.data_provider_executions.c
        wanted = sa.select(ledger.domain, ledger.status, ledger.outcome)
        with self.database.transaction() as connection:
            return Counter(tuple(row) for row in connection.execute(wanted))

    def _seen_ended(self) -> dict[str, datetime]:
        watch, match = tables.match_watch, tables.match
        wanted = (
            sa.select(match.c.external_id, watch.c.since)
            .join(match, match.c.id == watch.c.match_id)
            .where(watch.c.status == "ended")
        )
        with self.database.transaction() as connection:
            return {row.external_id: row.since for row in connection.execute(wanted)}

    def _is_filled(self) -> bool | None:
        ledger = tables.data_provider_executions.c
        wanted = sa.select(sa.func.count(ledger.tournament_key.distinct())).where(
            ledger.domain == "standings", ledger.status == "completed"
        )
        with self.database.transaction() as connection:
            return True if connection.scalar(wanted) == len(self.keys) else None


def _tournament_of(message: Any) -> str:
    found = _KEY.search(json.dumps(message))
    return found[0] if found else ""


class Slack(SlackReceiver):
    """A webhook that can be down for a while."""

    down = False

    async def _post(self, request: Request) -> Response:
        return Response(status_code=503) if self.down else await super()._post(request)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "section" and "text" in value:
            yield value["text"]["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


@contextlib.contextmanager
def played_season(simulation: Simulation, keys: Sequence[str]) -> Generator[Played]:
    """The season with everything around it, except Dagster."""
    counted: Counter[str] = Counter()
    served = app(simulation)

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            counted[scope["path"]] += 1
        await served(scope, receive, send)

    # Not tmp_path: pytest's directories are private, and root's Postgres is another user.
    folder = Path(tempfile.mkdtemp(prefix="dp-season-"))
    folder.chmod(0o711)
    slack = Slack()
    try:
        with serve(counting) as address, slack.listening() as webhook:
            home = folder / "home"
            server = EmbeddedPostgres(home, linger_seconds=1)
            database = Database(server.url())
            database.ensure_current()
            environment = {
                "SANDBOX_BASE_URL": address,
                "SLACK_JOB_EXECUTIONS_WEBHOOK": webhook,
            }
            try:
                yield Played(simulation, keys, home, database, slack, environment, counted)
            finally:
                database.close()
                server.release()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def moment(day: int) -> int:
    """Midnight of a day of the season 2026/27, from 0."""
    return calendar.day_of(calendar.HOME_SEASON, day)
