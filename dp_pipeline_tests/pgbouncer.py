"""A real PgBouncer before a test's database; tests that need it skip where it is not installed."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dp_pipeline_tests.servers import free_port


@contextlib.contextmanager
def pgbouncer(url: str, *, mode: str) -> Generator[str]:
    """Pool the connections to `url`, a database of the embedded server; the pooler's own URL.

    Args:
        url: where the connections go.
        mode: `session`, `transaction` or `statement`.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    parts = urlsplit(url)
    database = parts.path.strip("/")
    [server] = parse_qs(parts.query)["host"]
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n{database} = host={server} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\nlogfile = {folder}/log\n"
    )
    # It refuses to run as root, and only the server's user may enter the server's directory.
    owner = pwd.getpwuid(Path(server).stat().st_uid).pw_name
    os.chown(folder, Path(server).stat().st_uid, -1)
    process = subprocess.Popen(
        [program, *(("-u", owner) if os.geteuid() == 0 else ()), str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, "pgbouncer ended while it started"
            assert time.monotonic() < deadline, "pgbouncer did not start"
            time.sleep(0.02)
        yield f"postgresql://{parts.username}@127.0.0.1:{port}/{database}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)
