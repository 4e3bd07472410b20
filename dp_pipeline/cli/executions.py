"""`dp executions`: the ledger, by what a person wants to know of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa
from rich.console import Group

from dp_pipeline.cli.group import AT_LEAST_ONE, DOMAINS, RUN, SINCE, console, main, plain_errors
from dp_pipeline.cli.terminal import STATUS_STYLES, json_text, lined, minute, printable
from dp_pipeline.database.known_keys import attempted_key
from dp_pipeline.database.tables import EXECUTION_STATUSES
from dp_pipeline.domains.registry import in_order
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.instance.opening import open_database
from dp_pipeline.ledger.listing import ExecutionFilter, IdBeginning, newest_executions
from dp_pipeline.ledger.reading_reports import command
from dp_pipeline.ledger.reconcile import was_stopped
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, how_to_settle
from dp_pipeline.pages.words import in_zone
from dp_pipeline.settings import Settings

Row = Mapping[str, Any]
_SIGNS = {"+": "created", "~": "updated"}


@main.command()
@click.option("--tournament", metavar="KEY", help="Only of this tournament.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(EXECUTION_STATUSES),
    multiple=True,
    help="Only with this status; may be given several times.",
)
@DOMAINS
@SINCE
@click.option(
    "--run", type=RUN, metavar="ID", help="Only of this Dagster run: its id or how it begins."
)
@click.option(
    "--limit",
    type=AT_LEAST_ONE,
    default=50,
    show_default=True,
    help="At most so many, newest first; of a tournament in a run those first that failed.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def executions(  # noqa: PLR0913 - the options
    *,
    tournament: str | None,
    statuses: tuple[str, ...],
    domains: tuple[str, ...],
    since: datetime | None,
    run: IdBeginning | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the ledger: every attempt, newest first.

    Under what failed stands why, and which domains were not begun because of it; in the JSON these
    have entries of their own. What was cancelled, or stopped with the server, is shown as stopped;
    its status is failed.
    """
    with plain_errors(), open_database(Settings.load()).transaction() as connection:
        key = None if tournament is None else attempted_key(connection, tournament)
        wanted = ExecutionFilter(key, statuses, domains, since, run)
        rows = newest_executions(connection, wanted, limit=limit, folded=not as_json)
        if not rows and run is not None:
            _refuse_unknown(connection, run)
    if as_json:
        click.echo(json_text([dict(row) for row in rows]))
    elif not rows:
        click.echo("No execution is like that." if wanted != ExecutionFilter() else "None yet.")
    else:
        settings = Settings.load()
        console().print(ledger_lines(rows, settings.timezone, dagster_url(settings)))


def ledger_lines(rows: Sequence[Row], zone: ZoneInfo, dagster: str) -> Group:
    """A line per execution; under one that failed its cause in full.

    Args:
        rows: of the ledger.
        zone: of times.
        dagster: address under which its runs have pages.
    """
    started = f"started ({zone})"
    names = (started, "tournament", "domain", "status", "outcome", "+new ~upd", "time")
    lines = [(_cells(row, zone), _style(row), _under(row, zone, dagster)) for row in rows]
    return lined(names, lines, styled="status", right=names[-2:])


def _style(row: Row) -> str:
    return "yellow" if was_stopped(row) else STATUS_STYLES.get(row["status"], "cyan")


def _cells(row: Row, zone: ZoneInfo) -> tuple[str, ...]:
    summary, duration = row["summary"] or {}, row["duration"]
    return (
        minute(row["started_at"], zone),
        row["tournament_key"],
        row["domain"],
        row["status"],
        "stopped" if was_stopped(row) else row["outcome"] or "",
        " ".join(f"{sign}{n}" for sign, name in _SIGNS.items() if (n := summary.get(name))),
        "" if duration is None else f"{duration / 1000:.2f} s",
    )


def _under(row: Row, zone: ZoneInfo, dagster: str) -> list[str]:
    """What there is to say of an execution that did not end well."""
    said = []
    if row["error_text"]:
        said.append(in_zone(row["error_text"], zone))
        if row["outcome"] == SUSPICIOUS:
            said.extend(how_to_settle(row["id"], row["summary"] or {}).split("\n"))
        if row["blocked"]:
            said.append(f"Not begun because of it: {', '.join(in_order(row['blocked']))}.")
        if row["report_file_key"]:
            said.append(f"Run {row['request_id']}. Report: {command(row['id'])}")
        else:
            said.append(f"It has no report. Its run: {dagster}/runs/{row['request_id']}")
    return said


def _refuse_unknown(connection: sa.Connection, runs: IdBeginning) -> None:
    """Raise click.ClickException where the ledger has no such run at all."""
    if not newest_executions(connection, ExecutionFilter(runs=runs), limit=1):
        message = f"The ledger has no execution of a run {runs.typed}."
        raise click.ClickException(printable(message))
