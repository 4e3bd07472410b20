"""What can go wrong between us and a provider, each with whether trying again may help.

ProviderError
├── InvalidTournamentKeyError   the key is not one this provider can have
├── NotFoundError               404: the provider knows no such thing (often a fact, not a fault)
│   └── TournamentNotFoundError the provider answered, and has no tournament of this key
├── BlockedError                403, a challenge, HTML where JSON belongs: we are not welcome
├── RateLimitedError            429 that outlasted our patience
├── ProviderServerError         5xx
├── NetworkError                no or half an answer: refused, reset, timed out, cut short
├── ProviderRestingError        not asked at all: it refused or failed lately, see health.py
├── InvalidShapeError           an answer whose form we do not know, or larger than the limit
└── UnsafeAddressError          an address in a payload or redirect that must not be asked
"""

from collections.abc import Sequence
from typing import ClassVar, Self


class ProviderError(Exception):
    """A provider could not give what was asked. The text is a sentence for a person.

    Args:
        message: what happened, in plain words, without secrets.
        url: the request, user-info removed; None when no request was made.
        status: the HTTP status, if one came.
        snippet: the beginning of the body, at most 500 characters, for the report.
    """

    kind: ClassVar[str] = "provider"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        url: str | None = None,
        status: int | None = None,
        snippet: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.url = url
        self.status = status
        self.snippet = snippet


class InvalidTournamentKeyError(ProviderError):
    """The key is malformed, or no tournament of this provider can have it."""

    kind = "invalid_key"


class NotFoundError(ProviderError):
    """404: whether that is expected is the asking domain's decision."""

    kind = "not_found"


class TournamentNotFoundError(NotFoundError):
    """The provider answered, and neither has nor lists the tournament of this key.

    One that does not answer never leads to it: then nothing is known.

    Args:
        what: what is not there, without a full stop.
        advice: what to do where nothing similar is known.
        url: as of every error.
        status: likewise.
    """

    kind = "no_such_tournament"

    def __init__(
        self, what: str, advice: str = "", *, url: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{what}; {advice}." if advice else f"{what}.", url=url, status=status)
        self._what = what

    def offering(self, keys: Sequence[str]) -> Self:
        """The same error, asking whether one of these was meant."""
        *first, last = keys
        asked = f"{', '.join(first)} or {last}" if first else last
        found = type(self)(self._what, f"did you mean {asked}", url=self.url, status=self.status)
        found.message = found.message.removesuffix(".") + "?"
        found.args = (found.message,)
        return found


class BlockedError(ProviderError):
    """The provider refuses us. Never retried, never evaded."""

    kind = "blocked"


class RateLimitedError(ProviderError):
    """429, after the bounded retries that honour Retry-After."""

    kind = "rate_limited"
    retryable = True


class ProviderServerError(ProviderError):
    """5xx after the bounded retries."""

    kind = "server_error"
    retryable = True


class NetworkError(ProviderError):
    """Connection refused, reset, timed out, or a body that ended too early."""

    kind = "network"
    retryable = True


class ProviderRestingError(ProviderError):
    """No request was made: the provider is left alone, by all processes, until a moment."""

    kind = "resting"
    retryable = True


class InvalidShapeError(ProviderError):
    """The answer is not what the provider's interface promises; the message names the path."""

    kind = "invalid_shape"


class UnsafeAddressError(ProviderError):
    """An address in a payload is no http(s) URL or not public, or a redirect leads elsewhere."""

    kind = "unsafe_address"
