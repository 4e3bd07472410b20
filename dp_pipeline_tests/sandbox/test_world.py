"""Rules every simulated world keeps, whatever its seed and moment."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dp_pipeline.football.models import Match
from dp_pipeline.football.rules import rules_of
from dp_pipeline.football.table import compute_tables
from dp_pipeline.sandbox.api.events import STATUSES, event
from dp_pipeline.sandbox.api.tables import standings
from dp_pipeline.sandbox.world import calendar, identity, stages
from dp_pipeline.sandbox.world.calendar import HOUR
from dp_pipeline.sandbox.world.formats import RULED, sibling
from dp_pipeline.sandbox.world.matches import Fate
from dp_pipeline.sandbox.world.promotion import entrants
from dp_pipeline.sandbox.world.season import SimulatedSeason, season_of
from dp_pipeline.sandbox.world.state import MatchState, state_of
from dp_pipeline.sandbox.world.timeline import settled
from dp_pipeline.sandbox.world.view import View
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.sandbox.truth import true_matches, true_tables

SEEDS = st.integers(0, 2**32)
# Three blocks: the large divisions have another size in each.
NUMBERS = st.integers(1, 36) | st.sampled_from(RULED)
INDEXES = st.integers(0, identity.SEASONS - 1)
PARTS = st.integers(0, 1000)
FEW = settings(max_examples=25)
LIVE = {code for code, (kind, _) in STATUSES.items() if kind == "inprogress"}


def season(seed: int, number: int, index: int) -> SimulatedSeason:
    return season_of(World(seed, 36), number, index)


def moment(index: int, permille: int) -> int:
    start, end = calendar.season_start(index), calendar.season_end(index)
    return start + (end - start) * permille // 1000


def rendered(seed: int, found: SimulatedSeason, at: int) -> list[dict[str, Any]]:
    world = World(seed, 36)
    return [event(world, found, *match) for match in View(found, at).matches]


def goals(side: dict[str, int], *names: str) -> int:
    return sum(side.get(name, 0) for name in names)


@FEW
@given(SEEDS, NUMBERS, INDEXES, PARTS)
def test_scores_add_up_in_every_state(seed: int, number: int, index: int, permille: int) -> None:
    found = season(seed, number, index)
    low_coverage = found.format.listing == "none"
    for each in rendered(seed, found, moment(index, permille)):
        home, away, code = each["homeScore"], each["awayScore"], each["status"]["code"]
        if code in {0, 60, 70}:
            assert home == away == {}
            assert "winnerCode" not in each
            continue
        for side in (home, away):
            assert side["current"] == side["display"] + side.get("penalties", 0)
            if low_coverage and code in {20, 80, 90}:
                continue
            assert side["normaltime"] == goals(side, "period1", "period2")
            assert side["display"] == side["normaltime"] + side.get("overtime", 0)
            if "extra1" in side:
                assert side["overtime"] == goals(side, "extra1", "extra2")
            if "period2" not in side:
                assert code in {6, 31, 80, 90}
        if code in {100, 110, 120}:
            assert each["winnerCode"] == winner(home, away, code)
            assert home["display"] != away["display"] or code != 110 or "aggregated" in home
        else:
            assert code in LIVE | {80, 90}
            assert "winnerCode" not in each


def winner(home: dict[str, int], away: dict[str, int], code: int) -> int:
    left, right = home["display"], away["display"]
    if code == 120:
        assert home["penalties"] != away["penalties"]
        if left == right:
            left, right = home["penalties"], away["penalties"]
    return 3 if left == right else 1 if left > right else 2


@FEW
@given(SEEDS, NUMBERS, INDEXES, PARTS)
def test_tables_are_what_the_listed_matches_come_to(
    seed: int, number: int, index: int, permille: int
) -> None:
    found = season(seed, number, index)
    at = moment(index, permille)
    sums: dict[tuple[int, int], Counter[str]] = {}
    for each in rendered(seed, found, at):
        if each["status"]["code"] != 100:
            continue
        scores = each["homeScore"]["display"], each["awayScore"]["display"]
        for side, (scored, conceded) in (("homeTeam", scores), ("awayTeam", scores[::-1])):
            row = sums.setdefault((each["tournament"]["id"], each[side]["id"]), Counter())
            won, drawn = scored > conceded, scored == conceded
            row.update(matches=1, scoresFor=scored, scoresAgainst=conceded)
            row.update(wins=won, draws=drawn, losses=scored < conceded, points=3 * won + drawn)
    carried = [each.order.carried for each in View(found, at).tables]
    for place, table in enumerate(standings(World(seed, 36), View(found, at), "total")):
        assert [row["position"] for row in table["rows"]] == [*range(1, len(table["rows"]) + 1)]
        points = [row["points"] for row in table["rows"]]
        assert points == sorted(points, reverse=True)
        for row in table["rows"]:
            told = {name: row[name] for name in row if isinstance(row[name], int)}
            counted = sums.get((table["tournament"]["id"], row["team"]["id"]), Counter())
            for name in ("matches", "wins", "draws", "losses", "scoresFor", "scoresAgainst"):
                assert told[name] == counted[name]
            before = carried[place].get(row["team"]["id"], 0)
            assert row["points"] == counted["points"] + before
            assert int(row["scoreDiffFormatted"]) == row["scoresFor"] - row["scoresAgainst"]


@FEW
@given(SEEDS, NUMBERS, INDEXES)
def test_ids_are_unique_and_lead_back(seed: int, number: int, index: int) -> None:
    found = season(seed, number, index)
    ids = [fixture.id for fixture in found.fixtures]
    assert len(set(ids)) == len(ids)
    for identifier in ids:
        place = identity.match_place(identifier)
        assert (place.competition, place.season) == (number, index)
    names = {(round_.number, round_.slug, round_.prefix) for round_, _ in found.rounds}
    assert len(names) == len(found.rounds)


@FEW
@given(SEEDS, NUMBERS, INDEXES)
@example(187514, 12, 4)  # a friendly of June is postponed
def test_everything_happens_within_the_season_and_in_order(
    seed: int, number: int, index: int
) -> None:
    found = season(seed, number, index)
    start, end = calendar.season_start(index), calendar.season_end(index)
    for fixture in found.fixtures:
        assert start <= fixture.kickoff
        assert settled(fixture) < end
        assert fixture.announced < fixture.kickoff
        if fixture.fate in {Fate.MOVED, Fate.POSTPONED, Fate.CANCELLED}:
            assert fixture.announced < fixture.fate_at < fixture.kickoff


@FEW
@given(SEEDS, NUMBERS, INDEXES)
def test_a_round_is_drawn_after_the_matches_that_decide_it(
    seed: int, number: int, index: int
) -> None:
    found = season(seed, number, index)
    for cup_round, _ in found.rounds:
        if not cup_round.knockout:
            continue
        ties = [f for f in found.fixtures if f.round == cup_round]
        known = {fixture.announced for fixture in ties}
        assert len(known) == 1
        playing = {team for fixture in ties for team in (fixture.home, fixture.away)}
        earlier = [
            fixture
            for fixture in found.fixtures
            if fixture.id < ties[0].id and {fixture.home, fixture.away} & playing
        ]
        if cup_round.slug == "final" and found.format.third_place:
            earlier = [f for f in earlier if f.round and f.round.number != 50]
        assert all(settled(fixture) <= max(known) for fixture in earlier)


@FEW
@given(SEEDS, st.sampled_from([3, 5, 15, 17]), INDEXES)
def test_two_legs_come_to_an_aggregate_with_a_winner(seed: int, number: int, index: int) -> None:
    found = season(seed, number, index)
    by_id = {each["id"]: each for each in rendered(seed, found, calendar.season_end(index))}
    second_legs = [each for each in by_id.values() if "previousLegEventId" in each]
    assert second_legs
    for second in second_legs:
        first = by_id[second["previousLegEventId"]]
        assert first["homeTeam"]["id"] == second["awayTeam"]["id"]
        assert first["cupMatchesInRound"] == second["cupMatchesInRound"] == 2
        home, away = second["homeScore"], second["awayScore"]
        assert home["aggregated"] == home["display"] + first["awayScore"]["display"]
        assert away["aggregated"] == away["display"] + first["homeScore"]["display"]
        level = home["aggregated"] == away["aggregated"]
        assert level == (second["status"]["code"] == 120)
        left, right = ("penalties", "penalties") if level else ("aggregated", "aggregated")
        assert second["aggregatedWinnerCode"] == (1 if home[left] > away[right] else 2)


@FEW
@given(SEEDS, INDEXES)
def test_away_goals_decide_what_two_legs_leave_level(seed: int, index: int) -> None:
    for second in season(seed, RULED[2], index).fixtures:
        if second.first_leg is None:
            continue
        first, play = second.first_leg.play, second.play
        own = play.count(home=True) + first.count(home=False)
        others = play.count(home=False) + first.count(home=True)
        away = first.count(home=False), play.count(home=False)
        assert bool(play.kicks) == (own == others and away[0] == away[1])
        if own == others and not play.kicks:
            assert second.tie_winner() == (second.home if away[0] > away[1] else second.away)


@FEW
@given(SEEDS, INDEXES)
def test_a_split_season_by_the_rules_of_the_pipeline_ends_as_in_the_world(
    seed: int, index: int
) -> None:
    number = RULED[1]
    ids = identity.competition_id(number), identity.season_id(number, index)
    matches = [
        Match(
            external_id=str(match.id),
            round_slug=str(match.round),
            home=str(match.home),
            away=str(match.away),
            status=match.status,
            stage=match.stage,
            kickoff_at=datetime.fromtimestamp(match.kickoff, UTC),
            home_score=match.score[0] if match.score else None,
            away_score=match.score[1] if match.score else None,
        )
        for match in true_matches(World(seed, 36), *ids, calendar.season_end(index))
    ]
    computed = compute_tables(matches, rules=rules_of("sandbox", str(ids[0]), "2026/27"))
    _, *groups = true_tables(World(seed, 36), *ids, calendar.season_end(index))
    rows = [row for group in groups for row in group.rows]
    final = [(row.team, row.points) for row in computed.rows if row.whole_season]
    assert final == [(str(row.team), row.points) for row in rows]
    assert computed.unapplied == ()


@FEW
@given(SEEDS, st.sampled_from([1, 10, 13, 25]), st.integers(0, identity.SEASONS - 2))
def test_promotion_and_relegation_follow_from_the_tables(
    seed: int, number: int, index: int
) -> None:
    world = World(seed, 36)
    orders = []
    for division in (1, 2):
        at_the_end = View(season(seed, sibling(number, division), index), 2**40)
        rows = at_the_end.rows(*at_the_end.tables)
        orders.append([row.team for row in rows])
    upper, lower = orders
    count = world.format(number).exchanged
    assert set(entrants(world, sibling(number, 1), index + 1)) == {
        *upper[:-count],
        *lower[:count],
    }
    assert set(entrants(world, sibling(number, 2), index + 1)) == {
        *lower[count:],
        *upper[-count:],
    }


@FEW
@given(SEEDS, NUMBERS, INDEXES, st.lists(PARTS, min_size=2, max_size=12))
def test_time_only_adds_except_by_a_correction(
    seed: int, number: int, index: int, parts: list[int]
) -> None:
    found = season(seed, number, index)
    moments = sorted(moment(index, permille) + permille for permille in parts)
    for fixture in found.fixtures:
        before: MatchState | None = None
        for at in moments:
            if fixture.announced > at:
                continue
            state = state_of(fixture, at)
            assert state.changed <= at
            if before is not None:
                assert not before.finished or state.finished
                assert before.changed <= state.changed
                same = (before.code, before.home, before.away, before.kickoff) == (
                    (state.code, state.home, state.away, state.kickoff)
                )
                assert same or before.changed < state.changed
                corrected = fixture.play.reported is not None
                if before.home is not None and state.home is not None and not corrected:
                    assert before.home.display <= state.home.display
            before = state


def test_every_fate_and_every_status_is_met_in_a_season_of_twelve_competitions() -> None:
    fates: Counter[Fate] = Counter()
    codes: Counter[int] = Counter()
    for number in range(1, 13):
        found = season(1, number, 3)
        fates.update(fixture.fate for fixture in found.fixtures)
        for fixture in found.fixtures:
            last = settled(fixture)
            until = min(last, fixture.kickoff + 4 * HOUR)
            for at in (*range(fixture.kickoff, until, 10 * 60), last):
                codes[state_of(fixture, at).code] += 1
    assert set(fates) == set(Fate)
    assert set(codes) >= {0, 6, 7, 31, 32, 41, 42, 50, 60, 70, 80, 90, 100, 110, 120}


def test_a_replay_has_an_id_of_its_own_in_the_same_round() -> None:
    found = season(1, 1, 3)
    by_id = {fixture.id: fixture for fixture in found.fixtures}
    replays = [f for f in found.fixtures if identity.is_replay(f.id)]
    assert replays
    for replay in replays:
        original = by_id[replay.id - identity.REPLAY]
        assert (original.round, original.home, original.away) == (
            replay.round,
            replay.home,
            replay.away,
        )
        assert original.fate in {Fate.POSTPONED, Fate.ABANDONED}
        assert replay.announced == settled(original)


def test_groups_are_stages_of_their_own() -> None:
    found = season(1, 3, 3)
    assert [table.stage for table in found.tables] == [*stages.GROUPS[:8]]
    assert {len(table.teams) for table in found.tables} == {4}
    knockout = [f for f in found.fixtures if f.stage == stages.KNOCKOUT]
    in_groups = {team for table in found.tables for team in table.teams}
    assert {team for f in knockout for team in (f.home, f.away)} <= in_groups
    at_the_end = View(found, 2**40)
    best_two = {row.team for each in at_the_end.tables for row in at_the_end.rows(each)[:2]}
    round_of_16 = [f for f in knockout if f.round and f.round.slug == "round-of-16"]
    assert {team for f in round_of_16 for team in (f.home, f.away)} == best_two
