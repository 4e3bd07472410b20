"""Files at the top that must agree with each other."""

import re
import subprocess
import tomllib

import yaml

from dp_pipeline_tests.dagster_dev import ROOT


def test_dg_and_dagster_name_the_code_location_alike() -> None:
    # sensors that are on, and their cursors, belong to the name
    dg = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    [module] = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert module["python_module"]["location_name"] == dg["code_location_name"]
    assert module["python_module"]["module_name"] == dg["code_location_target_module"]


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    [targets] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"^ +make ([\w-]+)", listed, re.MULTILINE) == targets.split()


def test_ci_and_the_workflow_run_make_test() -> None:
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert {"run": "make test"} in jobs["test"]["steps"]
    assert {"run": "make test-all"} in jobs["nightly"]["steps"]
    assert {"run": "make test-newest"} in jobs["newest-dagster"]["steps"]
