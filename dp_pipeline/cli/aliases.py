"""`dp alias`: other names of clubs whose provider has no ids of them."""

from collections.abc import Mapping

import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.stored_team import stored_team
from dp_pipeline.cli.terminal import aliases_table, printable, torn_table
from dp_pipeline.database import aliases
from dp_pipeline.football.club_aliases import packaged
from dp_pipeline.football.club_names import spelling_of
from dp_pipeline.instance.opening import open_database
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.settings import Settings

_PROVIDERS = [name for name, provider in BY_NAME.items() if provider.by_name]
_PROVIDER = click.option(
    "--provider",
    type=click.Choice(_PROVIDERS),
    default=_PROVIDERS[0],
    show_default=True,
    help="Whose clubs have no ids.",
)
_COUNTRY = click.option(
    "--country", metavar="CODE", help="Of the club, as FIFA abbreviates it: ESP."
)


@main.group()
def alias() -> None:
    """Other names of clubs whose provider has no ids of them."""


@alias.command("list")
@click.option("--all", "everything", is_flag=True, help="Those of the packaged list, too.")
def list_(*, everything: bool) -> None:
    """Print the other names that people and seasons gave to clubs."""
    with plain_errors():
        with open_database(Settings.load()).transaction() as connection:
            rows: list[Mapping[str, object]] = [dict(row) for row in aliases.listed(connection)]
        if everything:
            rows += [
                {
                    "key": entry.alias_key,
                    "name": entry.alias,
                    "team": entry.club,
                    "external_id": entry.club_key,
                    "origin": entry.source,
                    "seen_in": entry.seasons,
                }
                for entry in packaged().entries
            ]
        if rows:
            console().print(aliases_table(rows))
        else:
            click.echo("None; --all shows the packaged list.")


@alias.command()
@click.argument("name")
@click.argument("club")
@_COUNTRY
@_PROVIDER
def add(name: str, club: str, country: str | None, provider: str) -> None:
    """Say that NAME is another name of CLUB, which is a stored name or external id."""
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        team = stored_team(connection, provider, club, country)
        key = _key(name, team["country"])
        if key == team["external_id"]:
            message = f"{name} is the name by which {key} is found anyway."
            raise click.ClickException(printable(message))
        aliases.put(connection, provider, key, name, team["id"])
        stored = aliases.teams_called(connection, provider, key)
    click.echo(printable(f"{name} ({key}) is {team['name']} ({team['external_id']})."))
    if stored:
        click.echo(f"{key} is stored as a club of its own: `dp alias merge` joins the two.")


@alias.command()
@click.argument("name")
@_COUNTRY
@_PROVIDER
def remove(name: str, country: str | None, provider: str) -> None:
    """Say that NAME, as `dp alias list` shows it, is no other name of a club.

    What a person said is forgotten; a name of the packaged list, or that a season showed, is a
    club's own from now on. What is stored already stays.
    """
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        key = _key(name, country)
        stored = {row["key"]: row for row in aliases.listed(connection)}
        row = next((stored[each] for each in (name, key) if each in stored), None)
        key = key if row is None else row["key"]
        in_list = any(entry.alias_key == key for entry in packaged().entries)
        if row is None and not in_list:
            message = f"No club goes by {name} ({key}); `dp alias list` shows all names."
            raise click.ClickException(printable(message))
        if row is not None and (row["team_id"] is None or row["origin"] == "person"):
            aliases.drop(connection, provider, key)
            said = "What was said of it is forgotten"
        else:
            aliases.put(connection, provider, key, row["name"] if row else name, None)
            said = "It is the name of a club of its own"
    click.echo(printable(f"{key}: {said}."))


@alias.command()
@click.option("--dry-run", is_flag=True, help="Only say which clubs would be joined.")
@_PROVIDER
def merge(provider: str, *, dry_run: bool) -> None:
    """Join clubs that are stored as several, with all that refers to them, in one transaction."""
    from dp_pipeline.domains.torn_teams import find_torn, join

    with plain_errors():
        with open_database(Settings.load()).transaction() as connection:
            torn_teams = find_torn(connection, provider)
            for torn in torn_teams:
                if not dry_run:
                    join(connection, torn)
        if not torn_teams:
            click.echo("No club is stored as several.")
            return
        console().print(torn_table(torn_teams))
        joined = sum(len(torn.club.others) for torn in torn_teams)
        would = "would be" if dry_run else "are"
        click.echo(f"{joined} of the names {would} joined to their club; nothing else changes.")


def _key(name: str, country: str | None) -> str:
    spelling = spelling_of(name, country)
    if spelling is None:
        message = "A name has a letter or digit."
        raise click.UsageError(message)
    return spelling.key()
