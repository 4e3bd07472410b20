"""A season around its first match: its clock, a provider that breaks down, what is paused."""

import math
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.sandbox.faults import Faults, read_fault
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.season import season_of
from dp_pipeline.sandbox.world.timeline import timeline
from dp_pipeline_tests.match_watch.season import Season
from dp_pipeline_tests.sandbox.worlds import SMALL, key_of

KEY = key_of(1)
FIRST_DAY = min(
    (f for f in season_of(SMALL, 1, calendar.HOME_SEASON).fixtures), key=lambda f: f.kickoff
)
DURING = FIRST_DAY.kickoff + calendar.HOUR
AFTER = timeline(FIRST_DAY).over + 60


def begun(played: Season, at: int = DURING) -> None:
    """The season ingested before its first match, the clock put to a later moment."""
    played.put_clock(FIRST_DAY.kickoff - calendar.DAY)
    played.ingest([KEY])
    played.put_clock(at)
    played.requests.clear()
    played.executions.clear()


def watch_row(database: Database) -> Any:
    with database.transaction() as connection:
        wanted = sa.select(tables.tournament_watch).where(
            tables.tournament_watch.c.tournament_id == tournament_id_of(KEY)
        )
        return connection.execute(wanted).one_or_none()


def paused(database: Database) -> set[tuple[int, int]]:
    """Of the matches that are left alone: how often they were missed, and for how many seconds.

    Half a minute may have passed since, on a busy machine.
    """
    with database.transaction() as connection:
        m = tables.match_watch.c
        seconds = sa.func.extract("epoch", m.not_before - sa.func.clock_timestamp())
        wanted = sa.select(m.failures, seconds).where(m.not_before.is_not(None))
        return {
            (failures, math.ceil(left / 30) * 30) for failures, left in connection.execute(wanted)
        }


def end_pause(database: Database) -> None:
    with database.transaction() as connection:
        for table in (tables.match_watch, tables.tournament_watch):
            connection.execute(sa.update(table).values(not_before=None))


def break_down(played: Season, *faults: str) -> None:
    played.simulation.faults = Faults(1, [read_fault(text) for text in faults])
