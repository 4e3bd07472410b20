"""The one delivery: what is due is posted in order, at the rate Slack allows, and then stamped.

What is due is the business of announcing.py and detection.py; how a message reaches Slack, of
slack/bot.py and slack/webhook.py; in which thread, of threads.py. A message is posted once in a
tick. What failed is posted again by later ticks; what may have been taken once more at most
(attempts.py).
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.database.locks import Lock, held
from dp_pipeline.http.rate_limit import reserve
from dp_pipeline.instance.address import dagster_url
from dp_pipeline.notifications import incidents, threads
from dp_pipeline.notifications.attempts import LONGEST_PAUSE_SECONDS, Attempts
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.slack.bot import SlackBot
from dp_pipeline.notifications.slack.resource import OFF
from dp_pipeline.notifications.slack.transport import (
    Message,
    SlackGoneError,
    SlackRefusedError,
    SlackSetupError,
    SlackUnansweredError,
    SlackUnavailableError,
)
from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline.notifications.threads import Place, Thread
from dp_pipeline.settings import Class, Settings

# Slack takes one message a second in a channel. Dagster gives a tick 60 s: no post, of up to 15 s,
# begins after 40 s.
MESSAGES_PER_TICK = 20
SECONDS_PER_MESSAGE = 1.0
TICK_SECONDS = 40.0
_SLACK = "slack"  # in the table of rate limits, where providers have their names

_LOCK = "dp_pipeline.delivery"

ANOTHER_DELIVERS = "Another tick goes on delivering messages; this one delivers none."
"""A tick outlives the daemon that began it, and the 60 s that Dagster waits for it."""


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message whose time has come, how it is stamped as announced, and its place in threads.

    One without a place stands by itself.
    """

    message: Message
    stamp: Callable[[], None]
    place: Place | None = None


