"""`dp coverage`: how complete a tournament is."""

import json
from dataclasses import asdict

import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.terminal import coverage_table, plain
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("key", metavar="KEY")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def coverage(key: str, *, as_json: bool) -> None:
    """Print how complete a tournament is: rounds, matches, days, goals, scorers, table.

    A round counts when all of its matches are stored, the goals of a match when they come to its
    result. The table agrees when the stored matches come to the provider's.
    """
    from dp_pipeline.domains.coverage import coverage_of
    from dp_pipeline.domains.registry import TABLES
    from dp_pipeline.domains.snapshot import read_snapshot

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        snapshot = read_snapshot(connection, stored_key(connection, key), TABLES)
    tournament = snapshot.tournament
    assert tournament is not None  # noqa: S101 - for the type checker: its key is stored
    found = coverage_of(snapshot)
    if as_json:
        click.echo(json.dumps({"summary": found.sentence, **asdict(found)}, indent=2))
        return
    screen = console()
    screen.print(plain(f"{tournament['label']}: {found.sentence}"), soft_wrap=True)
    screen.print(coverage_table(found))
    for sentence in (*found.differences, *found.gaps):
        screen.print(plain(sentence), soft_wrap=True)
