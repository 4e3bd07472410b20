"""Models as rows: pure functions from what a provider gave to what a table takes, ids included."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from dp_pipeline.football.key import TournamentKey, natural_id
from dp_pipeline.football.models import (
    Goal,
    KnockoutTie,
    Match,
    Round,
    Standing,
    Team,
    TeamAlias,
    Tournament,
    TournamentState,
)

Row = Mapping[str, Any]

_UNSTORABLE: dict[int, str | None] = {0: None, **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def storable(text: str) -> str:
    """The text as Postgres can keep it.

    NUL characters are dropped. Half a surrogate pair, which JSON may escape but UTF-8 cannot
    encode, becomes the replacement character.
    """
    return text if text.isascii() and "\x00" not in text else text.translate(_UNSTORABLE)


def team_id(provider: str, external_id: str) -> UUID:
    """The id of a team's row."""
    return natural_id("team", provider, storable(external_id))


def alias_id(provider: str, key: str) -> UUID:
    """The id of the row of another name of a team."""
    return natural_id("team_alias", provider, storable(key))


def club_id(provider: str, external_id: str, ordinal: int) -> UUID:
    """The id of the row of a club of which this was the first team when it was found.

    `ordinal` tells it from one that was found before and has left the team behind, from 1.
    """
    return natural_id("club", provider, storable(external_id), ordinal)


def round_id(key: TournamentKey, slug: str) -> UUID:
    """The id of a round's row."""
    return natural_id("round", str(key.tournament_id), storable(slug))


def match_id(provider: str, external_id: str) -> UUID:
    """The id of a match's row."""
    return natural_id("match", provider, storable(external_id))


def goal_id(match: UUID, side: str, ordinal: int) -> UUID:
    """The id of a goal's row."""
    return natural_id("goal", str(match), side, str(ordinal))


def tie_id(first_match: UUID) -> UUID:
    """The id of the row of a knockout tie."""
    return natural_id("knockout_tie", str(first_match))


def standing_id(key: TournamentKey, stage: str | None, group_name: str | None, team: UUID) -> UUID:
    """The id of a standing's row. A stage or group of None is another one than ""."""
    return natural_id(
        "standing",
        str(key.tournament_id),
        None if stage is None else storable(stage),
        None if group_name is None else storable(group_name),
        str(team),
    )


def finding_id(tournament: UUID, *parts: str) -> UUID:
    """The id of the row of a finding, of its domain, kind, subject and detail."""
    return natural_id("finding", str(tournament), *map(storable, parts))


def tournament_row(tournament: Tournament, state: TournamentState | None = None) -> Row:
    """A row of `tournament`, with what follows from other rows; nothing does from none."""
    return _storable(
        {
            **asdict(state or TournamentState()),
            "id": tournament.key.tournament_id,
            "key": str(tournament.key),
            "provider": tournament.key.provider,
            "external_id": tournament.external_id,
            "season": tournament.season,
            "label": tournament.label,
            "slug": tournament.slug,
            "public_url": tournament.public_url,
            "base_url": tournament.base_url,
            "logo_source": tournament.logo_url,
        }
    )


def team_row(key: TournamentKey, team: Team) -> Row:
    """A row of `team`, as its newest tournament names it."""
    return _storable(
        {
            "id": team_id(key.provider, team.external_id),
            "provider": key.provider,
            "external_id": team.external_id,
            "name": team.name,
            "short_name": team.short_name,
            "country": team.country,
            "badge_source": team.badge_url,
            "described_in": str(key),
        }
    )


def alias_row(key: TournamentKey, alias: TeamAlias) -> Row:
    """A row of `team_alias`, as a season of this tournament shows it."""
    return _storable(
        {
            "id": alias_id(key.provider, alias.key),
            "provider": key.provider,
            "key": alias.key,
            "name": alias.name,
            "team_id": team_id(key.provider, alias.team),
            "origin": "season",
            "seen_in": str(key),
        }
    )


def membership_row(key: TournamentKey, team: Team) -> Row:
    """A row of `tournament_team`: a team as this tournament names it."""
    return _storable(
        {
            "tournament_id": key.tournament_id,
            "team_id": team_id(key.provider, team.external_id),
            "name": team.name,
            "short_name": team.short_name,
            "badge_source": team.badge_url,
        }
    )


