"""What can go wrong between us and a provider: what a request can end in, and three more.

ProviderError
├── InvalidTournamentKeyError   the key is not one this provider can have
├── OtherSportError             the tournament is none of football
├── NotFoundError
│   └── TournamentNotFoundError the provider answered, and has no tournament of this key
└── the others of http/errors.py
"""

from collections.abc import Sequence
from typing import Self

from dp_pipeline.http.errors import (
    BlockedError,
    CircuitOpenError,
    InvalidShapeError,
    NetworkError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    RateLimitedError,
    UnsafeAddressError,
)

__all__ = [
    "NOT_THERE",
    "BlockedError",
    "CircuitOpenError",
    "InvalidShapeError",
    "InvalidTournamentKeyError",
    "NetworkError",
    "NotFoundError",
    "OtherSportError",
    "ProviderError",
    "ProviderServerError",
    "RateLimitedError",
    "TournamentNotFoundError",
    "UnsafeAddressError",
]


class InvalidTournamentKeyError(ProviderError):
    """The key is malformed, or no tournament of this provider can have it."""

    kind = "invalid_key"


class OtherSportError(ProviderError):
    """The tournament is one of another sport, and nothing of it is stored."""

    kind = "other_sport"

    @classmethod
    def of(cls, what: str, sport: str) -> Self:
        """The error that a tournament, in a person's words, is of this sport."""
        return cls(f"{what} is no football but {sport}; nothing of it is stored.")


class TournamentNotFoundError(NotFoundError):
    """The provider answered, and neither has nor lists the tournament of this key.

    One that does not answer never leads to it: then nothing is known.

    Args:
        what: what is not there, without a full stop.
        advice: what to do where nothing similar is known.
        url: see `ProviderError`.
        status: see `ProviderError`.
    """

    kind = "no_such_tournament"

    def __init__(
        self, what: str, advice: str = "", *, url: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{what}; {advice}." if advice else f"{what}.", url=url, status=status)
        self._what = what

    def offering(self, keys: Sequence[str]) -> Self:
        """The same error with the question whether one of these was meant."""
        *first, last = keys
        offer = f"{', '.join(first)} or {last}" if first else last
        error = type(self)(self._what, f"did you mean {offer}", url=self.url, status=self.status)
        error.message = error.message.removesuffix(".") + "?"
        error.args = (error.message,)
        return error


NOT_THERE = frozenset({InvalidTournamentKeyError.__name__, TournamentNotFoundError.__name__})
"""The classes of errors by which there is no such tournament; a provider that did not answer says
nothing of it."""
