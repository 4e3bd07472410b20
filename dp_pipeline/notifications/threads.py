"""Threads of the bot in Slack: which there is for a message, kept for a daemon started again.

What a thread's first message says belongs to whoever makes the message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables import slack_thread
from dp_pipeline.notifications.slack.transport import Message, Posted

KEPT = timedelta(days=90)
"""A thread that nothing was posted to for so long is not gone on with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands in a channel that has threads.

    Args:
        keys: of the threads it may go on with, the best first; the last one is begun otherwise.
        heading: what the first message of a thread, by its key, says with this one.
        reply: whether it is posted as a reply too, beside what the first message says of it.
        loud: whether a reply is shown in the channel too.
    """

    keys: Sequence[str]
    heading: Callable[[str], Message]
    reply: bool = True
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread: where its first message stands, and which message was its last."""

    key: str
    at: Posted
    last_message: str


def find(store: Database, keys: Sequence[str], channel: str) -> Thread | None:
    """The first of these threads that there is in a channel."""
    table = slack_thread.c
    query = sa.select(slack_thread).where(
        table.key.in_(keys), table.channel == channel, table.updated_at > sa.func.now() - KEPT
    )
    with store.transaction() as connection:
        threads = {row.key: row for row in connection.execute(query)}
    for key in keys:
        if (row := threads.get(key)) is not None:
            return Thread(key, Posted(row.channel_id, row.ts), row.last_message)
    return None


def begin(store: Database, channel: str, thread: Thread) -> None:
    """Note a thread that was begun; those that are too old are forgotten."""
    values = {
        "channel": channel,
        "channel_id": thread.at.channel,
        "ts": thread.at.ts,
        "last_message": thread.last_message,
        "updated_at": sa.func.now(),
    }
    noted = insert(slack_thread).values(key=thread.key, **values)
    old = sa.delete(slack_thread).where(slack_thread.c.updated_at < sa.func.now() - KEPT)
    with store.transaction() as connection:
        connection.execute(old)
        connection.execute(
            noted.on_conflict_do_update(index_elements=[slack_thread.c.key], set_=values)
        )


def go_on(store: Database, key: str, last_message: str) -> None:
    """Note which message was the last one of a thread."""
    noted = sa.update(slack_thread).where(slack_thread.c.key == key)
    with store.transaction() as connection:
        connection.execute(noted.values(last_message=last_message, updated_at=sa.func.now()))


def forget(store: Database, key: str) -> None:
    """Forget a thread whose first message is not there any more."""
    with store.transaction() as connection:
        connection.execute(sa.delete(slack_thread).where(slack_thread.c.key == key))
