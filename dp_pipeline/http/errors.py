"""What a request can end in, each with whether trying again may help.

ProviderError
├── NotFoundError         404: there is no such thing (often a fact, not a fault)
├── BlockedError          403, a challenge, HTML where JSON belongs: we are not welcome
├── RateLimitedError      429 that outlasted our patience
├── ProviderServerError   5xx
├── NetworkError          no or half a response: refused, reset, timed out, cut short
├── CircuitOpenError  not requested at all: the circuit is open, see circuit.py
├── InvalidShapeError     a response whose form we do not know, or larger than the limit
├── NotArchivedError      a replay needs an answer that the archive has not
└── UnsafeAddressError    an address in a payload or redirect that must not be requested
"""

import copy
from typing import ClassVar, Self


class ProviderError(Exception):
    """A provider could not give what was requested. The text is a sentence for a person.

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

    def again(self) -> Self:
        """A copy to raise: each raise lengthens the traceback of a shared one."""
        error = copy.copy(self)
        error.__cause__ = self.__cause__
        return error


class NotFoundError(ProviderError):
    """404: whether that is expected is the domain's decision."""

    kind = "not_found"


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


class CircuitOpenError(ProviderError):
    """No request was made: the circuit is open, for all processes, until a moment."""

    kind = "resting"
    retryable = True


class InvalidShapeError(ProviderError):
    """The answer is not what the provider's interface promises; the message names the path."""

    kind = "invalid_shape"


class UnsafeAddressError(ProviderError):
    """An address in a payload is no http(s) URL or not public, or a redirect leads elsewhere."""

    kind = "unsafe_address"


class NotArchivedError(ProviderError):
    """A replay needs an answer, or its body, that the archive does not have."""

    kind = "not_archived"
