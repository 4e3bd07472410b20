"""The health of providers, shared by every process that uses the database."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.database.tables import provider_health, provider_hour
from dp_pipeline.providers.answers import Asked
from dp_pipeline.providers.breaker import (
    Breaker,
    Ending,
    Ticket,
    after,
    given_up,
    leased,
    resting_sentence,
)
from dp_pipeline.providers.errors import ProviderRestingError

KNOWN_SECONDS = 1.0
"""How long what was read is believed."""
FLUSH_SECONDS = 5.0
"""How often counts are written while requests are made."""
WAIT_SECONDS = 30.0
"""How long others wait for the result of one probe."""
FAILURES = ("blocked", "rate_limited", "server_error", "network")
"""The kinds of errors that are failures of the provider, each a column of provider_hour."""

BREAKER = (
    "epoch",
    "refusals",
    "silences",
    "kind",
    "struck_at",
    "rests_until",
    "probe_until",
)
_LASTS = ("answered_at", "failed_at", "failure", "blocked_at")

Key = tuple[str, str]
"""Provider and root."""


@dataclass(slots=True)
class _View:
    """What this process knows of a provider, and since when."""

    breaker: Breaker = field(default_factory=Breaker)
    ahead: timedelta = timedelta()
    """By how much the server's clock is ahead of ours."""
    read_at: float = float("-inf")
    waiting: tuple[int, float] = (-1, 0.0)
    """The epoch of the probe that is waited for, and since when."""
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC) + self.ahead

    def learn(self, breaker: Breaker, now: datetime) -> None:
        """Take over what was just read or written."""
        self.breaker, self.ahead = breaker, now - datetime.now(UTC)
        self.read_at = time.monotonic()

    def waited(self) -> float:
        """For how long the probe under way has been waited for, by whoever waits here."""
        if self.waiting[0] != self.breaker.epoch:
            self.waiting = (self.breaker.epoch, time.monotonic())
        return time.monotonic() - self.waiting[1]


@dataclass(slots=True)
class _Counts:
    """What has not been written yet of a provider."""

    hours: dict[datetime, dict[str, float]] = field(default_factory=dict)
    lasts: dict[str, Any] = field(default_factory=dict)

    def add(self, ending: Ending, now: datetime) -> None:
        """Count a request."""
        hour = self.hours.setdefault(
            now.replace(minute=0, second=0, microsecond=0),
            dict.fromkeys(("requests", *FAILURES, "seconds"), 0),
        )
        hour["requests"] += 1
        hour["seconds"] += ending.seconds
        if ending.answered or ending.error is None:
            self.lasts["answered_at"] = now
            return
        kind = ending.error.kind
        hour[kind] += 1
        self.lasts |= {"failed_at": now, "failure": kind}
        if ending.refused:
            self.lasts["blocked_at"] = now

    def merge(self, older: "_Counts") -> None:
        """Take back what could not be written."""
        for hour, counts in older.hours.items():
            mine = self.hours.setdefault(hour, dict.fromkeys(counts, 0))
            for name, count in counts.items():
                mine[name] += count
        self.lasts = older.lasts | self.lasts


