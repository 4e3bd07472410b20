"""What is printed: checks, seasons and their approval, the health of providers."""

import click

from dp_pipeline.cli.group import console, main, plain_errors, refuse_bad, settings_with_notices
from dp_pipeline.cli.terminal import checks_lines, health_table, json_text, printable, seasons_table
from dp_pipeline.competitions.file import load, none_followed
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.football.key import tidied
from dp_pipeline.instance.opening import open_database
from dp_pipeline.providers.registry import PROVIDERS, roots
from dp_pipeline.settings import Settings


@main.command()
@click.argument("key", required=False)
@click.option("--all", "all_", is_flag=True, help="Those that passed, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def checks(key: str | None, *, all_: bool, as_json: bool) -> None:
    """Print which checks of stored data fail, of all tournaments or of one KEY."""
    from dp_pipeline.database.data_checks import check_rows

    with plain_errors():
        settings = settings_with_notices()
    with plain_errors(), open_database(settings).transaction() as connection:
        wanted = None if key is None else str(stored_key(connection, key))
        rows = check_rows(connection, tournament=wanted, failing=not all_)
    if as_json:
        click.echo(json_text([dict(row) for row in rows]))
    elif not rows:
        click.echo("No check has been made." if all_ else "No check fails.")
    else:
        console().print(checks_lines(rows, settings.timezone))


@main.command()
def seasons() -> None:
    """Print the seasons of the followed competitions, those to be approved first."""
    from dp_pipeline.database.seasons import followed_seasons

    with plain_errors():
        settings = Settings.load()
        followed = load(settings.competitions_file).followed
        with open_database(settings).transaction() as connection:
            rows = followed_seasons(connection, followed)
        if not followed:
            click.echo(printable(none_followed(settings.competitions_file)))
        elif not rows:
            click.echo("No season of the followed competitions is listed yet.")
        else:
            console().print(seasons_table(rows, settings.timezone))


@main.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def approve(keys: tuple[str, ...]) -> None:
    """Approve listed seasons: a running Dagster reads them and keeps them current."""
    from dp_pipeline.database import seasons as listed

    wanted = list(dict.fromkeys(map(tidied, keys)))
    refuse_bad(wanted)
    with plain_errors():
        with open_database(Settings.load()).transaction() as connection:
            approved = listed.approve(connection, wanted)
        for key in approved:
            click.echo(f"{key} is approved.")
        unknown = [key for key in wanted if key not in approved]
        if unknown:
            names = printable(", ".join(unknown))
            message = f"Not listed by any followed competition: {names}. `dp seasons` lists all."
            raise click.ClickException(message)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
@click.option(
    "--reset",
    metavar="PROVIDER",
    type=click.Choice([service for each in PROVIDERS for service in each.services]),
    help="Let this provider be read again at once, as if it had never failed.",
)
def health(reset: str | None, *, as_json: bool) -> None:
    """Print whether providers answer, and which are resting until when."""
    from dp_pipeline.http import circuit_table
    from dp_pipeline.http.health import read_health

    with plain_errors():
        settings = settings_with_notices()
        with open_database(settings).transaction() as connection:
            if reset is not None:
                circuit_table.reset(connection, reset)
            health = read_health(connection, roots(settings.base_urls), anywhere=True)
            rows = [{**each.facts(), "in_words": each.in_words} for each in health]
        if as_json:
            click.echo(json_text(rows))
            return
        console().print(health_table(rows, settings.timezone))
