"""Rows as a frame: polars, or pandas, with the type that each column has in Postgres."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dp_pipeline.read.errors import LibraryMissingError, ReadError

if TYPE_CHECKING:
    import sqlalchemy as sa

Kind = Literal[
    "truth", "whole", "number", "text", "day", "moment", "local", "texts", "wholes", "other"
]
"""What a column holds; a moment has a zone, which is UTC, and a local time has none."""

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
_KINDS: Mapping[int, Kind] = {
    16: "truth",
    **dict.fromkeys((20, 21, 23, 26), "whole"),
    **dict.fromkeys((700, 701, 1700), "number"),
    **dict.fromkeys((18, 19, 25, 1042, 1043, 2950), "text"),
    1082: "day",
    1184: "moment",
    1114: "local",
    **dict.fromkeys((1003, 1009, 1015, 2951), "texts"),
    **dict.fromkeys((1005, 1007, 1016), "wholes"),
}
"""By the numbers of Postgres' own types, which never change."""
_PANDAS: Mapping[Kind, str] = {
    "truth": "boolean",
    "whole": "Int64",
    "number": "float64",
    "text": "string",
    "moment": "datetime64[us, UTC]",
    "local": "datetime64[us]",
    "day": "datetime64[us]",
    "other": "string",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What a question came to.

    Args:
        columns: the kinds of the columns by name.
        values: row by row.
    """

    columns: Mapping[str, Kind]
    values: Sequence[Sequence[Any]]

    def arranged(self, first: Sequence[str], last: Sequence[str]) -> "Rows":
        """The same with some columns at the beginning, and some, if there, at the end."""
        between = [name for name in self.columns if name not in (*first, *last)]
        names = [*first, *between, *(name for name in last if name in self.columns)]
        places = {name: place for place, name in enumerate(self.columns)}
        values = [tuple(row[places[name]] for name in names) for row in self.values]
        return Rows({name: self.columns[name] for name in names}, values)

    def by_column(self) -> dict[str, list[Any]]:
        """The values column by column, as a frame takes them."""
        values = zip(*self.values, strict=True) if self.values else ([] for _ in self.columns)
        columns = zip(self.columns.items(), values, strict=True)
        return {name: [_plain(value, kind) for value in column] for (name, kind), column in columns}


def rows_of(connection: "sa.Connection", text: str, params: Mapping[str, Any]) -> Rows:
    """What a question comes to; `:name` in it stands for the parameter `name`.

    Raises:
        ReadError: it gives no rows, columns without names of their own, or lacks a parameter.
    """
    if unused := sorted(params.keys() - set(_PARAMETER.findall(text))):
        message = f"The question has no :{', :'.join(unused)}."
        raise ReadError(message)
    # A colon before any other word, as in '12:30', is text, and so is a percent sign.
    question = _PARAMETER.sub(
        lambda m: f"%({m[1]})s" if m[1] in params else m[0], text.replace("%", "%%")
    )
    result = connection.exec_driver_sql(question, dict(params))
    if not result.returns_rows or result.cursor is None:
        message = "The statement gives no rows; ask with SELECT."
        raise ReadError(message)
    columns = {name: kind_of(code) for name, code, *_ in result.cursor.description}
    if len(columns) < len(result.cursor.description):
        message = "Two columns have one name; give each its own, with AS."
        raise ReadError(message)
    return Rows(columns, [tuple(row) for row in result])


def kind_of(type_code: Any) -> Kind:
    """The kind of a column by the number of its type."""
    return _KINDS.get(type_code, "other")


def polars_frame(rows: Rows) -> Any:
    """The rows as polars' DataFrame; every column has its type, also where all is null."""
    import polars as pl

    types: Mapping[Kind, Any] = {
        "truth": pl.Boolean,
        "whole": pl.Int64,
        "number": pl.Float64,
        "text": pl.String,
        "moment": pl.Datetime("us", "UTC"),
        "local": pl.Datetime("us"),
        "day": pl.Date,
        "texts": pl.List(pl.String),
        "wholes": pl.List(pl.Int64),
        "other": pl.String,
    }
    return pl.DataFrame(
        rows.by_column(), schema={name: types[kind] for name, kind in rows.columns.items()}
    )


def pandas_frame(rows: Rows) -> Any:
    """The rows as pandas' DataFrame, made without pyarrow; whole numbers may be missing."""
    try:
        import pandas as pd
    except ImportError as error:
        message = "pandas is not installed: `pip install pandas`, or leave out as_pandas=True."
        raise LibraryMissingError(message) from error

    def series(values: list[Any], kind: Kind) -> Any:
        if kind in {"day", "local"}:
            return pd.to_datetime(pd.Series(values, dtype="object")).astype(_PANDAS[kind])
        if kind == "moment":
            return pd.to_datetime(pd.Series(values, dtype="object"), utc=True).astype(_PANDAS[kind])
        return pd.Series(values, dtype=_PANDAS.get(kind, "object"))

    by_column = rows.by_column()
    return pd.DataFrame(
        {name: series(values, rows.columns[name]) for name, values in by_column.items()}
    )


def _plain(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    convert: Mapping[Kind, Callable[[Any], Any]] = {
        "number": float,
        "text": str,
        "texts": lambda each: [None if e is None else str(e) for e in each],
        "other": lambda each: each if isinstance(each, str) else _words(each),
    }
    return convert[kind](value) if kind in convert else value


def _words(value: Any) -> str:
    """A value of a rarer type as text: JSON as JSON has it."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
