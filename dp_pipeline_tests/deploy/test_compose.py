"""compose.yaml is started as the guide says, by Compose itself, and does what the guide says."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dp_pipeline.assets.materialize import INGEST_JOB
from dp_pipeline_tests.deploy.containers import (
    CADDY,
    DEPLOY,
    ROOT,
    Docker,
    base_image,
    compose_command,
    docker,
    packaged,
    pulled,
)
from dp_pipeline_tests.end_to_end.world import until
from dp_pipeline_tests.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

STAND_INS = Path(__file__).parent / "stand_ins"
PASSWORDS = {"operators": ("operator", "of an operator"), "analysts": ("analyst", "of an analyst")}
KEY = "sandbox:900001:9000014"
START_SECONDS, ACTION_SECONDS = 1200, 600


@dataclass
class Stack:
    """What compose.yaml starts, beside a simulated world."""

    docker: Docker
    command: Sequence[object]
    folder: Path
    port: int

    def compose(self, *words: object, check: bool = True, seconds: float = ACTION_SECONDS) -> str:
        """What Compose prints."""
        return self.docker.run(*self.command, *words, cwd=self.folder, check=check, seconds=seconds)

    def shell(self, script: str) -> str:
        """What lines of the guide print, typed beside compose.yaml."""
        compose = " ".join(map(str, self.command))
        typed = script.replace("docker compose", compose)
        return self.docker.run("bash", "-euc", typed, cwd=self.folder, seconds=START_SECONDS)

    def ask(self, site: str, path: str, who: str | None = None, **more: Any) -> httpx.Response:
        """What the proxy answers to somebody who opens an address."""
        with httpx.Client(verify=False, timeout=60) as client:  # noqa: S501 - made by Caddy itself
            request = client.build_request(
                "POST" if "json" in more else "GET",
                f"https://127.0.0.1:{self.port}{path}",
                headers={"Host": site, **more.pop("headers", {})},
                extensions={"sni_hostname": site},
                **more,
            )
            auth = httpx.BasicAuth(*PASSWORDS[who]) if who else None
            return client.send(request, auth=auth)

    def is_served(self) -> bool:
        """Whether the proxy answers."""
        try:
            return bool(self.ask("localhost", "/").status_code)
        except httpx.TransportError:
            time.sleep(1)
            return False

    def sql(self, database: str, question: str) -> list[str]:
        """The rows that a question brings, a line each."""
        words = ("exec", "-T", "postgres", "psql", "-U", "dp", "-d", database, "-Atc", question)
        return self.compose(*words).split()


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Everything is up: begun as the guide begins."""
    with docker() as here:
        if here("volume", "ls", "--quiet", "--filter", "name=dp_pipeline_state").strip():
            pytest.skip("a deployment of compose.yaml is on this machine, and is left alone")
        folder = here.folder / "deploy/docker"
        shutil.copytree(DEPLOY, folder.parent)
        made = Stack(here, compose_command(here), folder, free_port())
        services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
        images = stand_ins(here, services)
        ours = here.build(
            "dp_pipeline:compose-test", DEPLOY / "Dockerfile", ROOT, BASE=base_image(here)
        )
        settle(made, images, ours)
        try:
            made.compose("up", "--detach", seconds=START_SECONDS)
            until("the proxy's certificates", made.is_served, ACTION_SECONDS)
            yield made
        finally:
            made.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)


def stand_ins(docker: Docker, services: dict[str, Any]) -> dict[str, str]:
    """The images of Postgres and proxy: the official ones, or what stands in for them."""
    images = {}
    for service, kind in (("postgres", "postgres"), ("proxy", "caddy")):
        image = services[service]["image"]
        if not pulled(docker, image):
            context = shutil.copytree(STAND_INS / kind, docker.folder / f"{kind}-image")
            if kind == "caddy":
                shutil.copy(packaged(docker, CADDY, "caddy"), context)
            image = docker.build(
                f"dp-test-{kind}:1", context / "Dockerfile", context, BASE=base_image(docker)
            )
        images[service] = image
    return images


