"""Private folders, logs, addresses: what needs no server."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from dp_pipeline.embedded_postgres.files import ServerAddress, trim_log
from dp_pipeline.embedded_postgres.place import is_private


def test_a_directory_is_private_only_as_a_real_one_of_its_owner_alone(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(private)
    assert is_private(private, os.geteuid())
    assert not is_private(private, os.geteuid() + 1)
    assert not is_private(link, os.geteuid())
    assert not is_private(tmp_path / "missing", os.geteuid())
    private.chmod(0o710)
    assert not is_private(private, os.geteuid())


def test_a_long_log_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"old\n" * 10 + b"new\n")
    trim_log(tmp_path, limit=40)
    assert log.read_bytes() == b""
    assert (tmp_path / "server.log.1").read_bytes().endswith(b"old\nnew\n")
    trim_log(tmp_path, limit=40)
    trim_log(tmp_path / "missing", limit=40)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_any_database_name_survives_the_url(name: str) -> None:
    url = ServerAddress("/home", "/data", "/tmp/a b").url(name)  # noqa: S108 (only a text here)
    parameters = conninfo_to_dict(url)
    assert parameters["dbname"] == name
    assert parameters["host"] == "/tmp/a b"  # noqa: S108


def test_importing_it_loads_no_driver() -> None:
    code = (
        "import sys, dp_pipeline.embedded_postgres;"
        "assert not {'psycopg', 'psutil', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
