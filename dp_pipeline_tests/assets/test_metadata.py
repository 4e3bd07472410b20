"""What the pages of Dagster show of an execution."""

from uuid import uuid4

from dp_pipeline.assets.metadata import materialization_metadata, observation_metadata
from dp_pipeline.ledger.execution import Execution, Run


def test_a_dry_run_hides_nothing_of_what_was_materialized_before() -> None:
    # Dagster shows an observation's entry in the place of an equally named one.
    planned = Execution(Run(uuid4(), scope="dry_run"), "openligadb:bl1:2024", uuid4(), "goals")
    planned.finish()
    shown = observation_metadata(planned)
    assert shown["dry run: outcome"] == "planned"
    assert shown.keys() & materialization_metadata(planned).keys() == set()
    assert not any(name.startswith("dagster/") for name in shown), "it would count rows"
