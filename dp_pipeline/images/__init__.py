"""Logos and badges: downloaded, recognised by their bytes, made safe, stored. No Dagster here."""
