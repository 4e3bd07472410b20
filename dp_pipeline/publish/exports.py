"""What is stored of a tournament as files: a table each, in a layout that query engines know.

`exports/matches/provider=openligadb/competition=bl1/season=2024/data.parquet`: DuckDB, polars and
Spark read all tournaments of a table as one, and take provider, competition and season from the
path. Equal data is equal bytes.
"""

import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, get_args

import sqlalchemy as sa

from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.contract import Licence
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.read.frames import Rows, polars_frame, rows_of
from dp_pipeline.storage import ANSWER_SECONDS, ASK_AGAIN, PRIVATE, ObjectStore, within

if TYPE_CHECKING:
    import polars as pl

Format = Literal["parquet", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

_TYPES: Mapping[Format, str] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
ROOT = "exports/"
_IN_PATH = "provider"
_TIMES = frozenset({"updated_at", "changed_at"})
_IN_ROWS = ("source", "licence", "attribution")
_MOMENT, _LOCAL = "%Y-%m-%dT%H:%M:%S%.6fZ", "%Y-%m-%dT%H:%M:%S"
_FORMULA = "^[=+@\uff1d\uff0b\uff0d\uff20\t\r\n-]"
"""Spreadsheets take a cell that begins so for a formula, and run it."""
_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?$"
_TABLES: Mapping[str, str] = {
    "matches": """
        SELECT * FROM fixtures WHERE tournament_key = :key
        ORDER BY kickoff_date, kickoff_at, match_id""",
    "teams": """
        SELECT tournament.key AS tournament_key, here.name AS team, here.short_name, team.country,
            club.name AS club, team.external_id, here.team_id, team.club_id,
            greatest(here.updated_at, team.updated_at) AS updated_at
        FROM tournament_team AS here
        JOIN tournament ON tournament.id = here.tournament_id
        JOIN team ON team.id = here.team_id
        LEFT JOIN club ON club.id = team.club_id
        WHERE tournament.key = :key ORDER BY here.name, here.team_id""",
    "standings": """
        SELECT * FROM league_table WHERE tournament_key = :key
        ORDER BY whole_season DESC, stage NULLS FIRST, group_name NULLS FIRST, position, team_id""",
    "goals": """
        SELECT played.tournament_key, played.round_slug, played.round, played.kickoff_date,
            played.home_team, played.away_team, goal.side,
            CASE goal.side WHEN 'home' THEN played.home_team ELSE played.away_team END AS team,
            goal.ordinal, goal.minute, goal.added_time, goal.scorer, goal.penalty, goal.own_goal,
            goal.home_score, goal.away_score, goal.match_id, goal.id AS goal_id, goal.updated_at
        FROM fixtures AS played JOIN goal ON goal.match_id = played.match_id
        WHERE played.tournament_key = :key AND goal.missing_since IS NULL
        ORDER BY played.kickoff_date, goal.match_id, goal.minute, goal.side, goal.ordinal""",
    "changes": """
        SELECT tournament.key AS tournament_key, change.id AS change_id, change.entity,
            change.entity_id, change.field, change.old #>> '{}' AS old, change.new #>> '{}' AS new,
            change.changed_at, change.execution_id
        FROM change JOIN tournament ON tournament.id = change.tournament_id
        WHERE tournament.key = :key ORDER BY change.id""",
}
EXPORTED = tuple(_TABLES)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written.

    Args:
        table: what it holds.
        key: of the object.
        rows: how many it has.
        size: in bytes.
    """

    table: str
    key: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Export:
    """What is stored of a tournament, read as of one moment.

    Args:
        key: of the tournament.
        label: its name and season.
        source: where a person finds it.
        tables: the rows of each table.
    """

    key: TournamentKey
    label: str
    source: str
    tables: Mapping[str, Rows]

    @property
    def licence(self) -> Licence:
        """The terms of its provider."""
        return BY_NAME[self.key.provider].licence

    @property
    def root(self) -> str:
        """Where its objects are."""
        return root_of(self.licence)

    @property
    def version(self) -> str:
        """A digest of the rows: equal for equal data, whenever it was read."""
        rows = {name: (*each.columns, each.values) for name, each in self.tables.items()}
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    @property
    def changed_at(self) -> datetime | None:
        """When the newest of the rows was written; None where there are none."""
        times = [
            row[place]
            for rows in self.tables.values()
            for place, name in enumerate(rows.columns)
            if name in _TIMES
            for row in rows.values
        ]
        return max(times, default=None)

    @property
    def facts(self) -> dict[str, str]:
        """What a file says of itself: provider, source, licence, time of the data."""
        changed = self.changed_at
        return {
            "tournament": self.label,
            "tournament_key": str(self.key),
            "provider": self.key.provider,
            "source": self.source,
            "licence": self.licence.name,
            "licence_url": self.licence.url or "",
            "attribution": self.licence.attribution,
            "redistributable": "yes" if self.licence.redistributable else "no",
            "data_changed_at": changed.isoformat(timespec="seconds") if changed else "",
        }


def read_export(connection: sa.Connection, text: str) -> Export:
    """Read all tables of a tournament.

    Args:
        connection: in whose transaction nothing was read yet: all is read as of one moment.
        text: its key, in whatever spelling.

    Raises:
        UnknownKeyError: it is not stored.
    """
    connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    key = stored_key(connection, text)
    about = connection.execute(
        sa.text("SELECT label, public_url FROM tournament WHERE key = :key"), {"key": str(key)}
    ).one()
    tables = {name: rows_of(connection, text, {"key": str(key)}) for name, text in _TABLES.items()}
    return Export(key, about.label, about.public_url or BY_NAME[key.provider].public_url, tables)


def write_export(
    export: Export,
    objects: ObjectStore,
    formats: Collection[Format] = ("parquet",),
    *,
    root: str | None = None,
) -> list[ExportedFile]:
    """Write the files of a tournament, each whole in the place of the one before.

    Args:
        export: what is written.
        objects: where to.
        formats: any of `FORMATS`.
        root: of the keys of the objects; None: that of the export.

    Raises:
        ObjectStoreError: the store did not take one; what it took stays.
    """
    written = []
    for name, rows in export.tables.items():
        frame = polars_frame(rows).drop(_IN_PATH, strict=False)
        for format_ in sorted(formats):
            body = _BODIES[format_](frame, export.facts)
            key = f"{export.root if root is None else root}{key_of(name, export.key, format_)}"
            put = partial(
                objects.put, key, body, content_type=_TYPES[format_], cache_control=ASK_AGAIN
            )
            within(ANSWER_SECONDS, put)
            written.append(ExportedFile(name, key, frame.height, len(body)))
    return written


def formats_there(export: Export, objects: ObjectStore) -> set[Format]:
    """The formats in which a tournament was written before; raises ObjectStoreError."""

    def is_there(format_: Format) -> bool:
        key = f"{export.root}{key_of(EXPORTED[0], export.key, format_)}"
        return within(ANSWER_SECONDS, partial(objects.has, key))

    return set(filter(is_there, FORMATS))


def delete_export(key: TournamentKey, objects: ObjectStore) -> None:
    """Delete the files of a tournament in all formats; those elsewhere than at its root stay.

    Raises:
        ObjectStoreError: the store did not delete one.
    """
    root = root_of(BY_NAME[key.provider].licence)
    for table, format_ in product(EXPORTED, FORMATS):
        within(ANSWER_SECONDS, partial(objects.delete, f"{root}{key_of(table, key, format_)}"))


def root_of(licence: Licence) -> str:
    """Where objects are: apart, where the licence lets nobody else have them."""
    return ROOT if licence.redistributable else f"{PRIVATE}{ROOT}"


def key_of(table: str, key: TournamentKey, format_: Format) -> str:
    """Where a file is below the root: Parquet first, others in a folder of their own.

    Readers of a folder take all files in it for those of one format.
    """
    place = f"provider={key.provider}/competition={key.competition}/season={key.season}"
    return f"{'' if format_ == 'parquet' else f'{format_}/'}{table}/{place}/data.{format_}"


def _parquet(frame: "pl.DataFrame", facts: Mapping[str, str]) -> bytes:
    body = io.BytesIO()
    frame.write_parquet(body, metadata=dict(facts))
    return body.getvalue()


def _csv(frame: "pl.DataFrame", facts: Mapping[str, str]) -> bytes:
    """Lists become words between blanks, moments ISO 8601, and what would be a formula text."""
    import polars as pl

    lists = [pl.col(n).list.join(" ") for n, t in frame.schema.items() if t == pl.List(pl.String)]
    text = _in_text(frame.with_columns(lists), facts)
    said = pl.col(pl.String)
    is_formula = said.str.contains(_FORMULA) & ~said.str.contains(_NUMBER)
    # The mark of text: a spreadsheet does not run what follows.
    harmless = pl.when(is_formula).then(said.str.replace("^", "'")).otherwise(said)
    return text.with_columns(harmless).write_csv().encode()


def _json(frame: "pl.DataFrame", facts: Mapping[str, str]) -> bytes:
    return _in_text(frame, facts).write_json().encode()


def _in_text(frame: "pl.DataFrame", facts: Mapping[str, str]) -> "pl.DataFrame":
    """The frame with times as text, and in each row what Parquet says of the whole file."""
    import polars as pl

    forms: dict[Any, str] = {pl.Datetime("us", "UTC"): _MOMENT, pl.Datetime("us"): _LOCAL}
    return frame.with_columns(
        *(
            pl.col(name).dt.strftime(forms[type_])
            for name, type_ in frame.schema.items()
            if type_ in forms
        ),
        *(pl.lit(facts[name], pl.String).alias(name) for name in _IN_ROWS),
    )


_BODIES = {"parquet": _parquet, "csv": _csv, "json": _json}
