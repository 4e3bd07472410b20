"""Asset checks of severity ERROR that fail: a warning is for the page of the asset."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import dagster as dg

from dp_pipeline.instance.dagster_internals import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
    AssetCheckPartitionInfo,
)
from dp_pipeline.notifications.incidents import Condition, moment
from dp_pipeline.settings import Settings

PAGE = 100
RECORDED_SECONDS = 3_600.0

_FAILED = AssetCheckExecutionRecordStatus.FAILED
_PASSED = AssetCheckExecutionRecordStatus.SUCCEEDED


class Detected(NamedTuple):
    """How checks are, and the last evaluation that was read; None for none."""

    conditions: list[Condition]
    newest: int | None


def subject_of(key: dg.AssetCheckKey) -> str:
    """What an incident calls a check."""
    return f"{key.name} of {key.asset_key.to_user_string()}"


def detect(
    instance: dg.DagsterInstance,
    keys: Collection[dg.AssetCheckKey],
    settings: Settings,
    after: int | None,
) -> Detected:
    """How the checks are that were evaluated after the evaluation `after`; None for all."""
    evaluated: defaultdict[dg.AssetCheckKey, list[AssetCheckPartitionInfo]] = defaultdict(list)
    newest = after
    if keys:
        for info in instance.event_log_storage.get_asset_check_partition_info(
            list(keys), after_storage_id=after
        ):
            evaluated[info.check_key].append(info)
            newest = max(newest or 0, info.latest_check_event_storage_id)
    conditions = [
        condition
        for key, infos in evaluated.items()
        for condition in _conditions(instance, key, infos, settings)
    ]
    return Detected(conditions, newest)


def record(instance: dg.DagsterInstance, evaluation: dg.AssetCheckEvaluation) -> None:
    """Let Dagster show a check: when it changes, and hourly."""
    last = instance.get_latest_asset_check_evaluation_record(evaluation.asset_check_key)
    if last is not None:
        same = (last.status is not _FAILED) == evaluation.passed
        if same and time.time() - last.create_timestamp < RECORDED_SECONDS:
            return
    instance.report_runless_asset_event(evaluation)


def by_hand(evaluation: dg.AssetCheckEvaluation) -> dg.AssetCheckResult:
    """What a sensor would record, as the result of a check that a person runs."""
    return dg.AssetCheckResult(
        passed=evaluation.passed,
        severity=evaluation.severity,
        description=evaluation.description,
        metadata=evaluation.metadata,
    )


def _conditions(
    instance: dg.DagsterInstance,
    key: dg.AssetCheckKey,
    infos: Collection[AssetCheckPartitionInfo],
    settings: Settings,
) -> Iterator[Condition]:
    subject, now = subject_of(key), datetime.now(UTC)
    for info in infos:
        if info.latest_execution_status is _PASSED:
            yield Condition("check", subject, now, tournament_key=info.partition_key)
    failed = {each.partition_key for each in infos if each.latest_execution_status is _FAILED}
    if not failed:
        return
    page = f"/assets/{'/'.join(key.asset_key.path)}?view=checks"
    for record in _failures(instance, key):
        if record.partition not in failed:
            continue
        failed.remove(record.partition)
        event = record.event.dagster_event if record.event else None
        evaluation = event.asset_check_evaluation_data if event else None
        if evaluation is None or evaluation.severity is dg.AssetCheckSeverity.ERROR:
            said = settings.conceal(evaluation.description or "") if evaluation else None
            at = moment(record.create_timestamp)
            summary = "`dp checks` lists all that is wrong; the page of the check has since when."
            yield Condition("check", subject, at, summary, said, page, record.partition)
        else:
            # It was an error before, maybe, and its incident would stay open for ever.
            yield Condition("check", subject, now, tournament_key=record.partition)
        if not failed:
            return


def _failures(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey
) -> Iterator[AssetCheckExecutionRecord]:
    """The evaluations of a check that failed, newest first: after an outage those of thousands."""
    cursor: int | None = None
    while True:
        found = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=PAGE, cursor=cursor, status={_FAILED}
        )
        yield from found
        if len(found) < PAGE:
            return
        cursor = found[-1].id
