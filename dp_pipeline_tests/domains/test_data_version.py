"""The version of what is stored: equal for equal rows, another one for any other value."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.domains.data_version import data_version, digest_of
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.registry import DOMAINS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline_tests.domains.season import KICKOFF, a_match, ended, fetched_matches, stored_season

EAST = timezone(timedelta(hours=2))
ROW = {"kickoff_at": KICKOFF, "status": "scheduled", "form": ("W", "D"), "venue": None, "n": 1}


def versions(snapshot: Snapshot) -> dict[str, str]:
    return {domain.name: data_version(domain, snapshot) for domain in DOMAINS}


def digest(row: dict[str, Any]) -> str:
    return digest_of({"match": {UUID(int=1): row}})


def test_the_version_is_the_same_in_every_process_and_version_of_python() -> None:
    assert digest(ROW) == ("3310bde38326b5a7e8c3b0150dd8ad8e225e0860c75f01a0f9181b9ad73a54d6")


@pytest.mark.parametrize(
    "same",
    [
        {**ROW, "created_at": KICKOFF, "updated_at": KICKOFF + timedelta(days=1)},
        {**ROW, "kickoff_at": KICKOFF.astimezone(EAST)},
        {**ROW, "form": ["W", "D"]},
        {**ROW, "a_new_column": None},
        dict(reversed(ROW.items())),
    ],
    ids=["times of writing", "zone", "list", "new column", "order"],
)
def test_what_is_no_other_value_is_no_other_version(same: dict[str, Any]) -> None:
    assert digest(same) == digest(ROW)


@given(
    st.sampled_from(sorted(ROW)), st.text() | st.integers() | st.datetimes(timezones=st.just(UTC))
)
def test_any_other_value_is_another_version(field: str, value: Any) -> None:
    assert (digest({**ROW, field: value}) == digest(ROW)) == (value == ROW[field])


def test_the_order_of_rows_does_not_matter() -> None:
    rows: dict[Any, Any] = {UUID(int=number): {"n": number} for number in range(9)}
    assert digest_of({"match": rows}) == digest_of({"match": dict(reversed(rows.items()))})


def test_a_result_changes_the_version_of_matches_and_of_nothing_that_was_stored_before() -> None:
    again = fetched_matches(ended(1, "1", "2", (2, 1)), a_match(2, "3", "4"))
    before = versions(stored_season())
    assert versions(stored_season((MATCHES, again))) == before
    result = fetched_matches(ended(1, "1", "2", (2, 1)), ended(2, "3", "4", (0, 0)))
    after = versions(stored_season((MATCHES, result)))
    assert {name for name in before if before[name] != after[name]} == {"matches"}


def test_another_tournament_that_names_a_team_anew_is_no_change_of_this_one() -> None:
    snapshot = stored_season()
    teams = {
        id_: {**row, "name": "Alpha 1899", "described_in": "openligadb:bl1:2025"}
        for id_, row in snapshot.rows(tables.team).items()
    }
    assert versions(snapshot.only(tables.team, teams)) == versions(snapshot)


def test_moments_are_compared_to_the_microsecond() -> None:
    later = datetime.fromisoformat(f"{KICKOFF:%Y-%m-%dT%H:%M:%S}.000001+00:00")
    assert digest({**ROW, "kickoff_at": later}) != digest(ROW)
