"""The process that runs the embedded server: `python -m dp_pipeline.database.embedded.supervisor`.

Started by postgres.py, never by hand. It detaches itself, holds `supervisor.lock` (inherited from
whoever started it), starts or adopts the server, starts it again should it die while in use, and
stops it once nobody has used it for a while. Idle it looks around once a second.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from dp_pipeline.database.embedded.cluster import (
    Cluster,
    EmbeddedPostgresError,
    is_current,
    open_lock,
    trim_log,
    try_lock,
)
from dp_pipeline.database.embedded.server import Server

_TICK_SECONDS = 1.0
_DELETION_SECONDS = 0.25  # what looks like a broken server may be a home that is being deleted
# A server that dies this often within a minute has a fault that starting again does not mend.
_MOST_STARTS_PER_MINUTE = 5


class Supervisor:
    """Watches one server until nobody needs it.

    Args:
        cluster: whose server.
        lock: descriptor of `supervisor.lock`, already taken.
        linger_seconds: how long an unused server stays up.
    """

    def __init__(self, cluster: Cluster, lock: int, linger_seconds: float) -> None:
        self._cluster = cluster
        self._lock = lock
        self._linger_seconds = linger_seconds
        self._unused_since: float | None = None
        self._starts: list[float] = []
        self._told_to_stop = False
        self.server = Server(cluster)

    def tell_to_stop(self, *_: object) -> None:
        """Signal handler: the machine shuts down."""
        self._told_to_stop = True

    def watch(self) -> None:
        """Until the server is no longer needed; then it is stopped.

        Raises:
            EmbeddedPostgresError: the server cannot be kept running, or cannot be stopped.
        """
        tick = min(_TICK_SECONDS, max(self._linger_seconds / 4, 0.05))
        while not self._told_to_stop:
            time.sleep(tick)
            if self.has_lost_home() or not self._is_used():
                break
            if not self.server.is_intact():
                time.sleep(_DELETION_SECONDS)
                if self.has_lost_home():
                    break
                self._restart()
            trim_log(self._cluster.log)
        self.end()

    def end(self, *, immediately: bool = False) -> None:
        """Stop the server, in the way its home allows."""
        if self.has_lost_home():
            self.server.abandon()
        else:
            self.server.stop(immediately=immediately)

    def has_lost_home(self) -> bool:
        """Whether the home was deleted; a new one may already be in its place."""
        return not is_current(self._lock, self._cluster.supervisor_lock)

    def _is_used(self) -> bool:
        """Whether the server is needed. If not, `users.lock` is held from here on.

        Users who come meanwhile wait for it until this process has ended, and then start a new
        supervisor.
        """
        try:
            users = open_lock(self._cluster.users_lock, create=False)
        except FileNotFoundError:  # deleted; the next user makes it anew
            return True
        if not try_lock(users):
            self._unused_since = None
        elif self._is_done():
            return False  # `users` stays open
        os.close(users)
        return True

    def _is_done(self) -> bool:
        """No process has a share. Is there no client either, for long enough?"""
        if not self.server.is_intact():
            return True
        if self.server.clients():
            self._unused_since = None
            return False
        self._unused_since = self._unused_since or time.monotonic()
        return time.monotonic() - self._unused_since >= self._linger_seconds

    def _restart(self) -> None:
        self._starts = [at for at in self._starts if time.monotonic() - at < 60]  # noqa: PLR2004
        if len(self._starts) >= _MOST_STARTS_PER_MINUTE:
            message = f"The server died {len(self._starts)} times within a minute: giving up."
            raise EmbeddedPostgresError(message)
        self._starts.append(time.monotonic())
        say("The server died, or its data directory or socket is gone: starting it again.")
        self.server.restart()


def say(text: str) -> None:
    """A line in the server's log."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    sys.stderr.write(f"{stamp} [{os.getpid()}] supervisor: {text}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Detach; the process that was called waits for the verdict, prints it and ends."""
    directory, lock, linger_seconds = arguments
    verdict, tell = os.pipe()
    if os.fork():
        os.close(tell)
        with os.fdopen(verdict, "rb") as pipe:
            said = pipe.read()
        sys.stdout.write(said.decode())
        return 0 if said and not json.loads(said) else 1
    os.close(verdict)
    os.umask(0o022)
    return _supervise(Cluster(Path(directory)), int(lock), float(linger_seconds), tell)


def _supervise(cluster: Cluster, lock: int, linger_seconds: float, tell: int) -> int:
    """The detached process. `tell` takes the verdict: {} or what went wrong, as JSON."""
    supervisor = Supervisor(cluster, lock, linger_seconds)
    signal.signal(signal.SIGTERM, supervisor.tell_to_stop)
    signal.signal(signal.SIGINT, supervisor.tell_to_stop)
    failure: dict[str, str] = {}
    try:
        with cluster.open_log() as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        supervisor.server.ensure()
    except EmbeddedPostgresError as error:
        failure = {"message": error.message, "log": error.log}
    except Exception as error:  # noqa: BLE001 (somebody waits for the verdict, whatever happened)
        message = f"The embedded Postgres in {cluster.directory} cannot be started: {error!r}."
        failure = {"message": message, "log": ""}
    with os.fdopen(tell, "w") as pipe:
        json.dump(failure, pipe)
    if failure:
        return 1
    try:
        supervisor.watch()
    except (EmbeddedPostgresError, OSError) as error:
        say(f"{error} The server is stopped.")
        supervisor.end(immediately=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
