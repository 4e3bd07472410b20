"""What the daemon does by itself; it asks our tables and Dagster's runs, never a provider."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.executions import outbox
from dp_pipeline.executions.vocabulary import DOMAINS, Domain, in_order
from dp_pipeline.messages.blocks import Announcement
from dp_pipeline.messages.slack import SlackRefusedError, SlackUnavailableError, SlackWebhook
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, LedgerResource, SlackResource

# Slack takes one message a second in a channel. Dagster gives a tick 60 s and begins the next one
# while the late one still runs, which would tell twice: no post, of up to 15 s, begins after 40 s.
MESSAGES_PER_TICK = 20
SECONDS_PER_MESSAGE = 1.0
TICK_SECONDS = 40.0
REPORTS_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 3_600.0
LOST_RUNS_PER_TICK = 25
# Without a cursor: what happened before this sensor was ever on is history, not news.
FIRST_LOOK = timedelta(days=1)

_ENDED_BADLY = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OVER = (dg.DagsterRunStatus.SUCCESS, *_ENDED_BADLY)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What the sensor knows from its last tick. Times are Unix seconds.

    Args:
        lost_after: runs that ended badly after this are still to be looked at.
        told_since: executions that ended before this are not told; moves while Slack is off.
        free_since: open rows whose lock was free, with the time it was first seen so.
        quiet_until: Slack asked for a pause until then.
    """

    lost_after: float
    told_since: float
    free_since: Mapping[str, float] = field(default_factory=dict)
    quiet_until: float = 0.0

    @classmethod
    def read(cls, text: str | None, now: float) -> "Cursor":
        """The cursor of the last tick; a missing or foreign text starts afresh."""
        start = now - FIRST_LOOK.total_seconds()
        try:
            found = json.loads(text or "")
            return cls(
                float(found["lost_after"]),
                float(found["told_since"]),
                {str(UUID(id_)): float(when) for id_, when in found["free_since"].items()},
                float(found.get("quiet_until", 0.0)),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(start, start)

    def write(self) -> str:
        """The text Dagster keeps."""
        return json.dumps(asdict(self))


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Closes executions whose process is gone, gives runs that died early their rows, stores "
        "reports the object store had refused, and tells Slack what is finished and untold."
    ),
)
def announce_executions(
    context: dg.SensorEvaluationContext,
    database: DatabaseResource,
    ledger: LedgerResource,
    slack: SlackResource,
) -> dg.SkipReason:
    """Catch the ledger up, then tell. Asks for no runs."""
    now = time.time()
    latest = time.monotonic() + TICK_SECONDS
    cursor = Cursor.read(context.cursor, now)
    store = database.open()

    def finished(request_ids: Collection[UUID]) -> set[UUID]:
        return finished_runs(context.instance, request_ids)

    free_since = {UUID(id_): when for id_, when in cursor.free_since.items()}
    reconciled = outbox.reconcile(store, finished=finished, free_since=free_since, now=now)
    lost, lost_after = record_lost_runs(context, store, cursor.lost_after)
    reports = outbox.store_kept_reports(store, ledger.objects(), seconds=REPORTS_SECONDS)
    webhook = slack.open()
    told_since, quiet_until, told, trouble = cursor.told_since, cursor.quiet_until, 0, ""
    if webhook is None:
        told_since = now
        trouble = "Slack is off: SLACK_JOB_EXECUTIONS_WEBHOOK is not set"
    elif now < quiet_until:
        trouble = f"Slack asked for a pause of another {quiet_until - now:.0f} s; the messages wait"
    else:
        waiting = outbox.untold(
            store,
            since=datetime.fromtimestamp(told_since, UTC),
            finished=lambda ids: finished_runs(context.instance, ids, looked_at=lost_after),
            run_url=lambda id_: ledger.run_url(str(id_)),
            most=MESSAGES_PER_TICK,
        )
        told, error = tell(context, store, webhook, waiting, latest)
        if error is not None:
            trouble = f"{error} The messages wait."
            quiet_until = now + min(error.retry_after or 0.0, LONGEST_PAUSE_SECONDS)
    seen_free = {str(id_): when for id_, when in reconciled.free_since.items()}
    context.update_cursor(Cursor(lost_after, told_since, seen_free, quiet_until).write())
    done = {
        "closed whose process is gone": len(reconciled.closed),
        "added for runs that died early": lost,
        "reports stored late": reports,
        "messages sent": told,
    }
    parts = [f"{count} {what}" for what, count in done.items() if count]
    if trouble:
        parts.append(trouble)
    return dg.SkipReason("; ".join(parts) or "Nothing new.")


