"""`dp goalscorers`: who scored in a tournament."""

import json

import click
from rich.table import Column

from dp_pipeline.cli.group import AT_LEAST_ONE, console, main, plain_errors
from dp_pipeline.cli.terminal import grid, plain
from dp_pipeline.database import goalscorers as stored
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("key", metavar="KEY")
@click.option(
    "--limit",
    type=AT_LEAST_ONE,
    default=20,
    show_default=True,
    help="At most so many, most goals first; the JSON has all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def goalscorers(key: str, limit: int, *, as_json: bool) -> None:
    """Print who scored how often in a tournament. Own goals do not count."""
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        wanted = stored_key(connection, key)
        rows = stored.goalscorers(connection, wanted.tournament_id)
        goals = stored.named_goals(connection, wanted.tournament_id)
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], indent=2))
        return
    if rows:
        names = ("goals", "penalties", "matches")
        right = (Column(name, justify="right", no_wrap=True) for name in names)
        table = grid("scorer", "team", *right)
        for row in rows[:limit]:
            numbers = (str(row[name]) for name in names)
            table.add_row(plain(row["scorer"]), plain(row["team"]), *numbers)
        console().print(table)
    if more := len(rows[limit:]):
        click.echo(f"and {more} more; `--limit` shows them.")
    if why := goals.why_none or goals.lacks:
        click.echo(why)
