"""What a terminal shows while something takes long: what is being done, and how far it is."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from dp_pipeline.cli.terminal import printable


class Doing(Protocol):
    """How the work says where it is."""

    def __call__(self, said: str, done: int | None = None) -> None:
        """Show what is being done now, and of several things how many are done if that changed."""


@contextmanager
def working(
    doing: str, *, done: int = 0, total: int = 1, console: Console | None = None
) -> Generator[Doing]:
    """Show on a terminal what is being done until the block ends, and nothing elsewhere.

    The block is given a function that says what is being done now, and how many things are done,
    which a bar shows of several. It goes before something is printed.

    Args:
        doing: the sentence at first.
        done: how many things are.
        total: of how many.
        console: where; standard error if not given, for what is printed may go into a file.
    """
    with _standard_error() as file, _progress(console or Console(file=file), total) as progress:
        task = progress.add_task(printable(doing), completed=done, total=total)

        def now(said: str, done: int | None = None) -> None:
            progress.update(task, description=printable(said), completed=done)

        yield now


def _progress(screen: Console, total: int) -> Progress:
    bar = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn()) if total > 1 else ()
    return Progress(
        SpinnerColumn(),
        *bar,
        TextColumn("{task.description}", markup=False),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
        # What is printed meanwhile goes where it belongs, which may be a file.
        redirect_stdout=False,
        redirect_stderr=False,
    )


@contextmanager
def _standard_error() -> Generator[TextIO]:
    """Standard error as it is now: while a step runs Dagster leads the descriptor into a file."""
    if not sys.stderr.isatty():
        yield sys.stderr
        return
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding) as file:
        yield file
