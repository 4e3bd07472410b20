import threading
import time

import anyio

from dp_pipeline.providers.pace import LocalPace, NoPace, Pace


async def _starts(pace: Pace, provider: str, seconds: float, count: int) -> list[float]:
    starts: list[float] = []

    async def one() -> None:
        await pace.wait(provider, seconds)
        starts.append(time.monotonic())

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return starts


def test_requests_of_one_process_are_spaced_over_its_event_loops() -> None:
    pace = LocalPace()
    starts: list[float] = []
    threads = [
        threading.Thread(target=lambda: starts.extend(anyio.run(_starts, pace, "a", 0.05, 3)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(starts) == 6
    assert max(starts) - min(starts) > 0.2


def test_providers_do_not_wait_for_each_other() -> None:
    async def run() -> None:
        pace = LocalPace()
        await pace.wait("a", 10)
        await pace.wait("b", 10)

    started = time.monotonic()
    anyio.run(run)
    assert time.monotonic() - started < 2


def test_no_pace_waits_for_nothing() -> None:
    started = time.monotonic()
    assert len(anyio.run(_starts, NoPace(), "a", 10, 20)) == 20
    assert time.monotonic() - started < 2
