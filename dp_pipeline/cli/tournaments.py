"""`dp tournaments`: which tournaments there are, and how each stands."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import click
from rich.table import Column, Table
from rich.text import Text

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.terminal import grid, minute, plain
from dp_pipeline.football.models import TournamentStatus
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.resources import open_database
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    from dp_pipeline.ledger.overview import TournamentLine


@main.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--provider", type=click.Choice(tuple(BY_NAME)), help="Only of this provider.")
@click.option(
    "--status",
    type=click.Choice(get_args(TournamentStatus)),
    help="Only those that are in this state.",
)
@click.option("--open", "only_open", is_flag=True, help="Only those of which something is wrong.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def tournaments(
    words: tuple[str, ...],
    provider: str | None,
    status: str | None,
    *,
    only_open: bool,
    as_json: bool,
) -> None:
    """Print the tournaments that are followed, those with every WORD in name or key.

    For each its state, the matches that are over and that are stored, when it was last read, and
    what is wrong: checks of its data that fail, and domains whose last execution failed.
    """
    from dp_pipeline.ledger.overview import overview

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        lines = overview(connection, provider)
    wanted = [word.lower() for word in words]
    shown = [
        line
        for line in lines
        if line.has(wanted) and status in (None, line.status) and (line.open or not only_open)
    ]
    if as_json:
        click.echo(json.dumps([line.facts() for line in shown], default=str, indent=2))
    elif shown:
        console().print(tournaments_table(shown, Settings.load().timezone))
    elif lines:
        click.echo(f"None of the {len(lines)} tournaments is like that.")
    else:
        click.echo("None yet; `dp search NAME` finds keys, and `dp ingest KEY` reads a tournament.")


def tournaments_table(lines: "Sequence[TournamentLine]", zone: ZoneInfo) -> Table:
    """How the tournaments stand: a line for each."""
    table = grid(
        "tournament",
        Column("key", no_wrap=True),
        Column("status", no_wrap=True),
        Column("played", no_wrap=True, justify="right"),
        Column(f"last read ({zone})", no_wrap=True),
        "open",
    )
    for line in lines:
        table.add_row(
            plain(line.label),
            plain(line.key),
            line.status,
            f"{line.played}/{line.of}" if line.of else "",
            minute(line.read_at, zone),
            Text(line.open, style="red" if line.errors or line.failed else "yellow"),
        )
    return table
