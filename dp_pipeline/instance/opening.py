"""Settings turned into what they name: the database, the providers, the store for objects.

For commands and for Dagster's resources (resources.py) alike; a command that only reads loads no
Dagster, which takes longer than most commands.
"""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.instance.address import served_address
from dp_pipeline.providers.registry import Providers
from dp_pipeline.settings import S3Settings, Settings
from dp_pipeline.storage import S3, Folder, ObjectStore, Storing

if TYPE_CHECKING:
    from dp_pipeline.embedded_postgres import EmbeddedPostgres
    from dp_pipeline.http.limits import Limits


def database_url(settings: Settings) -> str:
    """The database in use: the given one, or the embedded server, started if needed."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded(settings.home).url()


@cache
def embedded(home: Path) -> "EmbeddedPostgres":
    """The embedded server of this home."""
    # Each holds a share of the server, a file descriptor, until the process ends: one per process.
    from dp_pipeline.embedded_postgres import EmbeddedPostgres

    return EmbeddedPostgres(home)


@cache
def database_at(url: str) -> Database:
    """The database at an address, its tables at whatever version they are."""
    # Code servers live for days and a sensor opens it every few seconds: one engine per process.
    return Database(url)


def database_as_it_is(settings: Settings) -> Database:
    """The database with its tables at whatever version they are."""
    return database_at(database_url(settings))


def open_database(settings: Settings, *, seconds: float = START_SECONDS) -> Database:
    """The database with its tables at this code's version; tried for so many seconds.

    Raises:
        DatabaseConfigurationError, DatabaseError, EmbeddedPostgresError: see there.
    """
    database = database_as_it_is(settings)
    database.ensure_current(seconds=seconds, migrates=settings.migrates)
    return database


def open_providers(
    base_urls: Mapping[str, str],
    database: Database,
    objects: ObjectStore | None = None,
    *,
    limits: "Limits | None" = None,
) -> Providers:
    """The providers at these addresses, with rate limit and circuit breaker of all processes.

    With a store for objects, what they answer is archived.
    """
    from dp_pipeline.http.archive import Archive
    from dp_pipeline.http.circuit_breaker import CircuitBreaker
    from dp_pipeline.http.rate_limit import PostgresRateLimit

    return Providers(
        base_urls,
        PostgresRateLimit(database),
        limits,
        breaker=CircuitBreaker(database),
        archive=Archive(database, Storing(objects)) if objects is not None else None,
    )


def object_store(settings: Settings) -> ObjectStore:
    """The bucket if there is one, else the folder `objects` below DP_HOME."""
    if settings.s3 is not None:
        return _bucket(settings.s3, settings.public_objects_url)
    settings.make_home()
    return Folder(settings.objects_folder, partial(served_address, settings))


@cache
def _bucket(settings: S3Settings, public_url: str | None) -> S3:
    # A client takes boto3 0.3 s to make.
    return S3(settings, public_url)