class PostgresHealth:
    """Keeps what is known of providers in Postgres. One per process is best: it remembers.

    While a provider answers, this costs a read of one row a second and two upserts every few
    seconds. Times are the database server's.

    While Postgres is away, what was known last holds: requests that could be made are made, no
    probe is, and counts are kept for later. What opens or closes a breaker is written as
    `Database.run` tries; if even that fails, this process alone knows it.

    Args:
        database: where.
        wait_seconds: how long a request waits for the probe of somebody else.
    """

    def __init__(self, database: Database, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._views: dict[Key, _View] = {}
        self._counts: dict[Key, _Counts] = {}
        self._flushed_at = time.monotonic()

    async def admit(self, asked: Asked, root: str, *, aside: bool = False) -> Ticket:
        """Return when the request may be made, perhaps as the probe.

        Raises:
            ProviderRestingError: it is not to be made.
        """
        key = (asked.provider, root)
        view = self._view(key)
        while True:
            await self._look(key, view)
            standing = view.breaker.standing(view.now())
            if standing == "closed":
                return Ticket(*key, view.breaker.epoch, aside=aside)
            if standing == "due" and not aside:
                # Who is cancelled meanwhile hears of it after this, and gives the lease up.
                mine = await self._change(key, view, leased, attempts=1)
                if mine is not None:
                    return Ticket(*key, mine.epoch, probe=True)
                if view.breaker.standing(view.now()) != "due":
                    continue  # somebody else was first, or it is over
            elif standing != "resting" and view.waited() < self._wait_seconds:
                # Not all at the same moment.
                await anyio.sleep(random.uniform(0.75, 1.25) * KNOWN_SECONDS)  # noqa: S311
                continue
            sentence = resting_sentence(asked.provider, asked.path, view.breaker, view.now())
            raise asked.error(ProviderRestingError, sentence)

    async def note(self, ticket: Ticket, ending: Ending) -> None:
        """Count a request, and open or close the breaker if it does."""
        key = (ticket.provider, ticket.root)
        view = self._view(key)
        self._counts.setdefault(key, _Counts()).add(ending, view.now())
        if after(view.breaker, ticket, ending, view.now()) != view.breaker:
            # Before anything is waited for: whoever asks next is to know what is written here.
            view.read_at = float("-inf")
            await self._change(key, view, lambda known, now: after(known, ticket, ending, now))
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            await self.flush()

    async def give_up(self, ticket: Ticket) -> None:
        """Let somebody else be the probe."""
        if ticket.probe:
            key = (ticket.provider, ticket.root)
            await self._change(key, self._view(key), lambda known, _: given_up(known, ticket))

    async def flush(self) -> None:
        """Write what was counted; what cannot be written now is kept for the next time."""
        self._flushed_at = time.monotonic()
        counted, self._counts = self._counts, {}
        if not counted:
            return
        try:
            # Not repeated: a connection lost during COMMIT would count it twice.
            with anyio.CancelScope(shield=True):
                await self._database.run(partial(_write_counts, counted=counted), attempts=1)
        except DatabaseError:
            for key, counts in counted.items():
                self._counts.setdefault(key, _Counts()).merge(counts)

    def _view(self, key: Key) -> _View:
        return self._views.setdefault(key, _View())

    async def _look(self, key: Key, view: _View) -> None:
        """Read what is known, unless that was done within the last second."""
        if time.monotonic() - view.read_at < KNOWN_SECONDS:
            return
        async with view.lock:
            if time.monotonic() - view.read_at < KNOWN_SECONDS:
                return
            try:
                found = await self._database.run(partial(_read, key=key), attempts=1)
            except DatabaseError:
                view.read_at = time.monotonic()
            else:
                view.learn(*found)

    async def _change(
        self,
        key: Key,
        view: _View,
        decide: Callable[[Breaker, datetime], Breaker | None],
        *,
        attempts: int = 30,
    ) -> Breaker | None:
        """Decide with what the table says now, and write it; None if nothing is to change."""
        async with view.lock:
            try:
                breaker, now, changed = await self._database.run(
                    partial(_decide, key=key, decide=decide), attempts=attempts
                )
            except DatabaseError:
                now = view.now()
                breaker = decide(view.breaker, now)
                # A lease that nobody else can see is none.
                if breaker is None or breaker.probe_until is not None:
                    breaker = view.breaker
                changed = False
            view.learn(breaker, now)
            return breaker if changed else None


def resting(
    connection: sa.Connection, now: datetime, roots: Mapping[str, str] | None = None
) -> dict[str, datetime]:
    """The providers that are not to be asked before a later moment than `now`, and that moment.

    Args:
        connection: reads one row per such provider.
        now: of whoever asks.
        roots: provider to the address it would be asked at; what is known of another address does
            not count. None: all counts.
    """
    table = provider_health.c
    statement = sa.select(table.provider, table.root, table.rests_until)
    rows = connection.execute(statement.where(table.rests_until > now))
    return {
        row.provider: row.rests_until
        for row in rows
        if roots is None or roots.get(row.provider) == row.root
    }


def reset(connection: sa.Connection, provider: str) -> bool:
    """Let a provider be asked as if it had never failed; False if it was never asked."""
    found = connection.execute(
        sa.update(provider_health)
        .where(provider_health.c.provider == provider)
        .values(_columns(Breaker()))
        .values(epoch=provider_health.c.epoch + 1)
        .returning(provider_health.c.epoch)
    )
    return found.first() is not None


def _columns(breaker: Breaker) -> dict[str, Any]:
    return {name: getattr(breaker, name) for name in BREAKER}


def _read(connection: sa.Connection, key: Key) -> tuple[Breaker, datetime]:
    """The breaker of a provider at an address, and the server's time."""
    provider, root = key
    row = connection.execute(_READ, {"provider": provider}).one()
    if row.root is None:
        return Breaker(), row.now
    if row.root != root:
        return Breaker(row.epoch + 1), row.now  # as `_move` will leave it
    return Breaker(*(getattr(row, name) for name in BREAKER)), row.now


def _decide(
    connection: sa.Connection, key: Key, decide: Callable[[Breaker, datetime], Breaker | None]
) -> tuple[Breaker, datetime, bool]:
    """What the breaker is now, and whether that was decided here."""
    provider, root = key
    while True:
        breaker, now = _read(connection, key)
        decided = decide(breaker, now)
        if decided is None or decided == breaker:
            return breaker, now, False
        _move(connection, key)
        row = {"provider": provider, "root": root, **_columns(decided)}
        statement = (
            insert(provider_health)
            .values(row)
            .on_conflict_do_update(
                index_elements=["provider"],
                set_=_columns(decided),
                # who was first changed the epoch; its change is decided upon anew
                where=provider_health.c.epoch == breaker.epoch,
            )
            .returning(provider_health.c.epoch)
        )
        if connection.execute(statement).first() is not None:
            return decided, now, True


def _move(connection: sa.Connection, key: Key) -> None:
    """Another address is another service: nothing known of the one before holds."""
    provider, root = key
    table = provider_health.c
    connection.execute(
        sa.update(provider_health)
        .where(table.provider == provider, table.root != root)
        .values({"root": root, **dict.fromkeys(_LASTS), **_columns(Breaker())})
        .values(epoch=table.epoch + 1)
    )


def _write_counts(connection: sa.Connection, counted: Mapping[Key, _Counts]) -> None:
    # In one order everywhere, so that two processes do not wait for each other.
    for key, counts in sorted(counted.items(), key=lambda item: item[0]):
        provider, root = key
        _move(connection, key)
        row = {
            "provider": provider,
            "root": root,
            **_columns(Breaker()),
            **dict.fromkeys(_LASTS),
            **counts.lasts,
        }
        connection.execute(
            insert(provider_health)
            .values(row)
            .on_conflict_do_update(index_elements=["provider"], set_=counts.lasts)
        )
        for hour, found in sorted(counts.hours.items()):
            statement = insert(provider_hour).values(provider=provider, hour=hour, **found)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["provider", "hour"],
                    set_={name: provider_hour.c[name] + statement.excluded[name] for name in found},
                )
            )


_READ = sa.text(f"""
SELECT clock_timestamp() AS now, root, {", ".join(BREAKER)}
FROM (VALUES (CAST(:provider AS text))) AS asked (provider)
LEFT JOIN provider_health USING (provider)
""")  # noqa: S608 - names of columns
