"""Dagster as a child of `dp dev`, and how it ends when somebody has had enough of it.

Ctrl-C in a terminal reaches every process of its group: of Dagster's seven those that are importing
modules ended with a traceback, and runs lost the servers that they need while they closed their
ledger rows. So Dagster is in a session of its own, and is ended from here, in order.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import IO, TYPE_CHECKING, TypeVar

import click
import psutil

from dp_pipeline.cli.brief_output import BriefOutput
from dp_pipeline.cli.group import instance_in_use
from dp_pipeline.instance.in_time import in_time
from dp_pipeline.instance.stopped_runs import cancel_runs, queue_anew
from dp_pipeline.settings.places import dagster_settings

if TYPE_CHECKING:
    import dagster as dg

T = TypeVar("T")

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SERVICES_SECONDS = 1.5
"""Daemon and code servers begin nothing new from the first signal on. Of what they do afterwards
most is Python taking itself apart: on a busy machine 6 s of it, from which runs that close their
ledger rows lacked the processor."""
_RUNS_SECONDS = 15.0
"""A run that is to stop closes its ledger rows first, mostly within a second."""
_GIVEN_UP_SECONDS = 20.0
_STORAGE_SECONDS = 5.0
"""Dagster's storage answers in 0.1 s; one that is away keeps nobody from stopping."""
_WEBSERVER = "dagster_webserver"
_DG = """
from dp_pipeline.instance.parent import end_with_parent
end_with_parent({pipe}, ["-m", "dp_pipeline.cli.dagster_child"])
from dagster_dg_cli.cli import main
main()
"""
"""The program `dg`, wherever pip has put it; ended from outside when this process was killed."""
_LOOKED_EVERY = 0.1
_LAST_WORDS_SECONDS = 1.0


def by_ctrl_c(said: str) -> str:
    """What is said of ctrl-C, where there is somebody to type it: a service has no keyboard."""
    return said if sys.stdin is not None and sys.stdin.isatty() else ""


def noted_stop_requests() -> list[int]:
    """Note from now on that the process is to stop; the second time ends it at once.

    An interruption in the middle of what is prepared was swallowed by whatever was at work: of
    eleven ctrl-C within a second and a half of the start, SQLAlchemy logged one with a traceback
    and closed its pool, and Dagster started.
    """
    stop_requests: list[int] = []

    def note(number: int, _: object) -> None:
        stop_requests.append(number)
        if len(stop_requests) > 1:
            raise KeyboardInterrupt

    for number in _ENDING:
        signal.signal(number, note)
    return stop_requests


def run_dagster(  # noqa: PLR0913 - where, with what, and what is heard of it
    host: str,
    port: int,
    environment: Mapping[str, str],
    stop_requests: list[int],
    *,
    lock: int,
    opened: Callable[[], None],
    brief: Callable[[], BriefOutput] | None,
) -> int:
    """Run `dg dev` until it ends or is to stop; its exit code, 0 if it was to stop.

    Args:
        host: where its pages are served.
        port: likewise.
        environment: what it has beside this process' own.
        stop_requests: as `noted_stop_requests` notes them.
        lock: a descriptor that it holds as long as it lives.
        opened: called once the pages answer.
        brief: makes what reads one stream of its output; None: all of the output is shown.
    """
    if stop_requests:
        return 0
    for number in _ENDING:
        signal.signal(number, lambda number, _: stop_requests.append(number))
    level = "warning" if brief else "info"
    arguments = ("--host", host, "--port", str(port), "--log-level", level)
    child, held_open = _started(arguments, environment, lock)
    shown = [
        _show(child.stdout, sys.stdout.fileno(), stop_requests, brief),
        _show(child.stderr, sys.stderr.fileno(), stop_requests, brief),
    ]
    is_open = False
    while child.poll() is None and not stop_requests:
        if not is_open and _answers(host, port):
            is_open = True
            opened()
        time.sleep(_LOOKED_EVERY)
    if stop_requests:
        with suppress(OSError):  # the terminal may be gone
            click.echo(f"Stopping{by_ctrl_c('; ctrl-C again stops it at once')}.")
    else:
        for each in shown:
            each.join(_LAST_WORDS_SECONDS)
    is_wanted = bool(stop_requests)
    # of a Dagster that was killed its servers are left
    queued = _end(child.pid, stop_requests)
    os.close(held_open)
    if queued:
        with suppress(OSError):
            click.echo(_cut_off(queued))
    return 0 if is_wanted else child.wait()


