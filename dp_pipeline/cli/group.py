"""The command itself: its group, its errors in words, and what several commands need."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import IO, TYPE_CHECKING, cast

import click
from rich.console import Console

from dp_pipeline.cli.loading import loading
from dp_pipeline.cli.terminal import printable
from dp_pipeline.competitions.file import CompetitionsError
from dp_pipeline.database.errors import DatabaseConfigurationError, DatabaseError
from dp_pipeline.database.known_keys import UnknownKeyError
from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.football.key import is_address
from dp_pipeline.instance.json_log import install
from dp_pipeline.ledger.failing import since_of
from dp_pipeline.ledger.listing import ExecutionNotFoundError, IdBeginning
from dp_pipeline.providers.errors import InvalidTournamentKeyError, ProviderError
from dp_pipeline.providers.registry import checked_key
from dp_pipeline.settings import Settings, SettingsError
from dp_pipeline.settings.places import dagster_settings, project_directory

if TYPE_CHECKING:
    import dagster as dg

INTERRUPTED = 130
_PADDING = re.compile(r" +$", re.MULTILINE)
_NO_PLACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


class _WholeNumber(click.ParamType[int]):
    """How many of something there may be, from 1 on."""

    name = "integer"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            self.fail(f"it must be a whole number, 1 or more, not {printable(text)}.", param, ctx)
        return int(text)


class _Moment(click.ParamType[datetime]):
    """A time, or how long ago it was."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            moment = since_of(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(printable(str(error)), param, ctx)
        if moment is None:
            self.fail("It is empty: give a time, or how long ago, such as 6h.", param, ctx)
        return moment


class _Id(click.ParamType[IdBeginning | str]):
    """The id of an execution or a run, or how it begins; perhaps the key of a tournament."""

    name = "id"

    def __init__(self, what: str, *, or_key: bool = False) -> None:
        self._what, self._or_key = what, or_key

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> IdBeginning | str:
        if isinstance(value, IdBeginning):
            return value
        if self._or_key and ":" in str(value):
            return str(value)
        try:
            return IdBeginning.parse(str(value), self._what)
        except ValueError as error:
            self.fail(printable(str(error)), param, ctx)


AT_LEAST_ONE = _WholeNumber()
EXECUTION, EXECUTION_OR_KEY = _Id("execution"), _Id("execution", or_key=True)
RUN = _Id("run")
DOMAINS = click.option(
    "--domain",
    "domains",
    type=click.Choice(tuple(REGISTERED)),
    multiple=True,
    help="Only of this domain; may be given several times.",
)
SINCE = click.option(
    "--since",
    type=_Moment(),
    metavar="TIME",
    help="Only what was then or later: 6h or 2d ago, or a time in UTC such as 2026-11-23T04:00.",
)


_MODULES = {
    "accept": "accept",
    "alias": "aliases",
    "approve": "shown",
    "archive": "archive",
    "checks": "shown",
    "clubs": "clubs",
    "compare": "compare",
    "coverage": "coverage",
    "db": "dump",
    "dev": "dev",
    "doctor": "doctor",
    "executions": "executions",
    "export": "export",
    "goalscorers": "goalscorers",
    "health": "shown",
    "history": "history",
    "ingest": "ingest",
    "metrics": "metrics",
    "page": "page",
    "refuse": "accept",
    "remove": "remove",
    "replay": "archive",
    "report": "report",
    "retention": "retention",
    "retry": "retry",
    "sandbox": "sandbox",
    "search": "search",
    "seasons": "shown",
    "stats": "stats",
    "table": "table",
    "tournaments": "tournaments",
}
"""Which module has a command: all of them together took 0.3 s to load, and Dagster 0.9 s more."""


