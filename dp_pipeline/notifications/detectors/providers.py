"""Providers that rest because they refused or failed; a check of the asset `health` shows each."""

from datetime import datetime

import dagster as dg

from dp_pipeline.http.health import ServiceHealth
from dp_pipeline.notifications.incidents import Condition

HEALTH = dg.AssetKey("health")


def check_key(provider: str) -> dg.AssetCheckKey:
    """The check that a provider answers."""
    return dg.AssetCheckKey(HEALTH, f"{provider}_answers")


def judge(health: ServiceHealth) -> Condition:
    """How a provider is."""
    if health.well:
        return Condition("provider", health.name, health.now)
    since = health.circuit.struck_at or health.now
    page = "/assets/health?view=checks"
    return Condition("provider", health.name, since, health.sentence, page=page)


def evaluation(health: ServiceHealth) -> dg.AssetCheckEvaluation:
    """The check of one provider, as Dagster shows it."""
    key = check_key(health.name)
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=health.well,
        severity=dg.AssetCheckSeverity.ERROR,
        description=health.sentence,
        metadata={
            name: dg.MetadataValue.timestamp(value) if isinstance(value, datetime) else value
            for name, value in health.facts().items()
            if name != "provider" and value is not None
        },
    )
