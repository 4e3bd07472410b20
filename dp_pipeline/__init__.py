"""Keeps football tournaments up to date in Postgres. Importing this package does nothing else."""
