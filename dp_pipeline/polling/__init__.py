"""Looking again at what is due: the work (poll), and the job that Dagster runs (job)."""
