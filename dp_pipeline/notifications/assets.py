"""The ledger and the health of providers as Dagster shows them, with their checks."""

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.catalogue import OPERATIONS, described
from dp_pipeline.assets.metadata import definition_metadata
from dp_pipeline.database import tables
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.http.health import read_health
from dp_pipeline.instance.dagster_internals import AssetCheckExecutionRecordStatus
from dp_pipeline.notifications import undelivered
from dp_pipeline.notifications.detectors.checks import by_hand
from dp_pipeline.notifications.detectors.providers import HEALTH, check_key, evaluation
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.providers.contract import Provider
from dp_pipeline.providers.registry import PROVIDERS, roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

_ENDED = {AssetCheckExecutionRecordStatus.FAILED, AssetCheckExecutionRecordStatus.SUCCEEDED}


def _spec(key: dg.AssetKey, table: sa.Table, description: str) -> dg.AssetSpec:
    return described(
        key,
        group=OPERATIONS,
        deps=NAMES,
        description=description,
        metadata=definition_metadata(table),
        module=__name__,
    )


EXECUTIONS_SPEC = _spec(
    undelivered.CHECK.asset_key,
    tables.data_provider_executions,
    "The ledger: one row per attempt to materialize one domain of one tournament, what it came to "
    "and when it was announced. Every run writes it; it is not materialized itself.",
)
HEALTH_SPEC = _spec(
    HEALTH,
    tables.provider_health,
    "Whether providers answer, and since when not; one that refuses or fails rests, and then gets "
    "one request. Every run writes it; it is not materialized itself, and `dp health` prints it.",
)


@dg.asset_check(
    asset=EXECUTIONS_SPEC.key,
    name=undelivered.CHECK.name,
    description=(
        f"No message about work that is over has waited for {undelivered.UNDELIVERED_MINUTES} "
        "minutes. Evaluated every minute by the sensor watch_automation, recorded when it "
        "changes and hourly."
    ),
)
def messages_delivered(
    context: dg.AssetCheckExecutionContext, database: DatabaseResource, slack: SlackResource
) -> dg.AssetCheckResult:
    """The same by hand."""
    on = slack.open() is not None
    waiting = undelivered.read_undelivered(context.instance, database.open(), on=on)
    return by_hand(waiting.evaluation())


def _answers(provider: Provider) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=HEALTH_SPEC.key,
        name=check_key(provider.name).name,
        description=(
            f"{provider.name} answers: it is not resting because it refused or failed. "
            f"{provider.description} (terms: {provider.licence.name}). Evaluated every minute by "
            "the sensor watch_automation, recorded when it changes and hourly."
        ),
    )
    def answers(database: DatabaseResource) -> dg.AssetCheckResult:
        """The same by hand."""
        with database.open().transaction() as connection:
            health = read_health(connection, roots(Settings.load().base_urls))
        return by_hand(evaluation(next(each for each in health if each.name == provider.name)))

    return answers


def refresh_evaluation(provider: str, said: str, *, done: bool) -> dg.AssetCheckEvaluation:
    """Whether the last refresh of a provider's tournaments was requested, or left out."""
    return dg.AssetCheckEvaluation(
        asset_key=HEALTH_SPEC.key,
        check_name=f"{provider}_is_refreshed",
        passed=done,
        severity=dg.AssetCheckSeverity.ERROR,
        description=said,
    )


def _is_refreshed(provider: Provider) -> dg.AssetChecksDefinition:
    none = refresh_evaluation(provider.name, "No refresh has been due yet.", done=True)

    @dg.asset_check(
        asset=HEALTH_SPEC.key,
        name=none.check_name,
        description=(
            f"The last refresh of the tournaments of {provider.name} was not left out because the "
            "provider was resting for a whole night. Recorded by the schedules."
        ),
    )
    def is_refreshed(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        """What the last night came to; only the next one can change it."""
        (last, *_) = context.instance.event_log_storage.get_asset_check_execution_history(
            none.asset_check_key, limit=1, status=_ENDED
        ) or (None,)
        event = last.event.dagster_event if last and last.event else None
        return by_hand((event.asset_check_evaluation_data if event else None) or none)

    return is_refreshed


CHECKS = (
    messages_delivered,
    *(make(provider) for provider in PROVIDERS for make in (_answers, _is_refreshed)),
)
