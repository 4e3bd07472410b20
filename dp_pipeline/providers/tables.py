"""What is decided of every provider's own table: what cannot be right in it, what differs. Pure."""

from collections.abc import Callable, Mapping, Sequence

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


def differences(
    provider: str,
    rows: Sequence[Standing],
    computed: Mapping[str, Standing],
    name_of: Callable[[str], str],
    table: str = "Table",
) -> list[Finding]:
    """Rows that do not follow from the matches: points taken away, forfeits, a table behind."""
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


def _sums(row: Standing) -> tuple[int, ...]:
    results = (row.games, row.wins, row.draws, row.losses, row.points)
    return (*results, row.goals_for, row.goals_against)
