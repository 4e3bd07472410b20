"""When a provider is left alone, and who may find out whether it answers again. Pure decisions.

A breaker is closed while a provider answers. What opens it:

* a refusal (403 and its like). Perhaps only one path is refused, so the first is followed by no
  rest: one request, the probe, may be made at once. Refused too, it rests for a quarter of an hour,
  then for twice as long each time.
* many requests in a row without an answer. It rests for a minute, then for twice as long.
* a 429 that asks to wait longer than we do. It rests until then.

When a rest is over, one request of all processes is the probe. Any answer closes the breaker.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from dp_pipeline.providers.errors import (
    BlockedError,
    NetworkError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
)

UNANSWERED = (BlockedError, RateLimitedError, ProviderServerError, NetworkError)
"""Everything else a request ends in is an answer: a 404 or an odd form too."""
REFUSED_RESTS = tuple(timedelta(minutes=minutes) for minutes in (0, 15, 30, 60, 120, 240, 360))
SILENT_RESTS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
LONGEST_TOLD = timedelta(days=1)
"""Of a Retry-After: a server that says a year means that it does not want to say."""
LEASE = timedelta(minutes=2)
"""How long a probe may take: a request has 90 s, and waits for its turn before."""

Standing = Literal["closed", "resting", "due", "probing"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """What all processes know of a provider at one address.

    Args:
        epoch: grows with every change, so that what began before one can be told.
        refusals: how often in a row the provider refused when it was to be found out.
        silences: how often in a row nothing was answered, likewise.
        kind: the kind of the failure that counted last.
        struck_at: when that was.
        rests_until: when a probe is due; None: closed.
        probe_until: until when a probe is waited for; None: none is under way.
    """

    epoch: int = 0
    refusals: int = 0
    silences: int = 0
    kind: str | None = None
    struck_at: datetime | None = None
    rests_until: datetime | None = None
    probe_until: datetime | None = None

    def standing(self, now: datetime) -> Standing:
        """Who may ask: everybody, nobody, one, or nobody while that one is under way."""
        if self.rests_until is None:
            return "closed"
        if now < self.rests_until:
            return "resting"
        if self.probe_until is not None and now < self.probe_until:
            return "probing"
        return "due"

    @property
    def doubted(self) -> bool:
        """Whether all there is is one refusal, which may concern one path alone."""
        return (self.refusals, self.silences) == (1, 0)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The leave to make one request.

    Args:
        provider: who may be asked.
        root: its address, without secrets.
        epoch: of the breaker when the leave was given.
        probe: whether the result decides for everybody.
        aside: whether a refusal says nothing about other requests.
    """

    provider: str
    root: str
    epoch: int = 0
    probe: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended.

    Args:
        seconds: until the answer was read or it failed.
        error: what it ended in; None for an answer.
        told: seconds the provider asks to wait (429), when that is longer than we do.
        many: whether it is one of many in a row without an answer.
    """

    seconds: float
    error: ProviderError | None = None
    told: float | None = None
    many: bool = False

    @property
    def answered(self) -> bool:
        """Whether the provider said something to the request."""
        return not isinstance(self.error, UNANSWERED)

    @property
    def refused(self) -> bool:
        """Whether we are not welcome."""
        return isinstance(self.error, BlockedError)


def after(breaker: Breaker, ticket: Ticket, ending: Ending, now: datetime) -> Breaker:
    """The breaker after a request has ended; the same one if that changes nothing."""
    if ending.answered:
        return breaker if breaker.rests_until is None else closed(breaker)
    if ticket.epoch != breaker.epoch:
        return _told_meanwhile(breaker, ending, now)
    if ending.refused:
        counts = not ticket.aside
    else:
        counts = ticket.probe or ending.told is not None or ending.many
    return _struck(breaker, ending, now) if counts else breaker


def closed(breaker: Breaker) -> Breaker:
    """As on the first day."""
    return Breaker(breaker.epoch + 1)


def leased(breaker: Breaker, now: datetime) -> Breaker | None:
    """With a probe under way from now on; None if none is due."""
    if breaker.standing(now) != "due":
        return None
    return replace(breaker, epoch=breaker.epoch + 1, probe_until=now + LEASE)


def given_up(breaker: Breaker, ticket: Ticket) -> Breaker:
    """After a request that was cancelled: a probe is due again."""
    if not ticket.probe or ticket.epoch != breaker.epoch:
        return breaker
    return replace(breaker, epoch=breaker.epoch + 1, probe_until=None)


def resting_sentence(provider: str, path: str, breaker: Breaker, now: datetime) -> str:
    """Why a request was not made, and when one is. Equal but for the numbers."""
    match breaker.kind:
        case BlockedError.kind:
            what = "refused us at"
        case RateLimitedError.kind:
            what = "asked us to wait at"
        case _:
            what = "did not answer at"
    if breaker.standing(now) == "resting":
        then = f"It is asked again, with one request, after {_clock(breaker.rests_until)}."
    else:
        then = "One request is to find out whether it answers again."
    return (
        f"{provider} {what} {_clock(breaker.struck_at)} ({breaker.kind}); {path} was not "
        f"requested. {then} `dp health --reset {provider}` asks at once."
    )


def _struck(breaker: Breaker, ending: Ending, now: datetime) -> Breaker:
    """Opened, or open for longer."""
    refusals = breaker.refusals + (1 if ending.refused else 0)
    silences = breaker.silences + (0 if ending.refused else 1)
    steps, strikes = (REFUSED_RESTS, refusals) if ending.refused else (SILENT_RESTS, silences)
    rest = steps[min(strikes, len(steps)) - 1]
    if ending.told is not None:
        rest = _told(ending.told)
    return Breaker(
        breaker.epoch + 1,
        refusals,
        silences,
        None if ending.error is None else ending.error.kind,
        now,
        now + rest,
    )


def _told_meanwhile(breaker: Breaker, ending: Ending, now: datetime) -> Breaker:
    """What was under way when it opened counts no more, but what a provider asks for is kept."""
    if ending.told is None or breaker.rests_until is None:
        return breaker
    until = now + _told(ending.told)
    if until <= breaker.rests_until or breaker.standing(now) == "probing":
        return breaker
    return replace(breaker, epoch=breaker.epoch + 1, rests_until=until)


def _told(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST_TOLD.total_seconds()))


def _clock(moment: datetime | None) -> str:
    return "an unknown time" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
