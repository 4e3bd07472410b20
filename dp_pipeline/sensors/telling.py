"""Posting what is due from a tick: at Slack's pace, in order, never late, each stamped once told.

What is due is the business of announce.py and watch.py; how a message reaches Slack, of
messages/slack.py.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dp_pipeline.database.database import Database
from dp_pipeline.database.locks import Lock
from dp_pipeline.database.pace import take_turn
from dp_pipeline.messages.news import Class
from dp_pipeline.messages.slack import (
    Message,
    SlackRefusedError,
    SlackUnavailableError,
    SlackWebhook,
)

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
        store: keeps the pace over all sensors; None while it cannot, for a pace of our own.
        lock: without it another tick may be telling the same; None if nothing is to be asked.
    """

    webhook: SlackWebhook
    wanted: frozenset[Class]
    latest: float
    log: logging.Logger
    store: Database | None = None
    lock: Lock | None = None
    posted: int = 0
    refused: int = 0
    kept_back: int = 0
    left: bool = False
    error: SlackUnavailableError | None = None

    def tell(self, waiting: Sequence[Due]) -> bool:
        """Post what is wanted, in order; stamp that and what is not. False if some is left.

        Raises:
            DatabaseError: it cannot be stamped, or the lock is lost; inside `held`.
        """
        for place, due in enumerate(waiting):
            if not due.kinds & self.wanted:
                due.stamp()
                self.kept_back += 1
                continue
            if not self._may_post():
                self.left = True
                return False
            if self.lock is not None:
                self.lock.check()
            try:
                self.webhook.post(due.message)
            except SlackUnavailableError as error:
                self.log.warning(f"{error} {len(waiting) - place} messages wait.")  # noqa: G004
                self.error, self.left = error, True
                return False
            except SlackRefusedError as error:
                # It will never be taken; what it tells of can still be seen in Dagster.
                self.log.error(str(error))  # noqa: TRY400 - the sentence says it all
                due.stamp()
                self.refused += 1
            else:
                due.stamp()
                self.posted += 1
        return True

    def counts(self) -> dict[str, int]:
        """What became of the messages, for the sentence of a tick."""
        return {"messages sent": self.posted, "messages refused by Slack for good": self.refused}

    def _may_post(self) -> bool:
        """Wait for the turn; False if it does not come in this tick."""
        tried = self.posted + self.refused
        if self.left or tried >= MESSAGES_PER_TICK:
            return False
        if self.store is not None:
            with self.store.transaction() as connection:
                wait = take_turn(connection, _SLACK, SECONDS_PER_MESSAGE)
        else:
            wait = SECONDS_PER_MESSAGE if tried else 0.0
        if wait is None or (tried and time.monotonic() + wait > self.latest):
            return False
        time.sleep(wait)
        return True