def settle(stack: Stack, images: dict[str, str], ours: str) -> None:
    """Write what the guide has people write, and what is of a test."""
    socket = stack.docker.host.removeprefix("unix://") or "/var/run/docker.sock"
    given = {
        "POSTGRES_PASSWORD": "a1b2c3d4e5f6",
        "DOCKER_GID": Path(socket).stat().st_gid,
        "DOCKER_SOCKET": socket,
        "DP_PIPELINE_IMAGE": ours,
        "SANDBOX_BASE_URL": "http://world:8765",
    }
    text = (stack.folder.parent / ".env.example").read_text()
    lines = [f"{name}={value}\n" for name, value in given.items()]
    kept = [line for line in text.splitlines() if line.partition("=")[0] not in given]
    (stack.folder / ".env").write_text("\n".join(kept) + "\n" + "".join(lines))
    (stack.folder / "secrets").mkdir(mode=0o700)
    for name, (user, password) in PASSWORDS.items():
        hashing = ("caddy", "hash-password", "--plaintext", password)
        hashed = stack.docker("run", "--rm", images["proxy"], *hashing).split()[-1]
        (stack.folder / "secrets" / name).write_text(f"{user} {hashed}\n")
    override = f"""
services:
  postgres: {{image: "{images["postgres"]}"}}
  proxy:
    image: "{images["proxy"]}"
    ports: !override ["127.0.0.1:{stack.port}:443"]
  world:
    image: "{ours}"
    command: [dp, sandbox, serve, --host, 0.0.0.0, --fault, latency=2]
    networks: [inside]
    healthcheck: {{disable: true}}
"""
    (stack.folder / "compose.override.yaml").write_text(override)


def test_without_a_password_for_postgres_nothing_starts_and_it_says_where_to_look(
    stack: Stack,
) -> None:
    words = ("--env-file", "/dev/null", "-f", DEPLOY / "docker/compose.yaml", "config", "--quiet")
    said = stack.compose(*words, check=False)
    assert "POSTGRES_PASSWORD is missing a value: see .env.example" in said


def test_every_service_is_healthy(stack: Stack) -> None:
    listed = stack.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.Health}}")
    states = {line.split()[0]: line.split()[1:] for line in listed.splitlines() if line}
    assert states.pop("migrate") == ["exited"]
    assert states.pop("world") == ["running"]
    up = {service for service, state in states.items() if state[0] == "running"}
    assert up == {"postgres", "code", "daemon", "webserver", "reader", "metrics", "proxy"}, states
    with_checks = {name: state[1] for name, state in states.items() if len(state) > 1}
    assert set(with_checks) == up - {"proxy"}
    slow_to_say = {"daemon"}  # its first check comes after a minute
    assert {state for name, state in with_checks.items() if name not in slow_to_say} == {"healthy"}


def test_each_site_asks_for_its_own_passwords(stack: Stack) -> None:
    page = "/server_info"
    assert stack.ask("localhost", page).status_code == 401
    assert stack.ask("read.localhost", page).status_code == 401
    assert stack.ask("localhost", page, "operators").status_code == 200
    assert stack.ask("read.localhost", page, "analysts").status_code == 200
    assert stack.ask("localhost", page, "analysts").status_code == 401
    assert stack.ask("read.localhost", page, "operators").status_code == 401
    assert stack.ask("localhost", "/healthz").status_code == 401
    assert "status" in stack.ask("localhost", "/healthz", "operators").json()


def permissions(stack: Stack, site: str, who: str, **headers: str) -> httpx.Response:
    question = {"query": "{ permissions { permission value } }"}
    return stack.ask(site, "/graphql", who, json=question, headers=headers)


