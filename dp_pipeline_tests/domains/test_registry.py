"""What a registration forgets is named at import."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from dp_pipeline import domains
from dp_pipeline.database import tables
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.registry import (
    BY_NAME,
    DOMAINS,
    REGISTERED,
    RegistryError,
    checked,
    operation_type,
)
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline_tests.domains.season import SEASON, nothing_stored, planned


def test_a_domain_that_is_not_complete_is_refused_with_a_sentence() -> None:
    operations = tables.OPERATION_TYPES
    with pytest.raises(RegistryError, match="Two domains are called teams"):
        checked((*DOMAINS, TEAMS), operations)
    with pytest.raises(RegistryError, match="matches depends on teams and rounds"):
        checked((TOURNAMENTS, MATCHES), operations)
    with pytest.raises(RegistryError, match="venues names no table"):
        checked((*DOMAINS, replace(TEAMS, name="venues", tables=())), operations)
    venues = replace(TEAMS, name="venues", operation="venues")
    with pytest.raises(RegistryError, match=r"venues_create, venues_update\. Name them in"):
        checked((*REGISTERED.values(), venues), operations)
    with pytest.raises(
        RegistryError, match=r"venues_create, and no .* Name the domain in `DOMAINS"
    ):
        checked(REGISTERED.values(), (*operations, "venues_create"))
    with pytest.raises(RegistryError, match="`has_rows` of the domain venues is no column of"):
        checked((*DOMAINS, replace(venues, tables=(tables.match,))), operations)
    nowhere = sa.Table("venue", sa.MetaData(), sa.Column("id", sa.Uuid, primary_key=True))
    with pytest.raises(RegistryError, match="table venue of the domain venues has no column"):
        checked((*DOMAINS, replace(venues, tables=(*venues.tables, nowhere))), operations)


def test_a_second_table_that_no_registration_names_is_named_at_import() -> None:
    photo = sa.Table("venue_photo", tables.metadata, sa.Column("tournament_id", sa.Uuid))
    try:
        with pytest.raises(RegistryError, match="No domain names the table venue_photo"):
            checked(REGISTERED.values(), tables.OPERATION_TYPES)
        goals = BY_NAME["goals"]
        with_photo = replace(goals, tables=(*goals.tables, photo))
        checked(
            [with_photo if one is goals else one for one in REGISTERED.values()],
            tables.OPERATION_TYPES,
        )
    finally:
        tables.metadata.remove(photo)


def test_a_plan_writes_no_table_that_its_domain_does_not_name() -> None:
    snapshot = nothing_stored()
    for domain, fetched in SEASON:
        plan = planned(domain, fetched, snapshot)
        assert {write.table for write in plan.writes} <= set(domain.tables)
        snapshot = snapshot.after(plan)


def test_every_module_that_makes_a_domain_is_registered_under_its_name() -> None:
    modules = Path(str(domains.__file__)).parent.glob("*.py")
    making = {path.stem for path in modules if " = Domain(" in path.read_text()}
    assert making == BY_NAME.keys()


def test_operation_types_are_those_of_the_guide() -> None:
    assert operation_type("tournaments", create=True) == "tournament_create"
    assert operation_type("matches", create=False) == "matches_update"
