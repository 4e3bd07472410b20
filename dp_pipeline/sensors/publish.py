"""What is made of stored data is made again when that data changed."""

import dagster as dg

PUBLISH = "publish_changes"
_EVERY_SECONDS = 60
"""On a match day a goal falls somewhere every minute: one run shows all that fell meanwhile."""

publish_changes = dg.AutomationConditionSensorDefinition(
    PUBLISH,
    target=dg.AssetSelection.groups("exports"),
    minimum_interval_seconds=_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Makes charts, pages and files of a tournament again once its stored data has changed. A "
        "read that brings nothing new leaves the data versions as they are, and launches nothing."
    ),
)
