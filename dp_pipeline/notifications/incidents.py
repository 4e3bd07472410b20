"""The table of incidents: what detectors see is reconciled with it and announced from it.

A detector says of each subject it could examine whether it is wrong or well. What none of them
mentions stays as it is: a detector that failed closes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database.tables import incident
from dp_pipeline.notifications.slack.mrkdwn import duration
from dp_pipeline.notifications.slack.notice import Notice

Kind = Literal["check", "sensor", "schedule", "job", "provider", "delivery", "database"]

_TITLES: Mapping[str, tuple[str, str]] = {
    "check": ("The check {} fails", "The check {} passes again"),
    "sensor": ("The sensor {} keeps failing", "The sensor {} works again"),
    "schedule": ("The schedule {} keeps failing", "The schedule {} works again"),
    "job": ("The job {} fails", "The job {} works again"),
    "provider": ("{} does not answer", "{} answers again"),
    "delivery": ("Messages have been waiting", "Messages are delivered again"),
    "database": ("The database cannot be used", "The database can be used again"),
}
_MOST_NAMED = 5
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('dp_pipeline.incidents', 0))")


@dataclass(frozen=True, slots=True)
class Condition:
    """How one subject is, such as a sensor, named, and since when.

    `summary` says what is wrong, for a person; None: it is well. `detail` is the text of an error,
    `page` the path of a page in Dagster; a check may be of one tournament.
    """

    kind: Kind
    subject: str
    at: datetime
    summary: str | None = None
    detail: str | None = None
    page: str | None = None
    tournament_key: str | None = None


def moment(seconds: float) -> datetime:
    """A Unix time as the table keeps it."""
    return datetime.fromtimestamp(seconds, UTC)


def reconcile(
    connection: sa.Connection,
    conditions: Collection[Condition],
    subjects: Mapping[Kind, Collection[str]] | None = None,
) -> None:
    """Open what is wrong and not open, close what is open and well, keep the words up to date.

    `subjects` are all there are of some kinds: incidents of others, which are switched off or gone,
    are closed without a word.
    """
    if not conditions and not subjects:
        return
    # Two ticks at once would open the same.
    connection.execute(_LOCK)
    rows = connection.execute(sa.select(incident).where(incident.c.closed_at.is_(None)))
    stored = {(row.kind, row.subject, row.tournament_key): row for row in rows}
    for each in conditions:
        row = stored.get((each.kind, each.subject, each.tournament_key))
        words = {"summary": each.summary, "detail": each.detail, "page": each.page}
        if row is None:
            if each.summary is not None:
                _open(connection, each)
        elif each.summary is None:
            _close(connection, row.id, each.at)
        elif any(getattr(row, name) != value for name, value in words.items()):
            _update(connection, [row.id], words)
    for row in stored.values():
        if row.kind in (subjects or {}) and row.subject not in (subjects or {})[row.kind]:
            _close(connection, row.id, datetime.now(UTC), silently=True)


def adopt(connection: sa.Connection, conditions: Iterable[Condition]) -> None:
    """Open incidents that were announced already; doing it twice opens them once."""
    rows = connection.execute(sa.select(incident))
    stored = {(row.kind, row.subject, row.tournament_key) for row in rows}
    for each in conditions:
        if (each.kind, each.subject, each.tournament_key) not in stored:
            _open(connection, each, opening_announced_at=sa.func.now())


def note_past(connection: sa.Connection, past: Condition, closed_at: datetime) -> None:
    """Note an incident that is over, that was announced when there was no table.

    Doing it twice notes it once.
    """
    same = sa.exists().where(incident.c.kind == past.kind, incident.c.opened_at == past.at)
    if not connection.scalar(sa.select(same)):
        closed = sa.func.greatest(closed_at, past.at)
        _open(connection, past, opening_announced_at=past.at, closed_at=closed)


def _open(connection: sa.Connection, condition: Condition, **more: Any) -> None:
    values = asdict(condition)
    values["opened_at"] = values.pop("at")
    connection.execute(sa.insert(incident).values(**values, **more))


def _close(connection: sa.Connection, id_: UUID, at: datetime, *, silently: bool = False) -> None:
    now = sa.func.now()
    # What was never announced has no end to be announced either.
    unheard = sa.case((incident.c.opening_announced_at.is_(None), now), else_=None)
    values = {
        "closed_at": sa.func.greatest(at, incident.c.opened_at),
        "closing_announced_at": now if silently else unheard,
    }
    _update(connection, [id_], values)


def _update(connection: sa.Connection, ids: Sequence[UUID], values: Mapping[str, Any]) -> None:
    connection.execute(
        sa.update(incident).where(incident.c.id.in_(ids)).values(**values, updated_at=sa.func.now())
    )


@dataclass(frozen=True, slots=True)
class Announceable:
    """A message about incidents of one subject that began, or of such that ended."""

    notice: Notice
    ids: tuple[UUID, ...]
    ended: bool

    def mark_announced(self, connection: sa.Connection) -> None:
        """Stamp the incidents; one that was closed meanwhile has its end announced too."""
        now = sa.func.clock_timestamp()
        values = {"closing_announced_at": now}
        if not self.ended:
            values = {"opening_announced_at": now, "closing_announced_at": sa.null()}
        _update(connection, self.ids, values)


def unannounced(
    connection: sa.Connection, root: str, which: sa.ColumnElement[bool] | None = None
) -> list[Announceable]:
    """What is not announced of incidents, oldest first.

    A message is of all tournaments of one check. `root` is the address of Dagster's pages; `which`
    restricts it to some incidents.
    """
    closed = incident.c.closed_at.is_not(None)
    stamp = sa.case(
        (closed, incident.c.closing_announced_at), else_=incident.c.opening_announced_at
    )
    query = sa.select(incident).where(stamp.is_(None), sa.true() if which is None else which)
    order = sa.func.coalesce(incident.c.closed_at, incident.c.opened_at)
    groups: defaultdict[tuple[str, str, bool], list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(order, incident.c.id)):
        groups[row.kind, row.subject, row.closed_at is not None].append(row)
    return [
        Announceable(_notice(rows, ended, root), tuple(row.id for row in rows), ended)
        for (_, _, ended), rows in groups.items()
    ]


def _notice(rows: Sequence[Any], ended: bool, root: str) -> Notice:
    first = rows[0]
    title = _TITLES[first.kind][ended].format(first.subject)
    text = first.summary
    if ended:
        lasted = first.closed_at - first.opened_at
        text = f"It lasted {duration(round(lasted.total_seconds() * 1_000))}."
    named = sorted(row.tournament_key for row in rows if row.tournament_key)
    if named:
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        text += f" Tournaments: {', '.join(named[:_MOST_NAMED])}{more}."
    return Notice(
        "news" if ended else "failure",
        title,
        text,
        detail=None if ended else first.detail,
        url=None if first.page is None else f"{root}{first.page}",
        key=f"incident {first.id} {'ended' if ended else 'began'} ({len(rows)})",
    )