@dataclass(slots=True)
class Delivery:
    """The messages of one tick, with counts of what became of them.

    Args:
        slack: the bot or the webhook; None while Slack is off.
        wanted: the classes that are posted, "failure" with the ends of failures; the others count
            as announced.
        duties: a message that cannot be rendered holds up no other one.
        log: of the tick.
        store: keeps the rate limit and the attempts; None while the database is away.
        latest: on the monotonic clock; no post begins after it, except the first.
    """

    slack: SlackBot | SlackWebhook | None
    wanted: frozenset[Class]
    duties: Duties
    log: logging.Logger
    store: Database | None = None
    latest: float = field(default_factory=lambda: time.monotonic() + TICK_SECONDS)
    posted: int = 0
    refused: int = 0
    assumed: int = 0
    tried: int = 0
    suppressed: int = 0
    left: bool = False
    error: SlackUnavailableError | None = None
    _attempts: Attempts = field(init=False)
    _lock: Lock | None = None
    _said_no: list[str] = field(default_factory=list)

    def deliver(self, *due: Callable[[], Sequence[DueMessage]]) -> list[str]:
        """Post what is due now; what came of it, in words.

        Each of `due` gives messages in their order. It is called when nothing else delivers, so
        that what another tick has just announced is none of them.

        Raises:
            DatabaseError: a message cannot be stamped, or the lock is lost.
        """
        if self.slack is None:
            return [OFF]
        with ExitStack() as stack:
            if self.store is not None:
                self._lock = stack.enter_context(held(self.store, _LOCK))
                if self._lock is None:
                    return [ANOTHER_DELIVERS]
            self._attempts = Attempts(self.store)
            if (pause := self._attempts.pause_left) > 0:
                said = (
                    f"Slack asked for a pause of another {pause:.0f} s, or did not answer for so "
                    "long that posting pauses; the messages wait"
                )
                return [said]
            try:
                for each in due:
                    self._deliver(self.slack, each())
            finally:
                if self.error is not None:
                    self._attempts.pause(self._pause_seconds(self.error), because=str(self.error))
        counts = {
            "messages sent": self.posted,
            "messages refused by Slack for good": self.refused,
            "messages counted as announced that nothing confirmed": self.assumed,
            "messages suppressed or not wanted": self.suppressed,
        }
        said = [f"{count} {what}" for what, count in counts.items() if count]
        return said if self.error is None else [*said, f"{self.error} The messages wait."]

    def _deliver(self, slack: SlackBot | SlackWebhook, waiting: Sequence[DueMessage]) -> None:
        """Post what is wanted, in order; stamp that and what is not."""
        for place, due in enumerate(waiting):
            if not self._is_wanted(due.message):
                due.stamp()
                self.suppressed += 1
            elif self._attempts.of(due.message.key).over:
                self._give_up(due)
            elif not self._may_post(due):
                if self.left:
                    break
            else:
                if self._lock is not None:
                    self._lock.check()
                self._post(slack, due)
                if self.left:
                    self.log.warning(f"{self.error} {len(waiting) - place} messages wait.")  # noqa: G004
                    break

    def _is_wanted(self, message: Message) -> bool:
        """Whether its class is posted: who hears of a failure hears of its end."""
        ended = message.ends_failure and "failure" in self.wanted
        return ended or bool(message.kinds & self.wanted)

    def _pause_seconds(self, error: SlackUnavailableError) -> float:
        """How long no tick is to post anything, because Slack said so or nobody answers."""
        longest = max(error.retry_after or 0.0, self._attempts.pause_seconds)
        return min(longest, LONGEST_PAUSE_SECONDS)

    def _post(self, slack: SlackBot | SlackWebhook, due: DueMessage) -> None:
        """Post one message. If it is left, the others wait too, with few exceptions."""
        key = due.message.key
        self.tried += 1
        self._attempts.begins(key)
        taken = False
        with self.duties.duty(f"posting {key}"):
            try:
                self._send(slack, due)
                taken = True
            except SlackUnansweredError as error:
                self._attempts.stays_doubtful(key)
                self.error, self.left = error, True
                # Without a database nobody would know in the next tick how often it was tried.
                taken = self.store is None
            except SlackUnavailableError as error:
                needs_person = isinstance(error, SlackSetupError)
                self._attempts.failed(key, refused=error.answered, needs_person=needs_person)
                self.error = error
                # What Slack says no to again and again is not to hold up the others for ever; that
                # it is of this message shows when it takes another one.
                self.left = not (error.answered and self._attempts.of(key).refused)
                self._said_no.append(key)
            except SlackRefusedError as error:
                # It will never be taken; what it is about can still be seen in Dagster.
                self.log.error(str(error))  # noqa: TRY400 - the sentence says it all
                self._stamp(due)
                self.refused += 1
            except Exception:
                # What cannot be rendered was not sent, and does not stop the others.
                self._attempts.failed(key)
                raise
        if taken:
            self._stamp(due)
            self.posted += 1
            while self._said_no:
                self._attempts.passed(self._said_no.pop())

    def _send(self, slack: SlackBot | SlackWebhook, due: DueMessage) -> None:
        """Send one message by itself, or as its place says; raises errors of Slack."""
        place, store = due.place, self.store
        if isinstance(slack, SlackWebhook) or store is None or place is None:
            slack.post(due.message)
            return
        key = due.message.key
        while (thread := threads.find(store, place.keys, slack.channel)) is not None:
            if thread.last_message == key:
                return  # a daemon that was killed then had posted it
            try:
                slack.edit(place.heading(thread.key), thread.at)
                if place.reply:
                    self._pause_between()
                    slack.post(due.message, below=thread.at, loud=place.loud)
            except SlackGoneError as error:
                self.log.warning(f"{error} Another thread is taken.")  # noqa: G004
                threads.forget(store, thread.key)
                self._pause_between()
            else:
                threads.go_on(store, thread.key, key)
                return
        begun = place.keys[-1]
        at = slack.post(place.heading(begun))
        threads.begin(store, slack.channel, Thread(begun, at, key))

    def _pause_between(self) -> None:
        """Wait until the rate limit allows the second request about a message."""
        assert self.store is not None  # noqa: S101 - for the type checker
        with self.store.transaction() as connection:
            time.sleep(reserve(connection, _SLACK, SECONDS_PER_MESSAGE) or SECONDS_PER_MESSAGE)

    def _stamp(self, due: DueMessage) -> None:
        try:
            due.stamp()
        except Exception:
            self._attempts.taken(due.message.key)
            raise
        self._attempts.stamped(due.message.key)

    def _give_up(self, due: DueMessage) -> None:
        """Stamp what is not to be posted any more, and say why."""
        key = due.message.key
        tried = self._attempts.of(key)
        if tried.taken:
            self.posted += 1
        elif tried.refusals > tried.doubtful:
            self.refused += 1
            text = f"Slack took others and said no to {key}; it will not be sent again."
            self.log.error(text)
        else:
            self.assumed += 1
            self.log.warning(
                f"{key} was sent {tried.doubtful} times and nothing said whether Slack took it; it "  # noqa: G004
                "counts as announced rather than being repeated again and again."
            )
        self._stamp(due)

    def _may_post(self, due: DueMessage) -> bool:
        """Wait until the rate limit allows it; False if it does not in this tick."""
        if self.left or self.tried >= MESSAGES_PER_TICK:
            self.left = True
            return False
        if self._said_no and not self.posted and self._attempts.of(due.message.key).refused:
            return False  # one no a tick is enough, as long as Slack takes nothing at all
        if self.store is not None:
            with self.store.transaction() as connection:
                wait = reserve(connection, _SLACK, SECONDS_PER_MESSAGE)
        else:
            wait = SECONDS_PER_MESSAGE if self.tried else 0.0
        if wait is None or (self.tried and time.monotonic() + wait > self.latest):
            self.left = True
            return False
        time.sleep(wait)
        return True


def due_incidents(
    store: Database, duties: Duties, which: sa.ColumnElement[bool] | None = None
) -> list[DueMessage]:
    """What is to be announced of incidents."""
    messages: list[incidents.Announceable] = []
    root = ""
    with duties.duty("reading incidents to announce"), store.transaction() as connection:
        root = dagster_url(Settings.load())
        messages = incidents.unannounced(connection, root, which)

    def stamp(message: incidents.Announceable) -> None:
        with store.transaction() as connection:
            message.mark_announced(connection)

    def heading(message: incidents.Announceable, _: str) -> Message:
        with store.transaction() as connection:
            return incidents.heading(connection, message, root)

    return [
        DueMessage(
            each.notice,
            partial(stamp, each),
            Place([each.thread], partial(heading, each), loud=not each.ended),
        )
        for each in messages
    ]
