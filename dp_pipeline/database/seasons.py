"""The seasons that providers list of competitions: recorded, approved, and requested.

A season is known by its tournament key. `place` counts a competition's seasons from its newest, 0.
Every query here is answered by an index.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.database.confirmed import before_removal, not_begun, only_planned, table_of
from dp_pipeline.database.removed import forget
from dp_pipeline.football.key import TournamentKey

FORGET_AFTER = timedelta(days=14)
"""A season missing from a list keeps its place so long: a list that lacks the newest season for a
day must not make the one before it the newest, which would be ingested."""

_season = tables.competition_season
_tournament = tables.tournament
_executions = tables.data_provider_executions
_is_current = _tournament.c.status.in_(("active", "upcoming"))


class Following(Protocol):
    """A competition, and how many seasons before its newest are followed."""

    @property
    def provider(self) -> str: ...  # noqa: D102
    @property
    def competition(self) -> str: ...  # noqa: D102
    @property
    def seasons_back(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RecordedSeason:
    """A season as it is recorded."""

    key: str
    place: int | None
    last_seen_at: datetime


def places(
    listed: Sequence[str], recorded: Sequence[RecordedSeason], now: datetime
) -> dict[str, int | None]:
    """The place of every season: those listed in their order, those lately listed in between.

    A missing season stays before what it was before, and after seasons that are new: a provider
    that is requested for the newest alone does not list the one that was the newest yesterday.

    Args:
        listed: keys as the provider lists them now, newest first.
        recorded: what is recorded.
        now: the present; what was last seen long before has no place any more.
    """
    order = list(dict.fromkeys(listed))
    present = set(order)
    old = {season.key: season.place for season in recorded if season.place is not None}
    missing = [season for season in recorded if season.key not in present]
    remembered = [
        (old[season.key], season.key)
        for season in missing
        if season.key in old and now - season.last_seen_at < FORGET_AFTER
    ]
    for place, key in sorted(remembered):
        behind = (index for index, other in enumerate(order) if old.get(other, -1) > place)
        order.insert(next(behind, len(order)), key)
    place_of: dict[str, int | None] = {season.key: None for season in missing}
    return place_of | {key: place for place, key in enumerate(order)}


def record_seasons(
    connection: sa.Connection, listed: Sequence[tuple[TournamentKey, str]]
) -> tuple[str, ...]:
    """Record what a provider lists of one competition, keys with labels, newest first.

    Returns:
        The keys that were never listed before.
    """
    provider, competition = listed[0][0].provider, listed[0][0].competition
    mine = (_season.c.provider == provider, _season.c.competition == competition)
    # Two lists at once would count places from two states.
    connection.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"dp_pipeline.seasons:{provider}:{competition}"},
    )
    now = datetime.now(UTC)
    recorded = [
        RecordedSeason(row.key, row.place, row.last_seen_at)
        for row in connection.execute(
            sa.select(_season.c.key, _season.c.place, _season.c.last_seen_at).where(*mine)
        )
    ]
    placed = places([str(key) for key, _ in listed], recorded, now)
    rows = {
        str(key): {
            "key": str(key),
            "provider": provider,
            "competition": competition,
            "season": key.season,
            "label": label,
            "place": placed[str(key)],
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for key, label in listed
    }
    insert = pg.insert(_season)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[_season.c.key],
            set_={name: insert.excluded[name] for name in ("label", "place", "last_seen_at")},
        ),
        list(rows.values()),
    )
    for season in recorded:
        if season.key not in rows and placed[season.key] != season.place:
            connection.execute(
                sa.update(_season)
                .where(_season.c.key == season.key)
                .values(place=placed[season.key])
            )
    recorded_keys = {season.key for season in recorded}
    return tuple(key for key in rows if key not in recorded_keys)


def approve_followed(connection: sa.Connection, following: Following) -> tuple[str, ...]:
    """Approve the followed seasons of a competition; the keys that were not yet."""
    return tuple(
        connection.scalars(
            sa.update(_season)
            .where(
                _season.c.provider == following.provider,
                _season.c.competition == following.competition,
                _season.c.place <= following.seasons_back,
                _season.c.approved_at.is_(None),
                _season.c.key.not_in(sa.select(tables.removed_tournament.c.key)),
            )
            .values(approved_at=sa.func.now())
            .returning(_season.c.key)
        )
    )


def approve(connection: sa.Connection, keys: Collection[str]) -> tuple[str, ...]:
    """Approve seasons by key, also removed ones; those that are known, approved before or not."""
    forget(connection, keys)
    return tuple(
        connection.scalars(
            sa.update(_season)
            .where(_season.c.key.in_(keys))
            .values(approved_at=sa.func.coalesce(_season.c.approved_at, sa.func.now()))
            .returning(_season.c.key)
        )
    )


def followed_seasons(
    connection: sa.Connection, following: Sequence[Following]
) -> list[Mapping[str, object]]:
    """The rows of all followed seasons, approved or not, competition by competition."""
    followed = _table_of(following)
    seasons = connection.execute(
        sa.select(_season)
        .join(followed, _belongs(followed) & (_season.c.place <= followed.c.back))
        .order_by(_season.c.provider, _season.c.competition, _season.c.place)
    )
    return [dict(row) for row in seasons.mappings()]


def approved_keys(connection: sa.Connection, following: Sequence[Following]) -> list[str]:
    """The keys of all seasons that are followed and approved, newest seasons first."""
    followed = _table_of(following)
    return list(
        connection.scalars(
            sa.select(_season.c.key)
            .join(followed, _belongs(followed) & (_season.c.place <= followed.c.back))
            .where(_season.c.approved_at.is_not(None))
            .order_by(_season.c.place, _season.c.key)
        )
    )


def never_listed(connection: sa.Connection, following: Sequence[Following]) -> list[str]:
    """The followed competitions, as `provider:competition`, of which no season is stored."""
    followed = _table_of(following)
    name = followed.c.provider + ":" + followed.c.competition
    listed = sa.exists().where(_belongs(followed))
    return list(connection.scalars(sa.select(name).where(~listed)))


def no_longer_followed(
    connection: sa.Connection, following: Sequence[Following]
) -> set[tuple[str, str]]:
    """Competitions, as (provider, competition), that were followed once and are not now."""
    listed = connection.execute(sa.select(_season.c.provider, _season.c.competition).distinct())
    return {(row.provider, row.competition) for row in listed} - {
        (each.provider, each.competition) for each in following
    }


def tournament_keys(connection: sa.Connection) -> list[str]:
    """The keys of all tournaments that are stored."""
    return list(connection.scalars(sa.select(_tournament.c.key).order_by(_tournament.c.key)))


_STATE = sa.text("""
SELECT
    (SELECT sum(hashtextextended(key, 0)) FROM tournament),
    (SELECT sum(hashtextextended(concat_ws(' ', key, place, approved_at), 0))
        FROM competition_season),
    (SELECT sum(hashtextextended(concat_ws(' ', key, removed_at), 0)) FROM removed_tournament)
