"""What the pages of Dagster show of an execution."""

from uuid import uuid4

import pytest

from dp_pipeline.assets.metadata import (
    failure_metadata,
    materialization_metadata,
    observation_metadata,
)
from dp_pipeline.assets.run_names import LONGEST, named
from dp_pipeline.ledger.execution import Execution, Run


def test_a_dry_run_hides_nothing_of_what_was_materialized_before() -> None:
    # Dagster shows an observation's entry in the place of an equally named one.
    planned = Execution(Run(uuid4(), scope="dry_run"), "openligadb:bl1:2024", uuid4(), "goals")
    planned.finish()
    shown = observation_metadata(planned)
    assert shown["dry run: outcome"] == "planned"
    assert shown.keys() & materialization_metadata(planned).keys() == set()
    assert not any(name.startswith("dagster/") for name in shown), "it would count rows"


def test_the_tournament_and_its_data_come_first_and_ids_last() -> None:
    read = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "standings")
    read.label, read.preview = "1. Bundesliga 2024/25", [{"team": "Bayern", "points": 3}]
    read.finish()
    names = list(materialization_metadata(read))
    assert names[:2] == ["tournament", "preview"]
    assert names[-1] == "execution_id"


def test_what_failed_says_why_and_hides_nothing_that_was_materialized() -> None:
    failed = Execution(Run(uuid4()), "openligadb:bl1:2024", uuid4(), "goals")
    failed.fail(ValueError("no such season"))
    failed.finish()
    shown = failure_metadata(failed)
    assert failed.failure is not None
    assert shown["failed: because"] == failed.failure.message
    assert shown.keys() & materialization_metadata(failed).keys() == set()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["a:b:1"], "Bundesliga 2024/25"),
        (["a:b:1", "a:c:1"], "2 tournaments: Bundesliga 2024/25, a:c:1"),
        (list("123456"), "6 tournaments: 1, 2, 3, …"),
    ],
)
def test_a_run_is_called_by_the_names_of_its_tournaments(keys: list[str], said: str) -> None:
    assert named(keys, {"a:b:1": "Bundesliga 2024/25"}) == said


def test_the_name_of_a_run_fits_into_its_column() -> None:
    assert len(named(["a:b:1"], {"a:b:1": "Bundesliga \n" * 99})) == LONGEST
