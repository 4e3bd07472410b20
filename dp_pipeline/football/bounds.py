"""What can be stored, as types: payload models and models are made of these.

A number beyond its column is found here, entity by entity, and named. Found by Postgres it would
take everything else with it: the groupOrderID 2^31 of one listed round failed `rounds`, and matches
and standings with it. A test compares the types with the columns.
"""

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    NaiveDatetime,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

INT4 = 2**31 - 1
LARGEST_ID = 2**63 - 1
LONGEST_TEXT = 200
LONGEST_KEY = 1_200
"""Bytes. Postgres takes at most 2,704 into a row of an index, and two keys stand in one."""
MOST_GOALS = 99
_NUMBERS_BEYOND = frozenset({"less_than_equal", "greater_than_equal", "int_parsing_size"})


def clean(value: Any) -> Any:
    """Text on one line; NUL and lone surrogates, which Postgres refuses, become spaces."""
    if not isinstance(value, str):
        return value
    if value.isprintable() and "  " not in value:
        return value.strip()
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in value)
    return " ".join(kept.split())


def or_none(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """An optional field that cannot be read is one that is not there.

    A context that is a list takes the names of fields that held a number beyond their bounds.
    """
    try:
        return handler(value)
    except ValidationError as error:
        beyond = any(part["type"] in _NUMBERS_BEYOND for part in error.errors(include_url=False))
        if beyond and isinstance(info.context, list) and info.field_name:
            info.context.append(info.field_name)
        return None


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        reason = "a truth value where a number belongs"
        raise ValueError(reason)  # noqa: TRY004 - pydantic turns a ValueError into its own error
    return value


def _indexable(text: str) -> str:
    if len(text.encode(errors="replace")) > LONGEST_KEY:
        reason = f"longer than {LONGEST_KEY} bytes"
        raise ValueError(reason)
    return text


# Bounds stand before the validator, or pydantic would check them in Python.
# What is stored, as wide as the column and its checks:
Int4 = Annotated[int, Field(ge=-INT4 - 1, le=INT4), BeforeValidator(_not_bool)]
Whole = Annotated[int, Field(ge=0, le=INT4), BeforeValidator(_not_bool)]
Place = Annotated[int, Field(ge=1, le=INT4), BeforeValidator(_not_bool)]
Key = Annotated[str, AfterValidator(_indexable)]
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1800, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]
WallClock = Annotated[NaiveDatetime, Field(ge=datetime(1800, 1, 1), le=datetime(2200, 1, 1))]  # noqa: DTZ001
Day = Annotated[date, Field(ge=date(1800, 1, 1), le=date(2200, 1, 1))]

# What providers send, no wider than what is stored of it:
Goals = Annotated[int, Field(ge=0, le=MOST_GOALS), BeforeValidator(_not_bool)]
Count = Annotated[int, Field(ge=0, le=9_999), BeforeValidator(_not_bool)]
Points = Annotated[int, Field(ge=-999, le=9_999), BeforeValidator(_not_bool)]
Id = Annotated[int, Field(gt=0, le=LARGEST_ID), BeforeValidator(_not_bool)]
"""Stored as text."""
Ticks = Annotated[int, Field(ge=0, le=LARGEST_ID), BeforeValidator(_not_bool)]
"""Seconds since 1970, only compared."""
Text = Annotated[str, Field(max_length=LONGEST_TEXT), BeforeValidator(clean)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), BeforeValidator(clean)]
OptionalInt4 = Annotated[Int4 | None, WrapValidator(or_none)]
OptionalGoals = Annotated[Goals | None, WrapValidator(or_none)]
OptionalCount = Annotated[Count | None, WrapValidator(or_none)]
OptionalId = Annotated[Id | None, WrapValidator(or_none)]
OptionalTicks = Annotated[Ticks | None, WrapValidator(or_none)]
OptionalText = Annotated[Text | None, WrapValidator(or_none)]
OptionalName = Annotated[Name | None, WrapValidator(or_none)]
OptionalBool = Annotated[bool | None, WrapValidator(or_none)]
