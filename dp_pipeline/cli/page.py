"""`dp page`: the page of a tournament, made and opened."""

from pathlib import Path

import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.terminal import plain, printable
from dp_pipeline.database.known_keys import UnknownKeyError
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStoreError, place_of


@main.command()
@click.argument("key", metavar="KEY")
@click.option(
    "--to",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of its own, complete in itself; else the object store, as season_charts does.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def page(key: str, file: Path | None, *, opens: bool) -> None:
    """Make the page of a tournament: tables, charts, matches, goals, checks, source.

    It is one HTML file without scripts, which requests nothing. Times are in DP_TIMEZONE.
    """
    from dp_pipeline.publish.publishing import made_of, publish
    from dp_pipeline.publish.reading import read_season
    from dp_pipeline.publish.shelf import PAGE

    try:
        with plain_errors():
            settings = Settings.load()
            with open_database(settings).transaction() as connection:
                season = read_season(connection, key)
            if file is None:
                publication = publish(season, object_store(settings), settings.timezone)
                url = publication.shelf.link(PAGE)
            else:
                file.write_text(made_of(season, settings.timezone)[1], encoding="utf-8")
                url = file.absolute().as_uri()
    except (UnknownKeyError, ObjectStoreError) as error:
        raise click.ClickException(printable(str(error))) from error
    console().print(plain(f"{season.label}: {place_of(url)}"), soft_wrap=True)
    if not season.provenance.licence.redistributable:
        click.echo(f"Not to be passed on: {season.provenance.licence.name}.", err=True)
    if opens and url.startswith("s3://"):
        message = "A browser does not open what is in a bucket; write it with --to FILE."
        raise click.ClickException(message)
    if opens:
        click.launch(url)
