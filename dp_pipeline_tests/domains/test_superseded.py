"""A match under a new id takes the place of the one that vanished."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dp_pipeline.database import rows, tables
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.judge import Past
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.reread import judged
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Match
from dp_pipeline_tests.domains.season import (
    KEY,
    NAMES,
    a_match,
    ended,
    fetched_matches,
    stored_season,
)

NOW = datetime(2024, 12, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OLD = ended(1, "1", "2", (4, 0))
OTHERS = (ended(2, "3", "4", (1, 0)), a_match(3, "2", "1", round_slug="2"))
NEW = ended(9, "1", "2", (5, 0))


def read(snapshot: Snapshot, *matches: Match, at: datetime = NOW) -> tuple[Plan, Snapshot]:
    fetched = replace(fetched_matches(*matches), read_at=at)
    verdict = judged(snapshot, fetched, Past(), read_at=at, now=at)
    assert verdict.refusal is None, verdict.refusal
    plan = MATCHES.plan(fetched, snapshot, verdict)
    assert plan.refusal is None
    return plan, snapshot.after(plan)


def season() -> Snapshot:
    return stored_season((MATCHES, fetched_matches(OLD, *OTHERS)))


def row_of(snapshot: Snapshot, match: Match) -> rows.Row:
    return snapshot.rows(tables.match)[rows.match_id(KEY.provider, match.external_id)]


def test_a_re_created_match_counts_in_the_place_of_the_one_that_vanished() -> None:
    plan, after = read(season(), NEW, *OTHERS)
    assert {match.external_id for match in after.matches} == {"9", "2", "3"}
    old = row_of(after, OLD)
    assert old["superseded_by"] == row_of(after, NEW)["id"]
    assert old["missing_since"] == NOW
    assert old["home_score"] == 4
    kinds = [finding.kind for finding in plan.findings]
    assert kinds == ["settled_fact_corrected", "match_superseded"]
    table = {row.team: row.games for row in by_stored_matches(after).rows}
    assert table == dict.fromkeys(NAMES, 1)


def test_a_re_created_match_may_lack_its_half_time_and_not_its_result() -> None:
    half_time = replace(OLD, home_score_ht=2, away_score_ht=0)
    snapshot = stored_season((MATCHES, fetched_matches(half_time, *OTHERS)))
    _, after = read(snapshot, NEW, *OTHERS)
    assert {match.external_id for match in after.matches} == {"9", "2", "3"}
    plan, after = read(season(), a_match(9, "1", "2"), *OTHERS)
    assert {match.external_id for match in after.matches} == {"1", "2", "3"}
    assert [finding.kind for finding in plan.findings] == ["result_taken_back"]


def test_the_one_that_vanished_counts_again_when_it_comes_back() -> None:
    _, after = read(season(), NEW, *OTHERS)
    _, back = read(after, OLD, *OTHERS, at=LATER)
    assert {match.external_id for match in back.matches} == {"1", "2", "3"}
    assert (row_of(back, OLD)["superseded_by"], row_of(back, OLD)["missing_since"]) == (None, None)
    assert row_of(back, NEW)["superseded_by"] == row_of(back, OLD)["id"]


def test_a_match_that_vanishes_alone_counts_and_says_since_when() -> None:
    _, after = read(season(), *OTHERS)
    _, later = read(after, *OTHERS, at=LATER)
    assert row_of(later, OLD)["missing_since"] == NOW
    assert "1" in {match.external_id for match in later.matches}


def test_the_leg_at_the_other_ground_takes_no_place() -> None:
    away = ended(9, "2", "1", (5, 0), round_slug="2")
    _, after = read(season(), OLD, OTHERS[0], away)
    assert row_of(after, OTHERS[1])["superseded_by"] == row_of(after, away)["id"]
    assert row_of(after, OLD)["superseded_by"] is None


def test_a_payload_in_which_all_ids_are_others_is_refused() -> None:
    played = [ended(n, f"{n % 4 + 1}", f"{(n + 1) % 4 + 1}", (1, 0)) for n in range(1, 9)]
    played = [replace(m, stage=f"Stage {m.external_id}") for m in played]
    snapshot = stored_season((MATCHES, fetched_matches(*played)))
    others = [replace(match, external_id=f"9{match.external_id}") for match in played]
    fetched = replace(fetched_matches(*others), read_at=NOW)
    verdict = judged(snapshot, fetched, Past(), read_at=NOW, now=NOW)
    assert verdict.refusal is not None


def test_a_match_that_was_stored_under_two_rounds_counts_once_when_one_of_them_is_left_out() -> (
    None
):
    again = replace(OLD, external_id="7", round_slug="2")
    both = stored_season((MATCHES, fetched_matches(OLD, again, *OTHERS)))
    _, after = read(both, OLD, *OTHERS)
    assert {match.external_id for match in after.matches} == {"1", "2", "3"}
    assert row_of(after, again)["superseded_by"] == row_of(after, OLD)["id"]
    other_day = replace(again, kickoff_at=None, kickoff_date=NOW.date())
    apart = stored_season((MATCHES, fetched_matches(OLD, other_day, *OTHERS)))
    _, after = read(apart, OLD, *OTHERS)
    assert {match.external_id for match in after.matches} == {"1", "2", "3", "7"}
