"""The table of incidents: what detectors see is reconciled with it and announced from it.

A detector says of each subject it could examine whether it is wrong or well. What none of them
mentions stays as it is: a detector that failed closes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database.tables import incident, tournament
from dp_pipeline.notifications.slack.notice import Notice
from dp_pipeline.pages.words import duration
from dp_pipeline.providers.registry import BY_NAME

Kind = Literal["check", "sensor", "schedule", "job", "provider", "delivery", "database"]

_TITLES: Mapping[str, tuple[str, str]] = {
    "check": ("The check {} fails", "The check {} finds no error any more"),
    "sensor": ("The sensor {} keeps failing", "The sensor {} works again"),
    "schedule": ("The schedule {} keeps failing", "The schedule {} works again"),
    "job": ("The job {} fails", "The job {} works again"),
    "provider": ("{} does not answer", "{} answers again"),
    "delivery": ("Messages have been waiting", "Messages are delivered again"),
    "database": ("The database cannot be used", "The database can be used again"),
}
_MOST_NAMED = 5
SOON = timedelta(days=1)
"""What is wrong again within this goes on with the same thread."""
RECENT = timedelta(days=30)
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
    """A message about incidents of one subject that began, or of such that ended.

    `episode` are all incidents of the subject that follow on each other; `thread` is named after
    the first of them.
    """

    notice: Notice
    ids: tuple[UUID, ...]
    ended: bool
    episode: tuple[UUID, ...] = ()
    thread: str = ""

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
    query = _named().where(stamp.is_(None), sa.true() if which is None else which)
    order = sa.func.coalesce(incident.c.closed_at, incident.c.opened_at)
    groups: defaultdict[tuple[str, str, bool], list[Any]] = defaultdict(list)
    for row in connection.execute(query.order_by(order, incident.c.id)):
        groups[row.kind, row.subject, row.closed_at is not None].append(row)
    due = []
    for (kind, subject, ended), rows in groups.items():
        of_subject = _named().where(
            incident.c.kind == kind,
            incident.c.subject == subject,
            (incident.c.closed_at.is_(None)) | (incident.c.closed_at > sa.func.now() - RECENT),
        )
        episode = _episode(connection.execute(of_subject.order_by(incident.c.opened_at)).all())
        due.append(
            Announceable(
                _notice(rows, ended, root),
                tuple(row.id for row in rows),
                ended,
                tuple(row.id for row in episode),
                f"{kind} {subject} since {episode[0].opened_at:%Y-%m-%d %H:%M:%S.%f}",
            )
        )
    return due


def heading(connection: sa.Connection, message: Announceable, root: str) -> Notice:
    """How the subject of a message is now, with all that it has gone through."""
    order = incident.c.opened_at, incident.c.id
    rows = connection.execute(_named().where(incident.c.id.in_(message.episode)).order_by(*order))
    return _heading(rows.all(), root)


def _named() -> sa.Select[Any]:
    """Incidents with the name of their tournament."""
    name = sa.func.coalesce(tournament.c.label, incident.c.tournament_key).label("name")
    named = incident.outerjoin(tournament, tournament.c.key == incident.c.tournament_key)
    return sa.select(incident, name).select_from(named)


def _episode(rows: Sequence[Any]) -> Sequence[Any]:
    """The last of the incidents of one subject, given by their beginnings, that lie close by."""
    start = len(rows) - 1
    while start > 0:
        ends = [row.closed_at for row in rows[:start]]
        if None not in ends and max(ends) < rows[start].opened_at - SOON:
            break
        start -= 1
    return rows[start:]


def _heading(rows: Sequence[Any], root: str) -> Notice:
    still = [row for row in rows if row.closed_at is None]
    notice = _notice(still or rows, not still, root)
    if not still:
        return replace(notice, title=f"{notice.title} after {_lasted(rows)}")
    well = {row.name for row in rows if row.name} - {row.name for row in still}
    text = f"{notice.text} Well again: {_listed(well)}." if well else notice.text
    if rows[0].tournament_key is None and len(rows) > 1:
        text += f" It has happened {len(rows)} times since {rows[0].opened_at:%Y-%m-%d %H:%M} UTC."
    return replace(notice, text=text)


def _notice(rows: Sequence[Any], ended: bool, root: str) -> Notice:
    first = rows[0]
    provider = BY_NAME.get(first.subject) if first.kind == "provider" else None
    name = first.subject if provider is None else provider.title
    title = _TITLES[first.kind][ended].format(name)
    text = f"It lasted {_lasted(rows)}." if ended else first.summary
    if named := {row.name for row in rows if row.name}:
        text += f" Tournaments: {_listed(named)}."
    return Notice(
        "news" if ended else "failure",
        title,
        text,
        detail=None if ended else first.detail,
        url=None if first.page is None else f"{root}{first.page}",
        key=f"incident {first.id} {'ended' if ended else 'began'} ({len(rows)})",
    )


def _lasted(rows: Sequence[Any]) -> str:
    lasted = max(row.closed_at for row in rows) - min(row.opened_at for row in rows)
    return duration(round(lasted.total_seconds() * 1_000))


def _listed(names: Collection[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(sorted(names)[:_MOST_NAMED])}{more}"
