"""Teams as OpenLigaDB's matches name them."""

from collections.abc import Iterable
from datetime import datetime

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.models import Team
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.openligadb.payload import MatchPayload, TeamPayload


def teams_of(matches: Iterable[MatchPayload]) -> Fetched[Team]:
    """Every team of the matches once; of different names or icons the last updated one."""
    latest: dict[int, TeamPayload] = {}
    names: dict[int, set[str]] = {}
    for match in sorted(matches, key=last_touched):
        for team in (match.team1, match.team2):
            if not is_place_in_draw(team.team_name):
                latest[team.team_id] = team
                names.setdefault(team.team_id, set()).add(team.team_name)
    findings = tuple(
        Finding(
            "several_team_names",
            latest[team_id].team_name,
            f"It is also called {' and '.join(sorted(others))}; the last updated name is stored.",
        )
        for team_id in sorted(names)
        if (others := names[team_id] - {latest[team_id].team_name})
    )
    return Fetched(tuple(_team(latest[team_id]) for team_id in sorted(latest)), findings)


def last_touched(match: MatchPayload) -> tuple[datetime, int, str]:
    """When a match was last updated, for choosing between two tellings of one fact."""
    updated = match.last_update_date_time or datetime.min  # noqa: DTZ901 - sent without an offset
    return (updated, match.match_id, match.subject)


def _team(payload: TeamPayload) -> Team:
    return Team(
        external_id=str(payload.team_id),
        name=payload.team_name,
        short_name=payload.short_name or None,
        badge_url=payload.team_icon_url,
    )
