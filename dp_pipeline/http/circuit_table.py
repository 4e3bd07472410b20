"""The circuits of services and the counts of their requests, in Postgres: statements only.

Times are the database server's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.tables import provider_health, provider_hour
from dp_pipeline.http.circuit import Circuit, RequestOutcome

FAILURES = ("blocked", "rate_limited", "server_error", "network")
"""The kinds of errors that are failures of the service, each a column of provider_hour."""

_COLUMNS = (
    "epoch",
    "refusals",
    "silences",
    "kind",
    "struck_at",
    "open_until",
    "probe_until",
)
_LASTS = ("answered_at", "failed_at", "failure", "blocked_at")

Service = tuple[str, str]
"""Name and root."""
Decision = Callable[[Circuit, datetime], Circuit | None]
"""The circuit that follows one at a time; None or the same one: nothing is to change."""


@dataclass(slots=True)
class RequestCounts:
    """What has not been written yet of the requests to a service."""

    hours: dict[datetime, dict[str, float]] = field(default_factory=dict)
    lasts: dict[str, Any] = field(default_factory=dict)

    def add(self, outcome: RequestOutcome, now: datetime) -> None:
        """Count a request."""
        hour = self.hours.setdefault(
            now.replace(minute=0, second=0, microsecond=0),
            dict.fromkeys(("requests", *FAILURES, "seconds"), 0),
        )
        hour["requests"] += 1
        hour["seconds"] += outcome.seconds
        if outcome.answered or outcome.error is None:
            self.lasts["answered_at"] = now
            return
        kind = outcome.error.kind
        hour[kind] += 1
        self.lasts |= {"failed_at": now, "failure": kind}
        if outcome.refused:
            self.lasts["blocked_at"] = now

    def merge(self, older: "RequestCounts") -> None:
        """Take back what could not be written."""
        for hour, counts in older.hours.items():
            mine = self.hours.get(hour, {})
            self.hours[hour] = {name: count + mine.get(name, 0) for name, count in counts.items()}
        self.lasts = older.lasts | self.lasts


def circuit_of(row: Any) -> Circuit:
    """The circuit that a row of the table holds."""
    return Circuit(*(getattr(row, name) for name in _COLUMNS))


def read_circuit(connection: sa.Connection, service: Service) -> tuple[Circuit, datetime]:
    """The circuit of a service at an address, and the server's time."""
    name, root = service
    row = connection.execute(_READ, {"provider": name}).one()
    if row.root is None:
        return Circuit(), row.now
    if row.root != root:
        return Circuit(row.epoch + 1), row.now  # as `_move` will leave it
    return circuit_of(row), row.now


def change_circuit(
    connection: sa.Connection, service: Service, decide: Decision
) -> tuple[Circuit, datetime, bool]:
    """Decide with what the table says now: the circuit, the time, and whether it was changed."""
    name, root = service
    while True:
        circuit, now = read_circuit(connection, service)
        decided = decide(circuit, now)
        if decided is None or decided == circuit:
            return circuit, now, False
        _move(connection, service)
        statement = (
            insert(provider_health)
            .values(provider=name, root=root, **_values(decided))
            .on_conflict_do_update(
                index_elements=["provider"],
                set_=_values(decided),
                # who was first changed the epoch; its change is decided upon anew
                where=provider_health.c.epoch == circuit.epoch,
            )
            .returning(provider_health.c.epoch)
        )
        if connection.execute(statement).first() is not None:
            return decided, now, True


def open_circuits(
    connection: sa.Connection, now: datetime, roots: Mapping[str, str]
) -> dict[str, datetime]:
    """The services whose circuit is open later than `now`, and until when.

    Args:
        connection: reads one row per such service.
        now: by the caller's clock.
        roots: name to address; the circuit of another address does not count.
    """
    table = provider_health.c
    statement = sa.select(table.provider, table.root, table.open_until)
    rows = connection.execute(statement.where(table.open_until > now))
    return {row.provider: row.open_until for row in rows if roots.get(row.provider) == row.root}


def reset(connection: sa.Connection, name: str) -> bool:
    """Close the circuit of a service as if it had never failed; False if it has none."""
    closed = connection.execute(
        sa.update(provider_health)
        .where(provider_health.c.provider == name)
        .values(_values(Circuit()))
        .values(epoch=provider_health.c.epoch + 1)
        .returning(provider_health.c.epoch)
    )
    return closed.first() is not None


def write_counts(connection: sa.Connection, counted: Mapping[Service, RequestCounts]) -> None:
    """Add to the counts of the hours."""
    # In one order everywhere, so that two processes do not wait for each other.
    for service, counts in sorted(counted.items(), key=lambda item: item[0]):
        name, root = service
        _move(connection, service)
        lasts = {**dict.fromkeys(_LASTS), **counts.lasts}
        connection.execute(
            insert(provider_health)
            .values(provider=name, root=root, **_values(Circuit()), **lasts)
            .on_conflict_do_update(index_elements=["provider"], set_=counts.lasts)
        )
        for hour, numbers in sorted(counts.hours.items()):
            statement = insert(provider_hour).values(provider=name, hour=hour, **numbers)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["provider", "hour"],
                    set_={
                        each: provider_hour.c[each] + statement.excluded[each] for each in numbers
                    },
                )
            )


def _values(circuit: Circuit) -> dict[str, Any]:
    return {name: getattr(circuit, name) for name in _COLUMNS}


def _move(connection: sa.Connection, service: Service) -> None:
    """Another address is another service: nothing stored of the one before holds."""
    name, root = service
    table = provider_health.c
    connection.execute(
        sa.update(provider_health)
        .where(table.provider == name, table.root != root)
        .values({"root": root, **dict.fromkeys(_LASTS), **_values(Circuit())})
        .values(epoch=table.epoch + 1)
    )


_READ = sa.text(f"""
SELECT clock_timestamp() AS now, root, {", ".join(_COLUMNS)}
FROM (VALUES (CAST(:provider AS text))) AS requested (provider)
LEFT JOIN provider_health USING (provider)
""")  # noqa: S608 - names of columns
