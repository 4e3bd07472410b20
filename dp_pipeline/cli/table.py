"""`dp table`: the tables of a tournament."""

import json
from collections.abc import Sequence
from itertools import groupby

import click
import sqlalchemy as sa
from rich.table import Column, Table

from dp_pipeline.cli.group import AT_LEAST_ONE, console, main, plain_errors
from dp_pipeline.cli.terminal import Row, grid, plain
from dp_pipeline.database import tables
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.football.tie_breaks import order_in_words
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings

_ZONES = {
    "champion": "bold green",
    **dict.fromkeys(("qualification", "promotion"), "green"),
    "play-off": "yellow",
    "relegation": "red",
}


@main.command()
@click.argument("key", metavar="KEY")
@click.option(
    "--matchday",
    type=AT_LEAST_ONE,
    metavar="N",
    help="As it was after the first N rounds, by the results as they are now.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of tables.")
def table(key: str, matchday: int | None, *, as_json: bool) -> None:
    """Print the table of a tournament, or of each of its groups, with form and zones.

    `dp history KEY --at TIME` prints it as it stood here at a time.
    """
    from dp_pipeline.domains import past

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        wanted = stored_key(connection, key)
        t = tables.tournament.c
        about = sa.select(t.label, t.mode).where(t.key == str(wanted))
        label, mode = connection.execute(about).one()
        if matchday is None:
            rows = past.table_now(connection, wanted)
        else:
            rounds = past.number_of_rounds(connection, wanted)
            if matchday > rounds:
                message = f"{wanted} has {rounds} rounds so far; there is no matchday {matchday}."
                raise click.ClickException(message)
            rows = past.table_after(connection, wanted, matchday)
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], indent=2))
    elif rows:
        after = "" if matchday is None else f" after {matchday} rounds"
        console().print(plain(f"{label}{after}"), *standings_tables(rows))
    elif mode == "knockout-only":
        click.echo(f"{wanted} is a cup and has no table; the view knockout_ties has its ties.")
    else:
        click.echo(f"{wanted} has no table yet.")


def standings_tables(rows: Sequence[Row]) -> list[Table]:
    """The tables of a tournament, one for each stage and group: a line for each team."""
    tables = []
    right = ("pos", "games", "w", "d", "l", "goals", "points")
    for (stage, group), of_group in groupby(rows, lambda row: (row.get("stage"), row.get("group"))):
        mine = list(of_group)
        rules = dict.fromkeys(row["rule"] for row in mine if row.get("rule"))
        names = [
            name
            for name in mine[0]
            if name not in ("stage", "group", "rule") and any(row[name] != "" for row in mine)
        ]
        columns = (
            Column(n, justify="right" if n in right else "left", no_wrap=n not in ("team", "note"))
            for n in names
        )
        named = f"Group {group}" if group and len(group) == 1 else group
        title = ", ".join(part for part in (stage, named) if part)
        table = grid(*columns, title=title or None)
        table.caption = plain(
            "\n".join(f"Order: {order_in_words(rule)}." for rule in rules), "table.caption"
        )
        table.caption_justify = "left"
        for row in mine:
            style = _ZONES.get(str(row.get("zone", "")), "")
            table.add_row(*(plain(str(row[name])) for name in names), style=style)
        tables.append(table)
    return tables
