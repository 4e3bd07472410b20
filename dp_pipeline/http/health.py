"""How services have answered lately, for people: the command line and the checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from dp_pipeline.database.tables import provider_health, provider_hour
from dp_pipeline.http.circuit import Circuit, moment_of, next_request
from dp_pipeline.http.circuit_table import FAILURES, circuit_of

State = Literal["closed", "half-open", "open"]


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A service at an address.

    Args:
        name: of the service.
        now: the server's time when this was read.
        root: the address of the last request; None: there was none, or not at this address.
        circuit: of the service.
        requests: of the last 24 hours, those of the hour that began before them included.
        failures: of these requests.
        seconds: that these requests took together.
        answered_at: time of the last answer.
        failed_at: time of the last failure.
        failure: kind of the last failure.
        blocked_at: time of the last refusal.
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
    def state(self) -> State:
        """In the words of circuit breakers."""
        state = self.circuit.state(self.now)
        return state if state in ("closed", "open") else "half-open"

    @property
    def well(self) -> bool:
        """Whether it answers, as far as is known: one refusal alone is no proof."""
        return self.state == "closed" or (self.state == "half-open" and self.circuit.doubted)

    @property
    def in_words(self) -> str:
        """The same in a few plain words."""
        if self.root is None:
            return "not asked yet"
        state, until = self.circuit.state(self.now), self.circuit.open_until
        if state == "closed" or until is None:
            return "silent when last asked" if self._was_silent else "answering"
        if state == "open":
            day = "" if until.date() == self.now.date() else f"{until:%Y-%m-%d} "
            return f"resting until {day}{until:%H:%M} UTC"
        return "being tried again" if state == "probing" else "tried again next time"

    @property
    def _was_silent(self) -> bool:
        """Whether the last request got no answer at all; some of these in a row open a circuit."""
        at, failed_at = self.answered_at, self.failed_at
        return (
            self.failure == "network" and failed_at is not None and (at or failed_at) <= failed_at
        )

    @property
    def sentence(self) -> str:
        """The same in words, for a person."""
        name, circuit = self.name, self.circuit
        if self.root is None:
            return f"No request has been made to {name} at its present address."
        if self.state == "closed":
            return f"{name} answers."
        if self.well:
            return f"{name} refused one request; the next one shows whether it answers others."
        return (
            f"{name} does not answer ({circuit.kind}, last at {moment_of(circuit.struck_at)}). "
            f"Nothing else is requested meanwhile. {next_request(circuit, self.now)} "
            f"`dp health --reset {name}` allows requests at once."
        )

    @property
    def success_ratio(self) -> float | None:
        """The share of requests that were answered; None when there was none."""
        return 1 - self.failures / self.requests if self.requests else None

    @property
    def mean_seconds(self) -> float | None:
        """How long a request took."""
        return self.seconds / self.requests if self.requests else None

    def facts(self) -> dict[str, Any]:
        """All of it by name, as it is shown; what is not known is None."""
        return {
            "provider": self.name,
            "state": self.state,
            "success_ratio_24h": _rounded(self.success_ratio, 4),
            "requests_24h": self.requests,
            "mean_latency_seconds": _rounded(self.mean_seconds, 3),
            "last_answer": self.answered_at,
            "last_failure": self.failed_at,
            "last_failure_kind": self.failure,
            "last_block": self.blocked_at,
            "next_probe": self.circuit.open_until,
            "address": self.root,
        }


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


def read_health(
    connection: sa.Connection, roots: Mapping[str, str], *, anywhere: bool = False
) -> list[ServiceHealth]:
    """The health of services, given with their addresses, in their order.

    `anywhere`: whatever the address of the last request was: the command line may have other
    settings than the runs.
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