class _Commands(click.Group):
    """Commands whose modules are loaded when they are asked for; ctrl-C ends one with a word."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MODULES:
            with loading():
                import_module(f"dp_pipeline.cli.{_MODULES[cmd_name]}")
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(INTERRUPTED)


_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(package_name="dp-pipeline")
@click.pass_context
def main(context: click.Context) -> None:
    """Keep football tournaments up to date in Postgres."""
    from dotenv import load_dotenv

    # What is really set comes first, here as in Dagster's processes (instance/environment.py).
    load_dotenv(project_directory() / ".env")
    with suppress(SettingsError):  # the command itself says what is wrong
        install(Settings.load())
    if context.invoked_subcommand != "dev":  # which has a world of its own
        _find_running_world()


def _find_running_world() -> None:
    """Ask the simulated world of the `dp dev` that runs on this home, unless another is set."""
    from dp_pipeline.instance.address import WORLD, announced_address

    with suppress(SettingsError):  # the command itself says what is wrong
        settings = Settings.load()
        world = announced_address(settings.home, WORLD)
        if world is not None and "sandbox" not in settings.base_urls:
            os.environ["SANDBOX_BASE_URL"] = world


def settings_with_notices() -> Settings:
    """The settings, for a command that has to do with providers; what is ignored is printed."""
    settings = Settings.load()
    for notice in settings.notices:
        click.echo(notice, err=True)
    if settings.known_exceptions_file is not None:
        from dp_pipeline.domains.known_exceptions import KnownExceptionsError, load

        try:
            load(settings.known_exceptions_file)
        except KnownExceptionsError as error:
            said = f"No failing check counts as known (DP_KNOWN_EXCEPTIONS): {error}"
            click.echo(printable(said), err=True)
    return settings


class _Unpadded:
    """Standard output without the blanks with which rich fills lines: up to 160 of them in each."""

    encoding = property(lambda _: sys.stdout.encoding)

    def write(self, text: str) -> int:
        sys.stdout.write(_PADDING.sub("", text))
        return len(text)

    def flush(self) -> None:
        sys.stdout.flush()


def console() -> Console:
    """Where tables go."""
    if sys.stdout.isatty():
        return Console(highlight=False, markup=False, emoji=False)
    # Into a file or pipe nothing is cut off at a terminal's 80 columns.
    file = cast("IO[str]", _Unpadded())
    return Console(width=160, file=file, highlight=False, markup=False, emoji=False)


def refuse_bad(keys: Sequence[str]) -> None:
    """Raise click.UsageError for keys that no provider can have, all of them at once."""
    problems = []
    for key in keys:
        if is_address(key):
            continue  # whether it is a tournament's page shows when it is read
        try:
            checked_key(key)
        except InvalidTournamentKeyError as error:
            problems.append(str(error))
    if problems:
        raise click.UsageError("\n".join(problems))


class plain_errors:  # noqa: N801 - reads as a statement
    """Errors that are sentences already are shown as such, without a trace."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import psycopg
        from sqlalchemy.exc import OperationalError

        from dp_pipeline.embedded_postgres import EmbeddedPostgresError
        from dp_pipeline.instance.address import RunsAlreadyError
        from dp_pipeline.instance.home import HomeBusyError

        if isinstance(
            error,
            SettingsError
            | CompetitionsError
            | DatabaseError
            | DatabaseConfigurationError
            | EmbeddedPostgresError
            | ExecutionNotFoundError
            | HomeBusyError
            | ProviderError
            | RunsAlreadyError
            | UnknownKeyError,
        ):
            raise click.ClickException(printable(str(error))) from error
        if isinstance(error, OperationalError | psycopg.OperationalError):
            # our own database's errors are sentences already
            said = str(error.orig if isinstance(error, OperationalError) else error).split("\n")[0]
            message = f"Dagster's own storage cannot be used: {said.rstrip('.')}."
            raise click.ClickException(printable(message)) from error
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            message = f"{error.strerror}: {error.filename or 'where the state is kept'}."
            raise click.ClickException(printable(message)) from error


def instance_in_use() -> "dg.DagsterInstance":
    """The instance that `make run` and `dagster dev` show."""
    with loading():
        import dagster as dg

        if os.environ.get("DAGSTER_HOME"):
            return dg.DagsterInstance.get()
        return dg.DagsterInstance.from_config(str(dagster_settings()))
