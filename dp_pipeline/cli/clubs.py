"""`dp clubs`: which teams of all providers are one club."""

import click
import sqlalchemy as sa

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.stored_team import stored_team
from dp_pipeline.cli.terminal import clubs_table, doubts_table, printable
from dp_pipeline.database.seasons import tournament_keys
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings


@main.group()
def clubs() -> None:
    """Which teams of all providers are one club.

    A TEAM is provider:id or provider:name, such as openligadb:40 or "openfootball:FC Bayern
    München".
    """


@clubs.command("list")
def list_() -> None:
    """Print the clubs with their teams at each provider."""
    from dp_pipeline.domains.club_decisions import listed

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        rows = listed(connection)
    if rows:
        console().print(clubs_table(rows))
    else:
        click.echo("None; a club is known once two providers have the same season of it.")


@clubs.command()
def review() -> None:
    """Print the teams that may be one club and are not for certain, with the reason."""
    from dp_pipeline.domains.club_decisions import doubtful

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        rows = doubtful(connection)
    if rows:
        console().print(doubts_table(rows))
    else:
        click.echo("Nothing is in doubt.")


@clubs.command()
@click.argument("team")
@click.argument("other")
def link(team: str, other: str) -> None:
    """Say that TEAM is of the club of OTHER, whatever fixtures show."""
    from dp_pipeline.domains.club_decisions import say_one

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        one, two = _team(connection, team), _team(connection, other)
        if one["id"] == two["id"]:
            message = "These are one team already."
            raise click.UsageError(message)
        say_one(connection, one["id"], two["id"])
    click.echo(printable(f"{one['name']} and {two['name']} are one club."))


@clubs.command()
@click.argument("team")
def unlink(team: str) -> None:
    """Say that TEAM is of no club that another provider has, whatever fixtures show."""
    from dp_pipeline.domains.club_decisions import say_none

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        row = _team(connection, team)
        say_none(connection, row["id"])
    click.echo(printable(f"{row['name']} is of no club that another provider has."))


@clubs.command("forget")
@click.argument("team")
def forget_(team: str) -> None:
    """Take back what was said of TEAM: fixtures decide again."""
    from dp_pipeline.domains.club_decisions import forget

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        row = _team(connection, team)
        forget(connection, row["id"])
    click.echo(printable(f"What was said of {row['name']} is forgotten."))


@clubs.command("find")
def find_() -> None:
    """Compare all stored tournaments again; reads do that for each one that changes."""
    from dp_pipeline.domains.club_decisions import find

    with plain_errors():
        database = open_database(Settings.load())
        with database.transaction() as connection:
            keys = tournament_keys(connection)
        for key in keys:
            with database.transaction() as connection:
                find(connection, key)
    click.echo(f"{len(keys)} tournaments were compared; `dp clubs list` shows the clubs.")


def _team(connection: sa.Connection, text: str) -> sa.RowMapping:
    provider, _, name = text.partition(":")
    if not name:
        message = f"{text} is no TEAM: write provider:id or provider:name."
        raise click.UsageError(printable(message))
    return stored_team(connection, provider, name)
