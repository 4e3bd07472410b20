"""Teams as OpenLigaDB's matches name them, and names that stand for a team not known yet."""

import re
from collections.abc import Iterable
from datetime import datetime

from dp_pipeline.football.models import Team
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.openligadb.payload import MatchPayload, TeamPayload

# "N.N." and "Sieger HF1" are seen in German leagues, "Sieger SF 12" and "ARG/CPV" in World Cup
# 2026. "1. FC Köln" and "Team Wellington" are teams.
_PLACEHOLDER = re.compile(
    r"n\.? ?n\.?(?: ?\d+)?|tb[dac]\.?|unbekannt|unknown|(?:noch )?offen|platzhalter.*|\?+|-+"
    r"|to be (?:determined|decided|announced|confirmed)|spielfrei|freilos"
    r"|(?:sieger|gewinner|verlierer|winner|loser|runner-?up|gruppen(?:sieger|erster|zweiter)"
    r"|gruppendritter|erster|zweiter|dritter|vierter|(?:bester )?dritter)(?:[ /:.-].*|\d*)"
    r"|(?:halb|viertel|achtel)?finalist ?\d*"
    r"|(?:team|mannschaft|verein|club|nation) ?(?:[a-z]|\d{1,2})"
    r"|(?:gruppe|group) [a-z0-9]{1,2}[ -]?\d*|\d\.? ?(?:der )?(?:gruppe|group|platz) ?.*"
    r"|[wl]\d{1,3}|\d[a-l](?:/[a-l])*|[a-l]\d(?:/[a-l]?\d)*"
)
_EITHER_OF_TWO = re.compile(r"[A-Z]{3}/[A-Z]{3}")


def is_placeholder(name: str) -> bool:
    """Whether this is a slot in the draw rather than a team."""
    return bool(_PLACEHOLDER.fullmatch(name.casefold()) or _EITHER_OF_TWO.fullmatch(name))


def teams_of(matches: Iterable[MatchPayload]) -> Fetched[Team]:
    """Every team of the matches once; of different names or icons the last updated one."""
    latest: dict[int, TeamPayload] = {}
    names: dict[int, set[str]] = {}
    for match in sorted(matches, key=last_touched):
        for team in (match.team1, match.team2):
            if not is_placeholder(team.team_name):
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
