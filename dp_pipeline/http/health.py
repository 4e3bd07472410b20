"""How services have answered lately, for people: the command line and the checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from dp_pipeline.database.tables import provider_health, provider_hour
from dp_pipeline.http.circuit import Circuit
from dp_pipeline.http.circuit_table import FAILURES, circuit_of

State = Literal["closed", "half-open", "open"]


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A service at an address.

    Args:
        name: of the service.
        now: the server's time when this was read.
        root: the address it was asked at last; None: it never was, or not there.
        circuit: see there.
        requests: of the last 24 hours, those of the hour that began before them included.
        failures: of these.
        seconds: what these took together.
        answered_at: its last answer.
        failed_at: its last failure.
        failure: the kind of that.
        blocked_at: its last refusal.
    """

    name: str
    now: datetime
    root: str | None = None
    circuit: Circuit = field(default_factory=Circuit)
    requests: int = 0
    failures: int = 0
    seconds: float = 0.0
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None
    blocked_at: datetime | None = None

    @property
    def asked(self) -> bool:
        """Whether it has ever been asked there."""
        return self.root is not None

    @property
    def state(self) -> State:
        """In the words of circuit breakers."""
        match self.circuit.standing(self.now):
            case "closed":
                return "closed"
            case "resting":
                return "open"
            case _:
                return "half-open"

    @property
    def well(self) -> bool:
        """Whether it answers, as far as is known: one refusal alone is no proof."""
        return self.state == "closed" or (self.state == "half-open" and self.circuit.doubted)

    @property
    def sentence(self) -> str:
        """The same in words, for a person."""
        name, circuit = self.name, self.circuit
        if not self.asked:
            return f"{name} has not been asked at its present address."
        if self.state == "closed":
            return f"{name} answers."
        if self.well:
            return f"{name} refused one request; the next one shows whether it answers others."
        if self.state == "open":
            again = f"{circuit.rests_until:%Y-%m-%d %H:%M} UTC"
            then = f"It is asked again, with one request, after {again}."
        else:
            then = "What is asked next, one request, shows whether it answers again."
        last = f"{circuit.struck_at:%Y-%m-%d %H:%M} UTC"
        return (
            f"{name} does not answer ({circuit.kind}, last at {last}). Nothing else is asked there "
            f"meanwhile. {then} `dp health --reset {name}` asks at once."
        )

    @property
    def success_ratio(self) -> float | None:
        """The share of requests that were answered; None when there was none."""
        return 1 - self.failures / self.requests if self.requests else None

    @property
    def mean_seconds(self) -> float | None:
        """How long a request took."""
        return self.seconds / self.requests if self.requests else None

    @property
    def next_probe(self) -> datetime | None:
        """From when on one request may find out whether it answers again; None: no need."""
        return self.circuit.rests_until

    def facts(self) -> dict[str, Any]:
        """All of it by name, as it is shown; what is not known is None."""
        return {
            "provider": self.name,
            "state": self.state,
            "success_ratio_24h": None
            if self.success_ratio is None
            else round(self.success_ratio, 4),
            "requests_24h": self.requests,
            "mean_latency_seconds": None
            if self.mean_seconds is None
            else round(self.mean_seconds, 3),
            "last_answer": self.answered_at,
            "last_failure": self.failed_at,
            "last_failure_kind": self.failure,
            "last_block": self.blocked_at,
            "next_probe": self.next_probe,
            "address": self.root,
        }


def read_health(
    connection: sa.Connection, roots: Mapping[str, str], *, anywhere: bool = False
) -> list[ServiceHealth]:
    """Each of these services, in their order.

    Args:
        connection: where to ask.
        roots: their addresses here.
        anywhere: as it was asked last, though it was at another address than here: the command line
            may know other addresses than those who ask.
    """
    now = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    health = {row.provider: row for row in connection.execute(sa.select(provider_health))}
    hour = provider_hour.c
    failures = sum((hour[kind] for kind in FAILURES[1:]), hour[FAILURES[0]])
    counted = sa.select(
        hour.provider,
        sa.func.sum(hour.requests).label("requests"),
        sa.func.sum(failures).label("failures"),
        sa.func.sum(hour.seconds).label("seconds"),
    )
    lately = hour.hour > sa.func.now() - sa.text("interval '25 hours'")
    hours = {
        row.provider: row for row in connection.execute(counted.where(lately).group_by("provider"))
    }
    return [
        _one(name, now, health.get(name), hours.get(name), None if anywhere else root)
        for name, root in roots.items()
    ]


def _one(
    name: str, now: datetime, row: Any | None, hours: Any | None, root: str | None
) -> ServiceHealth:
    if row is None or (root is not None and row.root != root):
        return ServiceHealth(name, now)
    return ServiceHealth(
        name,
        now,
        root=row.root,
        circuit=circuit_of(row),
        requests=hours.requests if hours else 0,
        failures=hours.failures if hours else 0,
        seconds=hours.seconds if hours else 0.0,
        answered_at=row.answered_at,
        failed_at=row.failed_at,
        failure=row.failure,
        blocked_at=row.blocked_at,
    )
