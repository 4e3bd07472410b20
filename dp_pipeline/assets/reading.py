"""The jobs that read tournaments, on their own: what `dp` runs in its own process.

The whole code location took a run at the terminal 0.15 s of CPU more to import and to build.
"""

import dagster as dg

from dp_pipeline.assets.materialize import INGEST_JOB, ingest
from dp_pipeline.assets.refresh_job import refresh_tournaments
from dp_pipeline.assets.retry_job import retry_failed
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource

READING = dg.Definitions(
    assets=[ingest],
    jobs=[INGEST_JOB, refresh_tournaments, retry_failed],
    resources={
        "database": DatabaseResource(),
        "providers": ProvidersResource(),
        "ledger": LedgerResource(),
    },
    # A process per step costs four times the CPU and leaves an orphan that goes on writing when
    # the run's own process is killed.
    executor=dg.in_process_executor,
)
