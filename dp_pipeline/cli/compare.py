"""`dp compare`: where another provider says something else of a tournament."""

import click

from dp_pipeline.cli.group import console, main, plain_errors
from dp_pipeline.cli.terminal import comparison_table, json_text, plain, printable
from dp_pipeline.database.known_keys import stored_key
from dp_pipeline.instance.opening import open_database
from dp_pipeline.settings import Settings


@main.command()
@click.argument("key", metavar="KEY")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of tables.")
def compare(key: str, *, as_json: bool) -> None:
    """Print where other providers disagree with a tournament, and what speaks for whom.

    Compares what is stored now, as the asset comparison does, and keeps it in the table comparison.
    No match and no table is changed by it.
    """
    from dp_pipeline.domains.comparing import compare_tournaments, pairs_of_tournaments

    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        wanted = stored_key(connection, key)
        pairs = pairs_of_tournaments(connection, wanted)
        compared = [compare_tournaments(connection, *pair) for pair in pairs]
    if not compared:
        message = (
            f"{wanted} has no counterpart: no other provider's tournament that is stored has its "
            "fixtures. Ingest the same season of another provider."
        )
        raise click.ClickException(printable(message))
    if as_json:
        rows = [dict(row) for each in compared for row in each.rows]
        click.echo(json_text(rows))
        return
    for each in compared:
        said = f"{each.key} and {each.other}: {each.result.sentence}"
        console().print(plain(said), soft_wrap=True)
        if each.rows:
            zone = Settings.load().timezone
            sides = each.key.provider, each.other.provider
            console().print(comparison_table(*sides, each.rows, zone))
