"""What is to be tried again: the domains of tournaments whose last execution failed."""

import re
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.confirmed import before_removal, last_errors, unconfirmed
from dp_pipeline.domains.registry import in_order
from dp_pipeline.ledger.vocabulary import SETTLED
from dp_pipeline.providers.errors import NOT_THERE


def settled(rows: Any) -> sa.ColumnElement[bool]:
    """That a person refused for good what an execution refused, or waited for."""
    return sa.func.coalesce(rows.c.summary.has_key(SETTLED), sa.false())


_failed = tables.data_provider_executions
_later = _failed.alias("later")
_made_good = sa.exists().where(
    _later.c.tournament_key == _failed.c.tournament_key,
    _later.c.domain == _failed.c.domain,
    _later.c.started_at > _failed.c.started_at,
    _later.c.status != "failed",
    _later.c.scope.in_(("whole", _failed.c.scope)),
)
still_failing = sa.and_(
    _failed.c.status == "failed",
    _failed.c.scope.in_(("whole", "part")),
    ~before_removal,
    ~_made_good,
    ~settled(_failed),
)
"""Of an execution: that it failed, and that nothing has made good for it or settled it since."""

_AGO = re.compile(r"(\d{1,5})\s*([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def failing(connection: sa.Connection, since: datetime | None = None) -> dict[str, tuple[str, ...]]:
    """By tournament key the domains that failed and have not succeeded since, each after its cause.

    As in messages, a poll does not make good what a whole read failed at. A dry run counts for
    nothing, nor does a poll that requested nothing; of a key that was taken away, or a payload that
    a person refused for good, nothing is left to try, nor of a key of which its provider has
    no tournament.

    Args:
        connection: to the ledger.
        since: only what failed then or later; None for all.
    """
    rows = sa.select(_failed.c.tournament_key, _failed.c.domain).where(still_failing).distinct()
    if since is not None:
        rows = rows.where(_failed.c.completed_at >= since)
    domains = defaultdict[str, set[str]](set)
    for row in connection.execute(rows):
        domains[row.tournament_key].add(row.domain)
    gone = _not_there(connection, list(domains)) if domains else frozenset()
    return {key: in_order(domains[key]) for key in sorted(domains) if key not in gone}


def _not_there(connection: sa.Connection, keys: Collection[str]) -> frozenset[str]:
    """The keys of which nothing is stored or listed, and whose provider has no such tournament."""
    errors = last_errors(connection, unconfirmed(connection, keys))
    return frozenset(key for key, error in errors.items() if error in NOT_THERE)


def since_of(text: str, now: datetime) -> datetime | None:
    """A time from "90m", "6h" and "2d", each before now, or from "2026-11-23T04:00"; None from "".

    Raises:
        ValueError: it is none of these; the text is a sentence.
    """
    text = text.strip()
    if not text:
        return None
    if ago := _AGO.fullmatch(text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = (
            f"'{text}' is no time: give how long ago, such as 6h or 2d, or a day or time in UTC, "
            "such as 2026-11-23 or 2026-11-23T04:00."
        )
        raise ValueError(message) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
