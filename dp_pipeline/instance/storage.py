"""Where Dagster keeps runs, events, logs and artifacts: below DP_HOME, or in a Postgres.

dagster.yaml cannot say this itself: its relative directories depend on where a command was typed,
and it cannot choose between SQLite and Postgres by whether a variable is set.
"""

import os
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.instance.dagster_internals import (
    CapturedLogContext,
    ConfigurableClass,
    ConfigurableClassData,
    LocalArtifactStorage,
    LocalComputeLogManager,
    UserConfigSchema,
)
from dp_pipeline.instance.dagster_storage import DagsterStorage
from dp_pipeline.instance.environment import put_real_environment_first
from dp_pipeline.instance.home import dagster_directory, initialising
from dp_pipeline.instance.json_log import install
from dp_pipeline.instance.sqlite_storage import SqliteStorage
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    import psycopg

EVENTS_PER_WRITE = "500"
_WEBSERVER = "dagster_webserver.app"


def _prepare() -> Settings:
    """Set up a process that opens the instance, whoever starts it; the settings in force.

    Where the storage is another class, as with Dagster's Helm chart, that of artifacts does it.
    """
    put_real_environment_first()
    # Dagster writes the events of one run in batches then instead of one connection each. Every
    # process that opens the instance makes the storage first, the run worker included, and Dagster
    # reads the variable at each event, so this is the one place that reaches `dagster dev` typed by
    # hand, run workers, and `dp`. 500 partitions of 4 assets in one run took 22.5 s on Postgres
    # without it and 1.3 s with it. A value that the user has set stays.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_PER_WRITE)
    # The one place that reaches the webserver, too; it serves its pages once it has an instance.
    if _WEBSERVER in sys.modules:
        from dp_pipeline.instance.webserver_guard import guard_webserver

        guard_webserver()
    settings = Settings.load()
    install(settings)
    return settings


class _WithoutConfig:
    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Nothing to configure: the environment says it."""
        return {}


class SqliteOrPostgresStorage(_WithoutConfig, DagsterStorage, ConfigurableClass):
    """Names the storage in dagster.yaml; making one gives Dagster's own Postgres or SQLite storage.

    Postgres when DAGSTER_POSTGRES_URL is set, else SQLite below DP_HOME. Dagster insists that the
    class named is a DagsterStorage, but takes any DagsterStorage that `from_config_value` returns.
    """

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:  # ty: ignore[incompatible-method-override]
        """Make the storage.

        Raises:
            SettingsError: when the environment names no usable place.
            HomeBusyError: when another process does not finish initialising the SQLite files.
        """
        del config_value
        settings = _prepare()
        if settings.dagster_postgres_url is not None:
            from dagster_postgres import DagsterPostgresStorage

            url = settings.dagster_postgres_url.get_secret_value()
            # without "+psycopg2" SQLAlchemy 2.1 takes psycopg 3, which dagster-postgres cannot
            # use: it reads psycopg2's error codes
            psycopg2_url = url.replace("postgresql://", "postgresql+psycopg2://", 1)
            with _alone(url):
                return DagsterPostgresStorage(psycopg2_url, inst_data=inst_data)
        directory = dagster_directory(settings)
        # two processes that create the tables at once: "UNIQUE constraint failed: alembic_version"
        with initialising(directory):
            return SqliteStorage(str(directory), inst_data=inst_data)


@contextmanager
def _alone(url: str) -> Generator[None]:
    """Be the only process, of any host, that may be creating Dagster's tables in this database.

    Processes that create them at once meet 'type "event_logs" already exists', which Dagster's own
    retries do not cover.
    """
    import psycopg
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

    for attempt in Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        stop=stop_after_attempt(3),
        wait=Backoff(first=0.5, longest=0.5, jitter=0.8),
        reraise=True,
    ):
        with attempt:
            connection = _locked(url)
    try:
        yield
    finally:
        connection.close()  # which ends the transaction


def _locked(url: str) -> "psycopg.Connection":
    import psycopg

    connection = psycopg.connect(url, connect_timeout=10)
    try:
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        # Of the transaction, not of the session: PgBouncer in transaction mode would leave it
        # behind on a connection of its own, and everybody after that would wait for ever.
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('dp_pipeline.storage', 0))"
        )
    except psycopg.Error:
        connection.close()
        raise
    return connection


class HomeArtifactStorage(_WithoutConfig, LocalArtifactStorage):
    """Files of runs, below DP_HOME."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make it for the DP_HOME in force."""
        del config_value
        return cls(str(dagster_directory(_prepare())), inst_data=inst_data)


class HomeComputeLogManager(_WithoutConfig, LocalComputeLogManager):
    """What runs print, below DP_HOME."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make it for the DP_HOME in force."""
        del config_value
        return cls(str(dagster_directory(Settings.load()) / "compute_logs"), inst_data=inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Generator[CapturedLogContext]:
        """Capture as Dagster does, with helpers that ctrl-C in a terminal does not reach.

        Each ended with a trace of its own, and the last words of the run were not shown.
        """
        with ExitStack() as captured:
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # is inherited
            try:
                context = captured.enter_context(super().capture_logs(log_key))
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield context
