"""What dagster.yaml names: where Dagster keeps its state, how it notices that a run died."""
