"""A process that works on an execution, to be killed."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

WORKER = """
    import sys, time
    from pathlib import Path
    from uuid import UUID
    import anyio
    from dp_pipeline.database.database import Database
    from dp_pipeline.ledger.execution import Run
    from dp_pipeline.ledger.ledger import Ledger
    from dp_pipeline.storage import Folder

    async def work():
        ledger = Ledger(Database(sys.argv[1]), Folder(Path(sys.argv[2])))
        with ledger.working():
            async with ledger.track("teams", "openligadb:bl1:2024", Run(UUID(sys.argv[3]))):
                print("open", flush=True)
                await anyio.sleep(float(sys.argv[4]))

    anyio.run(work)
"""


@pytest.fixture
def worker(
    migrated_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[float], subprocess.Popen[str]]:
    def start(seconds: float) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                textwrap.dedent(WORKER),
                migrated_url,
                str(tmp_path),
                str(uuid4()),
                str(seconds),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )

        def stop() -> None:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

        request.addfinalizer(stop)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    return start
