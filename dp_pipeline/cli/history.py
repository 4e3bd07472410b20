"""`dp history`: what changed in a tournament or a match, and tables as they stood."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa

from dp_pipeline.cli.group import AT_LEAST_ONE, SINCE, console, main, plain_errors
from dp_pipeline.cli.table import standings_tables
from dp_pipeline.cli.terminal import history_tables, json_text, minute, printable
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings

_NOTHING = {
    False: "Nothing has changed since it was first stored.",
    True: "Nothing has changed since the tournaments were first stored.",
}


@main.command()
@click.argument("target", metavar="[KEY|MATCH]", required=False)
@SINCE
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
    target: str | None,
    since: datetime | None,
    limit: int,
    *,
    tables: bool,
    at: datetime | None,
    matchday: int | None,
    as_json: bool,
) -> None:
    """Print what changed in a tournament, in a match, or in all of them.

    A tournament is given by its KEY, a match by its id, and all are meant without either. First
    values are no change: the history begins with the second read.
    """
    from dp_pipeline.domains import past

    if at is not None and matchday is not None:
        message = "--at and --matchday ask for different tables; give one of them."
        raise click.UsageError(message)
    is_table = at is not None or matchday is not None
    if is_table and (target is None or since is not None):
        message = "A table is of one tournament: give its KEY, and no --since."
        raise click.UsageError(message)
    with plain_errors():
        database = open_database(Settings.load())
        with database.transaction() as connection:
            key, match = (None, None) if target is None else _target(connection, target)
            first = None
            if key is not None and at is not None:
                first = past.first_table_at(connection, key)
                rows = past.table_at(connection, key, at.replace(tzinfo=UTC))
            elif key is not None and matchday is not None:
                rows = past.table_after(connection, key, matchday)
            else:
                rows = past.changes(
                    connection, key, match=match, since=since, tables_too=tables, limit=limit
                )
    if as_json:
        click.echo(json_text(rows))
    elif not rows and first is not None:
        said = f"No table of {key} was stored here before {minute(first, ZoneInfo('UTC'))} UTC"
        click.echo(f"{said}; `--matchday N` has the table after a round.")
    elif not rows:
        nothing = "Nothing has changed since then." if since else _NOTHING[key is None]
        click.echo(f"{key} has no table." if is_table else nothing)
    elif is_table:
        console().print(*standings_tables(rows))
    else:
        console().print(*history_tables(rows, Settings.load().timezone))


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
