"""The domains: what is fetched, planned and written of a tournament. No Dagster, no ledger."""
