"""A real PgBouncer before a test's database; tests that need it skip where it is not installed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from dp_pipeline_tests.servers import free_port

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


@contextlib.contextmanager
def pgbouncer(url: str, mode: str, **settings: object) -> Generator[str]:
    """Pool the connections to the server of `url`; the pooler's own URL of that database.

    Args:
        url: where the connections go.
        mode: `session`, `transaction` or `statement`.
        settings: of the pooler, beside those that a test needs.
    """
    if PGBOUNCER is None:
        pytest.skip("PgBouncer is not installed here")
    target = make_url(url)
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="dp-pgbouncer-"))
    folder.chmod(0o755)
    lines = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": mode,
        "default_pool_size": 20,
        **settings,
    }
    server = f"host={target.query['host']} port={target.query.get('port', 5432)}"
    owner = Path(str(target.query["host"])).stat()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = {server} user={target.username}\n[pgbouncer]\n"
        + "".join(f"{name} = {value}\n" for name, value in lines.items())
    )
    # It refuses to be root, and only the user of the server may enter the folder of its socket.
    user = [] if os.getuid() else ["setpriv", f"--reuid={owner.st_uid}", "--clear-groups"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*user, PGBOUNCER, str(configuration)], stderr=log)
    try:
        pooled = target.set(host="127.0.0.1", port=port, query={})
        given = pooled.render_as_string(hide_password=False)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(given):
                break
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
        yield given
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
