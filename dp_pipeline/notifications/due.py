"""What is due of executions: runs on their own, run groups and backfills, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import dagster as dg

from dp_pipeline.database.database import Database
from dp_pipeline.notifications import backfills, digests, outbox
from dp_pipeline.notifications.days import place_of
from dp_pipeline.notifications.delivery import DueMessage
from dp_pipeline.notifications.digests import RunGroup
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.folding import settled
from dp_pipeline.notifications.incidents import moment
from dp_pipeline.notifications.notes import DeliveryState
from dp_pipeline.notifications.runs import finished_runs, group_over
from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.notifications.slack.digest import Digest
from dp_pipeline.notifications.threads import Place
from dp_pipeline.resources import LedgerResource
from dp_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class DueExecutions:
    """What is unannounced of executions, as one tick reads it; each kind is read by itself.

    With `threads` the channel has them, and messages can be edited.
    """

    context: dg.SensorEvaluationContext
    ledger: LedgerResource
    duties: Duties
    store: Database
    state: DeliveryState
    now: float
    threads: bool

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
        over = finished_runs(self.context.instance, unannounced, handled=self.state.handled_runs)
        run_url, zone = self.ledger.run_url, Settings.load().timezone
        messages = outbox.announcements(
            self.store,
            over,
            since=since,
            run_url=run_url,
            report_url=self.ledger.report_url,
            each=self.duties.duty,
        )
        # A bot edits what it posted: nothing has to wait for more.
        for message in settled(messages, moment(self.now), hold=not self.threads):
            stamp = partial(outbox.mark_announced, self.store, message.executions)
            place = place_of(self.store, message, run_url, zone, sum_up=self._again)
            yield message, DueMessage(message, stamp, place)

    def _groups(self) -> Iterator[tuple[Digest, DueMessage]]:
        instance, handled = self.context.instance, self.state.handled_runs
        for group in digests.unannounced_groups(self.store, moment(self.state.announced_from)):
            with self.duties.duty(f"summing up {group.name}"):
                if group_over(instance, group, handled=handled, now=self.now):
                    yield self._digest(group)

    def _digest(self, group: RunGroup) -> tuple[Digest, DueMessage]:
        """What is unannounced of a run group; its thread begins with all of it."""
        digest = self._sum_up(group)
        since = moment(self.state.announced_from)
        stamp = partial(digests.mark_group_announced, self.store, group, since)
        loud = "failure" in digest.kinds
        place = Place([group.name], lambda _: self._sum_up(group, in_all=True), loud=loud)
        return digest, DueMessage(digest, stamp, place)

    def _sum_up(self, group: RunGroup, *, in_all: bool = False) -> Digest:
        summed = digests.digest(
            self.store,
            group,
            since=moment(self.state.announced_from),
            url=self.ledger.run_group_url(group.name),
            report_url=self.ledger.report_url,
            in_all=in_all,
        )
        return replace(summed, backfill=backfills.how_it_ended(self.context.instance, group.name))

    def _again(self, name: str) -> Digest:
        """All of a run group that was announced, for a thread that goes on."""
        return self._sum_up(digests.announced_group(self.store, name), in_all=True)

    def _backfills(self) -> Iterator[tuple[Digest, DueMessage]]:
        """Those that did nothing: of others there is a run group."""
        for digest, stamp in backfills.unannounced(
            self.context,
            self.store,
            self.ledger.run_group_url,
            since=moment(self.state.announced_from),
            runs=self.state.handled_runs,
        ):
            place = Place([digest.run_group], lambda _, digest=digest: digest)
            yield digest, DueMessage(digest, stamp, place)
