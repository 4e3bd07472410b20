"""`dp coverage`: how complete a tournament is."""

import json
from dataclasses import asdict

import click

from dp_pipeline.cli.group import console, main, plain_errors, refuse_bad
from dp_pipeline.cli.terminal import coverage_table, plain, printable
from dp_pipeline.football.key import TournamentKey, tidied
from dp_pipeline.resources import open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("key", metavar="KEY")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def coverage(key: str, *, as_json: bool) -> None:
    """Print how complete a tournament is: rounds, matches, days, goals and table.

    A round counts when all of its matches are stored, the goals of a match when they come to its
    result. The table agrees when the stored matches come to the provider's.
    """
    from dp_pipeline.domains.coverage import coverage_of
    from dp_pipeline.domains.registry import TABLES
    from dp_pipeline.domains.snapshot import read_snapshot

    wanted = tidied(key)
    refuse_bad([wanted])
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        snapshot = read_snapshot(connection, TournamentKey.parse(wanted), TABLES)
    if snapshot.tournament is None:
        message = f"{wanted} is not stored. `dp ingest {wanted}` reads it."
        raise click.ClickException(printable(message))
    found = coverage_of(snapshot)
    if as_json:
        click.echo(json.dumps({"summary": found.sentence, **asdict(found)}, indent=2))
        return
    screen = console()
    screen.print(plain(f"{snapshot.tournament['label']}: {found.sentence}"), soft_wrap=True)
    screen.print(coverage_table(found))
    for sentence in (*found.differences, *found.gaps):
        screen.print(plain(sentence), soft_wrap=True)
