"""OpenLigaDB's source over real HTTP: which requests it makes and what it does without answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.progress import state_of
from dp_pipeline.providers.errors import (
    InvalidShapeError,
    InvalidTournamentKeyError,
    NotFoundError,
    OtherSportError,
    ProviderError,
    ProviderServerError,
)
from dp_pipeline.providers.openligadb import OpenLigaDB
from dp_pipeline.providers.openligadb.source import OpenLigaDBSource
from dp_pipeline_tests.providers.openligadb_payloads import (
    LEAGUE,
    TABLE,
    match,
    played,
    round_robin,
)
from dp_pipeline_tests.providers.openligadb_service import (
    GROUPS,
    MATCHES,
    TABLES,
    Service,
    groups,
    opened,
)

T = TypeVar("T")
ALL = ("tournaments", "teams", "rounds", "matches", "standings")
PROVIDER = OpenLigaDB()


def ask(
    service: Service, question: Callable[[OpenLigaDBSource], Awaitable[T]], key: str = "bl1:2024"
) -> T:
    async def run(url: str) -> T:
        async with opened(url) as requests:
            source = PROVIDER.source(TournamentKey.parse(f"openligadb:{key}"), requests)
            return await question(source)

    with service.listening() as url:
        return asyncio.run(run(url))


async def everything(source: OpenLigaDBSource) -> tuple[Any, ...]:
    await source.prefetch(ALL)
    return (
        await source.tournament(),
        await source.teams(),
        await source.rounds(),
        await source.matches(),
        await source.standings(),
    )


def league() -> Service:
    listed = groups("1. Spieltag", "2. Spieltag", "3. Spieltag", "4. Spieltag")
    return Service({MATCHES: LEAGUE, GROUPS: listed, TABLES: TABLE})


def test_a_season_costs_three_requests_the_independent_ones_at_once() -> None:
    service = league()
    tournament, teams, rounds, matches, standings = ask(service, everything)
    assert sorted(service.requested) == sorted([MATCHES, GROUPS, TABLES])
    assert service.at_once == 2
    assert [t.label for t in tournament.items] == ["1. Testliga 2024/2025"]
    assert tournament.items[0].base_url == f"https://api.openligadb.de{MATCHES}"
    assert (len(teams.items), len(rounds.items), len(matches.items)) == (3, 4, 6)
    assert [row.team for row in standings.items] == ["1", "2", "3"]
    assert not any(row.computed for row in standings.items)
    assert all(not found.findings for found in (tournament, teams, rounds, matches, standings))


def test_questions_asked_at_the_same_time_share_their_requests() -> None:
    async def at_once(source: OpenLigaDBSource) -> Any:
        return await asyncio.gather(
            source.tournament(), source.standings(), source.matches(), source.rounds()
        )

    service = league()
    ask(service, at_once)
    assert sorted(service.requested) == sorted([MATCHES, GROUPS, TABLES])


def test_a_domain_asks_for_no_more_than_it_needs() -> None:
    async def matches_only(source: OpenLigaDBSource) -> Any:
        await source.prefetch(["matches"])
        return await source.matches()

    service = league()
    assert len(ask(service, matches_only).items) == 6
    assert service.requested == [MATCHES]


def test_a_cup_is_never_asked_for_a_table() -> None:
    cup = [played(1, 1, 2, (1, 0), group="Halbfinale")]
    service = Service({MATCHES: cup, GROUPS: groups("Halbfinale", "Finale")})
    _, _, rounds, found, standings = ask(service, everything)
    assert sorted(service.requested) == sorted([MATCHES, GROUPS])
    assert state_of(rounds.items, found.items).status == "active"
    assert [r.slug for r in rounds.items] == ["halbfinale", "finale"]
    assert standings.absent.kind == "not_applicable"


def test_a_group_stage_is_never_asked_for_one_table() -> None:
    stage = [
        *round_robin([1, 2, 3], group="Gruppe A"),
        *round_robin([4, 5, 6], first=10, order=2, group="Gruppe B"),
    ]
    service = Service({MATCHES: stage})
    standings = ask(service, everything)[-1]
    assert TABLES not in service.requested
    assert len(standings.items) == 6


@pytest.mark.parametrize("missing", [404, []])
def test_without_rounds_or_table_the_matches_say_what_there_is(missing: Any) -> None:
    service = Service({MATCHES: LEAGUE, GROUPS: missing, TABLES: missing})
    _, _, rounds, matches, standings = ask(service, everything)
    assert [r.slug for r in rounds.items] == ["1", "2", "3"]
    assert [i.kind for i in rounds.findings] == ["rounds_from_matches"]
    assert len(matches.items) == 6
    assert [row.points for row in standings.items] == [6, 3, 0]
    assert [i.kind for i in standings.findings] == ["table_computed"]


def test_an_unknown_league_has_nothing_yet_in_any_domain() -> None:
    service = Service({MATCHES: [], GROUPS: [], TABLES: []})
    for found in ask(service, everything):
        assert found.items == ()
        assert found.absent.kind == "nothing_yet"
        assert "no matches for bl1 2024; check league and season" in found.absent.because
    assert TABLES not in service.requested


def test_a_draw_without_teams_has_rounds_but_no_matches_yet() -> None:
    slots = [match(1, {"teamId": 8, "teamName": "N.N."}, {"teamId": 9, "teamName": "N.N."})]
    service = Service({MATCHES: slots, GROUPS: groups("1. Spieltag")})
    tournament, teams, rounds, matches, standings = ask(service, everything)
    assert (len(tournament.items), len(rounds.items)) == (1, 1)
    for found in (teams, matches, standings):
        assert found.absent.kind == "nothing_yet"
    assert [i.kind for i in matches.findings] == ["placeholder_team"]


async def outcomes(source: OpenLigaDBSource) -> dict[str, type | None]:
    await source.prefetch(ALL)
    found: dict[str, type | None] = {}
    for name in ("tournament", "teams", "rounds", "matches", "standings"):
        try:
            await getattr(source, name)()
        except ProviderError as error:
            found[name] = type(error)
        else:
            found[name] = None
    return found


def test_every_domain_of_a_league_of_another_sport_meets_that_it_is_none() -> None:
    teams = ({"teamId": 1, "teamName": "THW Kiel"}, {"teamId": 2, "teamName": "SC Magdeburg"})
    handball = [{**match(1, *teams), "leagueName": "HBL 2024/25"}]
    service = Service({MATCHES: handball, GROUPS: groups("1. Spieltag")})
    assert set(ask(service, outcomes).values()) == {OtherSportError}


@pytest.mark.parametrize(
    ("path", "answer", "error", "struck"),
    [
        (GROUPS, 500, ProviderServerError, {"rounds"}),
        (GROUPS, {"x": 1}, InvalidShapeError, {"rounds"}),
        (TABLES, 500, ProviderServerError, {"standings"}),
        (TABLES, [{"x": 1}], InvalidShapeError, {"standings"}),
        (
            MATCHES,
            {"x": 1},
            InvalidShapeError,
            {"tournament", "teams", "rounds", "matches", "standings"},
        ),
        (
            MATCHES,
            404,
            NotFoundError,
            {"tournament", "teams", "rounds", "matches", "standings"},
        ),
    ],
)
def test_only_the_domains_that_need_a_failing_answer_meet_its_error(
    path: str, answer: Any, error: type, struck: set[str]
) -> None:
    service = league()
    service.answers[path] = answer
    found = ask(service, outcomes)
    assert found == {name: error if name in struck else None for name in found}
    assert service.requested.count(path) == 1


def test_the_seasons_of_a_competition_are_those_under_its_shortcut() -> None:
    def listed(shortcut: str, season: Any, name: str) -> dict[str, Any]:
        return {
            "leagueId": 1,
            "leagueName": name,
            "leagueShortcut": shortcut,
            "leagueSeason": season,
            "sport": None,
        }

    leagues = [
        listed("bl1", "2023", "Liga 2023/2024"),
        listed("BL1", 2024, "Liga 2024/2025"),
        listed("bl2", "2024", "Andere"),
        listed("bl1", None, "Kaputt"),
    ]
    service = Service({"/getavailableleagues": leagues})
    with service.listening() as url:

        async def seasons() -> list[tuple[str, str]]:
            async with opened(url) as requests:
                found = await PROVIDER.seasons("bl1", requests)
                return [(str(season.key), season.label) for season in found]

        assert asyncio.run(seasons()) == [
            ("openligadb:bl1:2024", "Liga 2024/2025"),
            ("openligadb:bl1:2023", "Liga 2023/2024"),
        ]


@pytest.mark.parametrize(
    "text", ["openligadb:bl1:2024", "openligadb:bl1_db:2020", "openligadb:a-b:1999"]
)
def test_a_league_shortcut_and_a_starting_year_are_a_key(text: str) -> None:
    PROVIDER.check(TournamentKey.parse(text))


@pytest.mark.parametrize(
    "text",
    ["openligadb:bl.1:2024", "openligadb:bl1:24", "openligadb:bl1:2024-25", "openligadb:bl1:x"],
)
def test_a_key_that_openligadb_cannot_have_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidTournamentKeyError, match="for example openligadb:bl1:2024"):
        PROVIDER.check(TournamentKey.parse(text))
