"""OpenLigaDB's table when it can be believed, else the one the matches come to."""

from collections.abc import Sequence
from dataclasses import replace

from dp_pipeline.football.models import Match, Round, Standing
from dp_pipeline.football.table import compute_standings
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.openligadb.payload import TableRowPayload, TableRows
from dp_pipeline.providers.openligadb.team_groups import TeamGroups

MOST_NAMED = 5


def can_have_table(rounds: Sequence[Round], groups: TeamGroups) -> bool:
    """Whether the provider's one table over all teams can be the tournament's table."""
    has_season = any(round_.type == "season" for round_ in rounds)
    return has_season and not groups.names and not groups.unknown


def standings_of(
    rounds: Sequence[Round],
    groups: TeamGroups,
    matches: Sequence[Match],
    table: TableRows,
) -> Fetched[Standing]:
    """The table, or one per group.

    Args:
        rounds: every round.
        groups: which matches are of which group.
        matches: every match.
        table: the provider's, empty when it has none or none was asked for (see can_have_table).
    """
    season_slugs = {round_.slug for round_ in rounds if round_.type == "season"}
    if not season_slugs:
        return Fetched(absent=Absence("not_applicable", "A knockout tournament has no table."))
    if groups.unknown:
        because = "There are several groups, and the fixtures do not show yet who is in which."
        return Fetched(absent=Absence("nothing_yet", because))
    season = [
        match
        for match in matches
        if match.round_slug in season_slugs and (match.group_name or not groups.names)
    ]
    computed = compute_standings(season)
    if not computed:
        because = "No match with known teams is there to make a table of."
        return Fetched(absent=Absence("nothing_yet", because))
    return _chosen(computed, season, None if groups.names else table)


def _chosen(
    computed: tuple[Standing, ...], season: Sequence[Match], table: TableRows | None
) -> Fetched[Standing]:
    """The provider's table unless it is missing or cannot be right."""
    if table is None:
        return Fetched(computed, (_remark("table_computed", "OpenLigaDB has no table per group."),))
    if not table.rows:
        return Fetched(computed, (_remark("table_computed", "OpenLigaDB has no table."),))
    fault = table.fault or _fault(table.rows, computed, season)
    if fault:
        detail = f"OpenLigaDB's table is not used: {fault}. This one follows from the matches."
        return Fetched(computed, (_remark("provider_table_rejected", detail),))
    by_team = {row.team: row for row in computed}
    rows = tuple(
        _standing(position, row, by_team[str(row.team_info_id)])
        for position, row in enumerate(table.rows, start=1)
    )
    return Fetched(rows, _differences(rows, by_team, table.rows))


def _fault(
    table: Sequence[TableRowPayload], computed: Sequence[Standing], season: Sequence[Match]
) -> str | None:
    """Why the provider's table cannot be right; None when it can."""
    teams = [str(row.team_info_id) for row in table]
    expected = {row.team for row in computed}
    if len(set(teams)) != len(teams):
        return "a team is in it twice"
    if set(teams) != expected:
        both = len(set(teams) & expected)
        return f"of its {len(teams)} teams {both} are among the {len(expected)} of the season"
    fixtures = {team: sum(team in (m.home, m.away) for m in season) for team in expected}
    points = [row.points for row in table]
    faults = {
        # bl1 2002 to 2009 (OpenLigaDB-Samples issue 57)
        "all is zero while matches have ended": (
            any(row.games for row in computed) and not any(row.matches for row in table)
        ),
        "won, drawn and lost do not make up the matches played": any(
            row.matches != row.won + row.draw + row.lost for row in table
        ),
        # it counts knockout matches too
        "a team has more matches than its season": any(
            row.matches > fixtures[str(row.team_info_id)] for row in table
        ),
        "goals for and against differ in sum": (
            sum(row.goals for row in table) != sum(row.opponent_goals for row in table)
        ),
        "it is not in the order of points": points != sorted(points, reverse=True),
    }
    return next((fault for fault, present in faults.items() if present), None)


def _standing(position: int, row: TableRowPayload, computed: Standing) -> Standing:
    return replace(
        computed,
        position=position,
        games=row.matches,
        wins=row.won,
        draws=row.draw,
        losses=row.lost,
        goals_for=row.goals,
        goals_against=row.opponent_goals,
        points=row.points,
        computed=False,
    )


def _differences(
    rows: Sequence[Standing], by_team: dict[str, Standing], table: Sequence[TableRowPayload]
) -> tuple[Finding, ...]:
    """Rows that do not follow from the matches: points taken away, forfeits, a table behind."""
    names = {str(row.team_info_id): row.team_name for row in table}
    told = []
    for row in rows:
        other = by_team[row.team]
        if replace(row, position=0, computed=True) != replace(other, position=0):
            told.append(
                f"{names[row.team] or row.team} {row.points} points from {row.games} "
                f"({row.goals_for}:{row.goals_against}), by the matches {other.points} from "
                f"{other.games} ({other.goals_for}:{other.goals_against})"
            )
    if not told:
        return ()
    more = f", and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    detail = f"OpenLigaDB's table is stored. It has {'; '.join(told[:MOST_NAMED])}{more}."
    return (_remark("table_differs_from_matches", detail),)


def _remark(reason: str, detail: str) -> Finding:
    return Finding(reason, "Table", detail)
