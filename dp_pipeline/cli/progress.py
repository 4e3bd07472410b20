"""What a terminal shows while something takes long: what is being done, and how far it is."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

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


@contextmanager
def working(
    doing: str, *, done: int = 0, total: int = 1, console: Console | None = None
) -> Generator[Callable[[str], None]]:
    """Show on a terminal what is being done until the block ends, and nothing elsewhere.

    The block is given a function that says what is being done now. Of several things a bar shows
    how many are done. It goes before something is printed.

    Args:
        doing: the sentence at first.
        done: how many things are.
        total: of how many.
        console: where; standard error if not given, for what is printed may go into a file.
    """
    screen = console or Console(stderr=True)
    bar = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn()) if total > 1 else ()
    progress = Progress(
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
    with progress:
        task = progress.add_task(printable(doing), completed=done, total=total)
        yield lambda said: progress.update(task, description=printable(said))
