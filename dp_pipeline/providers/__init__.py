"""What data providers say, as frozen models. Nothing here imports Dagster."""
