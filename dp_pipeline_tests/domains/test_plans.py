"""Plans are values: what is fetched and stored goes in, what would be written comes out."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.matches import MATCHES, follows_from, settled
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.domains.teams import TEAMS, newest
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline.football.models import Match, Standing
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline_tests.domains.season import (
    KEY,
    KICKOFF,
    NAMES,
    SEASON,
    a_match,
    counts,
    ended,
    fetched_matches,
    fetched_teams,
    fetched_tournament,
    nothing_stored,
    planned,
    stored_season,
)


def test_a_first_read_is_planned_whole_without_a_database() -> None:
    snapshot = nothing_stored()
    found = {}
    for domain, fetched in SEASON:
        plan = planned(domain, fetched, snapshot)
        found[domain.name] = counts(plan)
        snapshot = snapshot.after(plan)
    assert found["tournaments"] == [("tournament", 1, 0, 0)]
    assert found["teams"][:2] == [("team", 4, 0, 0), ("tournament_team", 4, 0, 0)]
    assert found["rounds"][0] == ("tournament_round", 2, 0, 0)
    assert found["matches"][0] == ("match", 2, 0, 0)
    assert [m.external_id for m in snapshot.matches] == ["1", "2"]
    assert snapshot.team_names == NAMES


def test_the_same_read_again_plans_nothing() -> None:
    snapshot = stored_season()
    for domain, fetched in SEASON:
        plan = planned(domain, fetched, snapshot)
        assert not plan.changes_anything, (domain.name, counts(plan))


def test_status_and_current_round_follow_from_what_is_stored_not_from_the_payload() -> None:
    first = planned(TOURNAMENTS, fetched_tournament(), nothing_stored())
    (row,) = first.writes[0].rows.values()
    assert (row["status"], row["current_round"]) == ("upcoming", None)
    snapshot = stored_season()
    assert snapshot.tournament is not None
    assert (snapshot.tournament["status"], snapshot.tournament["current_round"]) == ("active", "1")
    plan = planned(
        MATCHES,
        fetched_matches(ended(1, "1", "2", (2, 1)), ended(2, "3", "4", (0, 0))),
        stored_season(
            (MATCHES, fetched_matches(a_match(3, "1", "3", round_slug="2"))),
        ),
    )
    (derived,) = [write for write in plan.writes if write.table is tables.tournament]
    (change,) = derived.stored.updated
    assert change.fields == {"current_round": ("1", "2")}
    assert not derived.counted, "people count matches"


def test_a_plan_names_old_and_new_values() -> None:
    moved = a_match(2, "3", "4", kickoff_at=KICKOFF + timedelta(days=1))
    plan = planned(MATCHES, fetched_matches(moved), stored_season())
    (change,) = plan.stored[0].updated
    assert change.fields == {"kickoff_at": (KICKOFF, KICKOFF + timedelta(days=1))}


def test_what_a_provider_is_silent_about_is_kept() -> None:
    told = a_match(2, "3", "4", venue="Ground", stage="Final", group_name="A")
    snapshot = stored_season((MATCHES, fetched_matches(told)))
    silent = replace(told, venue=None, stage=None, group_name=None, round_slug=None)
    assert not planned(MATCHES, fetched_matches(silent), snapshot).changes_anything


def test_a_kept_result_is_not_written_and_the_others_are() -> None:
    snapshot = stored_season()
    back = fetched_matches(a_match(1, "1", "2"), ended(2, "3", "4", (1, 1)))
    plan = MATCHES.plan(back, snapshot, Verdict(kept=frozenset({"1"})))
    (change,) = plan.stored[0].updated
    assert change.fields["status"] == ("scheduled", "ended")


def test_a_match_of_an_unknown_team_or_round_is_left_out_and_asks_for_more() -> None:
    snapshot = stored_season()
    strange = [a_match(8, "9", "1"), a_match(9, "1", "2", round_slug="17")]
    plan = planned(MATCHES, fetched_matches(*strange, a_match(2, "3", "4")), snapshot)
    assert [f.kind for f in plan.findings if f.left_out] == ["unknown_team", "unknown_round"]
    assert not plan.changes_anything
    assert follows_from(plan)
    alone = MATCHES.plan(fetched_matches(*strange), snapshot, Verdict())
    assert alone.refusal is not None
    assert alone.refusal.kind == "blocked_dependency"
    assert follows_from(alone)


def test_a_match_of_another_tournament_is_not_taken_from_it() -> None:
    snapshot = stored_season()
    row = next(iter(snapshot.rows(tables.match)))
    assert isinstance(row, UUID)
    others = Snapshot(KEY, {**snapshot.stored, "match": {}}, elsewhere=frozenset({row}))
    plan = planned(MATCHES, SEASON[3][1], others)
    assert [f.kind for f in plan.findings if f.left_out] == ["other_tournament"]


def test_what_follows_a_match_follows_when_it_is_settled_or_decided_otherwise() -> None:
    snapshot = stored_season()

    def ends(*matches: Match) -> set[str | None]:
        return settled(planned(MATCHES, fetched_matches(*matches), snapshot))

    assert ends(a_match(2, "3", "4", status="live", home_score=1, away_score=0)) == set()
    assert ends(ended(2, "3", "4", (1, 0))) == {"1"}
    assert ends(a_match(2, "3", "4", status="postponed")) == {"1"}
    assert ends(ended(1, "1", "2", (2, 2))) == {"1"}
    assert ends(ended(1, "1", "2", (2, 1), venue="Ground")) == set()
    assert ends(ended(7, "2", "1", (0, 0), round_slug="2")) == {"2"}


def test_a_team_that_was_met_elsewhere_counts_as_new_here() -> None:
    elsewhere = stored_season()
    other = replace(KEY, season="2023")
    met = Snapshot(
        other, {"team": elsewhere.rows(tables.team)}, described_by=elsewhere.described_by
    )
    met = met.after(planned(TOURNAMENTS, fetched_tournament(key=other, season="2023/24"), met))
    plan = planned(TEAMS, fetched_teams({**NAMES, "1": "Old Alpha"}), met)
    counted = [stored for stored in plan.stored if stored.counted]
    assert sum(len(stored.created) for stored in counted) == 4
    assert not plan.stored[0].updated, "the newest tournament names a team"
    assert met.after(plan).team_names == {**NAMES, "1": "Old Alpha"}, "each shows its own names"


def test_a_newer_tournament_renames_a_team_and_no_row_counts_as_updated() -> None:
    before = stored_season()
    newer = replace(KEY, season="2025")
    met = Snapshot(newer, {"team": before.rows(tables.team)}, described_by=before.described_by)
    met = met.after(planned(TOURNAMENTS, fetched_tournament(key=newer, season="2025/26"), met))
    plan = planned(TEAMS, fetched_teams({**NAMES, "1": "New Alpha"}), met)
    assert [s.table for s in plan.stored if s.counted and s.updated] == []
    current = {row["name"] for row in met.after(plan).rows(tables.team).values()}
    assert current == {"New Alpha", "Beta", "Gamma", "Delta"}
    again = planned(TEAMS, fetched_teams({**NAMES, "1": "Alpha"}), before)
    assert not again.changes_anything, "the older one has its own names"


def test_without_its_teams_no_table_is_stored() -> None:
    bare = nothing_stored().after(planned(TOURNAMENTS, fetched_tournament(), nothing_stored()))
    theirs = Fetched((Standing("1", 1, 0, 0, 0, 0, 0, 0, 0),), team_names=NAMES)
    plan = STANDINGS.plan(theirs, bare, Verdict())
    assert plan.refusal is not None
    assert plan.refusal.kind == "blocked_dependency"


matches = st.builds(
    a_match,
    st.integers(1, 6),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["3", "4", "9"]),
    status=st.sampled_from(["scheduled", "live", "ended", "postponed", "unknown"]),
    round_slug=st.sampled_from(["1", "2", "17", None]),
    home_score=st.none() | st.integers(0, 9),
    venue=st.none() | st.just("Ground"),
)


@given(st.lists(matches, min_size=1, unique_by=lambda match: match.external_id))
def test_what_a_plan_stores_it_plans_no_more(found: list[Match]) -> None:
    fetched = fetched_matches(*found)
    snapshot = stored_season()
    plan = MATCHES.plan(fetched, snapshot, Verdict())
    again = MATCHES.plan(fetched, snapshot.after(plan), Verdict())
    assert not again.changes_anything
    assert [f.subject for f in again.findings] == [f.subject for f in plan.findings]


def test_a_team_keeps_the_name_of_its_newest_tournament_in_whatever_order_they_are_read() -> None:
    team = uuid4()
    row = {"id": team, "name": "A"}
    old = ("2023/24", "sofascore:35:99")
    new = ("2024/25", "sofascore:35:12")
    assert newest([row], {team: old}, new) == [row]
    assert newest([row], {team: new}, old) == []
    assert newest([row], {team: old}, old) == [row]
    assert newest([row], {}, old) == [row]
    cup = ("2024/25", "sofascore:217:5")
    assert newest([row], {team: new}, cup) == []
    assert newest([row], {team: cup}, new) == [row]
