"""Sensors and schedules that keep failing or work again, by their last ticks.

The two sensors that tell people watch each other: `watch_automation` all but itself, which does not
come to see its own failures, and `announce_executions` that one.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import (
    InstigatorState,
    ScheduleInstigatorData,
    TickStatus,
)
from dagster._utils.schedules import schedule_execution_time_iterator

from dp_pipeline.messages.mrkdwn import duration
from dp_pipeline.messages.notice import Notice
from dp_pipeline.sensors.watched import Change, without
from dp_pipeline.settings import Settings

WATCHER = "watch_automation"

FAILED_TICKS = {InstigatorType.SENSOR: 3, InstigatorType.SCHEDULE: 1}
"""In a row, before it is told: a sensor asks again in seconds. A schedule that asks again within
SOON_SECONDS, as refreshes do all night, is told when that failed as well."""
SOON_SECONDS = 3_600.0

_ENDED = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)
_KINDS = {InstigatorType.SENSOR: "sensor", InstigatorType.SCHEDULE: "schedule"}


@dataclass(frozen=True, slots=True)
class Turned:
    """A sensor or schedule that keeps failing since a Unix time; None when it works again."""

    name: str
    since: float | None
    notice: Notice

    def known(self, failing: Mapping[str, float]) -> dict[str, float]:
        """What fails, with this known."""
        others = without(failing, self.name)
        return others if self.since is None else {**others, self.name: self.since}

    def change(self) -> Change:
        """As something to tell."""
        return Change(
            self.notice, lambda watched: replace(watched, failing=self.known(watched.failing))
        )


def turned(
    context: dg.SensorEvaluationContext,
    failing: Mapping[str, float],
    settings: Settings,
    *,
    each: Callable[[str], AbstractContextManager[None]],
) -> list[Turned]:
    """What people do not know yet of the sensors and schedules of this code location.

    Args:
        context: of the sensor that asks.
        failing: those that people know to fail, each with the Unix time since when.
        settings: for links and secrets.
        each: is held around the look at one of them.
    """
    found: list[Turned | None] = []
    for state in _ours(context):
        name = state.instigator_name
        if name != WATCHER:
            with each(f"looking at {name}"):
                found.append(_turned(context.instance, state, failing.get(name), settings))
    return [turn for turn in found if turn is not None]


def watcher_turned(
    context: dg.SensorEvaluationContext, failing: Mapping[str, float], settings: Settings
) -> list[Turned]:
    """The same of the sensor that watches the others."""
    found = (
        _turned(context.instance, state, failing.get(WATCHER), settings)
        for state in _ours(context, {WATCHER})
    )
    return [each for each in found if each is not None]


def _ours(
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


def _turned(
    instance: dg.DagsterInstance,
    state: InstigatorState,
    failing_since: float | None,
    settings: Settings,
) -> Turned | None:
    """Whether a sensor or schedule began to fail for good, or works again."""
    name, kind = state.instigator_name, _KINDS[state.instigator_type]
    needed = FAILED_TICKS[state.instigator_type]
    origin = state.instigator_origin_id, state.selector_id
    ticks = instance.get_tick_summaries(*origin, limit=needed + 1, statuses=list(_ENDED))
    if ticks and _again_soon(state, ticks[0].timestamp):
        needed += 1
    ticks = ticks[:needed]
    failed = [tick for tick in ticks if tick.status is TickStatus.FAILURE]
    url = f"{settings.dagster_url}/automation"
    if failing_since is None and len(failed) == needed:
        since = failed[-1].timestamp
        (last,) = instance.get_ticks(*origin, limit=1, statuses=[TickStatus.FAILURE])
        error = last.tick_data.error
        notice = Notice(
            "failure",
            f"The {kind} {name} keeps failing",
            f"Its last {needed} ticks failed, the first of them at "
            f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC. What failed in them is not "
            "done meanwhile; what it does besides goes on."
            if needed > 1
            else "Its last tick failed: what was due then has not been started.",
            detail=settings.conceal(error.message) if error else None,
            url=url,
        )
        return Turned(name, since, notice)
    if failing_since is not None and ticks and ticks[0].status is not TickStatus.FAILURE:
        lasted = round((ticks[0].timestamp - failing_since) * 1_000)
        notice = Notice(
            "news",
            f"The {kind} {name} works again",
            f"It had failed for {duration(lasted)}.",
            url=url,
        )
        return Turned(name, None, notice)
    return None


def _again_soon(state: InstigatorState, moment: float) -> bool:
    """Whether a schedule's tick is followed by another one soon, which tries the same."""
    data = state.instigator_data
    if not isinstance(data, ScheduleInstigatorData):
        return False
    later = schedule_execution_time_iterator(moment + 1, data.cron_schedule, "UTC")
    return next(later).timestamp() - moment <= SOON_SECONDS
