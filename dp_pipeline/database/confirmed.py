"""Which tournament keys have a tournament behind them, as far as providers have said.

Anybody may add any text as a partition. What is stored, or was listed by its provider, is there;
of the rest the ledger knows what the provider answered last.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.football.key import TournamentKey

REMOVED = "partitionRemovedAt"
"""In the summary of executions: there was no tournament, and the partition is gone since then."""

_season = tables.competition_season
_tournament = tables.tournament
_executions = tables.data_provider_executions

not_begun = sa.func.coalesce(_executions.c.outcome, "") == "blocked_dependency"
"""Of an execution: that it requested nothing from its provider."""
only_planned = _executions.c.scope == "dry_run"
"""Of an execution: that it was a dry run, which counts for nothing."""
before_removal = sa.func.coalesce(_executions.c.summary.has_key(REMOVED), sa.false())
"""Of an execution: that its key was taken away since, so that it says nothing of the next life."""


def table_of(keys: Collection[str]) -> sa.Subquery:
    """Keys as a table with the column `key`: 5,000 of them are one parameter."""
    column = sa.func.unnest(sa.cast(list(keys), pg.ARRAY(sa.Text))).label("key")
    return sa.select(column).subquery("keys")


_ONE_KEY = sa.bindparam("key", type_=sa.Text)
_STANDING = sa.select(
    sa.exists().where(_tournament.c.key == _ONE_KEY) | sa.exists().where(_season.c.key == _ONE_KEY),
    sa.exists().where(tables.removed_tournament.c.key == _ONE_KEY),
)


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """What is known of a key: that there is such a tournament, that a person removed it."""

    confirmed: bool
    removed: bool


def standing_of(connection: sa.Connection, key: TournamentKey) -> KeyStanding:
    """Whether a tournament is stored or listed by its provider, and whether it was removed."""
    return KeyStanding(*connection.execute(_STANDING, {"key": str(key)}).one())


def unconfirmed(connection: sa.Connection, keys: Collection[str]) -> list[str]:
    """Of some keys those that are neither stored nor listed."""
    given = table_of(keys)
    stored = sa.exists().where(_tournament.c.key == given.c.key)
    listed = sa.exists().where(_season.c.key == given.c.key)
    return list(connection.scalars(sa.select(given.c.key).where(~stored, ~listed)))


def refused(connection: sa.Connection, errors: Collection[str]) -> list[str]:
    """The keys with an execution that failed with one of these classes of errors."""
    of_errors = _executions.c.error_class.in_(errors)
    keys = sa.select(_executions.c.tournament_key).where(of_errors, ~before_removal).distinct()
    return list(connection.scalars(keys))


def last_errors(connection: sa.Connection, keys: Collection[str]) -> dict[str, str]:
    """Of some keys those whose last execution has failed, each with the class of the error.

    One that was only blocked by another one, or that was before the key was taken away, does not
    count.
    """
    e, given = _executions, table_of(keys)
    error = sa.case((e.c.status == "failed", e.c.error_class))
    errors = sa.func.array_agg(pg.aggregate_order_by(error, e.c.started_at.desc()))
    failed = connection.execute(
        sa.select(e.c.tournament_key, errors.label("errors"))
        .join_from(given, e, e.c.tournament_key == given.c.key)
        .where(~not_begun, ~before_removal, ~only_planned)
        .group_by(e.c.tournament_key)
    )
    return {row.tournament_key: row.errors[0] for row in failed if row.errors[0] is not None}


def note_removal(connection: sa.Connection, key: str) -> None:
    """Note with all executions of a key that it was taken away after them.

    Otherwise who adds it again, once the season is published, would lose it at once.
    """
    noted = {REMOVED: datetime.now(UTC).isoformat(timespec="seconds")}
    summary = sa.func.coalesce(_executions.c.summary, sa.text("'{}'::jsonb")).concat(noted)
    connection.execute(
        sa.update(_executions)
        .where(_executions.c.tournament_key == key, ~before_removal)
        .values(summary=summary)
    )
