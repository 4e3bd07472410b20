"""Waiting until a daemon has nothing to do any more, and works for what is measured alone."""

import time

from dp_pipeline_tests.dagster_dev import OVER, DagsterDev, wait_for

QUIET_SECONDS = 40
"""Automation looks every half minute for what follows: charts and exports, in runs of their own."""
_LONGEST_SECONDS = 1_800


def wait_until_quiet(dev: DagsterDev) -> None:
    """Return once no run has been there for a while that is not over."""
    quiet_since = time.monotonic()

    def quiet() -> bool | None:
        nonlocal quiet_since
        if not set(dev.runs().values()) <= OVER:
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > QUIET_SECONDS or None

    wait_for("the runs that follow", quiet, _LONGEST_SECONDS, every=1)
