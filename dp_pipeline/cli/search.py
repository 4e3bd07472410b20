"""`dp search`: tournaments by name, with the key to type."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.table import Column, Table
from rich.text import Text

from dp_pipeline.cli.group import console, main, plain_errors, settings_with_notices
from dp_pipeline.cli.terminal import grid, plain, printable
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.instance.opening import open_database, open_providers
from dp_pipeline.providers.registry import BY_NAME, PROVIDERS

if TYPE_CHECKING:
    from dp_pipeline.competitions.search import FoundTournament

_OPEN = tuple(
    each.name for each in PROVIDERS if each.licence.redistributable and not each.simulated
)


@main.command()
@click.argument("words", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--provider",
    type=click.Choice(tuple(BY_NAME)),
    help=f"Ask this one; without, {' and '.join(_OPEN)} are asked.",
)
@click.option("--offline", is_flag=True, help="Ask nobody: only what is known without a network.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def search(words: tuple[str, ...], provider: str | None, *, offline: bool, as_json: bool) -> None:
    """Find tournaments by NAME, such as "premier england", with the key to type.

    Shows what is stored, what providers list, and competitions that are known. Exits with 1 if
    nothing is found.
    """
    from dp_pipeline.competitions.search import search as look
    from dp_pipeline.http.limits import Limits

    with plain_errors():
        settings = settings_with_notices()
        database = open_database(settings)
        limits = Limits(
            connect_seconds=3,
            read_seconds=10,
            deadline_seconds=20,
            attempts=2,
            backoff=Backoff(0.2, 0.5),
        )
        opened = partial(open_providers, settings.base_urls, database, limits=limits)
        asked = _OPEN if provider is None else (provider,)
        found = look(" ".join(words), database, None if offline else opened, asked)
    shown = [each for each in found.tournaments if provider in (None, each.provider)]
    for sentence in found.away:
        click.echo(f"{printable(sentence)} What follows is known without it.", err=True)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in shown], indent=2))
    elif shown:
        screen = console()
        screen.print(found_table(shown))
        keys = [each.key for each in shown if each.key and each.how != "stored"]
        if keys:
            screen.print(plain(f"To read one: dp ingest {keys[0]}"), soft_wrap=True)
    if not shown:
        message = "No competition of that name is known; `dp search --help` says who is asked."
        raise click.ClickException(message)


def found_table(found: "Sequence[FoundTournament]") -> Table:
    """Tournaments that were found by name: a line for each, with the key to type."""
    table = grid("tournament", Column("key", no_wrap=True), Column("is", no_wrap=True))
    words = {
        "stored": Text("stored", style="green"),
        "listed": Text("listed by its provider"),
        "known": Text("known; the season is an example", style="dim"),
    }
    for each in found:
        key = each.key or f"none: give the address of its page at {BY_NAME[each.provider].title}"
        table.add_row(plain(each.name), plain(key), words[each.how])
    return table
