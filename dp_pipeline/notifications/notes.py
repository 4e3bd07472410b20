"""What the delivery knows from tick to tick, in our database: a tick that is killed keeps it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dp_pipeline.database.database import Database
from dp_pipeline.database.tables import delivery_note

STATE = "state"
ATTEMPTS = "attempts"
BACKFILLS = "backfills"


def read(store: Database, name: str) -> Any:
    """What is noted; None for nothing."""
    note = sa.select(delivery_note.c.value).where(delivery_note.c.name == name)
    with store.transaction() as connection:
        return connection.scalar(note)


def write(store: Database, name: str, value: Any) -> None:
    """Note it in place of what was noted."""
    values = {"value": value, "updated_at": sa.func.now()}
    note = insert(delivery_note).values(name=name, **values)
    with store.transaction() as connection:
        connection.execute(
            note.on_conflict_do_update(index_elements=[delivery_note.c.name], set_=values)
        )
