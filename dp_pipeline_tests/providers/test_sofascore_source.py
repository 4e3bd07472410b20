"""SofaScore's source over real HTTP: which requests it makes, and what it does without answers."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.http.circuit import Permit, RequestOutcome
from dp_pipeline.http.circuit_breaker import CircuitBreaker
from dp_pipeline.http.client import HttpClient
from dp_pipeline.providers.errors import (
    BlockedError,
    NotFoundError,
    ProviderError,
)
from dp_pipeline.providers.sofascore import SofaScore
from dp_pipeline.providers.sofascore.source import SofaScoreSource
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.providers.sofascore_payloads import (
    DATA,
    FIRST_KICKOFF,
    KEY,
    ROOT,
    event,
    full_time,
    tournament,
)
from dp_pipeline_tests.providers.sofascore_seasons import (
    NAMED,
    World,
    all_events,
    cup,
    groups_and_cup,
    league,
)
from dp_pipeline_tests.providers.sofascore_service import (
    CHALLENGE,
    FORBIDDEN,
    Service,
    ask,
    everything,
    status,
)
from dp_pipeline_tests.providers.states import state


def reasons(findings: Any) -> Counter[str]:
    return Counter(finding.kind for finding in findings)


def test_a_season_costs_a_request_for_each_round_and_five_beside_them() -> None:
    service = Service(league().answers())
    found = ask(service, everything)
    rounds = {f"{DATA}/events/round/{n}": 1 for n in range(1, 39)}
    beside = [ROOT, f"{ROOT}/seasons", f"{DATA}/rounds", f"{DATA}/standings/total"]
    assert service.requested == {
        **rounds,
        **dict.fromkeys([*beside, f"{DATA}/team-events/total"], 1),
    }
    assert (len(found.teams.items), len(found.rounds.items)) == (20, 38)
    assert (len(found.matches.items), len(found.standings.items)) == (380, 20)
    for part in (found.tournament, found.teams, found.rounds, found.matches, found.standings):
        assert part.findings == ()


def test_the_tournament_is_named_dated_and_addressed() -> None:
    told = ask(league(), everything)
    (found,) = told.tournament.items
    assert (found.label, found.season, found.slug) == (
        "Test League 24/25",
        "2024/25",
        "test-league-2024-25",
    )
    is_ = state(told)
    assert (is_.status, is_.mode) == ("completed", "regular-season-only")
    assert (is_.standings_mode, is_.current_round) == ("unique-group", "38")
    assert found.public_url == (
        "https://www.sofascore.com/football/tournament/england/test-league/17#id:61627"
    )
    assert found.base_url is not None
    assert found.base_url.startswith("http://127.0.0.1:")
    assert found.base_url.endswith(DATA)
    assert found.logo_url == f"{found.base_url.removesuffix(DATA)}{ROOT}/image"


@pytest.mark.parametrize("played", [0, 14, 37])
def test_a_season_in_progress_is_complete_at_any_moment(played: int) -> None:
    world = league(played=played, live=True)
    found = ask(world, everything)
    given = {str(e["id"]): e for e in all_events(world)}
    assert {m.external_id for m in found.matches.items} == set(given)
    for match in found.matches.items:
        one = given[match.external_id]
        assert match.round_slug == str(one["roundInfo"]["round"])
        assert match.home_score == one["homeScore"].get("display")
        assert match.away_score == one["awayScore"].get("display")
    assert Counter(m.status for m in found.matches.items) == Counter(
        {"ended": played * 10, "live": 1, "scheduled": (38 - played) * 10 - 1}
    ) - Counter({"ended": 0})
    assert state(found).status == "active"
    assert state(found).current_round == str(played + 1)
    table = {str(r["team"]["id"]): r for r in (world.tables or [{}])[0]["rows"]}
    for row in found.standings.items:
        assert (row.points, row.games) == (table[row.team]["points"], table[row.team]["matches"])
    assert found.standings.findings == ()


def test_a_cup_has_late_rounds_as_findings_and_no_table() -> None:
    world = cup(rounds=2)
    found = ask(world, everything)
    assert [(r.slug, r.type, r.order) for r in found.rounds.items] == [
        ("round-of-16", "knockout", 1),
        ("quarterfinals", "knockout", 2),
        ("semifinals", "knockout", 3),
        ("final", "knockout", 4),
    ]
    assert len(found.matches.items) == 12
    assert reasons(found.matches.findings) == {"round_not_published": 2}
    assert not any(finding.left_out for finding in found.matches.findings)
    is_ = state(found)
    assert (is_.mode, is_.status, is_.current_round) == ("knockout-only", "active", "quarterfinals")
    assert found.standings.absent is not None
    assert found.standings.absent.kind == "not_applicable"


def test_a_round_without_events_yet_is_as_one_that_is_not_there() -> None:
    world = cup(rounds=2)
    world.events["events/round/28/slug/semifinals"] = []
    assert reasons(ask(world, everything).matches.findings) == {"round_not_published": 2}


def test_a_finished_cup_is_completed_with_its_shoot_outs() -> None:
    found = ask(cup(rounds=4), everything)
    assert state(found).status == "completed"
    by_round = Counter(m.round_slug for m in found.matches.items)
    assert by_round == {"round-of-16": 8, "quarterfinals": 4, "semifinals": 2, "final": 1}
    kicks = [m for m in found.matches.items if m.home_penalties_score is not None]
    assert {(m.home_score, m.away_score, m.home_score_90) for m in kicks} == {(2, 2, 1)}
    assert {(m.home_penalties_score, m.away_penalties_score) for m in kicks} == {(5, 4)}
    assert {m.stage for m in found.matches.items} == {"Knockout stage"}


def test_groups_then_a_cup_have_a_table_per_group() -> None:
    found = ask(groups_and_cup("ABCD"), everything)
    is_ = state(found)
    assert (is_.mode, is_.standings_mode) == ("regular-season-and-knockout", "multi-group")
    groups = Counter((row.stage, row.group_name) for row in found.standings.items)
    assert groups == {(None, f"Group {letter}"): 4 for letter in "ABCD"}
    assert not any(row.computed for row in found.standings.items)
    assert found.standings.findings[0].kind == "form_not_available"
    assert len(found.standings.findings) == 1
    assert Counter(m.group_name for m in found.matches.items if m.group_name) == {
        f"Group {letter}": 6 for letter in "ABCD"
    }
    assert {m.stage for m in found.matches.items if m.round_slug == "round-of-16"} == {
        "Knockout stage"
    }


def pages(world: World, size: int = 30) -> World:
    """The same season as pages of its past and future events, without rounds."""
    past = [e for e in all_events(world) if e["status"]["type"] == "finished"]
    future = [e for e in all_events(world) if e["status"]["type"] != "finished"]
    paged = World(tables=world.tables, unique={**world.unique, "hasRounds": False})
    for way, events in (("last", past), ("next", future)):
        for page in range(-(-len(events) // size)):
            part = events[page * size : (page + 1) * size]
            more = (page + 1) * size < len(events)
            paged.more[f"{DATA}/events/{way}/{page}"] = {"events": part, "hasNextPage": more}
    return paged


def test_a_season_without_rounds_is_read_by_its_pages() -> None:
    world = league(played=20)
    service = Service(pages(world).answers())
    found = ask(service, everything)
    assert len(found.matches.items) == 380
    assert [r.slug for r in found.rounds.items] == [str(n) for n in range(1, 39)]
    assert reasons(found.rounds.findings) == {"rounds_from_matches": 1}
    assert f"{DATA}/rounds" not in service.requested
    assert sum(service.requested.values()) == 13 + 4
    assert state(found).current_round == "21"


def test_matches_of_no_round_are_stored_without_one_and_count_in_the_table() -> None:
    world = league(played=10, tables=False)
    for one in all_events(world):
        one["roundInfo"] = None
    found = ask(pages(world), everything)
    assert len(found.matches.items) == 380
    assert {m.round_slug for m in found.matches.items} == {None}
    assert found.rounds.absent is not None
    assert found.rounds.absent.kind == "not_applicable"
    assert len(found.standings.items) == 20
    assert all(row.computed for row in found.standings.items)
    assert state(found).mode == "regular-season-only"


def test_the_pages_that_are_read_are_bounded() -> None:
    service = Service(World(unique={**World().unique, "hasRounds": False}).answers())
    for page in range(200):
        at = FIRST_KICKOFF + page * 86_400
        one = event(page + 1, 1, 2, startTimestamp=at, **full_time(1, 0))
        answer = {"events": [one], "hasNextPage": True}
        service.answers[f"{DATA}/events/last/{page}"] = answer
    found = ask(service, everything)
    assert len(found.matches.items) == 50
    assert "too_many_pages" in reasons(found.matches.findings)


@pytest.mark.parametrize("body", [FORBIDDEN, CHALLENGE])
def test_a_refusal_ends_everything_at_once_after_one_request(body: Any) -> None:
    async def outcomes(source: SofaScoreSource) -> list[ProviderError]:
        await source.prefetch(["tournaments", "teams", "rounds", "matches", "standings"])
        found = []
        for name in ("tournament", "teams", "rounds", "matches", "standings"):
            with pytest.raises(BlockedError) as caught:
                await getattr(source, name)()
            found.append(caught.value)
        return found

    service = Service({}, default=status(403, body))
    errors = ask(service, outcomes, attempts=3)
    assert service.requested == {ROOT: 1}
    for error in errors:
        assert "open-data provider" in error.message
        assert "SOFASCORE_BASE_URL" in error.message
        assert not error.retryable


def test_a_refusal_in_the_middle_stops_the_other_rounds() -> None:
    world = league().answers()
    world[f"{DATA}/events/round/1"] = status(403, FORBIDDEN)
    service = Service(world)

    async def matches(source: SofaScoreSource) -> None:
        with pytest.raises(BlockedError):
            await source.matches()

    ask(service, matches)
    asked = [path for path in service.requested if "/events/round/" in path]
    assert len(asked) < 12
    assert set(service.requested.values()) == {1}


def test_a_round_that_fails_is_named_and_the_others_are_stored() -> None:
    answers = league(played=20).answers()
    answers[f"{DATA}/events/round/7"] = status(500)
    answers[f"{DATA}/events/round/9"] = {"events": "x"}
    found = ask(Service(answers), everything)
    assert len(found.matches.items) == 360
    left_out = [i for i in found.matches.findings if i.left_out]
    assert [(i.kind, i.subject) for i in left_out] == [
        ("round_not_available", "7"),
        ("round_not_available", "9"),
    ]
    # begun and unfinished, whatever the other rounds say
    assert state(found).status == "active"
    assert len(found.standings.items) == 20


def test_a_season_is_not_taken_for_over_without_one_of_its_rounds() -> None:
    answers = league().answers()
    answers[f"{DATA}/events/round/38"] = status(500)
    found = ask(Service(answers), everything)
    assert len(found.matches.items) == 370
    assert state(found).status == "active"


def test_a_service_that_fails_altogether_is_an_error_of_every_domain() -> None:
    async def fails(source: SofaScoreSource) -> None:
        await source.prefetch(["matches", "standings"])
        for name in ("tournament", "teams", "rounds", "matches", "standings"):
            with pytest.raises(ProviderError, match="HTTP 500"):
                await getattr(source, name)()

    ask(Service({}, default=status(500)), fails)


def test_a_season_that_is_not_listed_is_told_with_those_that_are() -> None:
    async def question(source: SofaScoreSource) -> None:
        with pytest.raises(NotFoundError, match=r"no season 999; it lists 76986 \(25/26\), 61627"):
            await source.tournament()

    ask(league(), question, TournamentKey.parse("sofascore:17:999"))


def test_a_tournament_that_does_not_exist_is_told() -> None:
    async def question(source: SofaScoreSource) -> None:
        with pytest.raises(NotFoundError, match="has no tournament 17"):
            await source.tournament()

    ask(Service({}), question)


def test_a_season_just_announced_has_nothing_yet() -> None:
    world = World(rounds=[{"round": 1}, {"round": 2}])
    found = ask(world, everything)
    assert state(found).status == "upcoming"
    assert [r.slug for r in found.rounds.items] == ["1", "2"]
    for part in (found.teams, found.matches, found.standings):
        assert part.absent is not None
        assert part.absent.kind == "nothing_yet"


def test_the_prefix_of_a_round_is_asked_for_in_either_spelling() -> None:
    info = {"round": 28, "name": "Semifinal", "slug": "semifinal", "prefix": "Preliminary"}
    one = event(1, 1, 2, roundInfo=info, **full_time(1, 0))
    for spelling in ("preliminary", "Preliminary"):
        path = f"events/round/28/slug/semifinal/prefix/{spelling}"
        world = World(rounds=[info, dict(NAMED[3])], events={path: [one]})
        found = ask(world, everything)
        assert [m.round_slug for m in found.matches.items] == ["preliminary-semifinal"]


def test_an_event_under_several_rounds_is_one_match_in_the_round_it_names() -> None:
    final = {"round": 29, "name": "Final", "slug": "final"}
    preliminary = {**final, "prefix": "Preliminary"}
    one = event(1, 1, 2, roundInfo=preliminary, **full_time(1, 0))
    other = event(2, 3, 4, roundInfo=None, **full_time(2, 0))
    silent = event(3, 5, 6, roundInfo=final, **full_time(3, 0))
    world = World(
        rounds=[preliminary, final],
        events={
            "events/round/29/slug/final/prefix/preliminary": [one, silent],
            "events/round/29/slug/final": [one, other, silent],
        },
    )
    found = ask(world, everything).matches
    assert {m.external_id: m.round_slug for m in found.items} == {
        "1": "preliminary-final",
        "2": "final",
        "3": "preliminary-final",
    }
    assert found.findings == ()


def test_a_matchday_and_a_knockout_round_of_one_number_keep_their_matches() -> None:
    knockout = {"round": 5, "name": "Round of 16", "slug": "round-of-16"}
    day = event(1, 1, 2, roundInfo={"round": 5}, **full_time(1, 0))
    tie = event(2, 3, 4, roundInfo={"round": 5}, **full_time(1, 0))
    world = World(
        rounds=[{"round": 5}, knockout],
        events={"events/round/5": [day], "events/round/5/slug/round-of-16": [tie]},
    )
    found = ask(world, everything).matches.items
    assert {m.external_id: m.round_slug for m in found} == {"1": "5", "2": "round-of-16"}


def test_events_of_another_season_or_competition_are_not_taken() -> None:
    world = league(teams=4, played=6)
    other_season = event(1, 1000, 1001, season={"id": 5}, **full_time(1, 0))
    other = event(2, 1000, 1001, tournament=tournament(uniqueTournament={"id": 99, "name": "X"}))
    world.events["events/round/1"] += [other_season, other]
    found = ask(world, everything).matches
    assert len(found.items) == 12
    assert reasons(found.findings) == {"other_season": 2}


def test_a_form_that_cannot_be_had_never_fails_the_table() -> None:
    for form in (status(500), status(403, FORBIDDEN), {"x": 1}, {"tournamentTeamEvents": [1]}):
        answers = league(teams=4, played=5).answers()
        answers[f"{DATA}/team-events/total"] = form

        async def table(source: SofaScoreSource) -> Any:
            await source.prefetch(["tournaments", "matches", "standings"])
            return await source.standings()

        found = ask(Service(answers), table)
        assert len(found.items) == 4
        assert all(len(row.form) == 5 for row in found.items)


def test_only_the_form_is_best_effort_because_it_alone_may_be_refused() -> None:
    best_effort: set[str] = set()

    class Noting(CircuitBreaker):
        async def note(self, permit: Permit, outcome: RequestOutcome) -> None:
            if permit.best_effort and outcome.refused:
                best_effort.add(str(outcome.error and outcome.error.url).partition(DATA)[2])

    async def run(url: str) -> None:
        async with HttpClient(
            "sofascore", url, rate_limit=NoRateLimit(), seconds_apart=0, breaker=Noting(None)
        ) as client:
            found = await everything(SofaScore().source(KEY, client.requests()))
            assert found.standings.findings[0].kind == "form_not_available"

    answers = league(teams=4, played=6).answers()
    answers[f"{DATA}/team-events/total"] = status(403, FORBIDDEN)
    with Service(answers).listening() as url:
        asyncio.run(run(url))
    assert best_effort == {"/team-events/total"}
