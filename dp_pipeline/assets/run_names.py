"""Which tournaments a run is about, in words, as a tag: what a person reads in the list of runs."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.database.rows import storable
from dp_pipeline.pages.words import one_line

TOURNAMENT_TAG = "dp/tournament"
MOST_NAMED = 3
LONGEST = 120
"""A tag stands in a column of the list of runs; Dagster's own may have 255 characters."""


@contextmanager
def run_named(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    database: Database,
    keys: Sequence[str],
) -> Generator[None]:
    """Tag a run with the names of its tournaments, at its end again where one had none before."""
    all_named = _name(context, database, keys)
    try:
        yield
    finally:
        if not all_named:
            _name(context, database, keys)


def _name(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    database: Database,
    keys: Sequence[str],
) -> bool:
    """Tag the run; whether all tournaments have a name by now."""
    if not keys:
        return True
    tournament = tables.tournament
    # A partition may be any text, also one that no database takes.
    stored = tournament.c.key.in_([key for key in keys if key == storable(key)])
    wanted = sa.select(tournament.c.key, tournament.c.label).where(stored)
    try:
        rows = database.run_here(lambda connection: connection.execute(wanted).fetchall())
    # What is to be done fails or not by itself; a name is no reason.
    except DatabaseError:
        return False
    labels = {row.key: row.label for row in rows}
    context.instance.add_run_tags(context.run.run_id, {TOURNAMENT_TAG: named(keys, labels)})
    return labels.keys() >= set(keys)


def named(keys: Sequence[str], labels: Mapping[str, str]) -> str:
    """The tournaments of a run in one short line: how many, and the names of the first."""
    first = ", ".join(labels.get(key, key) for key in keys[:MOST_NAMED])
    head = f"{len(keys)} tournaments: " if len(keys) > 1 else ""
    tail = ", …" if len(keys) > MOST_NAMED else ""
    text = one_line(f"{head}{first}{tail}")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
