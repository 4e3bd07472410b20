"""What can go wrong while reading: each text is a sentence for the person who reads."""

from collections.abc import Sequence


class ReadError(Exception):
    """What was wanted could not be read."""


class NothingStoredError(ReadError):
    """There is no database yet, or none with tables of this version."""


class UnreadableError(ReadError):
    """The settings, the database or the question cannot be used; the cause says which."""


class BetterQuestionWarning(UserWarning):
    """What was asked for is not stored, and another question has it."""


class LibraryMissingError(ReadError, ImportError):
    """A library that was wished for is not installed."""


class NotOnlyReadingError(ReadError):
    """A statement would have written."""


class _UnknownError(ReadError, LookupError):
    """Something is not stored.

    Args:
        message: says what.
        similar: what is stored and may be meant, the likeliest first.
    """

    def __init__(self, message: str, similar: Sequence[str]) -> None:
        super().__init__(message)
        self.similar = tuple(similar)


class UnknownTournamentError(_UnknownError):
    """No tournament of that key is stored."""


class UnknownTeamError(_UnknownError):
    """No team of that name is stored."""