def test_analysts_may_change_nothing_and_pages_of_other_sites_may_not_even_ask(
    stack: Stack,
) -> None:
    def may(site: str, who: str) -> dict[str, bool]:
        said = permissions(stack, site, who).json()["data"]["permissions"]
        return {each["permission"]: each["value"] for each in said}

    assert may("localhost", "operators")["launch_pipeline_execution"] is True
    assert set(may("read.localhost", "analysts").values()) == {False}
    foreign = permissions(stack, "localhost", "operators", Origin="https://elsewhere.example")
    assert foreign.status_code == 403
    own = permissions(stack, "read.localhost", "analysts", Origin="https://read.localhost")
    assert own.status_code == 200


LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""


def launch(stack: Stack) -> str:
    """Have the tournament read again, as an operator does in Dagster's pages; the run."""
    selector = {
        "repositoryLocationName": "dp_pipeline",
        "repositoryName": "__repository__",
        "jobName": INGEST_JOB.name,
    }
    params = {
        "selector": selector,
        "runConfigData": {"ops": {"ingest": {"config": {"dry_run": False}}}},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": KEY}]},
    }
    question = {"query": LAUNCH, "variables": {"params": params}}
    said = stack.ask("localhost", "/graphql", "operators", json=question).json()
    return said["data"]["launchRun"]["run"]["runId"]


def test_a_run_whose_container_is_killed_has_its_row_closed_by_the_others(stack: Stack) -> None:
    assert "completed" in stack.compose("exec", "-T", "code", "dp", "ingest", KEY)
    here, run = stack.docker, launch(stack)
    rows = f"SELECT domain FROM data_provider_executions WHERE request_id = '{run}'"  # noqa: S608 - a UUID
    open_rows = f"{rows} AND status = 'in_progress'"
    until("a row of the run", lambda: stack.sql("football", open_rows), ACTION_SECONDS)
    container = here("ps", "--quiet", "--filter", f"label=dagster/run_id={run}").strip()
    configured = here.inspect(container)["HostConfig"]
    assert (configured["ReadonlyRootfs"], configured["CapDrop"]) == (True, ["ALL"])
    here("kill", container)
    until("the end of its rows", lambda: not stack.sql("football", open_rows), ACTION_SECONDS)
    assert stack.sql("football", f"{rows} AND error_class = 'ProcessGone'")
    ended = f"SELECT status FROM runs WHERE run_id = '{run}'"  # noqa: S608 - a UUID
    until("the end of the run", lambda: stack.sql("dagster", ended) == ["FAILURE"], ACTION_SECONDS)


def commands(heading: str, below: str) -> str:
    """The commands of a section of the guide, those after a sentence."""
    text = (ROOT / "docs/deployment.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    block = section.partition(below)[2].partition("```console\n")[2].partition("```")[0]
    return "".join(f"{line[2:]}\n" for line in block.splitlines() if line[:2] in {"$ ", "> "})


def test_a_backup_that_is_restored_as_the_guide_says_has_everything_again(stack: Stack) -> None:
    counts = {
        "football": "SELECT count(*) FROM match",
        "dagster": "SELECT count(*) FROM dynamic_partitions",
    }
    before = {name: stack.sql(name, question) for name, question in counts.items()}
    assert all(int(count) > 0 for [count] in before.values())
    stack.shell(commands("Backup and restore", "In compose:"))
    stack.sql("football", "TRUNCATE match CASCADE")
    stack.compose("exec", "-T", "code", "sh", "-c", "rm -r /var/lib/dp_pipeline/objects")
    stack.shell(commands("Backup and restore", "Back again"))
    assert {name: stack.sql(name, question) for name, question in counts.items()} == before
    assert stack.compose("exec", "-T", "code", "ls", "/var/lib/dp_pipeline/objects")
    assert "completed" in stack.compose("exec", "-T", "code", "dp", "ingest", KEY)


def test_an_upgrade_goes_as_the_guide_says(stack: Stack) -> None:
    typed = commands("Upgrade", "In compose:").replace("git pull\n", "")
    # the image of the test is built on its own base
    stack.shell(typed.replace("docker compose build\n", ""))
    assert "completed" in stack.compose("exec", "-T", "code", "dp", "ingest", KEY)
