"""The database as sensors open it: that one is away is announced, and is no error of a tick."""

import threading
from concurrent.futures import Future

from dp_pipeline.database.database import Database, DatabaseError
from dp_pipeline.embedded_postgres import EmbeddedPostgresError
from dp_pipeline.resources import DatabaseResource

UNUSABLE = (DatabaseError, EmbeddedPostgresError)
GRACE_SECONDS = 20.0
"""How long more than its seconds an opening may take, should the server hang."""


def opened(database: DatabaseResource, *, seconds: float) -> Database:
    """The database, tried for so many seconds.

    Raises:
        DatabaseError, EmbeddedPostgresError: it cannot be used; in time, also if the server hangs.
    """
    found: Future[Database] = Future()

    def work() -> None:
        try:
            found.set_result(database.open(seconds=seconds))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            found.set_exception(error)

    threading.Thread(target=work, name="opening the database", daemon=True).start()
    try:
        return found.result(seconds + GRACE_SECONDS)
    except TimeoutError:
        message = f"The database did not answer within {seconds + GRACE_SECONDS:.0f} s."
        raise DatabaseError(message, retryable=True) from None
