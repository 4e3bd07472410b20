"""The checks of stored data as Dagster shows them."""

import warnings

import dagster as dg

from dp_pipeline.assets.metadata import preview_table
from dp_pipeline.domains.data_checks import CHECKS, CheckResult
from dp_pipeline.partitions import TOURNAMENTS

# The partitions of checks are marked preview, which each check would say at every load.
warnings.filterwarnings("ignore", category=dg.PreviewWarning, message=".*AssetCheckSpec.*")


def specs() -> list[dg.AssetCheckSpec]:
    """The checks of the assets of all domains, one evaluation per tournament."""
    told = (
        "Made with every read of a tournament, every poll that changes rows, and once a day where "
        "time alone may change its result. Told when that changes."
    )
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=check.domain,
            description=f"{check.description} {told}",
            partitions_def=TOURNAMENTS,
        )
        for check in CHECKS
    ]


def evaluation(key: str, result: CheckResult) -> dg.AssetCheckEvaluation:
    """A result of a tournament as an event."""
    metadata = {}
    if result.rows:
        metadata["wrong"] = preview_table([{"what": row} for row in result.rows])
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(result.domain),
        check_name=result.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity(result.severity),
        description=result.detail,
        metadata=metadata,
        partition=key,
    )
