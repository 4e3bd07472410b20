"""The stored team that a person names on the command line."""

import click
import sqlalchemy as sa

from dp_pipeline.cli.terminal import printable
from dp_pipeline.database import aliases


def stored_team(
    connection: sa.Connection, provider: str, text: str, country: str | None = None
) -> sa.RowMapping:
    """The one team of a provider with this external id or name, of this country where one is given.

    Raises click.ClickException where there is none, or more than one.
    """
    teams = aliases.teams_called(connection, provider, text)
    teams = [row for row in teams if country in (None, row["country"])]
    exact = [row for row in teams if row["external_id"] == text] or teams
    if len(exact) == 1:
        return exact[0]
    listed = ", ".join(f"{row['external_id']} ({row['country'] or 'no country'})" for row in exact)
    message = (
        f"{text} is the name of several teams of {provider}: {listed}. Give the external id."
        if exact
        else f"No team of {provider} is called {text}; give a name or external id that is stored."
    )
    raise click.ClickException(printable(message))
