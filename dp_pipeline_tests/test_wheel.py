"""The wheel, installed as people do who have no checkout, and used in an empty directory."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from dp_pipeline.settings import Settings, places
from dp_pipeline_tests.dagster_dev import ROOT, wait_for
from dp_pipeline_tests.servers import free_port

PACKAGE = ROOT / "dp_pipeline"
FILES = "dp_pipeline/settings/dagster_files"
KEY = "sandbox:900002:9000024"
READ = f"""
import sys
from dp_pipeline import read
assert not [name for name in sys.modules if name.startswith("dagster")]
print(read.__file__, len(read.table({KEY!r})))
"""


@pytest.fixture
def no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working directory for a package that is in no checkout."""
    monkeypatch.setattr(places, "_CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_checkout_the_state_is_where_data_of_users_is(
    no_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.load({}).home == no_checkout / "me/.local/share/dp_pipeline"
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert Settings.load({}).home == no_checkout / "me/.local/share/dp_pipeline"
    monkeypatch.setenv("XDG_DATA_HOME", str(no_checkout / "data"))
    assert Settings.load({}).home == no_checkout / "data/dp_pipeline"
    assert places.project_directory() == no_checkout


def test_a_user_without_a_home_has_the_state_in_the_working_directory(
    no_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nobody)
    assert Settings.load({}).home == no_checkout / ".dp"


def test_a_checkout_keeps_its_state_and_its_settings_of_dagster() -> None:
    assert Settings.load({}).home == ROOT / ".dp"
    assert places.project_directory() == places.dagster_settings() == ROOT


def uv() -> str:
    """The program that `make install` uses."""
    program = shutil.which("uv") or str(ROOT / ".venv-tools/bin/uv")
    if not Path(program).exists():
        pytest.skip("there is no uv, which builds and installs the wheel")
    return program


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([uv(), "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and what it needs as this one has it."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([uv(), "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin/python"
    subprocess.run(
        [uv(), "pip", "install", "--quiet", "--no-deps", "--python", python, wheel], check=True
    )
    [packages] = environment.glob("lib/python*/site-packages")
    # This environment's own .pth, by which it has the checkout, is not followed from there.
    (packages / "rest.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return environment / "bin"


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_package_dagsters_settings_and_no_tests(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as opened:
        packed = {name for name in opened.namelist() if ".dist-info/" not in name}
        for name in ("dagster.yaml", "workspace.yaml"):
            assert opened.read(f"{FILES}/{name}") == (ROOT / name).read_bytes()
    there = {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == there | {f"{FILES}/dagster.yaml", f"{FILES}/workspace.yaml"}


@pytest.fixture
def stranger() -> Iterator[Path]:
    """The home of somebody who has installed it; Postgres, which is another user, may enter."""
    home = Path(tempfile.mkdtemp(prefix="dp-wheel-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)  # half a minute on an idle machine
def test_in_an_empty_directory_a_world_runs_a_tournament_is_read_and_python_reads_it(
    programs: Path, stranger: Path
) -> None:
    empty, log = stranger / "empty", stranger / "log"
    empty.mkdir()
    environment = {"PATH": os.defpath, "HOME": str(stranger)}
    with (
        log.open("w") as output,
        subprocess.Popen(
            [programs / "dp", "dev", "--port", str(free_port())],
            cwd=empty,
            env=environment,
            stdout=output,
            stderr=output,
        ) as dev,
    ):

        def season() -> str | None:
            assert dev.poll() is None, log.read_text()
            if opened := re.search(r"^Open (\S+)", log.read_text(), re.MULTILINE):
                with suppress(httpx.TransportError):
                    page = httpx.get(opened[1]).text
                    return page if "<table" in page else None
            return None

        try:
            assert "Simulated League 1" in wait_for("the table", season, 600, every=1)
            ingested = subprocess.run(
                [programs / "dp", "ingest", KEY],
                cwd=empty,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            assert re.search(r"standings +completed +written +18", ingested.stdout)
            read = subprocess.run(
                [programs / "python", "-c", READ],
                cwd=stranger,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            assert read.stdout.startswith(str(programs.parent))
            assert read.stdout.endswith(" 18\n")
        finally:
            dev.send_signal(signal.SIGINT)
            dev.wait(60)
    assert log.read_text().endswith("Stopped.\n")
    assert "Traceback" not in log.read_text()
    assert list(empty.iterdir()) == []
    assert (stranger / ".local/share/dp_pipeline").is_dir()
