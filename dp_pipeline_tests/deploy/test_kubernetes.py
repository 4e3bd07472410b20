"""What is deployed to Kubernetes and ECS names what exists, and renders with Dagster's chart."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config
from jsonschema import Draft202012Validator

from dp_pipeline.cli.group import main
from dp_pipeline.instance.coordinator import RankedRunCoordinator
from dp_pipeline.settings import S3Settings, Settings
from dp_pipeline_tests.dagster_dev import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
VALUES: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text())
ACCESS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "access.yaml").read_text()))
METRICS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "metrics.yaml").read_text()))
LAPTOP: dict[str, Any] = yaml.safe_load((ROOT / "dagster.yaml").read_text())
PARTS = (
    VALUES["dagsterWebserver"],
    VALUES["dagsterDaemon"],
    *VALUES["dagster-user-deployments"]["deployments"],
)
CONFINED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
IMAGE = (ROOT / "deploy" / "Dockerfile").read_text()
WRITABLE = set(re.findall(r"\b(?:DP_)?HOME=(/\S+)", IMAGE))
"""Where the image writes: its HOME, which is /tmp, and its DP_HOME."""


def settings() -> set[str]:
    """The names of all variables that are ours, and the one of Dagster's that its chart lacks."""
    fields = (*Settings.model_fields.values(), *S3Settings.model_fields.values())
    ours = {str(field.validation_alias) for field in fields if field.validation_alias}
    return {*ours, "DAGSTER_EVENT_BATCH_SIZE"}


def named(values: Mapping[str, Any]) -> Any:
    """The class that a block of settings for Dagster names."""
    return getattr(importlib.import_module(values["module"]), values["class"])


def mounted(container: Mapping[str, Any]) -> set[str]:
    return {each["mountPath"] for each in container["volumeMounts"]}


