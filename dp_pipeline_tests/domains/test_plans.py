"""Plans are values: what is fetched and stored goes in, what would be written comes out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline import domains
from dp_pipeline.database import tables
from dp_pipeline.database.rows import standing_row
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.guards import missing, swapped
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.matches import MATCHES, follows_from, settled
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.registry import (
    BY_NAME,
    DOMAINS,
    REGISTERED,
    RegistryError,
    checked,
    operation_type,
)
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.standings import (
    STANDINGS,
    by_stored_matches,
    only_recomputed,
    with_zones,
)
from dp_pipeline.domains.teams import TEAMS, newest
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.fetched import Fetched

KEY = TournamentKey.parse("openligadb:bl1:2024")
NAMES = {"1": "Alpha", "2": "Beta", "3": "Gamma", "4": "Delta"}
KICKOFF = datetime(2024, 8, 24, 13, 30, tzinfo=UTC)


def fetched_tournament(**fields: Any) -> Fetched[Tournament]:
    told: dict[str, Any] = {
        "key": KEY,
        "external_id": "bl1",
        "label": "Bundesliga 2024/25",
        "season": "2024/25",
        "slug": "bl1-2024",
    }
    return Fetched((Tournament(**{**told, **fields}),))


def fetched_teams(names: dict[str, str]) -> Fetched[Team]:
    return Fetched(tuple(Team(id_, name) for id_, name in names.items()), team_names=names)


def fetched_rounds(count: int) -> Fetched[Round]:
    return Fetched(tuple(Round(str(n), n, f"Matchday {n}", "season") for n in range(1, count + 1)))


def a_match(number: int, home: str, away: str, **fields: Any) -> Match:
    told: dict[str, Any] = {"round_slug": "1", "status": "scheduled", "kickoff_at": KICKOFF}
    return Match(str(number), home=home, away=away, **{**told, **fields})


def ended(number: int, home: str, away: str, goals: tuple[int, int], **fields: Any) -> Match:
    scores = {"home_score": goals[0], "away_score": goals[1], "status": "ended"}
    return a_match(number, home, away, **{**scores, **fields})


def fetched_matches(*matches: Match) -> Fetched[Match]:
    return Fetched(matches, team_names=NAMES)


SEASON: Sequence[tuple[Domain[Any], Fetched[Any]]] = (
    (TOURNAMENTS, fetched_tournament()),
    (TEAMS, fetched_teams(NAMES)),
    (ROUNDS, fetched_rounds(2)),
    (MATCHES, fetched_matches(ended(1, "1", "2", (2, 1)), a_match(2, "3", "4"))),
)


def nothing_stored() -> Snapshot:
    return Snapshot(KEY, {})


def stored_season(*more: tuple[Domain[Any], Fetched[Any]]) -> Snapshot:
    """What is stored after a season was read, without a database."""
    snapshot = nothing_stored()
    for domain, fetched in (*SEASON, *more):
        snapshot = snapshot.after(planned(domain, fetched, snapshot))
    return snapshot


def planned(domain: Domain[Any], fetched: Fetched[Any], snapshot: Snapshot) -> Plan:
    plan = domain.plan(fetched, snapshot, Verdict())
    assert plan.refusal is None, plan.refusal
    return plan


def counts(plan: Plan) -> list[tuple[str, int, int, int]]:
    return [(s.table, len(s.created), len(s.updated), s.unchanged) for s in plan.stored]


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
    assert [f.kind for f in plan.findings] == ["other_tournament"]


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


def test_a_computed_table_is_the_one_that_the_stored_matches_come_to() -> None:
    snapshot = stored_season()
    wrong = Fetched(
        tuple(
            Standing(team, place, 9, 9, 0, 0, 9, 0, 27, computed=True)
            for place, team in enumerate(NAMES, 1)
        ),
        team_names=NAMES,
    )
    plan = planned(STANDINGS, wrong, snapshot)
    assert snapshot.after(plan).standings == by_stored_matches(snapshot).rows


def test_a_computed_row_that_follows_from_nothing_any_more_is_superseded_and_can_come_back() -> (
    None
):
    snapshot = stored_season()
    rows = by_stored_matches(snapshot).rows
    computed = Fetched(rows, team_names=NAMES)
    elsewhere = [standing_row(KEY, replace(row, stage="old", note="x")) for row in rows]
    stored = {**snapshot.stored, "tournament_standing": {row["id"]: row for row in elsewhere}}
    before = replace(snapshot, stored=stored)
    plan = planned(STANDINGS, computed, before)
    assert plan.refusal is None
    assert before.after(plan).standings == rows
    left = [r for r in before.after(plan).rows(tables.tournament_standing).values() if r["stage"]]
    assert [row["superseded"] for row in left] == [True] * len(rows)
    again = before.after(plan)
    assert not planned(STANDINGS, computed, again).changes_anything


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


# -- guards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "gone", "refused"),
    [
        (306, 0, False),
        (306, 30, False),
        (306, 31, True),
        (18, 2, False),
        (18, 3, True),
        (1, 1, False),
    ],
)
def test_a_payload_that_lacks_more_than_two_and_a_tenth_is_refused(
    stored: int, gone: int, *, refused: bool
) -> None:
    names = {uuid4(): f"row {number}" for number in range(stored)}
    found = missing("matches", {**names}, dict.fromkeys(list(names)[gone:]))
    if refused:
        assert isinstance(found, Plan)
        assert found.refusal is not None
        assert f"{gone} of the {stored} stored" in found.refusal.because
    else:
        assert not isinstance(found, Plan)
        assert len(found) == gone
        assert not any(finding.left_out for finding in found)


@given(st.sets(st.uuids()), st.sets(st.uuids()))
def test_more_than_what_is_stored_is_always_welcome(stored: set[UUID], new: set[UUID]) -> None:
    assert missing("teams", dict.fromkeys(stored, ""), dict.fromkeys(stored | new)) == ()


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


def test_a_computed_table_replaces_the_providers_only_when_it_counts_more_games() -> None:
    def row(games: int, *, computed: bool) -> Standing:
        return Standing("a", 1, games, games, 0, 0, 1, 0, 3 * games, computed=computed)

    theirs = [row(10, computed=False)]
    assert only_recomputed(theirs, [row(10, computed=True)])
    assert only_recomputed(theirs, [row(9, computed=True)])
    assert only_recomputed(theirs, 2 * [row(10, computed=True)]), "a team in two tables"
    assert not only_recomputed(theirs, [row(11, computed=True)])
    assert not only_recomputed(theirs, [row(10, computed=False)])
    ours = [row(10, computed=True)]
    assert not only_recomputed(ours, ours), "what is stored was computed too"


def test_names_that_belong_to_others_are_not_taken() -> None:
    ids = [uuid4() for _ in range(18)]
    names = {id_: f"club {n}" for n, id_ in enumerate(ids)}
    rotated = {id_: names[ids[n - 1]] for n, id_ in enumerate(ids)}
    assert swapped("teams", {**names}, {**rotated})
    renamed = {n: f"{name} 1900" for n, name in names.items()}
    assert swapped("teams", {**names}, {**renamed}) is None
    assert swapped("teams", {**names}, dict.fromkeys(ids, "club"))
    two = names | {ids[0]: names[ids[1]], ids[1]: names[ids[0]]}
    assert swapped("teams", {**names}, {**two}) is None


# -- the registry ----------------------------------------------------------------------------------


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


def test_every_module_that_makes_a_domain_is_registered_under_its_name() -> None:
    modules = Path(str(domains.__file__)).parent.glob("*.py")
    making = {path.stem for path in modules if " = Domain(" in path.read_text()}
    assert making == BY_NAME.keys()


def test_operation_types_are_those_of_the_guide() -> None:
    assert operation_type("tournaments", create=True) == "tournament_create"
    assert operation_type("matches", create=False) == "matches_update"


def test_places_of_the_whole_season_have_their_zones_and_shared_ones_only_where_all_are_in_it() -> (
    None
):
    def row(team: int, position: int, *, whole: bool = True) -> Standing:
        return Standing(str(team), position, 0, 0, 0, 0, 0, 0, 0, whole_season=whole)

    snapshot = stored_season()
    table = [row(place, place) for place in range(1, 19)]
    zones = [each.zone for each in with_zones(table, snapshot)]
    assert zones == ["champion", *[None] * 14, "play-off", "relegation", "relegation"]
    shared = [row(1, 1), row(2, 1), *table[2:16], row(17, 17), row(18, 17)]
    assert [each.zone for each in with_zones(shared, snapshot)][:2] == [None, None]
    assert [each.zone for each in with_zones(shared, snapshot)][16:] == ["relegation"] * 2
    assert all(each.zone is None for each in with_zones(table[:17], snapshot))
    stage = [row(place, place, whole=False) for place in range(1, 19)]
    assert with_zones(stage, snapshot) == stage
