"""Posting what is due from a tick: at Slack's pace, in order, never late, each stamped once told.

What is due is the business of announce.py and watch.py; how a message reaches Slack, of
messages/slack.py. A message is posted once in a tick. What failed is posted again by later ticks;
what may have been taken once more at most (attempts.py).
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dp_pipeline.database.database import Database
from dp_pipeline.database.locks import Lock
from dp_pipeline.http.rate_limit import reserve
from dp_pipeline.messages.news import Class
from dp_pipeline.messages.slack import (
    Message,
    SlackRefusedError,
    SlackUnansweredError,
    SlackUnavailableError,
    SlackWebhook,
)
from dp_pipeline.sensors.attempts import LONGEST_PAUSE_SECONDS, Attempts
from dp_pipeline.sensors.duties import Duties

# Slack takes one message a second in a channel. Dagster gives a tick 60 s: no post, of up to 15 s,
# begins after 40 s.
MESSAGES_PER_TICK = 20
SECONDS_PER_MESSAGE = 1.0
TICK_SECONDS = 40.0
# In the table of paces, where providers have their names.
_SLACK = "slack"

ANOTHER_TELLS = "Another tick goes on telling; this one tells nothing."
"""A tick outlives the daemon that began it, and the 60 s that Dagster waits for it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time has come, the classes it belongs to, and how it is stamped as told.

    Without a class it is folded into a later one.
    """

    message: Message
    kinds: frozenset[Class]
    stamp: Callable[[], None]


@dataclass(slots=True)
class Desk:
    """Where messages are sent from in one tick, with counts of what became of them.

    Args:
        webhook: where to.
        wanted: the classes that are posted; the others count as told.
        latest: on the monotonic clock; no post begins after it, except the first.
        log: of the tick.
        attempts: what earlier ticks tried.
        duties: of the tick; a message that cannot be rendered holds up no other one.
        store: keeps the pace over all sensors; None while it cannot, for a pace of our own.
        lock: without it another tick may be telling the same; None if nothing is to be asked.
    """

    webhook: SlackWebhook
    wanted: frozenset[Class]
    latest: float
    log: logging.Logger
    attempts: Attempts
    duties: Duties
    store: Database | None = None
    lock: Lock | None = None
    posted: int = 0
    refused: int = 0
    assumed: int = 0
    tried: int = 0
    kept_back: int = 0
    left: bool = False
    error: SlackUnavailableError | None = None
    _said_no: list[str] = field(default_factory=list)

    def tell(self, waiting: Sequence[Due]) -> bool:
        """Post what is wanted, in order; stamp that and what is not. False if some is left.

        Raises:
            DatabaseError: it cannot be stamped, or the lock is lost; inside `held`.
        """
        done = True
        for place, due in enumerate(waiting):
            if not due.kinds & self.wanted:
                due.stamp()
                self.kept_back += 1
            elif self.attempts.of(due.message.key).over:
                self._give_up(due)
            elif not self._may_post(due):
                done = False
                if self.left:
                    break
            else:
                if self.lock is not None:
                    self.lock.check()
                done &= self._post(due)
                if self.left:
                    self.log.warning(f"{self.error} {len(waiting) - place} messages wait.")  # noqa: G004
                    break
        return done

    def counts(self) -> dict[str, int]:
        """What became of the messages, for the sentence of a tick."""
        return {
            "messages sent": self.posted,
            "messages refused by Slack for good": self.refused,
            "messages counted as told that nothing confirmed": self.assumed,
        }

    @property
    def pause_seconds(self) -> float:
        """How long no tick is to post anything, because Slack said so or nobody answers."""
        asked = (self.error.retry_after if self.error else None) or 0.0
        return min(max(asked, self.attempts.pause_seconds), LONGEST_PAUSE_SECONDS)

    def _post(self, due: Due) -> bool:
        """Post one message; False if it is left. Then the others wait too, with few exceptions."""
        key = due.message.key
        self.tried += 1
        self.attempts.begins(key)
        taken = False
        with self.duties.duty(f"posting {key}"):
            try:
                self.webhook.post(due.message)
                taken = True
            except SlackUnansweredError as error:
                self.attempts.stays_doubtful(key)
                self.error, self.left = error, True
            except SlackUnavailableError as error:
                self.attempts.failed(key, refused=error.answered)
                self.error = error
                # What Slack says no to again and again is not to hold up the others for ever; that
                # it is of this message shows when it takes another one.
                self.left = not (error.answered and self.attempts.of(key).refused)
                self._said_no.append(key)
            except SlackRefusedError as error:
                # It will never be taken; what it tells of can still be seen in Dagster.
                self.log.error(str(error))  # noqa: TRY400 - the sentence says it all
                self._stamp(due)
                self.refused += 1
                return True
            except Exception:
                # What cannot be rendered was not sent, and does not stop the others.
                self.attempts.failed(key)
                raise
        if taken:
            self._stamp(due)
            self.posted += 1
            while self._said_no:
                self.attempts.passed(self._said_no.pop())
        return taken

    def _stamp(self, due: Due) -> None:
        try:
            due.stamp()
        except Exception:
            self.attempts.taken(due.message.key)
            raise
        self.attempts.stamped(due.message.key)

    def _give_up(self, due: Due) -> None:
        """Stamp what is not to be posted any more, and say why."""
        key = due.message.key
        known = self.attempts.of(key)
        if known.told:
            self.posted += 1
        elif known.refusals > known.doubtful:
            self.refused += 1
            self.log.error(f"Slack took others and said no to {key}; it will not be sent again.")  # noqa: G004
        else:
            self.assumed += 1
            self.log.warning(
                f"{key} was sent {known.doubtful} times and nothing said whether Slack took it; it "  # noqa: G004
                "counts as told rather than being repeated again and again."
            )
        self._stamp(due)

    def _may_post(self, due: Due) -> bool:
        """Wait for the turn; False if it does not come in this tick."""
        if self.left or self.tried >= MESSAGES_PER_TICK:
            self.left = True
            return False
        if self._said_no and not self.posted and self.attempts.of(due.message.key).refused:
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
