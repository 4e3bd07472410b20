"""Whether a request is made at all: one decision for every process that uses the database."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import anyio

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.database.errors import DatabaseError
from dp_pipeline.http.address import Target
from dp_pipeline.http.circuit import (
    Circuit,
    Permit,
    RequestOutcome,
    abandoned,
    after,
    begin_probe,
    open_sentence,
)
from dp_pipeline.http.circuit_table import (
    Decision,
    RequestCounts,
    Service,
    change_circuit,
    read_circuit,
    write_counts,
)
from dp_pipeline.http.errors import CircuitOpenError

KNOWN_SECONDS = 1.0
"""How long what was read is believed."""
FLUSH_SECONDS = 5.0
"""How often counts are written while requests are made."""
WAIT_SECONDS = 30.0
"""How long others wait for the result of one probe."""
_PROBE = Backoff(first=1.25 * KNOWN_SECONDS, longest=1.25 * KNOWN_SECONDS, jitter=0.4)
"""How often they read it, not all at the same moment."""


@dataclass(slots=True)
class _View:
    """What this process knows of a service, and since when."""

    circuit: Circuit = field(default_factory=Circuit)
    ahead: timedelta = timedelta()
    """By how much the server's clock is ahead of ours."""
    read_at: float = float("-inf")
    waiting: tuple[int, float] = (-1, 0.0)
    """The epoch of the probe that is waited for, and since when."""
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.now(UTC) + self.ahead

    def learn(self, circuit: Circuit, now: datetime) -> None:
        """Take over what was just read or written."""
        self.circuit, self.ahead = circuit, now - datetime.now(UTC)
        self.read_at = time.monotonic()

    def waited(self) -> float:
        """For how long the probe under way has been waited for, by whoever waits here."""
        if self.waiting[0] != self.circuit.epoch:
            self.waiting = (self.circuit.epoch, time.monotonic())
        return time.monotonic() - self.waiting[1]


class CircuitBreaker:
    """Keeps requests from a service that refuses or fails, and learns from those it gets.

    While a service answers, this costs a read of one row a second and two upserts every few
    seconds. While Postgres is away, what was known last holds: requests that could be made are
    made, no probe is, and counts are kept for later. What opens or closes a circuit is written as
    `Database.run` tries; if even that fails, this process alone knows it.

    Args:
        database: where the state is kept; None: this object alone knows it, and nothing is counted.
        wait_seconds: how long a request waits for the probe of somebody else.
    """

    def __init__(self, database: Database | None, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._database = database
        self._wait_seconds = wait_seconds
        self._views: dict[Service, _View] = {}
        self._counts: dict[Service, RequestCounts] = {}
        self._flushed_at = time.monotonic()

    async def admit(self, target: Target, root: str, *, best_effort: bool = False) -> Permit:
        """Return when the request may be made; `note` or `give_up` must follow if it is a probe.

        Each `root`, a base URL without secrets, has a circuit of its own. A `best_effort` request
        that is refused says nothing about others. Raises CircuitOpenError if it may not be made.
        """
        service = (target.name, root)
        view = self._view(service)
        while True:
            await self._refresh(service, view)
            state = view.circuit.state(view.now())
            if state == "closed":
                return Permit(*service, view.circuit.epoch, best_effort=best_effort)
            if state == "due" and not best_effort:
                # Who is cancelled meanwhile hears of it after this, and gives the probe up.
                mine = await self._change(service, view, begin_probe, attempts=1)
                if mine is not None:
                    return Permit(*service, mine.epoch, probe=True)
                if view.circuit.state(view.now()) != "due":
                    continue  # somebody else was first, or it is over
            elif state != "open" and view.waited() < self._wait_seconds:
                await anyio.sleep(_PROBE.jittered(1))
                continue
            sentence = open_sentence(target.name, target.path, view.circuit, view.now())
            if self._database is not None:
                sentence += f" `dp health --reset {target.name}` allows requests at once."
            raise target.error(CircuitOpenError, sentence)

    async def note(self, permit: Permit, outcome: RequestOutcome) -> None:
        """Count a request, and open or close the circuit if it does."""
        service = (permit.name, permit.root)
        view = self._view(service)
        self._counts.setdefault(service, RequestCounts()).add(outcome, view.now())
        if after(view.circuit, permit, outcome, view.now()) != view.circuit:
            # Before anything is waited for: the next request is to know what is written here.
            view.read_at = float("-inf")
            await self._change(
                service, view, lambda circuit, now: after(circuit, permit, outcome, now)
            )
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            await self.flush()

    async def give_up(self, permit: Permit) -> None:
        """Hear that a request was cancelled: if it was the probe, somebody else may be."""
        if permit.probe:
            service = (permit.name, permit.root)
            await self._change(
                service, self._view(service), lambda circuit, _: abandoned(circuit, permit)
            )

    async def flush(self) -> None:
        """Write what was counted; what cannot be written now is kept for the next time."""
        self._flushed_at = time.monotonic()
        counted, self._counts = self._counts, {}
        if not counted or self._database is None:
            return
        try:
            # Not repeated: a connection lost during COMMIT would count it twice.
            with anyio.CancelScope(shield=True):
                await self._database.run(partial(write_counts, counted=counted), attempts=1)
        except DatabaseError:
            for service, counts in counted.items():
                self._counts.setdefault(service, RequestCounts()).merge(counts)

    def _view(self, service: Service) -> _View:
        return self._views.setdefault(service, _View())

    async def _refresh(self, service: Service, view: _View) -> None:
        """Read the circuit, unless that was done within the last second."""
        if self._database is None or time.monotonic() - view.read_at < KNOWN_SECONDS:
            return
        async with view.lock:
            if time.monotonic() - view.read_at < KNOWN_SECONDS:
                return
            try:
                read = await self._database.run(partial(read_circuit, service=service), attempts=1)
            except DatabaseError:
                view.read_at = time.monotonic()
            else:
                view.learn(*read)

    async def _change(
        self, service: Service, view: _View, decide: Decision, *, attempts: int = 30
    ) -> Circuit | None:
        """Decide with what the table says now, and write it; None if nothing is to change."""
        async with view.lock:
            if self._database is None:
                return _change_here(view, decide)
            try:
                circuit, now, changed = await self._database.run(
                    partial(change_circuit, service=service, decide=decide), attempts=attempts
                )
            except DatabaseError:
                before = view.circuit
                # A probe that nobody else can see is none.
                if _change_here(view, decide) and view.circuit.probe_until is not None:
                    view.circuit = before
                return None
            view.learn(circuit, now)
            return circuit if changed else None


def _change_here(view: _View, decide: Decision) -> Circuit | None:
    decided = decide(view.circuit, view.now())
    changed = decided is not None and decided != view.circuit
    view.learn(decided if changed and decided else view.circuit, view.now())
    return decided if changed else None
