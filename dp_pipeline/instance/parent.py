"""A process that does not outlive the one that started it, however that one ends.

Imports nothing but what Python brings: it runs in Dagster's own process before Dagster does.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


def end_with_parent(pipe: int, program: Sequence[str]) -> None:
    """Have this session ended by a program once nobody holds the other end of a pipe.

    Only the parent holds it, so it ends with the parent, of a `kill -9` too: Dagster went on for
    ever after one, with a daemon for which the next start waited.

    Args:
        pipe: the descriptor to read from; nothing is ever written.
        program: the arguments of a Python, which is given the number of this process as the last.
    """

    def watch() -> None:
        os.read(pipe, 1)
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, *program, str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # else it would end itself
            check=False,
        )
        os.killpg(0, signal.SIGKILL)  # it did not work: nobody ever stops this otherwise

    threading.Thread(target=watch, name="parent", daemon=True).start()
