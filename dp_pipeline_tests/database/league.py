"""A league of twenty teams that is not read from a provider."""

from dp_pipeline.database import rows
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Team, Tournament

KEY = TournamentKey("openligadb", "bl1", "2024")
TOURNAMENT = Tournament(
    KEY, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
)
TEAMS = [Team(str(number), f"Team {number}") for number in range(20)]
MATCHES = [
    Match(f"{home}-{away}", None, str(home), str(away), "scheduled")
    for home in range(20)
    for away in range(20)
    if home != away
]


def match_rows(matches: list[Match]) -> list[rows.Row]:
    return [rows.match_row(KEY, match) for match in matches]
