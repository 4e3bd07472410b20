"""The health of providers as Dagster sees it.

Of each a check says whether it answers, another one whether it was read in the last night.
"""

import dagster as dg

from dp_pipeline.assets.metadata import column_schema
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.http.health import read_health
from dp_pipeline.instance.dagster_internals import AssetCheckExecutionRecordStatus
from dp_pipeline.notifications.detectors.checks import by_hand
from dp_pipeline.notifications.detectors.providers import HEALTH, check_key, evaluation
from dp_pipeline.providers.contract import Provider
from dp_pipeline.providers.registry import PROVIDERS, roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

SPEC = dg.AssetSpec(
    HEALTH,
    group_name="football",
    owners=["team:football-data"],
    kinds={"python", "postgres"},
    description=(
        "Whether providers answer, and since when not. One that refuses or fails rests, for all "
        "processes, and is then asked with one request. Written by every run; not materialized "
        "itself. `dp health` prints it."
    ),
    metadata={
        "dagster/table_name": tables.provider_health.name,
        "dagster/column_schema": column_schema(tables.provider_health),
    },
)


def evaluations(database: Database, settings: Settings) -> list[dg.AssetCheckEvaluation]:
    """The checks of all providers."""
    with database.transaction() as connection:
        found = read_health(connection, roots(settings.base_urls))
    return [evaluation(each) for each in found]


def _check(provider: Provider) -> dg.AssetChecksDefinition:
    name = check_key(provider.name).name

    @dg.asset_check(
        asset=SPEC.key,
        name=name,
        description=(
            f"{provider.name} answers: it is not resting because it refused or failed. "
            f"{provider.description} (terms: {provider.terms}). Evaluated every minute by the "
            "sensor watch_automation, recorded when it changes and hourly."
        ),
    )
    def answers(database: DatabaseResource) -> dg.AssetCheckResult:
        """The same by hand."""
        found = evaluations(database.open(), Settings.load())
        return by_hand(next(each for each in found if each.check_name == name))

    return answers


def refresh_evaluation(provider: str, said: str, *, done: bool) -> dg.AssetCheckEvaluation:
    """Whether the last refresh of a provider's tournaments was asked for, or left out."""
    return dg.AssetCheckEvaluation(
        asset_key=SPEC.key,
        check_name=_refresh_name(provider),
        passed=done,
        severity=dg.AssetCheckSeverity.ERROR,
        description=said,
    )


def _refresh_name(provider: str) -> str:
    return f"{provider}_is_refreshed"


def _refresh_check(provider: Provider) -> dg.AssetChecksDefinition:
    key = dg.AssetCheckKey(SPEC.key, _refresh_name(provider.name))

    @dg.asset_check(
        asset=SPEC.key,
        name=key.name,
        description=(
            f"The last refresh of the tournaments of {provider.name} was not left out because the "
            "provider was resting for a whole night. Recorded by the schedules."
        ),
    )
    def is_refreshed(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """What the last night came to; only the next one can change it."""
        (last, *_) = context.instance.event_log_storage.get_asset_check_execution_history(
            key,
            limit=1,
            status={
                AssetCheckExecutionRecordStatus.FAILED,
                AssetCheckExecutionRecordStatus.SUCCEEDED,
            },
        ) or (None,)
        event = last.event.dagster_event if last and last.event else None
        found = event.asset_check_evaluation_data if event else None
        if found is None:
            found = refresh_evaluation(provider.name, "No refresh has been due yet.", done=True)
        return by_hand(found)

    return is_refreshed


CHECKS = tuple(make(provider) for provider in PROVIDERS for make in (_check, _refresh_check))
