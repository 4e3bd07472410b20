"""Data providers: what they say, as frozen models. Nothing below this folder imports Dagster or a database."""
