"""What is due of executions: runs on their own, run groups and backfills, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.notifications import backfills, digests, outbox
from dp_pipeline.notifications.delivery import DueMessage
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.incidents import moment
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline.notifications.runs import finished_runs, group_over
from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.notifications.slack.digest import Digest
from dp_pipeline.notifications.threads import Place
from dp_pipeline.resources import LedgerResource


@dataclass(frozen=True, slots=True)
class DueExecutions:
    """What is unannounced of executions, as one tick reads it; each kind is read by itself."""

    context: dg.SensorEvaluationContext
    ledger: LedgerResource
    duties: Duties
    store: Database
    state: DeliveryState
    now: float

    def read(self) -> list[DueMessage]:
        """The messages, oldest first."""
        due: list[tuple[Announcement | Digest, DueMessage]] = []
        with self.duties.duty("reading executions to announce"):
            due += self._runs()
        with self.duties.duty("reading digests to announce"):
            due += self._groups()
        with self.duties.duty("reading backfills to announce"):
            due += self._backfills()
        due.sort(key=lambda each: each[0].completed_at)
        return [message for _, message in due]

    def _runs(self) -> Iterator[tuple[Announcement, DueMessage]]:
        since = moment(self.state.announced_from)
        unannounced = outbox.unannounced_runs(self.store, since)
        over = finished_runs(
            self.context.instance, unannounced, handled_until=self.state.lost_after
        )
        for message in outbox.announcements(
            self.store,
            over,
            since=since,
            run_url=self.ledger.run_url,
            each=self.duties.duty,
        ):
            stamp = partial(outbox.mark_announced, self.store, message.executions)
            yield message, DueMessage(message, stamp)

    def _groups(self) -> Iterator[tuple[Digest, DueMessage]]:
        instance, since = self.context.instance, moment(self.state.announced_from)
        for group in digests.unannounced_groups(self.store, since):
            with self.duties.duty(f"summing up {group.name}"):
                if not group_over(
                    instance, group, handled_until=self.state.lost_after, now=self.now
                ):
                    continue
                sum_up = partial(
                    digests.digest,
                    self.store,
                    group,
                    url=self.ledger.run_group_url(group.name),
                    backfill=backfills.how_it_ended(instance, group.name),
                )
                digest = sum_up(since=since)

                def in_all(_: str, sum_up: partial[Digest] = sum_up) -> Digest:
                    return sum_up(since=None)

                stamp = partial(digests.mark_group_announced, self.store, group, since)
                place = Place([group.name], in_all, loud="failure" in digest.kinds)
                yield digest, DueMessage(digest, stamp, place)

    def _backfills(self) -> Iterator[tuple[Digest, DueMessage]]:
        """Those that did nothing: of others there is a run group."""
        for digest, stamp in backfills.unannounced(
            self.context,
            self.store,
            self.ledger.run_group_url,
            since=moment(self.state.announced_from),
            handled_until=self.state.lost_after,
        ):
            place = Place([digest.run_group], lambda _, digest=digest: digest)
            yield digest, DueMessage(digest, stamp, place)
