"""Asset checks that began to fail or pass again, for the sensor that watches."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
    AssetCheckPartitionInfo,
)

from dp_pipeline.messages.notice import Notice
from dp_pipeline.sensors.watched import Change, Watched
from dp_pipeline.settings import Settings

MOST_REMEMBERED = 500
MOST_EXAMINED = 100
MOST_NAMED = 5

FAILED = AssetCheckExecutionRecordStatus.FAILED
_PASSED = AssetCheckExecutionRecordStatus.SUCCEEDED


def check_changes(
    context: dg.SensorEvaluationContext, watched: Watched, settings: Settings
) -> tuple[int | None, list[Change]]:
    """One message per check that began to fail or passes again, however many partitions.

    Only checks of severity ERROR: a warning is for the page of the asset.

    Returns:
        The last evaluation looked at, to begin after it next time, and what is to be told.
    """
    repository = context.repository_def
    keys = [] if repository is None else list(repository.asset_graph.asset_check_keys)
    if not keys:
        return watched.seen, []
    found: dict[dg.AssetCheckKey, list[AssetCheckPartitionInfo]] = defaultdict(list)
    newest = watched.seen or 0
    for info in context.instance.event_log_storage.get_asset_check_partition_info(
        keys, after_storage_id=watched.seen
    ):
        found[info.check_key].append(info)
        newest = max(newest, info.latest_check_event_storage_id)
    changes = []
    for key, infos in found.items():
        page = f"{settings.dagster_url}/assets/{'/'.join(key.asset_key.path)}?view=checks"
        title = f"The check {key.name} of {key.asset_key.to_user_string()}"
        known = set(watched.checks)
        began = {
            info.partition_key
            for info in infos
            if info.latest_execution_status is FAILED and _id(key, info.partition_key) not in known
        }
        ended = {
            info.partition_key
            for info in infos
            if info.latest_execution_status is _PASSED and _id(key, info.partition_key) in known
        }
        errors = _errors(context.instance, key, began) if began else {}
        if errors:
            text = settings.conceal(next(iter(errors.values())))
            notice = Notice("failure", f"{title} fails", _where(errors), detail=text, url=page)
            changes.append(_change(notice, key, began=errors))
        if ended:
            notice = Notice("news", f"{title} passes again", _where(ended), url=page)
            changes.append(_change(notice, key, ended=ended))
    return newest, changes


def _id(key: dg.AssetCheckKey, partition: str | None) -> str:
    return f"{key.asset_key.to_user_string()}:{key.name}:{partition or ''}"


def _errors(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, partitions: Collection[str | None]
) -> Mapping[str | None, str]:
    """What the newest failed evaluations of severity ERROR say, by partition."""
    history = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=MOST_EXAMINED, status={FAILED}
    )
    found: dict[str | None, str] = {}
    passed_over: set[str | None] = set()
    for record in history:
        if record.partition not in partitions or record.partition in passed_over:
            continue
        passed_over.add(record.partition)
        event = record.event.dagster_event if record.event else None
        evaluation = event.asset_check_evaluation_data if event else None
        if evaluation is None or evaluation.severity is dg.AssetCheckSeverity.ERROR:
            found[record.partition] = (evaluation.description or "") if evaluation else ""
    return found


def _where(partitions: Collection[str | None]) -> str:
    named = sorted(partition for partition in partitions if partition)
    if not named:
        return "It is of the whole asset."
    more = f" and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
    return f"Tournaments: {', '.join(named[:MOST_NAMED])}{more}."


def _change(
    notice: Notice,
    key: dg.AssetCheckKey,
    *,
    began: Collection[str | None] = (),
    ended: Collection[str | None] = (),
) -> Change:
    more = tuple(_id(key, partition) for partition in began)
    fewer = {_id(key, partition) for partition in ended}

    def then(watched: Watched) -> Watched:
        kept = tuple(id_ for id_ in watched.checks if id_ not in fewer)
        # The cursor must stay small; what is forgotten is told again should it fail again.
        return replace(watched, checks=(kept + more)[-MOST_REMEMBERED:])

    return Change(notice, then)
