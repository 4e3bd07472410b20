"""The file that says how long what is kept; retention.yaml beside this module is the default."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ValidationError

from dp_pipeline.domains.judge import CORRECTIONS_COUNT_FOR

FOREVER = "forever"
MOST_DAYS = 36_500
SHORTEST = 7
"""Days: what goes on in a week is told from runs and reports."""
# The rule of belief counts the corrections of so many days in the ledger.
_SHORTEST_OF_FACTS = CORRECTIONS_COUNT_FOR.days + 1


class RetentionError(Exception):
    """The file cannot be used; the text is a sentence that says why."""

    retryable = False


def _days(shortest: int) -> BeforeValidator:
    def checked(value: object) -> int | None:
        if value == FOREVER:
            return None
        if type(value) is int and shortest <= value <= MOST_DAYS:
            return value
        message = (
            f"must be {FOREVER} or a whole number of days from {shortest} to {MOST_DAYS}, "
            f"not {str(value)[:50]!r}"
        )
        raise ValueError(message)

    return BeforeValidator(checked)


_Days = Annotated[int | None, _days(SHORTEST)]
_DaysOfFacts = Annotated[int | None, _days(_SHORTEST_OF_FACTS)]


class RetentionPolicy(BaseModel, extra="forbid", frozen=True):
    """For how many days what is kept; None is for ever."""

    executions: _DaysOfFacts
    reports: _Days
    archive: _Days
    changes: _DaysOfFacts
    runs: _Days

    def oldest(self, now: datetime) -> "Oldest":
        """The times from which on everything is kept."""
        return Oldest(
            **{
                name: None if days is None else now - timedelta(days=days)
                for name, days in self.model_dump().items()
            }
        )


@dataclass(frozen=True, slots=True)
class Oldest:
    """Since when what is kept, whatever else says; None where nothing is ever too old."""

    executions: datetime | None
    reports: datetime | None
    archive: datetime | None
    changes: datetime | None
    runs: datetime | None


def load(path: Path | None) -> RetentionPolicy:
    """What a file says, and the packaged one where the file is silent or there is none.

    Raises:
        RetentionError: the file cannot be read, or something in it is wrong.
    """
    default = resources.files("dp_pipeline.ledger.retention").joinpath("retention.yaml")
    days = _parsed(default.read_text("utf-8"), "retention.yaml")
    if path is not None:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            message = f"The policy of retention {path} (DP_RETENTION) cannot be read: {why}."
            raise RetentionError(message) from error
        days |= _parsed(text, str(path))
    try:
        return RetentionPolicy.model_validate(days)
    except ValidationError as error:
        raise RetentionError(_sentence(error, str(path))) from error


def _parsed(text: str, name: str) -> dict[Any, Any]:
    import yaml

    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        message = f"{name}{where}: this is not YAML."
        raise RetentionError(message) from error
    if said is None:
        return {}
    if not isinstance(said, Mapping):
        known = ", ".join(RetentionPolicy.model_fields)
        message = f"{name}: it must have lines such as `runs: 60`, for {known}."
        raise RetentionError(message)
    return dict(said)


def _sentence(error: ValidationError, name: str) -> str:
    first = error.errors(include_url=False)[0]
    what = str(first["loc"][0])[:50]
    if first["type"] == "extra_forbidden":
        known = ", ".join(RetentionPolicy.model_fields)
        return f"{name}: {what!r} is not known here; known are {known}."
    said = first.get("ctx", {}).get("error", first["msg"])
    return f"{name}: `{what}` {said}."
