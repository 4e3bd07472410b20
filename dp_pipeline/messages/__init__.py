"""Telling people in Slack what an execution came to. Knows neither the database nor Dagster."""