def _started(
    arguments: Sequence[str], environment: Mapping[str, str], lock: int
) -> "tuple[subprocess.Popen[bytes], int]":
    """Start `dg dev`; it ends when nobody holds the descriptor any more that comes with it."""
    parent_lives, held_open = os.pipe()
    child = subprocess.Popen(  # noqa: S603 - our own program
        [
            *(sys.executable, "-c", _DG.format(pipe=parent_lives), "dev"),
            *("--workspace", str(dagster_settings() / "workspace.yaml")),
            *arguments,
        ],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(parent_lives, lock),
    )
    os.close(parent_lives)
    return child, held_open


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _LOOKED_EVERY).close()
    except OSError:
        return False
    return True


def _show(
    output: IO[bytes] | None,
    descriptor: int,
    stop_requests: list[int],
    brief: Callable[[], BriefOutput] | None,
) -> threading.Thread:
    """Pass on what Dagster says, or what matters of it, until it is to stop.

    After that it prints a trace for every sensor that it still evaluates without a code server, and
    for every run that is interrupted, of which the ledger and Dagster's pages have a sentence.
    """
    assert output is not None  # noqa: S101 - it is a pipe
    reader = brief() if brief else None

    def show() -> None:
        for said in output:
            lines = [said]
            if reader is not None:
                text = said.decode(errors="replace").rstrip("\r\n")
                lines = [f"{line}\n".encode() for line in reader.lines(text)]
            for each in lines:
                with suppress(OSError):  # the terminal may be gone; Dagster goes on talking
                    left = each
                    while left and not stop_requests:
                        left = left[os.write(descriptor, left) :]

    thread = threading.Thread(target=show, name="output", daemon=True)
    thread.start()
    return thread


def _cut_off(runs: int) -> str:
    return (
        "1 run was cut off; it begins anew at the next start."
        if runs == 1
        else f"{runs} runs were cut off; they begin anew at the next start."
    )


def _end(leader: int, stop_requests: list[int]) -> int:
    """End Dagster and all that it started: services, to begin nothing new, and runs with care.

    How many runs were cut off, and are queued anew.
    """
    before = _session(leader)
    words = [_words(process) for process in before]
    sockets = {word for each in words for option, word in pairwise(each) if option == "--socket"}
    # not SIGINT: a Python that is importing modules ends at this one without a word
    for process in before:
        if process.pid == leader:
            _send(process, signal.SIGTERM)
        if _WEBSERVER in _words(process):  # which leaves nothing undone
            _send(process, signal.SIGKILL)
    cut_off = _of_storage(lambda instance: cancel_runs(instance, sockets)) or ()
    _end_session(leader, stop_requests)
    return _of_storage(lambda instance: queue_anew(instance, cut_off)) or 0 if cut_off else 0


def _of_storage(work: "Callable[[dg.DagsterInstance], T]") -> T | None:
    """Do something in Dagster's storage; None where that does not work."""

    def opened() -> T:
        with instance_in_use() as instance:
            return work(instance)

    try:
        return in_time(_STORAGE_SECONDS, opened, "stopped runs")
    except Exception:  # noqa: BLE001 - whatever is wrong with the storage, the stop goes on
        return None


def _end_session(leader: int, stop_requests: list[int]) -> None:
    stopped: set[psutil.Process] = set()
    began = time.monotonic()
    while (passed := time.monotonic() - began) < _GIVEN_UP_SECONDS:
        left = _session(leader)
        if not left:
            break
        runs = {process for process in left if _is_run(process)}
        for process in runs - stopped:
            _send(process, signal.SIGTERM)
        stopped |= runs
        if len(stop_requests) > 1 or passed > _RUNS_SECONDS:
            doomed = left
        else:
            doomed = left - runs if passed > _SERVICES_SECONDS else set()
        for process in doomed:
            _send(process, signal.SIGKILL)
        time.sleep(_LOOKED_EVERY)


def _session(leader: int) -> set[psutil.Process]:
    """The living processes of a session, orphans too."""
    processes = set()
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                processes.add(process)
    return processes


def _is_run(process: psutil.Process) -> bool:
    return any("multiprocessing.spawn" in word for word in _words(process))


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has ended


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


if __name__ == "__main__":
    _end(int(sys.argv[1]), [])
