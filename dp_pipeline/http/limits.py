"""How much time, size and patience one request may cost."""

from dataclasses import dataclass

from dp_pipeline.database.backoff import Backoff

MIB = 1024 * 1024
BACKOFF = Backoff(first=1.0, longest=10.0, jitter=0.5)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of every request of one client; times in seconds.

    Args:
        connect_seconds: until a connection stands.
        read_seconds: between two pieces of a response.
        deadline_seconds: for one request with all its attempts and the pauses between them; not
            counted is the wait for the rate limit and for a connection.
        max_bytes: the largest decompressed body. The largest known season (380 matches with goals)
            has under 1 MiB.
        attempts: of a request whose failures are worth a retry.
        backoff: the pause between attempts; a Retry-After takes its place.
        max_retry_after_seconds: longest wait that a service may demand (Retry-After) before the
            request fails at once.
        connections: requests to the service at the same time.
        redirects: followed per attempt.
        failures_in_a_row: so many failed requests without one answer between them open the circuit.
        refusals_concern_all: whether one refusal (403) means that we are not welcome at all; where
            each path has its own, as images do, refusals are failures like others.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    deadline_seconds: float = 90.0
    max_bytes: int = 32 * MIB
    attempts: int = 3
    backoff: Backoff = BACKOFF
    max_retry_after_seconds: float = 30.0
    connections: int = 4
    redirects: int = 3
    failures_in_a_row: int = 20
    refusals_concern_all: bool = True
