"""`dp history`: what changed in a tournament or a match, and tables as they stood."""

import json
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa

from dp_pipeline.cli.group import AT_LEAST_ONE, console, main, plain_errors
from dp_pipeline.cli.table import standings_tables
from dp_pipeline.cli.terminal import history_table, minute, printable
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.resources import open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("target", metavar="KEY|MATCH")
@click.option(
    "--limit",
    type=AT_LEAST_ONE,
    default=50,
    show_default=True,
    help="At most so many changes, newest first.",
)
@click.option("--tables", is_flag=True, help="Changes of table rows too, which follow results.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    metavar="TIME",
    help="The table as it stood here at that time (UTC), instead of changes.",
)
@click.option(
    "--matchday",
    type=AT_LEAST_ONE,
    metavar="N",
    help="The table after the first N rounds, by the results as they are now.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def history(  # noqa: PLR0913 - the options
    target: str,
    limit: int,
    *,
    tables: bool,
    at: datetime | None,
    matchday: int | None,
    as_json: bool,
) -> None:
    """Print what changed in a tournament, given by its KEY, or in a match, by its id.

    First values are no change: the history begins with the second read.
    """
    from dp_pipeline.domains import past

    if at is not None and matchday is not None:
        message = "--at and --matchday ask for different tables; give one of them."
        raise click.UsageError(message)
    with plain_errors():
        database = open_database(Settings.load())
        with database.transaction() as connection:
            key, match = _target(connection, target)
            first = None if at is None else past.first_table_at(connection, key)
            if at is not None:
                rows = past.table_at(connection, key, at.replace(tzinfo=UTC))
            elif matchday is not None:
                rows = past.table_after(connection, key, matchday)
            else:
                rows = past.changes(connection, key, match=match, tables_too=tables, limit=limit)
    if as_json:
        click.echo(json.dumps(rows, default=str, indent=2))
    elif not rows and first is not None:
        said = f"No table of {key} was stored here before {minute(first, ZoneInfo('UTC'))} UTC"
        click.echo(f"{said}; `--matchday N` has the table after a round.")
    elif not rows:
        asked = at is not None or matchday is not None
        nothing = (
            f"{key} has no table." if asked else "Nothing has changed since it was first stored."
        )
        click.echo(nothing)
    elif at is not None or matchday is not None:
        console().print(*standings_tables(rows))
    else:
        console().print(history_table(rows, Settings.load().timezone))


def _target(connection: sa.Connection, text: str) -> tuple[TournamentKey, UUID | None]:
    from dp_pipeline.domains import past

    try:
        match = UUID(text)
    except ValueError:
        match = None
    if match is None:
        return stored_key(connection, text), None
    key = past.key_of(connection, match)
    if key is None:
        message = f"{text} is not stored: no match has that id."
        raise click.ClickException(printable(message))
    return key, match
