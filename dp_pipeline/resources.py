"""Resources: configuration turned into plain objects, when they are used and not before.

A field that is not set follows the environment (settings/), read when a run or sensor begins.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import dagster as dg
from pydantic import Field

from dp_pipeline.database.database import START_SECONDS, Database, DatabaseError
from dp_pipeline.embedded_postgres import EmbeddedPostgresError
from dp_pipeline.images.client import Images, Root
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.instance.in_time import in_time
from dp_pipeline.instance.opening import database_at, object_store, open_database, open_providers
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.reading_reports import ReportPlace
from dp_pipeline.ledger.run_tags import backfill_of, tags_of
from dp_pipeline.providers.registry import PROVIDERS, Providers
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStore

UNUSABLE = (DatabaseError, EmbeddedPostgresError)
"""What says that the database cannot be used."""
GRACE_SECONDS = 20.0
"""How long more than its seconds an opening may take, should the server hang."""

_FOLLOWS = "Not set: follows {}."


class DatabaseResource(dg.ConfigurableResource):
    """The Postgres of domain tables and ledger."""

    url: str | None = Field(default=None, description=_FOLLOWS.format("DP_DATABASE_URL"))

    def open(self, *, seconds: float = START_SECONDS) -> Database:
        """Connect, migrating the tables if this code is newer; tried for so many seconds."""
        if self.url is None:
            return open_database(Settings.load(), seconds=seconds)
        database = database_at(self.url)
        database.ensure_current(seconds=seconds, migrates=Settings.load().migrates)
        return database

    def open_in_time(self, seconds: float) -> Database:
        """Like `open`, for a sensor: it ends in time also if the server hangs.

        Raises:
            DatabaseError, EmbeddedPostgresError: it cannot be used.
        """
        try:
            return in_time(
                seconds + GRACE_SECONDS, lambda: self.open(seconds=seconds), "opening the database"
            )
        except TimeoutError:
            message = f"The database did not answer within {seconds + GRACE_SECONDS:.0f} s."
            raise DatabaseError(message, retryable=True) from None


class ProvidersResource(dg.ConfigurableResource):
    """Where the providers are, and how often they may be read."""

    base_urls: dict[str, str] = Field(
        default={},
        description="Provider name to root URL. " + _FOLLOWS.format("{PROVIDER}_BASE_URL"),
    )

    def open(self, database: Database) -> Providers:
        """The providers of one run."""
        from dp_pipeline.http.limits import Limits

        settings = Settings.load()
        limits = Limits(connections=settings.connections_per_run)
        return open_providers(self.urls(), database, object_store(settings), limits=limits)

    def open_images(self, database: Database) -> Images:
        """Where the images are that providers name, paced likewise."""
        from dp_pipeline.http.rate_limit import PostgresRateLimit

        base_urls = self.urls()
        roots = {}
        for provider in PROVIDERS:
            url = base_urls.get(provider.name, provider.public_url)
            roots[provider.name] = Root(url, provider.seconds_apart_at(url))
        return Images(roots, PostgresRateLimit(database))

    def urls(self) -> dict[str, str]:
        """The roots that replace public ones, by the names of providers."""
        return {**Settings.load().base_urls, **self.base_urls}


class LedgerResource(dg.ConfigurableResource):
    """The execution table and the report builder around every materialization."""

    lease_seconds: float = Field(
        default=600, description="How long a run waits for another one on the same tournament."
    )

    def open(self, database: Database) -> Ledger:
        """The ledger of one run."""
        settings = Settings.load()
        return Ledger(
            database,
            object_store(settings),
            conceal=settings.conceal,
            zone=settings.timezone,
            lease_seconds=self.lease_seconds,
        )

    def objects(self) -> ObjectStore:
        """Where reports, images and payloads go."""
        return object_store(Settings.load())

    def run_url(self, run_id: UUID | str) -> str:
        """The page of a Dagster run."""
        return f"{dagster_url(Settings.load())}/runs/{run_id}"

    def report_url(self, row: Mapping[str, Any]) -> str | None:
        """A web address that opens the report of a row now; it may be signed, see ReportPlace."""
        return ReportPlace.of(row).address(self.objects())

    def run_group_url(self, run_group: str) -> str:
        """The page of a backfill, or the list of the runs of a refresh."""
        root = dagster_url(Settings.load())
        backfill = backfill_of(run_group)
        if backfill is not None:
            return f"{root}/runs/b/{quote(backfill, safe='')}"
        ((tag, value),) = tags_of(run_group).items()
        return f"{root}/runs?{urlencode({'q[0]': f'tag:{tag}={value}'})}"
