"""One module per domain, the loop that runs them, and the multi-asset that Dagster sees."""
