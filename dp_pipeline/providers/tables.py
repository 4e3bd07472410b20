"""What is decided of every provider's own table: what cannot be right in it, what differs. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dp_pipeline.football.decisions import team_called
from dp_pipeline.football.models import Standing
from dp_pipeline.providers.fetched import Finding

MOST_NAMED = 5


def fault_of(rows: Sequence[Standing], computed: Mapping[str, Standing]) -> str | None:
    """Why a table cannot be right, by itself and beside the one of the matches; None: it can."""
    teams = {row.team for row in rows}
    faults = {
        "it has no rows": not rows,
        "a team is in it twice": len(teams) != len(rows),
        # OpenLigaDB, bl1 2002 to 2009 (OpenLigaDB-Samples issue 57)
        "all is zero while matches have ended": (
            any(row.games for row in computed.values()) and not any(row.games for row in rows)
        ),
        "won, drawn and lost do not make up the matches played": any(
            row.games != row.wins + row.draws + row.losses for row in rows
        ),
    }
    return next((fault for fault, present in faults.items() if present), None)


def with_ids_of_season(
    rows: Sequence[Standing], names: Mapping[str, str], season: Mapping[str, str]
) -> tuple[tuple[Standing, ...], list[Finding]]:
    """The rows, each stray one as the team of the season that has its name and no row of its own.

    A provider may enter a club twice, and have one entry in the matches and one in the table.

    Args:
        rows: of a table.
        names: of its teams, by external id.
        season: the names of the teams that play in it, by external id.
    """
    without = {team: name for team, name in season.items() if team not in names}
    meant = {
        row.team: team
        for row in rows
        if row.team not in season
        and (team := team_called(names[row.team], without) or _called(names[row.team], without))
    }
    if len(set(meant.values())) < len(meant):
        return tuple(rows), []
    findings = [
        Finding(
            "team_under_another_id",
            names[stray],
            f"The table has it as {stray}, the matches have it as {team}, {season[team]}.",
        )
        for stray, team in meant.items()
    ]
    return tuple(replace(row, team=meant.get(row.team, row.team)) for row in rows), findings


def _called(name: str, teams: Mapping[str, str]) -> str | None:
    """The one team whose name is part of the given one."""
    parts = [team for team, other in teams.items() if team_called(other, {team: name})]
    return parts[0] if len(parts) == 1 else None


def differences(
    provider: str,
    rows: Sequence[Standing],
    computed: Mapping[str, Standing],
    name_of: Callable[[str], str],
    table: str = "Table",
) -> list[Finding]:
    """Rows that do not follow from the matches: points taken away, forfeits, a table behind.

    A group after a split, where every team has points of the phase before, does follow.
    """
    if all(_has_more_points(row, computed.get(row.team)) for row in rows):
        return []
    differing = [
        f"{name_of(row.team)} {row.points} points from {row.games} "
        f"({row.goals_for}:{row.goals_against}), by the matches {other.points} from "
        f"{other.games} ({other.goals_for}:{other.goals_against})"
        for row in rows
        if (other := computed.get(row.team)) and _sums(row) != _sums(other)
    ]
    if not differing:
        return []
    beyond = len(differing) - MOST_NAMED
    more = f", and {beyond} more" if beyond > 0 else ""
    detail = f"{provider}'s table is stored. It has {'; '.join(differing[:MOST_NAMED])}{more}."
    return [Finding("table_differs_from_matches", table, detail)]


def _has_more_points(row: Standing, other: Standing | None) -> bool:
    return (
        other is not None
        and row.points > other.points
        and _sums(replace(row, points=other.points)) == _sums(other)
    )


def _sums(row: Standing) -> tuple[int, ...]:
    results = (row.games, row.wins, row.draws, row.losses, row.points)
    return (*results, row.goals_for, row.goals_against)