def round_row(key: TournamentKey, round_: Round) -> Row:
    """A row of `tournament_round`."""
    return _storable(
        {
            "id": round_id(key, round_.slug),
            "tournament_id": key.tournament_id,
            "slug": round_.slug,
            "order": round_.order,
            "label": round_.label,
            "type": round_.type,
            "stage": round_.stage,
            "prefix": round_.prefix,
            "provider_id": round_.provider_id,
            "provider_url": round_.provider_url,
        }
    )


def match_row(key: TournamentKey, match: Match) -> Row:
    """A row of `match`, given by the provider now.

    Raises:
        ValueError: the kick-off has no time zone, so it is not a point in time.
    """
    if match.kickoff_at is not None and match.kickoff_at.utcoffset() is None:
        message = f"The kick-off of match {match.external_id} has no time zone: {match.kickoff_at}."
        raise ValueError(message)
    return _storable(
        {
            "id": match_id(key.provider, match.external_id),
            "provider": key.provider,
            "external_id": match.external_id,
            "tournament_id": key.tournament_id,
            "round_slug": match.round_slug,
            "stage": match.stage,
            "group_name": match.group_name,
            "home_team_id": team_id(key.provider, match.home),
            "away_team_id": team_id(key.provider, match.away),
            "kickoff_at": match.kickoff_at,
            "kickoff_date": match.kickoff_date,
            "kickoff_local": match.kickoff_local,
            "status": match.status,
            "provider_status": match.provider_status,
            "home_score": match.home_score,
            "away_score": match.away_score,
            "home_score_90": match.home_score_90,
            "away_score_90": match.away_score_90,
            "home_score_ht": match.home_score_ht,
            "away_score_ht": match.away_score_ht,
            "home_penalties_score": match.home_penalties_score,
            "away_penalties_score": match.away_penalties_score,
            "venue": match.venue,
            "missing_since": None,
            "superseded_by": None,
        }
    )


def goal_row(key: TournamentKey, goal: Goal) -> Row:
    """A row of `goal`, given by the provider now."""
    match = match_id(key.provider, goal.match)
    return _storable(
        {
            "id": goal_id(match, goal.side, goal.ordinal),
            "tournament_id": key.tournament_id,
            "match_id": match,
            "side": goal.side,
            "ordinal": goal.ordinal,
            "minute": goal.minute,
            "added_time": goal.added_time,
            "scorer": goal.scorer,
            "penalty": goal.penalty,
            "own_goal": goal.own_goal,
            "home_score": goal.home_score,
            "away_score": goal.away_score,
            "missing_since": None,
        }
    )


def tie_row(key: TournamentKey, tie: KnockoutTie) -> Row:
    """A row of `knockout_tie`, as it follows from the stored matches now."""
    matches = [match_id(key.provider, external_id) for external_id in tie.matches]
    return {
        "id": tie_id(matches[0]),
        "tournament_id": key.tournament_id,
        "match_ids": matches,
        "legs": tie.legs,
        "home_goals": tie.home_goals,
        "away_goals": tie.away_goals,
        "winner": tie.winner,
        "decided_by": tie.decided_by,
        "superseded": False,
    }


def standing_row(key: TournamentKey, standing: Standing) -> Row:
    """A row of `tournament_standing`."""
    team = team_id(key.provider, standing.team)
    return _storable(
        {
            "id": standing_id(key, standing.stage, standing.group_name, team),
            "tournament_id": key.tournament_id,
            "stage": standing.stage,
            "group_name": standing.group_name,
            "team_id": team,
            "position": standing.position,
            "games": standing.games,
            "wins": standing.wins,
            "draws": standing.draws,
            "losses": standing.losses,
            "goals_for": standing.goals_for,
            "goals_against": standing.goals_against,
            "goal_difference": standing.goal_difference,
            "points": standing.points,
            "form": list(standing.form),
            "computed": standing.computed,
            "rule": standing.rule,
            "note": standing.note,
            "whole_season": standing.whole_season,
            "zone": standing.zone,
            "superseded": False,
        }
    )


def _storable(row: dict[str, Any]) -> Row:
    for name, value in row.items():
        if isinstance(value, str):
            row[name] = storable(value)
    return row
