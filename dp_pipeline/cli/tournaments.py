"""`dp tournaments`: which tournaments there are, and how each stands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import click
from rich.console import Group

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.running import nobody_confirmed
from dp_pipeline.cli.terminal import json_text, lined, minute
from dp_pipeline.football.models import TournamentStatus
from dp_pipeline.instance.opening import open_database
from dp_pipeline.ledger.overview import UNCONFIRMED
from dp_pipeline.providers.registry import BY_NAME
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
    """Print the tournaments, or those with every WORD in name or key.

    They are stored, approved seasons that are not read yet, or failed before anything was stored.
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
        click.echo(json_text([line.facts() for line in shown]))
    elif shown:
        console().print(tournaments_lines(shown, Settings.load().timezone))
    elif lines:
        click.echo(f"None of the {len(lines)} tournaments is like that.")
    else:
        click.echo("None yet; `dp search NAME` finds keys, and `dp ingest KEY` reads a tournament.")


def _to_do(line: "TournamentLine") -> str:
    return nobody_confirmed(line.key) if line.status == UNCONFIRMED else ""


def tournaments_lines(lines: "Sequence[TournamentLine]", zone: ZoneInfo) -> Group:
    """How the tournaments stand: a line for each, below it its name and what is wrong.

    As a column of a table of 100 characters the name was four lines, "1. / Fussball-Bu... /".
    """
    rows = [
        (
            (
                line.key,
                line.status,
                f"{line.played}/{line.of}" if line.of else "",
                minute(line.read_at, zone),
            ),
            "red" if line.errors or line.failed else "yellow" if line.open else "green",
            [said for said in (line.label, line.open, _to_do(line)) if said],
        )
        for line in lines
    ]
    names = ("tournament", "status", "played", f"last read ({zone})")
    return lined(names, rows, styled="status", right=["played"])