def finished_runs(
    instance: dg.DagsterInstance,
    request_ids: Collection[UUID],
    *,
    looked_at: float | None = None,
) -> set[UUID]:
    """Of some runs those that will do nothing any more; an unknown one is finished.

    With `looked_at`, a run that ended badly later than that (Unix seconds) does not count yet: the
    rows it never opened are still to be added.
    """
    wanted = [str(id_) for id_ in request_ids]
    records = instance.get_run_records(dg.RunsFilter(run_ids=wanted)) if wanted else []
    going_on = {
        record.dagster_run.run_id
        for record in records
        if record.dagster_run.status not in _OVER
        or (
            looked_at is not None
            and record.dagster_run.status in _ENDED_BADLY
            and _updated(record) > looked_at
        )
    }
    return {UUID(id_) for id_ in wanted if id_ not in going_on}


def tell(
    context: dg.SensorEvaluationContext,
    store: Database,
    webhook: SlackWebhook,
    waiting: Sequence[Announcement],
    latest: float,
) -> tuple[int, SlackUnavailableError | None]:
    """Post announcements in their order; the number posted, and why Slack took no more.

    Begins no post after `latest` on the monotonic clock, except the first.
    """
    told = 0
    for announcement in waiting:
        if told and time.monotonic() + SECONDS_PER_MESSAGE > latest:
            break
        if told:
            time.sleep(SECONDS_PER_MESSAGE)
        try:
            webhook.post(announcement)
        except SlackUnavailableError as error:
            context.log.warning(f"{error} {len(waiting) - told} messages wait.")  # noqa: G004
            return told, error
        except SlackRefusedError as error:
            # It will never be taken; the ledger and the run still show what it would have said.
            context.log.error(str(error))  # noqa: TRY400 - the sentence says it all
        outbox.mark_told(store, [line.execution_id for line in announcement.lines])
        told += 1
    return told, None


def record_lost_runs(
    context: dg.SensorEvaluationContext, store: Database, after: float
) -> tuple[int, float]:
    """Give runs that failed or were cancelled since `after` the rows they never opened.

    Returns:
        The number of rows, and the time up to which runs have been looked at.
    """
    instance = context.instance
    records = instance.get_run_records(
        dg.RunsFilter(
            statuses=list(_ENDED_BADLY),
            updated_after=datetime.fromtimestamp(after, UTC),
        ),
        limit=LOST_RUNS_PER_TICK,
        order_by="update_timestamp",
        ascending=True,
    )
    added = 0
    for record in records:
        run = record.dagster_run
        planned = planned_work(instance, run)
        if planned:
            ended = datetime.fromtimestamp(record.end_time or time.time(), UTC)
            added += outbox.record_lost(
                store,
                UUID(run.run_id),
                planned,
                reason=_how_it_ended(run),
                ended_at=ended,
            )
        after = max(after, _updated(record))
    return added, after


def _updated(record: dg.RunRecord) -> float:
    return record.update_timestamp.replace(tzinfo=UTC).timestamp()


def planned_work(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, tuple[Domain, ...]]:
    """Which domains of which tournaments a run was to materialize; empty if it is none of ours."""
    # Empty, not None, for a whole job that `dp ingest` runs in its own process.
    if not run.asset_selection:
        domains = DOMAINS if run.job_name == "ingest_tournaments" else ()
    else:
        domains = in_order({key.to_user_string() for key in run.asset_selection})
    if not domains:
        return {}
    key = run.tags.get("dagster/partition")
    if key is not None:
        return {key: domains}
    first = run.tags.get("dagster/asset_partition_range_start")
    last = run.tags.get("dagster/asset_partition_range_end")
    keys = list(instance.get_dynamic_partitions(str(TOURNAMENTS.name)))
    if first not in keys or last not in keys:
        return {}
    return dict.fromkeys(keys[keys.index(first) : keys.index(last) + 1], domains)


def _how_it_ended(run: dg.DagsterRun) -> str:
    if run.status is dg.DagsterRunStatus.CANCELED:
        return "The run was cancelled before this was begun."
    return "The run failed before this was begun; its page in Dagster says why."
