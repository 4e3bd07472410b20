"""A small season as it is fetched, and as it is stored without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.domains.tournaments import TOURNAMENTS
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Team, Tournament
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
