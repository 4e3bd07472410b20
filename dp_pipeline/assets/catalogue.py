"""What is the same for all assets in Dagster's catalogue: groups, owner, where their code is."""

import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import dagster as dg

# Code references, owners and backfill policies are marked beta and say so at every load.
warnings.filterwarnings(
    "ignore", category=dg.BetaWarning, message=".*(deReference|_reference|backfill_policy|owners).*"
)

Group = Literal["football", "views", "exports", "operations"]

FOOTBALL: Group = "football"
VIEWS_GROUP: Group = "views"
EXPORTS_GROUP: Group = "exports"
OPERATIONS: Group = "operations"
OWNERS = ["team:football-data"]
KEPT_CURRENT = "kept current by"
"""Metadata of an asset whose automation Dagster does not find by itself, or not all of it: the jobs
of sensors and schedules take keys and no assets."""
_POSTGRES = {"python", "postgres"}


def described(  # noqa: PLR0913 - what the catalogue shows of an asset
    name: str | dg.AssetKey,
    *,
    group: Group,
    description: str,
    module: str,
    kinds: set[str] | None = None,
    deps: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    **more: Any,
) -> dg.AssetSpec:
    """The spec of an asset.

    Args:
        name: of it.
        group: who looks for it.
        description: two plain sentences.
        module: the full name of the module in which a reader finds how it is made.
        kinds: icons of the page; Python and Postgres where not given.
        deps: assets from whose data it is made.
        metadata: what is true of it before any run.
        more: as of an AssetSpec.
    """
    return dg.AssetSpec(
        name,
        deps=deps,
        description=description,
        group_name=group,
        owners=OWNERS,
        kinds=_POSTGRES if kinds is None else kinds,
        metadata={**(metadata or {}), "dagster/code_references": code_reference(module)},
        **more,
    )


def code_reference(module: str) -> dg.CodeReferencesMetadataValue:
    """The file of a module in this checkout; Dagster's pages link it."""
    path = Path(str(sys.modules[module].__file__)).resolve()
    reference = dg.LocalFileCodeReference(file_path=str(path), label=path.name)
    return dg.CodeReferencesMetadataValue(code_references=[reference])
