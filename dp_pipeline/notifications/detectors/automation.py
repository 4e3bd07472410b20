"""Sensors and schedules that keep failing, by their last ticks."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import dagster as dg

from dp_pipeline.instance.dagster_internals import (
    InstigatorState,
    InstigatorType,
    ScheduleInstigatorData,
    TickStatus,
    schedule_execution_time_iterator,
)
from dp_pipeline.notifications.incidents import Condition, Kind, moment
from dp_pipeline.settings import Settings

FAILED_TICKS = {InstigatorType.SENSOR: 3, InstigatorType.SCHEDULE: 1}
"""In a row, before it is an incident: a sensor ticks again in seconds. A schedule that ticks again
within SOON_SECONDS, as refreshes do all night, is one when that failed as well."""
SOON_SECONDS = 3_600.0

_ENDED = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)
KINDS: dict[InstigatorType, Kind] = {
    InstigatorType.SENSOR: "sensor",
    InstigatorType.SCHEDULE: "schedule",
}


class Ended(NamedTuple):
    """A tick that is over: when it began, a Unix time, and whether it failed."""

    began: float
    failed: bool


def judge(
    kind: Kind, name: str, ticks: Sequence[Ended], *, needed: int, error: str | None
) -> Condition | None:
    """How a sensor or schedule is by its last ticks, newest first; None while it is not certain.

    `needed` ticks that failed in a row are an incident; `error` is what the last of them said.
    """
    if not ticks:
        return None
    if not ticks[0].failed:
        return Condition(kind, name, moment(ticks[0].began))
    last = ticks[:needed]
    if len(last) < needed or not all(tick.failed for tick in last):
        return None
    since = moment(last[-1].began)
    summary = "Its last tick failed: what was due then has not been started."
    if needed > 1:
        summary = (
            f"{needed} ticks in a row have failed since {since:%Y-%m-%d %H:%M} UTC. What failed in "
            "them is not done meanwhile; what it does besides goes on."
        )
    return Condition(kind, name, since, summary, error, "/automation")


def detect(
    instance: dg.DagsterInstance,
    states: Iterable[InstigatorState],
    settings: Settings,
    *,
    each: Callable[[str], AbstractContextManager[None]],
) -> Iterator[Condition]:
    """How some sensors and schedules are; `each` is held around the work on one of them."""
    for state in states:
        condition = None
        with each(f"examining {state.instigator_name}"):
            condition = _condition(instance, state, settings)
        if condition is not None:
            yield condition


def running(
    context: dg.SensorEvaluationContext, names: Collection[str] | None = None
) -> list[InstigatorState]:
    """The sensors and schedules of this code location that are on; of some names if given."""
    # An instance in memory has no ticks.
    if context.instance.schedule_storage is None:
        return []
    repository = context.repository_def
    location = context.code_location_origin
    if names is None and repository is not None:
        names = {each.name for each in (*repository.sensor_defs, *repository.schedule_defs)}
    return [
        state
        for state in context.instance.all_instigator_state()
        if state.is_running
        and state.instigator_type in FAILED_TICKS
        and (names is None or state.instigator_name in names)
        and (
            location is None
            or state.origin.repository_origin.code_location_origin.location_name
            == location.location_name
        )
    ]


def _condition(
    instance: dg.DagsterInstance, state: InstigatorState, settings: Settings
) -> Condition | None:
    needed = FAILED_TICKS[state.instigator_type]
    origin = state.instigator_origin_id, state.selector_id
    summaries = instance.get_tick_summaries(*origin, limit=needed + 1, statuses=list(_ENDED))
    ticks = [Ended(each.timestamp, each.status is TickStatus.FAILURE) for each in summaries]
    if ticks and _again_soon(state, ticks[0].began):
        needed += 1
    error = None
    if ticks and ticks[0].failed:
        (last,) = instance.get_ticks(*origin, limit=1, statuses=[TickStatus.FAILURE])
        error = settings.conceal(last.tick_data.error.message) if last.tick_data.error else None
    kind = KINDS[state.instigator_type]
    return judge(kind, state.instigator_name, ticks, needed=needed, error=error)


def _again_soon(state: InstigatorState, began: float) -> bool:
    """Whether a schedule's tick is followed by another one soon, which tries the same."""
    data = state.instigator_data
    if not isinstance(data, ScheduleInstigatorData):
        return False
    later = schedule_execution_time_iterator(began + 1, data.cron_schedule, "UTC")
    return next(later).timestamp() - began <= SOON_SECONDS
