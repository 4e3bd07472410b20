"""A text that lost bytes between two of its entries, and the next one, which is whole."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp_pipeline.database import tables
from dp_pipeline.domains.judge import Past
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.reread import judged
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Round
from dp_pipeline.providers.contract import StoredTeams
from dp_pipeline.providers.errors import InvalidShapeError
from dp_pipeline.providers.fetched import Fetched
from dp_pipeline.providers.openfootball.season import read_season
from dp_pipeline_tests.domains.season import (
    NAMES,
    a_match,
    ended,
    fetched_matches,
    fetched_rounds,
    fetched_teams,
    stored_season,
)
from dp_pipeline_tests.football.seasons import round_robin

KEY = TournamentKey.parse("openfootball:cz.1:2024-25")
CLUBS = (
    *("FK Mladá Boleslav", "SK Slavia Praha", "FC Fastav Zlín", "FK Dukla Praha"),
    *("1. FC Slovácko", "FC Baník Ostrava"),
)
READ_AT = datetime(2026, 7, 1, 3, tzinfo=UTC)
DAY = 24
DOMAINS = {"tournament": TOURNAMENTS, "teams": TEAMS, "rounds": ROUNDS, "matches": MATCHES}


def entry(round_: str, day: str, pair: tuple[int, int], goals: tuple[int, int]) -> dict[str, Any]:
    score = {"ht": [goals[0] // 2, goals[1] // 2], "ft": [*goals]}
    home, away = (CLUBS[number] for number in pair)
    return {
        "round": round_,
        "date": day,
        "time": f"{15 + pair[0] % 4}:00",
        "team1": home,
        "team2": away,
        "score": score,
    }


LEAGUE = [
    entry(
        f"Matchday {match.round_slug}",
        f"{match.kickoff_date}",
        (int(match.home), int(match.away)),
        (number * 7 % 5, number * 3 % 4),
    )
    for number, match in enumerate(round_robin(len(CLUBS)))
]
FINALS = [
    entry(f"Europa League, Round {leg}", f"2025-05-{20 + 4 * leg}", pair, (leg, 3))
    for leg in (1, 2)
    for pair in ((leg, 3 - leg), (3 + leg, 6 - leg))
]
ENTRIES = [json.dumps(each, ensure_ascii=False) for each in (*LEAGUE, *FINALS)]


def text_of(entries: list[str]) -> str:
    return '{"name": "League", "matches": [' + ", ".join(entries) + "]}"


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read(text: str, snapshot: Snapshot, at: datetime) -> tuple[Snapshot, set[str]]:
    """What is stored after a text was read, and the kinds of findings; refused: all as it was."""
    ids = frozenset(row["external_id"] for row in snapshot.rows(tables.team).values())
    stored = StoredTeams({}, ids, snapshot.models)
    try:
        season = read_season(json.loads(text), KEY, today=at.date(), stored=stored)
    except InvalidShapeError:
        return snapshot, {"invalid_shape"}
    names = {team.external_id: team.name for team in season.teams.items}
    kinds: set[str] = set()
    for name, domain in DOMAINS.items():
        fetched = replace(getattr(season, name), team_names=names, read_at=at)
        verdict = judged(snapshot, season.matches, Past(), read_at=at, now=at)
        if verdict.refusal is not None:
            return snapshot, {"refused"}
        plan = domain.plan(fetched, snapshot, verdict)
        if plan.refusal is not None:
            return snapshot, {"refused"}
        kinds |= {finding.kind for finding in plan.findings}
        snapshot = snapshot.after(plan)
    return snapshot, kinds


@pytest.fixture(scope="module")
def stored() -> Snapshot:
    snapshot, _ = read(text_of(ENTRIES), Snapshot(KEY, {}), READ_AT)
    assert len(snapshot.matches) == len(ENTRIES)
    return snapshot


def names_of(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {
        *(("round", round_.label) for round_ in snapshot.rounds),
        *(("team", team.name) for team in snapshot.teams),
        *(("alias", row["key"]) for row in snapshot.rows(tables.team_alias).values()),
        *(("match", match.external_id) for match in snapshot.matches),
    }


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_bytes_lost_between_two_entries_leave_nothing_that_the_next_read_lacks(
    stored: Snapshot, chance: Any
) -> None:
    first = chance.randrange(len(ENTRIES) - 1)
    last = min(len(ENTRIES) - 1, first + chance.choice((1, 1, 2)))
    begin = chance.randrange(1, len(ENTRIES[first]))
    left = ENTRIES[first][:begin]
    ends = [n for n in range(1, len(ENTRIES[last])) if is_json(left + ENTRIES[last][n:])]
    if not ends:
        return
    spliced = left + ENTRIES[last][chance.choice(ends) :]
    cut = text_of([*ENTRIES[:first], spliced, *ENTRIES[last + 1 :]])
    after, _ = read(cut, stored, READ_AT + timedelta(hours=5))
    again, kinds = read(text_of(ENTRIES), after, READ_AT + timedelta(days=31))
    assert "no_longer_at_provider" not in kinds, spliced
    assert names_of(again) == names_of(stored), spliced


def test_what_is_left_out_is_believed_when_a_read_a_day_later_says_the_same(
    stored: Snapshot,
) -> None:
    *others, first, second = ENTRIES
    garbled = first[: first.index("ound 2")] + second[second.index('2", "date') :]
    cut = text_of([*others, garbled])
    snapshot = stored
    for hours in (5, 20, 30):
        snapshot, kinds = read(cut, snapshot, READ_AT + timedelta(hours=hours))
        assert ("spliced_match" in kinds) is (hours - 5 < DAY)
    assert names_of(snapshot) - names_of(stored) == {("round", "Europa League, R2")}


def test_the_second_of_the_two_may_have_vanished_before_and_be_superseded(stored: Snapshot) -> None:
    *others, first, second = ENTRIES
    cut = text_of([*others, first[: first.index("C Fastav")] + second[second.index("ník") :]])
    rows = dict(stored.rows(tables.match))
    old = stored.match_by_row.items()
    by_id = {match.external_id: id_ for id_, match in old if match.stage == "Europa League"}
    id_ = by_id["2024-25/cz.1/europa-league-2/banik-ostrava-cze/slovacko-cze"]
    since = {"missing_since": READ_AT - timedelta(days=9), "superseded_by": id_}
    rows[id_] = {**rows[id_], **since}
    snapshot = stored.only(tables.match, rows)
    assert len(snapshot.matches) == len(ENTRIES) - 1
    after, kinds = read(cut, snapshot, READ_AT + timedelta(hours=5))
    assert kinds == {"spliced_match", "left_out_team", "no_longer_at_provider"}
    assert names_of(after) == names_of(snapshot)


def test_a_team_and_a_round_of_a_kept_match_alone_are_left_out_with_it() -> None:
    known = stored_season()
    match = replace(ended(1, "40", "2", (2, 1)), round_slug="matchd03")
    other = a_match(2, "3", "4")
    fetched = replace(fetched_matches(match, other), read_at=READ_AT)
    verdict = judged(known, fetched, Past(), read_at=READ_AT, now=READ_AT)
    assert verdict.kept == {"1"}
    teams = TEAMS.plan(fetched_teams({**NAMES, "40": "Alpha"}), known, verdict)
    assert [finding.kind for finding in teams.findings] == ["left_out_team"]
    garbled = Round("matchd03", 3, "Matchd03", "season")
    rounds = ROUNDS.plan(Fetched((*fetched_rounds(2).items, garbled)), known, verdict)
    assert [finding.kind for finding in rounds.findings] == ["left_out_round"]
    after = known.after(teams).after(rounds)
    assert names_of(after) == names_of(known)
