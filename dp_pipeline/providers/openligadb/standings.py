"""OpenLigaDB's table when it can be believed, else the one the matches come to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dp_pipeline.football.models import Match, Round, Standing
from dp_pipeline.football.table import compute_standings
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.openligadb.payload import TableRowPayload, TableRows
from dp_pipeline.providers.openligadb.team_groups import TeamGroups
from dp_pipeline.providers.tables import differences, fault_of, with_ids_of_season


def can_have_table(rounds: Sequence[Round], groups: TeamGroups) -> bool:
    """Whether the provider's one table over all teams can be the tournament's table."""
    has_season = any(round_.type == "season" for round_ in rounds)
    return has_season and not groups.names and not groups.unknown


def standings_of(
    rounds: Sequence[Round],
    groups: TeamGroups,
    matches: Sequence[Match],
    table: TableRows,
    names: Mapping[str, str],
) -> Fetched[Standing]:
    """The table, or one per group, of every round and match.

    `table` is the provider's, empty when it has none or none was requested (see can_have_table);
    `names` are those of the teams, by external id.
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
    playing = {row.team: names.get(row.team, row.team) for row in computed}
    return _chosen(computed, season, None if groups.names else table, playing)


def _chosen(
    computed: tuple[Standing, ...],
    season: Sequence[Match],
    table: TableRows | None,
    playing: Mapping[str, str],
) -> Fetched[Standing]:
    """The provider's table unless it is missing or cannot be right."""
    if table is None:
        return Fetched(
            computed, (_finding("table_computed", "OpenLigaDB has no table per group."),)
        )
    if not table.rows:
        return Fetched(computed, (_finding("table_computed", "OpenLigaDB has no table."),))
    by_team = {row.team: row for row in computed}
    rows = [_standing(place, row) for place, row in enumerate(table.rows, start=1)]
    names = {str(row.team_info_id): row.team_name or "" for row in table.rows}
    rows, strays = with_ids_of_season(rows, names, playing)
    fault = table.fault or fault_of(rows, by_team) or _fault(rows, by_team, season)
    if fault:
        detail = f"OpenLigaDB's table is not used: {fault}. This one follows from the matches."
        return Fetched(computed, (_finding("provider_table_rejected", detail),))
    placed = tuple(
        replace(row, stage=ours.stage, group_name=ours.group_name, form=ours.form)
        for row in rows
        for ours in (by_team[row.team],)
    )
    differing = differences("OpenLigaDB", placed, by_team, lambda t: names.get(t) or playing[t])
    return Fetched(placed, (*strays, *differing))


def _fault(
    rows: Sequence[Standing], computed: Mapping[str, Standing], season: Sequence[Match]
) -> str | None:
    """Why a table over all teams cannot be the one of the season's matches; None when it can."""
    teams = {row.team for row in rows}
    if teams != computed.keys():
        both = len(teams & computed.keys())
        return f"of its {len(rows)} teams {both} are among the {len(computed)} of the season"
    points = [row.points for row in rows]
    faults = {
        # it counts knockout matches too
        "a team has more matches than its season": any(
            row.games > sum(row.team in (m.home, m.away) for m in season) for row in rows
        ),
        "goals for and against differ in sum": (
            sum(row.goals_for for row in rows) != sum(row.goals_against for row in rows)
        ),
        "it is not in the order of points": points != sorted(points, reverse=True),
    }
    return next((fault for fault, present in faults.items() if present), None)


def _standing(place: int, row: TableRowPayload) -> Standing:
    return Standing(
        team=str(row.team_info_id),
        position=place,
        games=row.matches,
        wins=row.won,
        draws=row.draw,
        losses=row.lost,
        goals_for=row.goals,
        goals_against=row.opponent_goals,
        points=row.points,
    )


def _finding(kind: str, detail: str) -> Finding:
    return Finding(kind, "Table", detail)
