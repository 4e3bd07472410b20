"""The code location: what Dagster loads. Assembly only; importing does no I/O."""

import gc
from collections.abc import Mapping
from typing import Any, cast

import dagster as dg

# What is imported stays: looking for garbage among it took a quarter of the 2 s of CPU with which
# every run starts, and as long again in each full collection of the run itself.
gc.disable()

# As a module: `dagster -m` takes no module with two Definitions at its top.
from dp_pipeline.assets import reading  # noqa: E402
from dp_pipeline.assets.comparison import (  # noqa: E402 - see above
    compare_providers,
    comparison,
)
from dp_pipeline.assets.exports import exports  # noqa: E402
from dp_pipeline.assets.materialize import (  # noqa: E402
    INGEST_JOB,
    LOGOS_JOB,
    collect,
    ingest,
)
from dp_pipeline.assets.poll_job import poll_due  # noqa: E402
from dp_pipeline.assets.refresh_job import refresh_tournaments  # noqa: E402
from dp_pipeline.assets.retention_job import apply_retention  # noqa: E402
from dp_pipeline.assets.retry_job import retry_failed  # noqa: E402
from dp_pipeline.assets.season_charts import season_charts  # noqa: E402
from dp_pipeline.assets.views import VIEW_SPECS  # noqa: E402
from dp_pipeline.competitions.check_job import check_stored_data  # noqa: E402
from dp_pipeline.competitions.seasons import discover_seasons, seasons  # noqa: E402
from dp_pipeline.notifications import assets  # noqa: E402
from dp_pipeline.notifications.slack.resource import SlackResource  # noqa: E402
from dp_pipeline.schedules import SCHEDULES  # noqa: E402
from dp_pipeline.sensors.discover import discover_tournaments  # noqa: E402
from dp_pipeline.sensors.follow import watch_competitions  # noqa: E402
from dp_pipeline.sensors.notify import announce_executions, watch_automation  # noqa: E402
from dp_pipeline.sensors.poll import poll_matches  # noqa: E402
from dp_pipeline.sensors.publish import publish_changes  # noqa: E402
from dp_pipeline.settings import PARTITIONS_PER_RUN, partitions_per_run  # noqa: E402

_INGEST, *_OTHERS = cast(
    "list[dg.AssetsDefinition]",
    dg.with_source_code_references([ingest, collect, comparison, exports, season_charts, seasons]),
)
_SPECS = (assets.EXECUTIONS_SPEC, assets.HEALTH_SPEC, *VIEW_SPECS)


def build(
    resources: Mapping[str, Any] | None = None, *, partitions_per_run: int = PARTITIONS_PER_RUN
) -> dg.Definitions:
    """The whole code location.

    Args:
        resources: replaces resources by key: database, providers, ledger, slack.
        partitions_per_run: the most tournaments of one run of a backfill.
    """
    policy = dg.BackfillPolicy.multi_run(max_partitions_per_run=partitions_per_run)
    ingested = _INGEST.with_attributes(backfill_policy=policy)
    return dg.Definitions(
        assets=[ingested, *_OTHERS, *_SPECS],
        asset_checks=assets.CHECKS,
        jobs=[
            INGEST_JOB,
            LOGOS_JOB,
            discover_seasons,
            refresh_tournaments,
            retry_failed,
            compare_providers,
            check_stored_data,
            poll_due,
            apply_retention,
        ],
        schedules=SCHEDULES,
        sensors=[
            announce_executions,
            watch_automation,
            watch_competitions,
            discover_tournaments,
            poll_matches,
            publish_changes,
        ],
        resources={
            **(reading.READING.resources or {}),
            "slack": SlackResource(),
            **(resources or {}),
        },
        executor=reading.READING.executor,
    )


def from_settings() -> dg.Definitions:
    """The code location as workspace.yaml has it: importing this module reads no variable."""
    return build(partitions_per_run=partitions_per_run())


defs = build()

gc.enable()
gc.freeze()
