"""Dashboard, alert rules and docs name figures that exist, and all of them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dp_pipeline.instance.metrics import FIGURES
from dp_pipeline.instance.metrics.figure import PREFIX, Figure

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dp_pipeline.json").read_text())
PAGE = (ROOT / "docs/observability.md").read_text()
BY_NAME = {figure.exposed: figure for figure in FIGURES}
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
_NAMED = re.compile(rf"\b({PREFIX}[a-z_]+)(?:\{{([^}}]*)\}})?")


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target


def named(text: str) -> Iterator[tuple[Figure, set[str]]]:
    """The figures in an expression, each with the labels that it is narrowed by."""
    for name, labels in _NAMED.findall(text):
        assert name in BY_NAME, f"{name} is no figure"
        yield BY_NAME[name], set(re.findall(r"(\w+)\s*[=!]", labels))


def test_names_follow_the_conventions_of_prometheus() -> None:
    for figure in FIGURES:
        assert re.fullmatch(r"[a-z][a-z_]*", figure.name), figure
        assert (figure.kind == "counter") is figure.name.endswith("_total"), figure
        assert figure.description.endswith("."), figure
    assert len(BY_NAME) == len(FIGURES)


def test_the_dashboard_shows_every_figure_and_no_other() -> None:
    shown = set()
    for title, target in targets():
        used = list(named(target["expr"]))
        assert used, f"{title}: {target['expr']}"
        for figure, labels in used:
            assert labels <= set(figure.labels), title
            shown.add(figure)
        labels = {label for figure, _ in used for label in figure.labels}
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels, title
    assert set(FIGURES) == shown


def test_panels_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_alerts_are_about_figures_that_exist() -> None:
    assert {"critical", "warning"} == {rule["labels"]["severity"] for rule in RULES}
    for rule in RULES:
        used = list(named(rule["expr"]))
        assert used, rule["alert"]
        for figure, labels in used:
            assert labels <= set(figure.labels), rule["alert"]
        said = " ".join(rule["annotations"].values())
        labels = {label for figure, _ in used for label in figure.labels}
        assert set(re.findall(r"\$labels\.(\w+)", said)) <= labels, rule["alert"]


def test_every_figure_and_alert_is_documented() -> None:
    figures = [
        f"| `{figure.exposed}` | {', '.join(f'`{label}`' for label in figure.labels)} | "
        for figure in FIGURES
    ]
    assert [line for line in figures if line not in PAGE] == []
    assert [rule["alert"] for rule in RULES if f"`{rule['alert']}`" not in PAGE] == []


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (of Prometheus) is not in PATH")
    checked = subprocess.run(
        [promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert f"SUCCESS: {len(RULES)} rules found" in checked.stdout
