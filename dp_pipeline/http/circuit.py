"""When a circuit is open, and which request is the probe. Pure decisions.

The circuit is closed while a service answers. What opens it:

* a refusal (403 and its like). Perhaps only one path is refused, so the first is followed by no
  pause: one request, the probe, may be made at once. Refused too, it opens the circuit for a
  quarter of an hour, then for twice as long each time.
* many requests in a row without an answer: for a minute, then for twice as long.
* a 429 that wants a longer wait than we do: until then.

When that is over, one request of all processes is the probe. Any answer closes the circuit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.errors import (
    BlockedError,
    NetworkError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
)

UNANSWERED = (BlockedError, RateLimitedError, ProviderServerError, NetworkError)
"""Everything else a request ends in is an answer: a 404 or an odd form too."""
REFUSED = Backoff(first=15 * 60, longest=6 * 3_600)
"""After refusals in a row but the first, which is doubted at once."""
SILENT = Backoff(first=60, longest=15 * 60)
"""After silences in a row."""
LONGEST_RETRY_AFTER = timedelta(days=1)
"""Of a Retry-After: a server that says a year means that it does not want to say."""
LEASE = timedelta(minutes=2)
"""How long a probe may take: a request has 90 s, and waits for the rate limit before."""

CircuitState = Literal["closed", "open", "due", "probing"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """What all processes know of a service at one address.

    Args:
        epoch: grows with every change, so that what began before one is not taken for what
            began after.
        refusals: how often in a row the service refused a probe.
        silences: how often in a row nothing was answered.
        kind: the kind of the failure that counted last.
        struck_at: when that was.
        open_until: when a probe is due; None: closed.
        probe_until: until when a probe is waited for; None: none is under way.
    """

    epoch: int = 0
    refusals: int = 0
    silences: int = 0
    kind: str | None = None
    struck_at: datetime | None = None
    open_until: datetime | None = None
    probe_until: datetime | None = None

    def state(self, now: datetime) -> CircuitState:
        """Who may make requests: everybody, nobody, one, or nobody while that one is under way."""
        if self.open_until is None:
            return "closed"
        if now < self.open_until:
            return "open"
        if self.probe_until is not None and now < self.probe_until:
            return "probing"
        return "due"

    @property
    def doubted(self) -> bool:
        """Whether all there is is one refusal, which may concern one path alone."""
        return (self.refusals, self.silences) == (1, 0)


@dataclass(frozen=True, slots=True)
class Permit:
    """What one request may be made with.

    Args:
        name: of the service.
        root: its address, without secrets.
        epoch: of the circuit when it was given.
        probe: whether the result decides for everybody.
        best_effort: whether a refusal says nothing about other requests.
    """

    name: str
    root: str
    epoch: int = 0
    probe: bool = False
    best_effort: bool = False


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """How a request ended: `error` is None for an answer.

    Args:
        seconds: until then.
        error: of the request.
        retry_after: seconds the service wants us to wait (429), when that is longer than we do.
        many: whether it is one of many in a row without an answer.
        concerns_all: whether a refusal is of us, not of the path.
    """

    seconds: float
    error: ProviderError | None = None
    retry_after: float | None = None
    many: bool = False
    concerns_all: bool = True

    @property
    def answered(self) -> bool:
        """Whether the service said something to the request."""
        return not isinstance(self.error, UNANSWERED)

    @property
    def refused(self) -> bool:
        """Whether we are not welcome."""
        return self.concerns_all and isinstance(self.error, BlockedError)


def after(circuit: Circuit, permit: Permit, outcome: RequestOutcome, now: datetime) -> Circuit:
    """The circuit after a request has ended; the same one if that changes nothing."""
    if outcome.answered:
        return circuit if circuit.open_until is None else closed(circuit)
    if permit.epoch != circuit.epoch:
        return _after_opening(circuit, outcome, now)
    if outcome.refused:
        counts = not permit.best_effort
    else:
        counts = permit.probe or outcome.retry_after is not None or outcome.many
    return _struck(circuit, outcome, now) if counts else circuit


def closed(circuit: Circuit) -> Circuit:
    """As on the first day."""
    return Circuit(circuit.epoch + 1)


def begin_probe(circuit: Circuit, now: datetime) -> Circuit | None:
    """With a probe under way from now on; None if none is due."""
    if circuit.state(now) != "due":
        return None
    return replace(circuit, epoch=circuit.epoch + 1, probe_until=now + LEASE)


def abandoned(circuit: Circuit, permit: Permit) -> Circuit:
    """After a request that was cancelled: a probe is due again."""
    if not permit.probe or permit.epoch != circuit.epoch:
        return circuit
    return replace(circuit, epoch=circuit.epoch + 1, probe_until=None)


def open_sentence(name: str, path: str, circuit: Circuit, now: datetime) -> str:
    """Why a request was not made, and when one is. Equal but for the numbers."""
    whats = {BlockedError.kind: "refused us at", RateLimitedError.kind: "made us wait at"}
    what = whats.get(circuit.kind or "", "did not answer at")
    return (
        f"{name} {what} {moment_of(circuit.struck_at)} ({circuit.kind}); {path} was not "
        f"requested. {next_request(circuit, now)}"
    )


def next_request(circuit: Circuit, now: datetime) -> str:
    """When the next request is made while a circuit is not closed, as a sentence."""
    after_that = ""
    if circuit.state(now) == "open":
        after_that = f", after {moment_of(circuit.open_until)},"
    return f"One request{after_that} is to find out whether it answers again."


def moment_of(moment: datetime | None) -> str:
    """A moment as it stands in sentences."""
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _struck(circuit: Circuit, outcome: RequestOutcome, now: datetime) -> Circuit:
    """Opened, or open for longer."""
    refusals = circuit.refusals + (1 if outcome.refused else 0)
    silences = circuit.silences + (0 if outcome.refused else 1)
    seconds = REFUSED.seconds(refusals - 1) if outcome.refused else SILENT.seconds(silences)
    if outcome.retry_after is not None:
        seconds = _bounded(outcome.retry_after)
    kind = None if outcome.error is None else outcome.error.kind
    until = now + timedelta(seconds=seconds)
    return Circuit(circuit.epoch + 1, refusals, silences, kind, now, until)


def _after_opening(circuit: Circuit, outcome: RequestOutcome, now: datetime) -> Circuit:
    """What was under way when it opened counts no more, but a Retry-After is kept."""
    if outcome.retry_after is None or circuit.open_until is None:
        return circuit
    until = now + timedelta(seconds=_bounded(outcome.retry_after))
    if until <= circuit.open_until or circuit.state(now) == "probing":
        return circuit
    return replace(circuit, epoch=circuit.epoch + 1, open_until=until)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER.total_seconds())
