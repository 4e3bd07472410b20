"""`dp report`: the report of an execution, in a browser or in the terminal."""

import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table

from dp_pipeline.cli.group import EXECUTION_OR_KEY, console, main, plain_errors
from dp_pipeline.cli.terminal import grid, plain, printable
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.ledger.listing import IdBeginning
from dp_pipeline.ledger.reading_reports import (
    ReportNotFoundError,
    ReportPlace,
    place_of_report,
    read_report,
)
from dp_pipeline.ledger.report_view.page import report_page
from dp_pipeline.ledger.report_view.view import (
    DurationBar,
    ReportPart,
    ReportTable,
    ReportView,
    view_of,
)
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStore, ObjectStoreError, place_of

_STYLES = {"good": "green", "doubtful": "yellow", "bad": "red"}
_BAR = 20


@main.command()
@click.argument("execution", type=EXECUTION_OR_KEY)
@click.option("--text", "as_text", is_flag=True, help="Print it here instead.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def report(execution: IdBeginning | str, *, as_text: bool, as_json: bool) -> None:
    """Open the report of EXECUTION in a browser, and print where it is.

    EXECUTION is an id or how it begins, as messages and Dagster's pages show it; or the key of a
    tournament, for its last execution that has ended. Where no browser can be opened, or the output
    is no terminal, only its place is printed.
    """
    with plain_errors():
        settings = Settings.load()
        database, objects = open_database(settings), object_store(settings)
        try:
            place = database.run_here(lambda c: place_of_report(c, execution))
            account = read_report(database, objects, place)
            if as_json:
                click.echo(json.dumps(account, ensure_ascii=False, indent=2))
            elif as_text:
                console().print(report_text(view_of(account, settings.timezone)))
            else:
                _open(_address(objects, place, account, settings.timezone))
        except (ReportNotFoundError, ObjectStoreError) as error:
            raise click.ClickException(printable(str(error))) from error


def _address(objects: ObjectStore, place: ReportPlace, account: object, zone: ZoneInfo) -> str:
    """Where its page can be opened; of a report without one, or kept elsewhere, it is made here."""
    if place.has_page and place.best_key:
        if web := place.address(objects):
            return web
        file = place_of(objects.url(place.best_key))
        if Path(file).is_file():
            return file
    page = report_page(account if isinstance(account, dict) else {}, zone)
    made = Path(tempfile.mkdtemp(prefix="dp-report-")) / f"{place.id}.html"
    made.write_text(page, encoding="utf-8", errors="replace")
    return str(made)


def _open(address: str) -> None:
    click.echo(address)
    has_display = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_display and sys.stdout.isatty():
        webbrowser.open(address if "://" in address else Path(address).as_uri())


def report_text(view: ReportView) -> Group:
    """A report for a terminal of 100 columns or more."""
    kind, ended = view.verdict
    return Group(
        plain(view.title, "bold"),
        plain(ended, _STYLES[kind]),
        plain(view.happened),
        *(line for part in view.parts for line in _part(part)),
        plain(""),
        *(plain(f"{name}: {said}", "dim") for name, said in view.facts),
        *([plain(view.run_url, "dim")] if view.run_url else []),
    )


def _part(part: ReportPart) -> Iterator[RenderableType]:
    yield plain(f"\n{part.title}", "bold")
    for sentence in part.sentences:
        yield plain(sentence)
    for what, typed in part.commands:
        yield plain(f"{what}: {typed}")
    for title, items in part.lists:
        if title:
            yield plain(title)
        for item in items:
            yield Padding(plain(item), (0, 0, 0, 2))
    for table in part.tables:
        yield _table(table)
    for title, text in part.quotes:
        yield plain(f"{title}:")
        yield Padding(plain(text, "dim"), (0, 0, 0, 2))


def _table(table: ReportTable) -> Table:
    shown = grid(
        *(
            Column(
                name,
                justify="right" if place in table.numbers else "left",
                no_wrap=place in table.numbers,
                overflow="fold",
            )
            for place, name in enumerate(table.columns)
        ),
        title=table.title,
    )
    for row in table.rows:
        shown.add_row(*(plain(_bar(c) if isinstance(c, DurationBar) else c) for c in row))
    return shown


def _bar(bar: DurationBar) -> str:
    """When an operation was, of the whole time; one that took no time is a mark all the same."""
    start = min(round(bar.start * _BAR), _BAR - 1)
    length = min(max(round(bar.length * _BAR), 1), _BAR - start)
    return "·" * start + "█" * length + "·" * (_BAR - start - length)
