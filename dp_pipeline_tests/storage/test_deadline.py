"""The deadline of a store: whatever it raises and however long it hangs."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import anyio
import pytest

from dp_pipeline.storage import Folder, ObjectStoreError, Storing, deadline, within
from dp_pipeline_tests.storage.endpoints import Endpoint, hang


class NoStore(Folder):
    """Raises what it is told, as a store does that nobody has thought of."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(Path())
        self.error = error
        self.asked = 0

    def has(self, key: str) -> bool:  # noqa: ARG002
        self.asked += 1
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        RecursionError("deep"),
        AttributeError("no response"),
        TimeoutError(),
        MemoryError(),
        KeyboardInterrupt(),
        SystemExit(1),
        GeneratorExit(),
        StopIteration(),
        ObjectStoreError("The bucket is away."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_store_raises_is_an_error_of_the_store(error: BaseException) -> None:
    store = NoStore(error)
    with pytest.raises(ObjectStoreError):
        within(5, lambda: store.has("a"))
    storing = Storing(store)
    for _ in range(3):
        with pytest.raises(ObjectStoreError):
            anyio.run(storing.has, "a")
    assert store.asked == 2, "a store that has just failed is left alone"


def test_an_error_of_one_object_is_not_the_store_s() -> None:
    store = NoStore(ObjectStoreError("It is no key.", retryable=False))
    storing = Storing(store)
    for _ in range(3):
        with pytest.raises(ObjectStoreError):
            anyio.run(storing.has, "a")
    assert store.asked == 3


def test_calls_that_hang_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_places", threading.BoundedSemaphore(2))
    free = threading.Event()
    for _ in range(2):
        with pytest.raises(ObjectStoreError, match="did not answer within"):
            within(0.05, free.wait)
    before = threading.active_count()
    with pytest.raises(ObjectStoreError, match="earlier calls"):
        within(0.05, free.wait)
    assert threading.active_count() <= before
    free.set()
    assert within(10, lambda: 1) == 1


PROCESS = """
    import sys
    import anyio
    from dp_pipeline.storage import S3, ObjectStoreError, Storing
    from dp_pipeline.settings import S3Settings

    settings = S3Settings(
        bucket="reports", access_key="a", secret_key="b", region="eu-west-1",
        endpoint_url=sys.argv[1],
    )
    store = S3(settings, answer_seconds=600)
    store._client  # what boto3 takes to be loaded is none of the endpoint's time
    async def work():
        await Storing(store, answer_seconds=0.5).put("a", b"", content_type="text/plain")

    try:
        anyio.run(work)
    except ObjectStoreError as error:
        print(error, flush=True)
"""


def test_a_process_ends_though_its_store_hangs() -> None:
    with Endpoint(lambda _: hang).listening() as endpoint:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROCESS), endpoint.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            assert "did not answer within 0.5 s" in process.stdout.readline()
            began = time.monotonic()
            assert process.wait(60) == 0
            assert time.monotonic() - began < 30, "it waited for the thread that hangs"
