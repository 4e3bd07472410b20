"""`dp export`: what is stored of tournaments as files."""

from pathlib import Path

import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.terminal import plain
from dp_pipeline.database.known_keys import UnknownKeyError
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.publish.exports import FORMATS, read_export, write_export
from dp_pipeline.settings import Settings
from dp_pipeline.storage import Folder, ObjectStoreError, place_of


@main.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    default=("parquet",),
    show_default=True,
    help="May be given several times.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="A folder, made if need be; else the object store, as the asset exports does.",
)
def export(keys: tuple[str, ...], formats: tuple[str, ...], folder: Path | None) -> None:
    """Write matches, teams, standings, goals and changes of tournaments as files.

    A file per table, in folders that DuckDB, polars and Spark read as one:
    matches/provider=openligadb/competition=bl1/season=2024/data.parquet. Provider, source, licence
    and attribution are in each file.
    """
    wanted = [each for each in FORMATS if each in formats]
    unknown = []
    with plain_errors():
        settings = Settings.load()
        database = open_database(settings)
        objects = object_store(settings) if folder is None else Folder(folder)
        for done, text in enumerate(keys):
            try:
                with working(f"{text}: writing …", done=done, total=len(keys)):
                    with database.transaction() as connection:
                        found = read_export(connection, text)
                    root = None if folder is None else ""
                    written = write_export(found, objects, wanted, root=root)
            except UnknownKeyError as error:
                unknown.append(str(error))
                continue
            except ObjectStoreError as error:
                raise click.ClickException(str(error)) from error
            screen = console()
            about = f"{found.label} ({found.key}), licence: {found.licence.name}"
            screen.print(plain(about), soft_wrap=True)
            for each in written:
                place = folder / each.key if folder else place_of(objects.url(each.key))
                screen.print(plain(f"{each.rows:7} {each.table:9} {place}"), soft_wrap=True)
    if unknown:
        raise click.ClickException("\n".join(unknown))
