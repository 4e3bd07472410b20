"""A simulated season played in this process: the clock is put on, what is due is polled."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa

from dp_pipeline.assets.poll import poll_tournaments
from dp_pipeline.assets.runner import RunContext, ingest_tournaments
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.archive import Archive
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.vocabulary import Scope
from dp_pipeline.match_watch.due import due_tournaments
from dp_pipeline.providers.registry import Providers
from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sandbox.server import Simulation, app
from dp_pipeline.storage import Folder, Storing
from dp_pipeline_tests.end_to_end.in_process import QUICK
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.sandbox.truth import true_matches, true_tables
from dp_pipeline_tests.servers import serve


@dataclass(frozen=True, slots=True)
class Played:
    """Which competition is played from which day to which, with a poll every so many hours."""

    number: int
    hours: int
    first: int = 0
    last: int = 334


@dataclass
class Season:
    """A world, a database, and what has been asked of the one for the other."""

    simulation: Simulation
    url: str
    database: Database
    home: Path
    requests: Counter[str] = field(default_factory=Counter)
    executions: list[Execution] = field(default_factory=list)
    archived: bool = False

    def put_clock(self, at: int) -> None:
        """Put the world's clock."""
        self.simulation.clock = Clock(at, 0, 0)

    def ingest(self, keys: Sequence[str]) -> None:
        """Read all of some tournaments."""
        self._run(lambda desk: ingest_tournaments(keys, NAMES, desk))

    def due(self) -> list[str]:
        """The tournaments of which something is due."""
        now = datetime.fromtimestamp(self.simulation.now, UTC)
        with self.database.transaction() as connection:
            return due_tournaments(connection, "sandbox", now)

    def poll(self, keys: Sequence[str] | None = None) -> list[Execution]:
        """One poll of what is due; its executions."""
        wanted = self.due() if keys is None else keys
        if not wanted:
            return []
        return self._run(lambda desk: poll_tournaments(wanted, desk), scope="part")

    def play(self, until: int, step: int) -> int:
        """Let time pass in steps and poll after each; how many polls there were."""
        polls = 0
        while self.simulation.now < until:
            self.put_clock(min(self.simulation.now + step, until))
            polls += bool(self.poll())
        return polls

    def _run(self, work: Callable[[RunContext], Any], *, scope: Scope = "whole") -> list[Execution]:
        ended: list[Execution] = []
        with Ledger(self.database, Folder(self.home / "objects")).working() as ledger:
            archive = Archive(self.database, Storing(Folder(self.home / "objects")))
            providers = Providers(
                {"sandbox": self.url},
                NoRateLimit(),
                QUICK,
                archive=archive if self.archived else None,
            )
            desk = RunContext(
                providers, self.database, ledger, Run(uuid.uuid4(), scope=scope), ended.append
            )
            anyio.run(work, desk)
        self.executions += ended
        return ended


@contextlib.contextmanager
def season(simulation: Simulation, database: Database, home: Path) -> Generator[Season]:
    """The season, served; its requests are counted by path."""
    counted: Counter[str] = Counter()
    served = app(simulation)

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] != "/clock":
            counted[scope["path"]] += 1
        await served(scope, receive, send)

    with serve(counting) as url:
        yield Season(simulation, url, database, home, counted)


def stored_matches(database: Database, key: str) -> list[tuple[object, ...]]:
    """The matches of a tournament as `true_matches_of` has them."""
    match, home, away = tables.match, tables.team.alias(), tables.team.alias()
    m, round_ = match.c, tables.tournament_round
    columns = (m.external_id, home.c.external_id, away.c.external_id, m.stage, m.group_name)
    scores = (
        *(m.home_score, m.away_score, m.home_score_90, m.away_score_90),
        *(m.home_score_ht, m.away_score_ht, m.home_penalties_score, m.away_penalties_score),
    )
    wanted = (
        sa.select(*columns, m.kickoff_at, m.status, *scores, round_.c.provider_id)
        .join(home, home.c.id == m.home_team_id)
        .join(away, away.c.id == m.away_team_id)
        .outerjoin(
            round_,
            (round_.c.tournament_id == m.tournament_id) & (round_.c.slug == m.round_slug),
        )
        .where(m.tournament_id == TournamentKey.parse(key).tournament_id)
    )
    with database.transaction() as connection:
        return sorted((tuple(row) for row in connection.execute(wanted)), key=str)


def true_matches_of(simulation: Simulation, key: str) -> list[tuple[object, ...]]:
    """The matches of a tournament as they are in the world."""
    parsed = TournamentKey.parse(key)
    ids = int(parsed.competition), int(parsed.season)
    none = (None, None)
    found = []
    for match in true_matches(simulation.world, *ids, simulation.now):
        played = match.status not in {"postponed", "cancelled"}
        found.append(
            (
                *(str(match.id), str(match.home), str(match.away), match.stage, match.group),
                *(datetime.fromtimestamp(match.kickoff, UTC), match.status),
                *((match.score if played else None) or none),
                *(match.after_90 or none),
                *(match.half_time or none),
                *(match.shootout or none),
                str(match.round[0]) if match.round else None,
            )
        )
    return sorted(found, key=str)


def stored_table(database: Database, key: str) -> set[tuple[object, ...]]:
    """The tables of a tournament as `true_table_of` has them."""
    s, team = tables.tournament_standing.c, tables.team
    columns = (s.position, s.games, s.wins, s.draws, s.losses, s.goals_for, s.goals_against)
    wanted = (
        sa.select(s.stage, s.group_name, team.c.external_id, *columns, s.points)
        .join(team, team.c.id == s.team_id)
        .where(s.tournament_id == TournamentKey.parse(key).tournament_id)
    )
    with database.transaction() as connection:
        return {tuple(row) for row in connection.execute(wanted)}


def true_table_of(simulation: Simulation, key: str) -> set[tuple[object, ...]]:
    """The tables of a tournament as they are in the world."""
    parsed = TournamentKey.parse(key)
    ids = int(parsed.competition), int(parsed.season)
    found = set()
    for table in true_tables(simulation.world, *ids, simulation.now):
        for r in table.rows:
            sums = r.matches, r.wins, r.draws, r.losses, r.goals_for, r.goals_against, r.points
            found.add((table.stage, table.group, str(r.team), r.position, *sums))
    return found
