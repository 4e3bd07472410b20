"""Providers that rest because they refused or failed; a check of the asset `health` shows each."""

from datetime import datetime
from typing import Any

import dagster as dg

from dp_pipeline.http.health import ServiceHealth
from dp_pipeline.notifications.incidents import Condition

HEALTH = dg.AssetKey("health")


def check_key(provider: str) -> dg.AssetCheckKey:
    """The check that a provider answers."""
    return dg.AssetCheckKey(HEALTH, f"{provider}_answers")


def judge(found: ServiceHealth) -> Condition:
    """How a provider is."""
    if found.well:
        return Condition("provider", found.name, found.now)
    since = found.circuit.struck_at or found.now
    page = "/assets/health?view=checks"
    return Condition("provider", found.name, since, found.sentence, page=page)


def evaluation(found: ServiceHealth) -> dg.AssetCheckEvaluation:
    """The check of one provider, as Dagster shows it."""
    key = check_key(found.name)
    facts = {name: _shown(value) for name, value in found.facts().items() if name != "provider"}
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=found.well,
        severity=dg.AssetCheckSeverity.ERROR,
        description=found.sentence,
        metadata={name: value for name, value in facts.items() if value is not None},
    )


def _shown(value: Any) -> Any:
    return dg.MetadataValue.timestamp(value) if isinstance(value, datetime) else value
