"""The files of deploy/ say what the code says: names of settings, versions, Dagster's settings."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

from dp_pipeline.providers.registry import PROVIDERS
from dp_pipeline.settings import S3Settings, Settings
from dp_pipeline_tests.deploy.containers import DEPLOY, ROOT

EXAMPLE = DEPLOY / ".env.example"
OF_THE_IMAGE = {"DP_HOME", "DP_EMBEDDED"}
"""Settings that the image says, and compose leaves alone."""


def settings() -> set[str]:
    """Every setting by its name."""
    fields = {**Settings.model_fields, **S3Settings.model_fields}
    names = {str(each.validation_alias) for each in fields.values() if each.validation_alias}
    services = {service.upper() for provider in PROVIDERS for service in provider.services}
    return names | {f"{service}_BASE_URL" for service in services}


def compose() -> dict[str, Any]:
    """The file of compose, as YAML."""
    return yaml.safe_load((DEPLOY / "docker/compose.yaml").read_text())


def dagster(path: Path) -> dict[str, Any]:
    """A dagster.yaml."""
    return yaml.safe_load(path.read_text())


def test_the_example_of_settings_has_each_one_and_no_other() -> None:
    text = EXAMPLE.read_text()
    named = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    assert len(named) == len(set(named))
    of_compose = set(
        re.findall(r"\$\{([A-Z0-9_]+)", (DEPLOY / "docker/compose.yaml").read_text())
    ) - set(compose()["x-settings"])
    assert set(named) == settings() | of_compose


def test_each_setting_of_the_example_stands_below_a_comment() -> None:
    for group in EXAMPLE.read_text().split("\n\n"):
        assert re.match("#[# ]", group), group


def test_compose_hands_every_setting_to_services_and_the_daemon_to_runs() -> None:
    given = set(compose()["x-settings"])
    assert given == settings() - OF_THE_IMAGE
    launcher = dagster(DEPLOY / "docker/dagster.yaml")["run_launcher"]
    assert launcher["class"] == "DockerRunLauncher"
    assert set(launcher["config"]["env_vars"]) == given


def test_dagsters_settings_in_compose_are_the_projects_but_for_what_a_run_is() -> None:
    project, docker = dagster(ROOT / "dagster.yaml"), dagster(DEPLOY / "docker/dagster.yaml")
    for each in (project, docker):
        del each["run_launcher"]
        del each["run_monitoring"]["start_timeout_seconds"]
    assert docker == project


def test_runs_are_confined_as_services_are_and_join_the_networks_and_the_volume_of_compose() -> (
    None
):
    services = compose()
    run = dagster(DEPLOY / "docker/dagster.yaml")["run_launcher"]["config"]
    named = {key: each["name"] for key, each in services["networks"].items() if "name" in each}
    assert run["networks"] == [named["inside"], named["outside"]]
    kept = services["volumes"]["state"]["name"]
    assert run["container_kwargs"]["volumes"] == [f"{kept}:/var/lib/dp_pipeline"]
    for name in ("cap_drop", "security_opt", "read_only", "init"):
        assert run["container_kwargs"][name] == services["x-dp"][name]


def test_only_the_proxy_is_published_and_it_does_not_reach_the_database() -> None:
    services = compose()["services"]
    assert [name for name, each in services.items() if each.get("ports")] == ["proxy"]
    assert set(services["proxy"]["networks"]) & set(services["postgres"]["networks"]) == set()
    assert compose()["networks"]["inside"]["internal"] is True


def test_the_socket_of_docker_is_where_runs_are_started_or_ended_and_nowhere_else() -> None:
    has = {
        name
        for name, each in compose()["services"].items()
        if any("docker.sock" in volume for volume in each.get("volumes", ()))
    }
    assert has == {"daemon", "webserver"}
    assert "--read-only" in compose()["services"]["reader"]["command"]


def test_every_image_has_a_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = f"dp_pipeline:{project['version']}"
    images = {each["image"] for each in compose()["services"].values()}
    assert f"${{DP_PIPELINE_IMAGE:-{ours}}}" in images
    assert f"DP_PIPELINE_IMAGE={ours}" in EXAMPLE.read_text()
    for image in images - {f"${{DP_PIPELINE_IMAGE:-{ours}}}"}:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d[\w.-]*", image), image


def test_the_unit_of_systemd_names_settings_that_exist() -> None:
    unit = (DEPLOY / "systemd/dp_pipeline.service").read_text()
    named = re.findall(r"\b((?:DP|AWS|SLACK)_[A-Z_]+)=", unit)
    assert set(named) == OF_THE_IMAGE


def test_the_services_that_the_guide_makes_beside_the_unit_end_and_begin_with_it(
    tmp_path: Path,
) -> None:
    guide = (ROOT / "docs/deployment.md").read_text()
    block = guide.partition("# cd /etc/systemd/system\n")[2].partition("```")[0]
    typed = re.sub(r"^[#>] ", "", block, flags=re.MULTILINE).replace(
        "/srv/dp_pipeline/deploy", str(DEPLOY)
    )
    subprocess.run(["bash", "-euc", f"systemctl() {{ :; }}\n{typed}"], cwd=tmp_path, check=True)
    unit = set((DEPLOY / "systemd/dp_pipeline.service").read_text().splitlines())
    made = {each.stem: set(each.read_text().splitlines()) - unit for each in tmp_path.iterdir()}
    program = "ExecStart=/srv/dp_pipeline/.venv/bin/"
    for name, command in {
        "dp_reader": "dagster-webserver --host 127.0.0.1 --port 3002 --read-only",
        "dp_metrics": "dp metrics serve",
    }.items():
        assert made.pop(name) == {
            f"Description={name}",
            "After=network-online.target postgresql.service dp_pipeline.service",
            "PartOf=dp_pipeline.service",
            f"{program}{command}",
            "WantedBy=dp_pipeline.service",
        }
    assert not made
