"""Watches what runs by itself: sensors and schedules that keep failing, checks that fail.

What executions came to is told by announce.py; the two sensors watch each other.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorState, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from dp_pipeline.assets.executions import announcing, delivery
from dp_pipeline.assets.health import evaluations
from dp_pipeline.messages.mrkdwn import duration
from dp_pipeline.messages.notice import Notice
from dp_pipeline.messages.slack import SlackRefusedError, SlackUnavailableError
from dp_pipeline.resources import DatabaseResource, SlackResource
from dp_pipeline.sensors.announce import SECONDS_PER_MESSAGE, TICK_SECONDS
from dp_pipeline.sensors.checks import check_changes
from dp_pipeline.sensors.watched import Change, Watched
from dp_pipeline.settings import Settings

FAILED_TICKS = {InstigatorType.SENSOR: 3, InstigatorType.SCHEDULE: 1}
"""In a row, before it is told: a sensor asks again within seconds, a schedule once a day."""
RECORDED_SECONDS = 3_600.0

_ENDED = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)
_FAILED = AssetCheckExecutionRecordStatus.FAILED
_KINDS = {InstigatorType.SENSOR: "sensor", InstigatorType.SCHEDULE: "schedule"}


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells Slack when a sensor or schedule keeps failing, when an asset check fails, and when "
        "they are well again; evaluates the checks of the ledger and of the providers' health."
    ),
)
def watch_automation(
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> dg.SkipReason:
    """Look at ticks and checks, then tell what has changed. Asks for no runs."""
    latest = time.monotonic() + TICK_SECONDS
    settings = Settings.load()
    webhook = slack.open()
    store = database.open()
    # First, so that a check that fails now is told in the same tick.
    cursor = announcing(context.instance)
    found = delivery(context.instance, store, cursor, on=webhook is not None)
    for evaluation in (found.evaluation(), *evaluations(store, settings)):
        record(context.instance, evaluation)
    watched = Watched.read(context.cursor)
    if webhook is None:
        return dg.SkipReason("Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set.")
    told, trouble = 0, ""
    newest, changes = look(context, watched, settings)
    for change in changes:
        if change.notice.kind in slack.classes():
            if told and time.monotonic() + SECONDS_PER_MESSAGE > latest:
                trouble = "The rest is told by the next tick."
                break
            if told:
                time.sleep(SECONDS_PER_MESSAGE)
            try:
                webhook.post(change.notice)
            except SlackUnavailableError as error:
                trouble = f"{error} It is told by a later tick."
                break
            except SlackRefusedError as error:
                context.log.error(str(error))  # noqa: TRY400 - the sentence says it all
            told += 1
        watched = change.then(watched)
    else:
        watched = replace(watched, seen=newest)
    context.update_cursor(watched.write())
    parts = [f"{told} messages sent" if told else "", trouble]
    return dg.SkipReason("; ".join(filter(None, parts)) or "Nothing new.")


def record(instance: dg.DagsterInstance, found: dg.AssetCheckEvaluation) -> None:
    """Let Dagster show a check: when it changes, and hourly."""
    last = instance.get_latest_asset_check_evaluation_record(found.asset_check_key)
    if last is not None:
        same = (last.status is not _FAILED) == found.passed
        if same and time.time() - last.create_timestamp < RECORDED_SECONDS:
            return
    instance.report_runless_asset_event(found)


def look(
    context: dg.SensorEvaluationContext, watched: Watched, settings: Settings
) -> tuple[int | None, list[Change]]:
    """What people do not know yet of ticks and checks, and the last evaluation looked at."""
    found = [_instigator(context.instance, state, watched, settings) for state in _ours(context)]
    newest, checks = check_changes(context, watched, settings)
    return newest, [change for change in found if change is not None] + checks


def _ours(context: dg.SensorEvaluationContext) -> list[InstigatorState]:
    """The sensors and schedules of this code location that are on."""
    repository = context.repository_def
    location = context.code_location_origin
    names = (
        None
        if repository is None
        else {each.name for each in (*repository.sensor_defs, *repository.schedule_defs)}
    )
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


def _instigator(
    instance: dg.DagsterInstance, state: InstigatorState, watched: Watched, settings: Settings
) -> Change | None:
    """Whether a sensor or schedule began to fail for good, or works again."""
    name, kind = state.instigator_name, _KINDS[state.instigator_type]
    needed = FAILED_TICKS[state.instigator_type]
    origin = state.instigator_origin_id, state.selector_id
    ticks = instance.get_tick_summaries(*origin, limit=needed, statuses=list(_ENDED))
    failed = [tick for tick in ticks if tick.status is TickStatus.FAILURE]
    url = f"{settings.dagster_url}/automation"
    if name not in watched.failing and len(failed) == needed:
        since = failed[-1].timestamp
        (last,) = instance.get_ticks(*origin, limit=1, statuses=[TickStatus.FAILURE])
        error = last.tick_data.error
        notice = Notice(
            "failure",
            f"The {kind} {name} keeps failing",
            f"Its last {needed} ticks failed, the first of them at "
            f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC. What it does for itself is "
            "not done meanwhile."
            if needed > 1
            else "Its last tick failed: what was due then has not been started.",
            detail=settings.conceal(error.message) if error else None,
            url=url,
        )
        return Change(notice, lambda known: replace(known, failing={**known.failing, name: since}))
    if name in watched.failing and ticks and ticks[0].status is not TickStatus.FAILURE:
        lasted = round((ticks[0].timestamp - watched.failing[name]) * 1_000)
        notice = Notice(
            "news",
            f"The {kind} {name} works again",
            f"It had failed for {duration(lasted)}.",
            url=url,
        )
        return Change(
            notice,
            lambda known: replace(
                known, failing={n: s for n, s in known.failing.items() if n != name}
            ),
        )
    return None
