"""A match under a new id takes the place of the one that vanished."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dp_pipeline.database import rows, tables
from dp_pipeline.domains.computed_tables import by_stored_matches
from dp_pipeline.domains.judge import Past, Verdict, judge
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.reread import judged, superseded
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.garbled_names import garbled_matches
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.domains.season import (
    KEY,
    NAMES,
    a_match,
    ended,
    fetched_matches,
    fetched_rounds,
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


def test_a_match_without_a_day_that_was_a_listed_one_again_counts_no_more_once_it_vanished() -> (
    None
):
    # bytes of a file that were lost made a name and a day the round "Matchd015-02-28"
    no_day = replace(OLD, external_id="7", round_slug="3", kickoff_at=None, kickoff_date=None)
    its_day = OLD.kickoff_at
    assert its_day is not None
    year_later = replace(no_day, kickoff_date=its_day.date().replace(year=its_day.year + 1))
    january = replace(OLD, kickoff_at=datetime(2024, 1, 5, 15, tzinfo=UTC))
    in_may = replace(no_day, kickoff_date=date(2024, 5, 1))
    stored = (ROUNDS, fetched_rounds(3)), (MATCHES, fetched_matches(in_may, january, *OTHERS))
    _, after = read(stored_season(*stored), january, *OTHERS)
    assert {match.external_id for match in after.matches} == {"1", "2", "3"}
    of_a_stage = replace(OLD, external_id="7", round_slug="2", stage="Second")
    elsewhere = replace(no_day, round_slug="2", stage="Second")  # rounds that changed places
    for again in (year_later, of_a_stage, elsewhere, no_day):
        stored = (ROUNDS, fetched_rounds(3)), (MATCHES, fetched_matches(again, OLD, *OTHERS))
        _, after = read(stored_season(*stored), OLD, *OTHERS)
        assert {match.external_id for match in after.matches} == {"1", "2", "3"}
    _, back = read(after, again, OLD, *OTHERS, at=LATER)
    assert "7" in {match.external_id for match in back.matches}


@pytest.mark.parametrize("place", [{}, {"round_slug": "2"}, {"stage": "Second"}])
def test_a_vanished_match_without_a_day_stays_where_it_may_be_one_of_its_own(
    place: dict[str, Any],
) -> None:
    again = replace(replace(OLD, external_id="7", round_slug="3", kickoff_at=None), **place)
    undated = replace(OLD, kickoff_at=None)
    other = replace(again, external_id="8", home="3", away="4")  # of which none is listed
    for lacking, listed in (
        ([replace(again, home_score=3)], OLD),
        ([again], undated),
        ([again, other], OLD),
    ):
        matches = fetched_matches(*lacking, listed, *OTHERS)
        _, after = read(
            stored_season((ROUNDS, fetched_rounds(3)), (MATCHES, matches)), listed, *OTHERS
        )
        assert "7" in {match.external_id for match in after.matches}


def test_a_second_meeting_with_one_result_stays_when_its_round_is_lacking() -> None:
    days = [{"kickoff_at": None, "kickoff_date": date(2024, 11, day)} for day in (23, 24)]
    again = replace(OLD, external_id="7", round_slug="3", **days[0])
    beside = ended(8, "3", "4", (2, 2), round_slug="3", **days[1])
    without_days = [replace(each, kickoff_date=None) for each in (again, beside)]
    for lacking in ([again, beside], [again], without_days):
        matches = fetched_matches(*lacking, OLD, *OTHERS)
        stored = stored_season((ROUNDS, fetched_rounds(3)), (MATCHES, matches))
        _, after = read(stored, OLD, *OTHERS)
        assert "7" in {match.external_id for match in after.matches}


def test_another_opponent_of_a_played_match_is_believed_a_day_later_and_goes_when_it_was_none() -> (
    None
):
    other = replace(OLD, external_id="8", away="4")  # its other match moved elsewhere
    plan, after = read(season(), other, OTHERS[1])
    assert "8" not in {match.external_id for match in after.matches}
    assert "result_taken_back" in {finding.kind for finding in plan.findings}
    stored = stored_season((MATCHES, fetched_matches(OLD, other, *OTHERS)))
    _, after = read(stored, OLD, *OTHERS)
    assert {match.external_id for match in after.matches} == {"1", "2", "3"}
    assert row_of(after, other)["superseded_by"] == row_of(after, OLD)["id"]


def test_more_settled_matches_under_other_ids_than_may_be_corrected_are_refused() -> None:
    played = [ended(n, f"{n % 4 + 1}", f"{(n + 1) % 4 + 1}", (1, 0)) for n in range(1, 41)]
    played = [replace(m, stage=f"Stage {m.external_id}") for m in played]
    snapshot = stored_season((MATCHES, fetched_matches(*played)))
    for some, refused in ((2, False), (3, True)):
        anew = [replace(match, external_id=f"9{match.external_id}") for match in played[:some]]
        fetched = replace(fetched_matches(*anew, *played[some:]), read_at=NOW)
        verdict = judged(snapshot, fetched, Past(), read_at=NOW, now=NOW)
        assert (verdict.refusal is not None) is refused


def test_rounds_that_a_bad_read_brought_are_not_what_good_ones_lack() -> None:
    bad = [Round(f"bad-{n}", 10 + n, f"Bad {n}", "season") for n in range(5)]
    good = fetched_rounds(2)
    snapshot = season()
    snapshot = snapshot.after(ROUNDS.plan(Fetched((*good.items, *bad)), snapshot, Verdict()))
    assert ROUNDS.plan(good, snapshot, Verdict()).refusal is None
    moved = [ended(10 + n, "1", "2", (1, 0), round_slug=f"bad-{n}") for n in range(5)]
    snapshot = stored_season(
        (ROUNDS, Fetched((*good.items, *bad))), (MATCHES, fetched_matches(*moved))
    )
    assert ROUNDS.plan(good, snapshot, Verdict()).refusal is not None
    back = [replace(match, round_slug="1") for match in moved]
    verdict = judge(snapshot.matches, [*back, OLD, *OTHERS], read_at=NOW)
    assert ROUNDS.plan(good, snapshot, verdict).refusal is None


def test_a_stage_that_a_bad_read_made_of_a_group_goes_and_one_of_silence_stays() -> None:
    staged = replace(OLD, stage="Second", group_name="Group A")
    snapshot = stored_season((MATCHES, fetched_matches(staged, *OTHERS)))
    _, after = read(snapshot, replace(staged, stage=None), *OTHERS)
    assert row_of(after, OLD)["stage"] is None
    _, after = read(snapshot, OLD, *OTHERS)
    assert (row_of(after, OLD)["stage"], row_of(after, OLD)["group_name"]) == ("Second", "Group A")


@pytest.mark.parametrize(("of_round", "left"), [(None, None), ("Second", "Second")])
def test_a_stage_that_a_bad_read_made_of_a_round_goes_where_rounds_say_their_stages(
    of_round: str | None, left: str | None
) -> None:
    rounds = [Round("1", 1, "1", "season", stage=of_round), Round("9", 2, "9", "season", "Second")]
    staged = fetched_matches(replace(OLD, stage="Second"), *OTHERS)
    snapshot = stored_season((ROUNDS, Fetched(tuple(rounds))), (MATCHES, staged))
    _, after = read(snapshot, OLD, *OTHERS)
    assert row_of(after, OLD)["stage"] == left


@pytest.mark.slow
def test_no_match_of_a_real_season_is_another_one_again_whichever_round_a_payload_lacks(
    recordings: Path,
) -> None:
    """Nor where it lacks single matches, of which every tenth is tried."""
    for path in sorted((recordings.parent / "more_seasons").glob("*/*/*.json")):
        key = TournamentKey("openfootball", path.stem, path.parent.name)
        season_data = read_season(json.loads(path.read_bytes()), key)
        matches = season_data.matches.items
        names = {team.external_id: team.name for team in season_data.teams.items}
        rounds = season_data.rounds.items
        knockout = {round_.slug for round_ in rounds if round_.type == "knockout"}
        lacking = [{m.external_id for m in matches if m.round_slug == r.slug} for r in rounds]
        for some in [*lacking, *({match.external_id} for match in matches[::10])]:
            given = [match for match in matches if match.external_id not in some]
            gone = [match for match in matches if match.external_id in some]
            assert superseded(matches, given, None, knockout) == {}, (path, some)
            assert garbled_matches(gone, given, names) == {}, (path, some)
