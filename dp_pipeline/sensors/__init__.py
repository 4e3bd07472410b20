"""What the daemon does by itself; it asks our tables and Dagster's runs, never a provider."""

from dp_pipeline.sensors.announce import Cursor, announce_executions
from dp_pipeline.sensors.runs import finished_runs, planned_work

__all__ = ["Cursor", "announce_executions", "finished_runs", "planned_work"]