""")


def state(connection: sa.Connection) -> str:
    """A text that is another one after a tournament, a season or a removal came, went or changed.

    Of seasons their places and approvals count. 10,000 tournaments take 2 ms.
    """
    return repr(tuple(connection.execute(_STATE).one()))


def without_partition(connection: sa.Connection, partitions: Collection[str]) -> list[str]:
    """The keys of tournaments that are stored and are none of these."""
    given = table_of(partitions)
    key = _tournament.c.key
    there = sa.exists().where(given.c.key == key)
    return list(connection.scalars(sa.select(key).where(~there).order_by(key)))


def never_attempted(connection: sa.Connection, keys: Collection[str]) -> list[str]:
    """Of some keys those never requested of their provider, or not since they were removed last."""
    given = table_of(keys)
    of_key = _executions.c.tournament_key == given.c.key
    attempted = sa.exists().where(of_key, ~before_removal, ~not_begun, ~only_planned)
    return list(connection.scalars(sa.select(given.c.key).where(~attempted)))


def kept_current(
    connection: sa.Connection,
    provider: str,
    following: Sequence[Following],
    *,
    finished_too: bool = False,
) -> list[str]:
    """The tournaments of a provider that are read again by themselves.

    These are the stored ones whose competition is followed, and those whose competition never was:
    somebody ingested them by hand. Where it was followed once and is not any more, nothing is read,
    nor of a tournament that a person removed.
    A followed and approved season that has no tournament yet is read as well: it may be published
    by now.

    Args:
        connection: where to ask.
        provider: its name.
        following: all followed competitions.
        finished_too: also tournaments that are completed or cancelled.
    """
    key = _tournament.c.key
    approved = approved_keys(connection, [each for each in following if each.provider == provider])
    stopped = {
        competition
        for of, competition in no_longer_followed(connection, following)
        if of == provider
    }
    removed = sa.select(tables.removed_tournament.c.key)
    going_on = sa.func.split_part(key, ":", 2) != sa.all_(
        sa.cast(sorted(stopped), pg.ARRAY(sa.Text))
    )
    stored = sa.select(key).where(_tournament.c.provider == provider, going_on, key.not_in(removed))
    if not finished_too:
        stored = stored.where(_is_current)
    return sorted({*connection.scalars(stored).all(), *_not_stored(connection, approved)})


def _not_stored(connection: sa.Connection, keys: Collection[str]) -> set[str]:
    given = table_of(keys)
    stored = sa.exists().where(_tournament.c.key == given.c.key)
    return set(connection.scalars(sa.select(given.c.key).where(~stored))) if keys else set()


def _table_of(following: Sequence[Following]) -> sa.Subquery:
    # Three arrays rather than VALUES: 5,000 competitions are three parameters.
    columns = sa.func.unnest(
        sa.cast([each.provider for each in following], pg.ARRAY(sa.Text)),
        sa.cast([each.competition for each in following], pg.ARRAY(sa.Text)),
        sa.cast([each.seasons_back for each in following], pg.ARRAY(sa.Integer)),
    ).table_valued("provider", "competition", sa.column("back", sa.Integer))
    return sa.select(columns.render_derived()).subquery("followed")


def _belongs(followed: sa.Subquery) -> sa.ColumnElement[bool]:
    return (_season.c.provider == followed.c.provider) & (
        _season.c.competition == followed.c.competition
    )
