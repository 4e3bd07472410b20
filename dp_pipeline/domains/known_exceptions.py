"""Failing checks of which a person has said that they are known: the file, read and checked."""

import tomllib
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ValidationError, field_validator

from dp_pipeline.domains.data_checks import CHECKS
from dp_pipeline.football.key import TournamentKey

_NAMES = frozenset(check.name for check in CHECKS)


class KnownExceptionsError(Exception):
    """The file cannot be used; the text is a sentence that names the entry."""

    retryable = False


class KnownException(BaseModel, extra="forbid", frozen=True):
    """A check that may fail for one tournament.

    Args:
        tournament: its key.
        check: name of the check.
        reason: a sentence.
        until: the last day on which it is excused.
    """

    tournament: str
    check: str
    reason: str
    until: date

    @field_validator("check")
    @classmethod
    def _is_a_check(cls, value: str) -> str:
        if value not in _NAMES:
            message = f"there is no check {value}; the checks are {', '.join(sorted(_NAMES))}"
            raise ValueError(message)
        return value

    @field_validator("tournament")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        return str(TournamentKey.parse(value))


class _Exceptions(BaseModel, extra="forbid"):
    exception: list[KnownException] = []


def load(path: Path | None) -> tuple[KnownException, ...]:
    """What the file says; nothing without one.

    Raises:
        KnownExceptionsError: it cannot be read, or an entry is wrong.
    """
    if path is None:
        return ()
    try:
        return tuple(_Exceptions.model_validate(tomllib.loads(path.read_text("utf-8"))).exception)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        message = f"{path}, {where}: {first['msg']}."
        raise KnownExceptionsError(message) from error
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}"
        raise KnownExceptionsError(message) from error
