"""Where things are that no variable names: in the checkout, or where the user of a wheel looks.

From a wheel the working directory says nothing: `dp` is typed anywhere, and a notebook is anywhere.
"""

import os
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
_DAGSTER_SETTINGS = "dagster.yaml"


def _from_checkout() -> bool:
    return (_CHECKOUT / _DAGSTER_SETTINGS).is_file()


def project_directory() -> Path:
    """Where `.env` is: in the checkout this package runs from, else in the working directory."""
    return _CHECKOUT if _from_checkout() else Path.cwd()


def dagster_settings() -> Path:
    """The directory of dagster.yaml and workspace.yaml: the checkout, else their copy in a wheel.

    pyproject.toml has them copied; the copy is alone in its directory, because a workspace puts the
    directory of its file before the libraries.
    """
    return _CHECKOUT if _from_checkout() else Path(__file__).with_name("dagster_files")


def default_home() -> Path:
    """DP_HOME where it is not set: `.dp` of the checkout, else the user's directory for data."""
    if _from_checkout():
        return _CHECKOUT / ".dp"
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    try:
        # The specification has a path that is not absolute ignored.
        data = data if data.is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # this user has no home, as under a uid that the machine does not know
        return Path.cwd() / ".dp"
    return data / "dp_pipeline"