def kind(documents: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    return [each for each in documents if each and each["kind"] == wanted]


def test_every_part_has_our_image_settings_that_exist_and_no_rights() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for part in PARTS:
        assert part["image"]["tag"] == version
        assert part["image"] == PARTS[0]["image"]
        names = [variable["name"] for variable in part["env"]]
        assert set(names) <= settings()
        assert {"DP_EMBEDDED", "DAGSTER_EVENT_BATCH_SIZE"} <= set(names)
        assert "DP_HOME" not in names, "the image has it, also for what is given no variables"
        assert mounted(part) >= WRITABLE
        assert part["envSecrets"] == [{"name": "dp-pipeline"}], "secrets come by reference"
        assert part["podSecurityContext"]["runAsNonRoot"] is True
        assert CONFINED.items() <= part["securityContext"].items()
        assert part["resources"]["limits"]["memory"]
        assert part["livenessProbe"]
        assert part["startupProbe"]["enabled"]
    (migrate,) = VALUES["dagsterDaemon"]["extraPrependedInitContainers"]
    assert migrate["image"] == "{repository}:{tag}".format(**PARTS[0]["image"])


def test_the_queue_and_what_looks_after_runs_are_as_on_one_machine_but_for_numbers() -> None:
    daemon = VALUES["dagsterDaemon"]
    coordinator = daemon["runCoordinator"]["config"]["customRunCoordinator"]
    assert named(coordinator) is RankedRunCoordinator
    assert validate_config(RankedRunCoordinator.config_type(), coordinator["config"]).success
    assert coordinator["config"].keys() == LAPTOP["run_coordinator"]["config"].keys()
    limits = coordinator["config"]["tag_concurrency_limits"]
    laptop = LAPTOP["run_coordinator"]["config"]["tag_concurrency_limits"]
    assert [each["key"] for each in limits] == [each["key"] for each in laptop]
    assert sum(each["limit"] for each in limits) < coordinator["config"]["max_concurrent_runs"]
    monitoring = daemon["runMonitoring"]
    assert monitoring["startTimeoutSeconds"] > LAPTOP["run_monitoring"]["start_timeout_seconds"]
    assert monitoring["maxResumeRunAttempts"] == 0
    assert monitoring.keys() == {
        re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in LAPTOP["run_monitoring"]
    }
    further = VALUES["additionalInstanceConfig"]
    assert further["local_artifact_storage"] == LAPTOP["local_artifact_storage"]
    assert further["concurrency"] == LAPTOP["concurrency"]
    assert VALUES["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


def test_the_code_is_loaded_with_its_settings_as_on_one_machine() -> None:
    [loaded] = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    module = loaded["python_module"]
    wanted = [f"--module-name={module['module_name']}", f"--attribute={module['attribute']}"]
    (code,) = VALUES["dagster-user-deployments"]["deployments"]
    assert code["dagsterApiGrpcArgs"] == [*wanted, f"--location-name={code['name']}"]
    compose = yaml.safe_load((ROOT / "deploy" / "docker" / "compose.yaml").read_text())
    words = " ".join(compose["services"]["code"]["command"])
    assert all(each.replace("=", " ") in words for each in wanted)


def test_the_only_way_to_the_pages_is_the_proxy() -> None:
    (proxy,) = kind(ACCESS, "Deployment")
    port = VALUES["dagsterWebserver"]["service"]["port"]
    (container,) = proxy["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    webserver = f"dagster-{VALUES['dagsterWebserver']['nameOverride']}"
    assert VALUES["dagsterWebserver"]["enableReadOnly"] is True
    assert variables["OPERATORS_UPSTREAM"] == f"{webserver}:{port}"
    assert variables["ANALYSTS_UPSTREAM"] == f"{webserver}-read-only:{port}"
    hosts = {
        re.sub(r"^http://|:\d+$", "", variables[f"{who}_SITE"]) for who in ("OPERATORS", "ANALYSTS")
    }
    (ingress,) = kind(ACCESS, "Ingress")
    assert {rule["host"] for rule in ingress["spec"]["rules"]} == hosts
    environment = {each["name"]: each["value"] for each in VALUES["dagsterWebserver"]["env"]}
    named_hosts = {environment["DAGSTER_BASE_URL"].removeprefix("https://")}
    assert {*named_hosts, *environment["DP_ALLOWED_HOSTS"].split(",")} == hosts
    policies = {each["metadata"]["name"]: each["spec"] for each in kind(ACCESS, "NetworkPolicy")}
    (pages,) = policies["dagster-pages"]["ingress"]
    assert pages == {
        "from": [{"podSelector": {"matchLabels": proxy["spec"]["selector"]["matchLabels"]}}],
        "ports": [{"port": port}],
    }
    assert CONFINED.items() <= container["securityContext"].items()


def test_the_figures_are_served_by_our_image_with_the_settings_of_the_others() -> None:
    (deployment,) = kind(METRICS, "Deployment")
    (service,) = kind(METRICS, "Service")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "{repository}:{tag}".format(**PARTS[0]["image"])
    dp, *command = container["args"]
    assert (dp, CliRunner().invoke(main, [*command, "--help"]).exit_code) == ("dp", 0)
    names = {each["name"] for each in container["env"]}
    assert names - settings() == {"DAGSTER_HOME", "DAGSTER_PG_PASSWORD"}
    assert container["envFrom"] == [{"secretRef": PARTS[0]["envSecrets"][0]}]
    assert CONFINED.items() <= container["securityContext"].items()
    assert mounted(container) >= WRITABLE
    (port,) = container["ports"]
    assert str(port["containerPort"]) == container["args"][-1]
    assert service["spec"]["ports"][0]["port"] == port["containerPort"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/", "it lives while others are dead"


def test_the_launcher_of_the_page_on_ecs_is_one_that_dagster_takes() -> None:
    from dagster_aws.ecs import EcsRunLauncher

    page = (ROOT / "docs" / "deployment-kubernetes.md").read_text()
    (block,) = re.findall(r"```yaml\n(run_launcher:.*?)```", page, re.DOTALL)
    launcher = yaml.safe_load(block)["run_launcher"]
    assert named(launcher) is EcsRunLauncher
    taken = validate_config(EcsRunLauncher.config_type(), launcher["config"])
    assert taken.success, taken.errors


# -- with Dagster's chart and helm, where the machine has them -----------------------------------


@pytest.fixture
def chart() -> Path:
    folder = os.environ.get("HELM_CHART_OF_DAGSTER")
    if not folder:
        pytest.skip("HELM_CHART_OF_DAGSTER does not name the unpacked Helm chart of Dagster")
    return Path(folder)


@pytest.fixture
def rendered(chart: Path) -> list[dict[str, Any]]:
    """The objects that helm makes of the values, with the job that migrates Dagster's tables."""
    helm = shutil.which(os.environ.get("HELM", "helm"))
    if helm is None:
        pytest.skip("helm is not on PATH, and HELM does not name it")
    # the schema of the chart names others on the network; it is checked without them here
    words = ["template", "dagster", chart, "--values", FOLDER / "values.yaml"]
    words += ["--set", "migrate.enabled=true"]
    done = subprocess.run(
        [helm, *words, "--skip-schema-validation"], capture_output=True, text=True, check=True
    )
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def merged(default: Any, given: Any) -> Any:
    """As helm puts values over those of the chart."""
    if isinstance(default, dict) and isinstance(given, dict):
        return {**default, **{name: merged(default.get(name), given[name]) for name in given}}
    return given


def at_hand(schema: Any) -> Any:
    """A schema without references to the network."""
    if isinstance(schema, list):
        return [at_hand(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: at_hand(each)
        for name, each in schema.items()
        if not (name == "$ref" and str(each).startswith("http"))
    }


def test_the_chart_takes_the_values(chart: Path) -> None:
    schema = json.loads((chart / "values.schema.json").read_text())
    default = yaml.safe_load((chart / "values.yaml").read_text())
    errors = Draft202012Validator(at_hand(schema)).iter_errors(merged(default, VALUES))
    assert [f"{list(each.absolute_path)}: {each.message}" for each in errors] == []


def pods(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = (*kind(documents, "Deployment"), *kind(documents, "Job"))
    return [each["spec"]["template"]["spec"] for each in made]


def test_what_is_rendered_is_confined_and_its_settings_are_taken_by_dagster(
    rendered: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = "{repository}:{tag}".format(**PARTS[0]["image"])
    assert len(pods(rendered)) == 5, "two webservers, the daemon, the code, the job"
    for pod in pods(rendered):
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert CONFINED.items() <= container["securityContext"].items(), container["name"]
            assert container["image"] != ours or mounted(container) >= WRITABLE, container["name"]
    (daemon,) = [
        each for each in kind(rendered, "Deployment") if "daemon" in each["metadata"]["name"]
    ]
    assert daemon["spec"]["strategy"] == {"type": "Recreate"}
    assert daemon["spec"]["replicas"] == 1

    (instance,) = [each for each in rendered if each["metadata"]["name"] == "dagster-instance"]
    (tmp_path / "dagster.yaml").write_text(instance["data"]["dagster.yaml"])
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "any")
    monkeypatch.setenv("AWS_S3_BUCKET", "any")
    config, _ = dagster_instance_config(str(tmp_path))
    assert config["run_launcher"]["class"] == "K8sRunLauncher"
    assert named(config["run_coordinator"]) is RankedRunCoordinator
    assert config["run_monitoring"]["start_timeout_seconds"] == 1800


def test_proxy_and_policies_name_the_pods_of_the_chart(rendered: list[dict[str, Any]]) -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in kind(ACCESS, "NetworkPolicy")}
    (pages,) = policies["dagster-pages"]["podSelector"]["matchExpressions"]
    (callers,) = policies["dagster-code"]["ingress"]
    (caller,) = callers["from"][0]["podSelector"]["matchExpressions"]
    code = policies["dagster-code"]["podSelector"]["matchLabels"]
    deployments = kind(rendered, "Deployment")
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in deployments]
    assert pages["key"] == caller["key"]
    there = {each[pages["key"]] for each in labels}
    assert there == {*caller["values"], *code.values()}
    assert {name for name in there if "webserver" in name} == set(pages["values"])

    upstreams = {
        f"{each['metadata']['name']}:{port['port']}"
        for each in kind(rendered, "Service")
        for port in each["spec"]["ports"]
    }
    (proxy,) = kind(ACCESS, "Deployment")
    (container,) = proxy["spec"]["template"]["spec"]["containers"]
    named_ones = {each["value"] for each in container["env"] if each["name"].endswith("_UPSTREAM")}
    assert len(named_ones) == 2
    assert named_ones < upstreams


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_rendered_are_objects_of_kubernetes(
    rendered: list[dict[str, Any]], tmp_path: Path
) -> None:
    objects = tmp_path / "objects.yaml"
    objects.write_text(yaml.safe_dump_all([*rendered, *ACCESS]))
    validate(tmp_path, objects)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_objects_of_our_own_are_objects_of_kubernetes(tmp_path: Path) -> None:
    objects = tmp_path / "objects.yaml"
    objects.write_text(yaml.safe_dump_all([*ACCESS, *METRICS]))
    validate(tmp_path, objects)


def validate(folder: Path, objects: Path) -> None:
    """By the schemas of Kubernetes, which the package kubernetes-validate brings."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    words = ["install", "--quiet", "kubernetes-validate"]
    installed = subprocess.run(
        [programs / "pip", *words], check=False, capture_output=True, text=True
    )
    if installed.returncode != 0:
        pytest.skip(f"kubernetes-validate cannot be installed: {installed.stderr[-200:]}")
    words = ["--kubernetes-version", "1.34", "--strict", str(objects)]
    done = subprocess.run(
        [programs / "kubernetes-validate", *words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
