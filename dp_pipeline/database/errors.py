"""What can go wrong with the database, in a sentence, and whether trying again may help."""

import re
from typing import ClassVar

import psycopg
from sqlalchemy import exc


class DatabaseError(Exception):
    """The database did not do what was requested. The text is a sentence without secrets.

    Args:
        message: what happened, in plain words.
        retryable: whether the same transaction may succeed later.
        sqlstate: the server's code for the error, if the server answered.
    """

    kind: ClassVar[str] = "database"

    def __init__(
        self, message: str, *, retryable: bool = False, sqlstate: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable
        self.sqlstate = sqlstate


class DatabaseConfigurationError(DatabaseError):
    """The database given cannot be used as it is: somebody has to change a setting."""

    kind = "database_configuration"


_LOCK_TIMEOUT = "55P03"
_READ_ONLY = "25006"
# PostgreSQL's appendix A: connection lost; serialization failure, deadlock; shutdown, start-up.
_PASSING_CLASSES = ("08", "40", "57P")
_PASSING = frozenset(
    {
        _LOCK_TIMEOUT,
        _READ_ONLY,  # for a replica that was the primary until just now
        "25P03",  # idle for too long in a transaction: the session was ended
        "25P04",  # the transaction took too long: the session was ended
        "53200",  # out of memory
        "53300",  # too many connections
        "55006",  # somebody else uses the object
        "57014",  # the statement was cancelled, or took too long
    }
)
_SENTENCES = {
    _LOCK_TIMEOUT: (
        "Another process has been writing the same rows for too long; try again later."
    ),
    _READ_ONLY: (
        "The database takes no writes: it is a replica, or was set read only. If that stays, "
        "DP_DATABASE_URL names the wrong server."
    ),
}
_NOT_ALLOWED = "42501"
NO_SESSIONS = (
    "The connections to the database are no sessions: a pooler, such as PgBouncer in transaction "
    "mode, gives each statement another one, and locks would be lost silently. Use the pooler in "
    "session mode, or name Postgres itself in DP_DATABASE_URL."
)
# Without a session the server's code is not passed on by libpq; these are its words for "not now".
_NOT_NOW = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting",
    "too many clients",
    "too many connections",
    "remaining connection slots",
    "terminating connection",
    "due to timeout",
    "could not fork",
    # PgBouncer's
    "no more connections allowed",
    "cannot connect to server",
    "server login has been failing",
    "query_wait_timeout",
    "server down",
)
_LONGEST = 500
_PREFIX = "connection failed: "
"""psycopg's, before what libpq says."""
_QUESTION = re.compile(r"\s*Is the server running [^?]*\?")
"""libpq's, after each address that it has tried; no sentence of ours can end in it."""


def translated(error: exc.SQLAlchemyError | psycopg.Error, password: str | None) -> DatabaseError:
    """What a driver's error means to us. The caller raises it from the error."""
    if isinstance(error, exc.TimeoutError):
        message = "No connection to the database became free in time; too much runs at once."
        return DatabaseError(message, retryable=True)
    if isinstance(error, exc.PendingRollbackError):
        # SQLAlchemy's, of a connection that was lost a moment ago.
        return DatabaseError("The connection to the database was lost.", retryable=True)
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    state = original.sqlstate if isinstance(original, psycopg.Error) else None
    said = _said(original, password)
    if state is None:
        return _without_state(error, original, said)
    if state in _SENTENCES:
        return DatabaseError(_SENTENCES[state], retryable=True, sqlstate=state)
    wrong = _wrong_setting(state, said)
    if wrong is not None:
        return DatabaseConfigurationError(wrong, sqlstate=state)
    retryable = state.startswith(_PASSING_CLASSES) or state in _PASSING
    return DatabaseError(f"The database refused: {said}.", retryable=retryable, sqlstate=state)


def _wrong_setting(state: str, said: str) -> str | None:
    if state == _NOT_ALLOWED:
        return f"The database user lacks a right it needs: {said}."
    # PgBouncer's words, under the code of a lost connection.
    return NO_SESSIONS if "statement pooling mode" in said else None


def is_useless(error: BaseException | None) -> bool:
    """Whether a session that brought this error will do so again, and a new one may not."""
    return isinstance(error, psycopg.Error) and error.sqlstate == _READ_ONLY


def _without_state(
    error: exc.SQLAlchemyError | psycopg.Error, original: BaseException | None, said: str
) -> DatabaseError:
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if lost or isinstance(original, (psycopg.OperationalError, psycopg.InterfaceError)):
        refused = "FATAL:" in said and not any(words in said for words in _NOT_NOW)
        if refused:
            return DatabaseConfigurationError(f"The database does not let us in: {said}.")
        message = f"The connection to the database failed or was lost: {said}."
        return DatabaseError(message, retryable=True)
    return DatabaseError(f"The database could not be reached: {said}.")


def _said(original: BaseException | None, password: str | None) -> str:
    """The server's own first line. Its DETAIL quotes whole rows and stays in the cause."""
    text = ""
    if isinstance(original, psycopg.Error):
        text = original.diag.message_primary or ""
    if not text and original is not None:
        lines = str(original).split("DETAIL:")[0].removeprefix(_PREFIX).splitlines()
        # libpq says the same twice of a server that it asked with and without TLS
        once = " ".join(dict.fromkeys(" ".join(line.split()) for line in lines))
        text = " ".join(_QUESTION.sub(".", once).split())
    if password:
        text = text.replace(password, "***")
    return text[:_LONGEST].rstrip(". ") or type(original).__name__
