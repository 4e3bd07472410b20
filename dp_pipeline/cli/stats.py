"""`dp stats`: what executions came to and cost."""

from collections.abc import Sequence

import click
from rich.table import Column, Table
from rich.text import Text

from dp_pipeline.cli.group import AT_LEAST_ONE, DOMAINS, console, main, plain_errors
from dp_pipeline.cli.terminal import Row, grid, json_text, plain
from dp_pipeline.instance.opening import open_database
from dp_pipeline.ledger.stats import execution_stats
from dp_pipeline.pages.words import amount
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.settings import Settings


@main.command()
@click.option(
    "--days", type=AT_LEAST_ONE, default=2, show_default=True, help="So many, with today, in UTC."
)
@click.option("--provider", type=click.Choice(tuple(BY_NAME)), help="Only of this provider.")
@DOMAINS
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def stats(days: int, provider: str | None, domains: tuple[str, ...], *, as_json: bool) -> None:
    """Print what executions came to and cost, by day, provider and domain.

    The view execution_stats has the same for all days. Dry runs do not count; durations are of
    executions that were begun.
    """
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        rows = execution_stats(connection, days=days, provider=provider, domains=domains)
    if as_json:
        click.echo(json_text([dict(row) for row in rows]))
    elif rows:
        console().print(stats_table(rows))
    else:
        click.echo(f"No execution in the last {days} days.")


def stats_table(rows: Sequence[Row]) -> Table:
    """What executions came to and cost: a line for each day, provider and domain."""
    right = ("tried", "failed", "blocked", "median", "p95", "requests", "received")
    table = grid(
        *(Column(name, no_wrap=True) for name in ("day (UTC)", "provider", "domain")),
        *(Column(name, no_wrap=True, justify="right") for name in right),
    )
    before: tuple[object, ...] = ()
    for row in rows:
        place = (row["day"], row["provider"])
        table.add_row(
            str(row["day"]) if place[:1] != before[:1] else "",
            plain(row["provider"] or "no key") if place != before else "",
            row["domain"],
            f"{row['executions']:,}",
            Text(f"{row['failures']:,}", style="red" if row["failures"] else ""),
            f"{row['blocked']:,}",
            *(_of_milliseconds(row[name]) for name in ("median_duration", "p95_duration")),
            f"{row['requests']:,}",
            amount(row["bytes"]),
        )
        before = place
    return table


def _of_milliseconds(duration: float | None) -> str:
    return "" if duration is None else f"{duration / 1000:.2f} s"
