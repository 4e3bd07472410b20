"""The names of a run's tournaments as its tag: a partition may be any text at all."""

import dagster as dg
import pytest

from dp_pipeline.assets.run_names import LONGEST, TOURNAMENT_TAG, named, run_named
from dp_pipeline.database.database import Database
from dp_pipeline.ledger.ledger import storable, tournament_id_of

ODD = ("\ud800", "a\x00b", "two\nlines", "<b>&", "right\u202eleft", "x" * 3_000, "")


@pytest.mark.parametrize("key", ODD)
def test_any_key_is_named_on_one_line_that_every_program_takes(key: str) -> None:
    name = named([key], {})
    assert name.isprintable()
    assert len(name) <= LONGEST
    name.encode()


@pytest.mark.parametrize("key", ODD)
def test_any_key_has_rows_in_the_ledger(key: str) -> None:
    storable(key).encode()
    assert "\x00" not in storable(key)
    assert tournament_id_of(key) == tournament_id_of(key)


def test_a_run_of_odd_keys_is_named_all_the_same(database: Database) -> None:
    @dg.asset
    def work(context: dg.AssetExecutionContext) -> None:
        with run_named(context, database, ODD[:3]):
            pass

    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.materialize([work], instance=instance)
        run = instance.get_run_by_id(ran.run_id)
    assert ran.success
    assert run is not None
    assert run.tags[TOURNAMENT_TAG] == "3 tournaments: , ab, two lines"
