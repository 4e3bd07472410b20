"""What dagster.yaml names: where Dagster keeps its state, who runs first, which runs have died.

Beside that, where Dagster's webserver is, and whom it answers.
"""
