"""An answer in time, of whatever may hang: a server, a name that is looked up, a stuck disk."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_time(seconds: float, work: Callable[[], T], name: str) -> T:
    """What `work` returns, which is done in a thread that is left behind when the time is over.

    A thread of its own, and a daemon: one of a pool would keep the process from ending for as long
    as what it waits for hangs.

    Raises:
        TimeoutError: there was no answer in time. What `work` raises is passed on.
    """
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            answer.set_exception(error)

    threading.Thread(target=ask, name=name, daemon=True).start()
    return answer.result(seconds)
