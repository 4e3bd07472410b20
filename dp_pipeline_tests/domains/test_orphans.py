"""Stored rows whose counterpart is missing, each kind that foreign keys leave open."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.checked_data import CheckedData
from dp_pipeline.domains.data_checks import CheckResult, results_of
from dp_pipeline.domains.goals import GOALS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.football.models import Goal, Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import KICKOFF, stored_season

Rows = dict[Any, dict[str, Any]]
TABLE = tuple(
    Standing(position=n, team=team, games=1, wins=w, draws=0, losses=1 - w, goals_for=1 + w,
             goals_against=2 - w, points=3 * w)
    for n, (team, w) in enumerate((("1", 1), ("2", 0)), start=1)
)  # fmt: skip
SCORED = (Goal("1", "home", 1), Goal("1", "home", 2), Goal("1", "away", 1))


@pytest.fixture(scope="module")
def stored() -> Snapshot:
    goals = Fetched(SCORED, read_at=KICKOFF)
    return stored_season((STANDINGS, Fetched(TABLE)), (GOALS, goals))


def checked(snapshot: Snapshot) -> CheckResult:
    results = results_of(CheckedData(snapshot, datetime(2024, 8, 25, tzinfo=UTC)))
    (result,) = (each for each in results if each.name == "no_row_is_orphaned")
    return result


def changed(snapshot: Snapshot, table: sa.Table, change: Callable[[Rows], Any]) -> Snapshot:
    rows = {id_: dict(row) for id_, row in snapshot.rows(table).items()}
    change(rows)
    return snapshot.only(table, rows)


def of(rows: Rows, **fields: Any) -> dict[str, Any]:
    """The first row that is so."""
    return next(row for row in rows.values() if all(row[n] == v for n, v in fields.items()))


def test_a_season_as_it_is_stored_has_no_orphan(stored: Snapshot) -> None:
    result = checked(stored)
    assert (result.passed, result.domain) == (True, "tournaments")
    assert result.detail == "Every row has its counterpart."


MATCHES: Mapping[str, tuple[Callable[[Rows], Any], str]] = {
    "a match of no round": (
        lambda rows: of(rows, external_id="2").update(round_slug=None),
        "Gamma - Delta is of no round.",
    ),
    "superseded by a match of another tournament": (
        lambda rows: of(rows, external_id="2").update(superseded_by=uuid4()),
        "Gamma - Delta, round 1 was superseded by a match of another tournament.",
    ),
    "superseded in a circle": (
        lambda rows: [
            of(rows, external_id=one).update(superseded_by=of(rows, external_id=two)["id"])
            for one, two in (("1", "2"), ("2", "1"))
        ],
        "Alpha - Beta, round 1 was superseded in a circle, and counts nowhere.",
    ),
    "goals of a match that is superseded": (
        lambda rows: [
            of(rows, external_id="1").update(superseded_by=of(rows, external_id="2")["id"]),
            of(rows, external_id="2").update(status="ended", home_score=2, away_score=1),
        ],
        "3 goals are of Alpha - Beta, round 1, which was superseded by a match that has none.",
    ),
}


@pytest.mark.parametrize("what", MATCHES)
def test_an_orphan_among_the_matches_is_named(stored: Snapshot, what: str) -> None:
    change, sentence = MATCHES[what]
    result = checked(changed(stored, tables.match, change))
    assert not result.passed
    assert sentence in result.rows
    assert result.severity == ("ERROR" if "superseded by" in what or "circle" in what else "WARN")


def test_teams_of_matches_and_tables_are_those_of_the_tournament(stored: Snapshot) -> None:
    beta = next(id_ for id_, name in stored.names.items() if name == "Beta")

    def leave(rows: Rows) -> None:
        for id_ in [id_ for id_, row in rows.items() if row["team_id"] == beta]:
            del rows[id_]

    assert checked(changed(stored, tables.tournament_team, leave)).rows == (
        "Alpha - Beta: Beta is not among the teams of the tournament.",
        "The table has Beta, which is not among the teams of the tournament.",
    )
    gamma = next(id_ for id_, name in stored.names.items() if name == "Gamma")
    idle = changed(
        stored, tables.match, lambda rows: of(rows, external_id="1").update(home_team_id=gamma)
    )
    assert checked(idle).rows == ("The table has Alpha, which plays no match.",)


def test_goals_ties_and_the_current_round_refer_to_what_is_stored(stored: Snapshot) -> None:
    (match,) = (id_ for id_, m in stored.match_by_row.items() if m.external_id == "1")
    elsewhere = changed(
        stored, tables.goal, lambda rows: of(rows, side="away").update(match_id=uuid4())
    )
    assert checked(elsewhere).rows == ("1 goal is of a match of another tournament.",)
    tie = {"id": match, "match_ids": [match, uuid4()], "superseded": False}
    assert checked(stored.only(tables.knockout_tie, {match: tie})).rows == (
        "The tie Alpha - Beta names a match that is not stored.",
    )
    ahead = changed(stored, tables.tournament, lambda rows: of(rows).update(current_round="final"))
    assert checked(ahead).rows == ("The current round final is not stored.",)
