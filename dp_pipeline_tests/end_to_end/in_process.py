"""One run of all domains in this process: what a materialization does, without Dagster around."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio

from dp_pipeline.assets.runner import RunContext, ingest_tournaments
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.http.archive import Archive
from dp_pipeline.http.limits import Limits
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.ledger.vocabulary import Scope
from dp_pipeline.providers.registry import BY_NAME, Providers
from dp_pipeline.storage import ANSWER_SECONDS, Folder, ObjectStore, Storing
from dp_pipeline_tests.end_to_end.contents import executions_of
from dp_pipeline_tests.http.rate_limits import NoRateLimit

QUICK = Limits(backoff=Backoff(0.01, 0.02))
# Only for a server that never answers: on a busy machine a healthy one may take as long.
IMPATIENT = replace(QUICK, read_seconds=0.3)


def ingest(  # noqa: PLR0913 - named by the caller
    database: Database,
    base_url: str,
    home: Path,
    key: str,
    domains: Collection[str] = NAMES,
    *,
    limits: Limits = QUICK,
    objects: ObjectStore | None = None,
    answer_seconds: float = ANSWER_SECONDS,
    scope: Scope = "whole",
) -> dict[str, dict[str, Any]]:
    """Ingest a tournament; the ledger's rows of the run by domain."""
    run = Run(uuid.uuid4(), scope=scope)
    ended: list[Execution] = []
    store = objects or Folder(home / "objects")
    book = Ledger(database, store, answer_seconds=answer_seconds)
    archive = Archive(database, Storing(store, answer_seconds=answer_seconds))
    with book.working() as ledger:
        base_urls = dict.fromkeys(BY_NAME, base_url)
        providers = Providers(base_urls, NoRateLimit(), limits, archive=archive)
        desk = RunContext(providers, database, ledger, run, ended.append)
        anyio.run(ingest_tournaments, [key], domains, desk)
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    rows = executions_of(url, run.id)
    assert {e.domain: e.status for e in ended} == {d: row["status"] for d, row in rows.items()}
    return rows
