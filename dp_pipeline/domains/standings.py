"""The domain `standings`: the league table, one per stage and group."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import planned
from dp_pipeline.domains.derived import with_derived
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.guards import missing
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.judge_table import judge_table
from dp_pipeline.domains.plan import Plan, refused
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Standing
from dp_pipeline.football.table import compute_standings
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Fetched, Finding

Place = tuple[str | None, str | None]
"""Stage and group of a table."""

KEPT = Finding(
    "provider_table_kept",
    "Table",
    "The provider has no usable table at the moment. The stored one is the provider's and counts "
    "as many games as one computed from the matches would, so it was kept with its deductions.",
)


async def fetch(source: Source) -> Fetched[Standing]:
    """Every row of every table, with the names of the teams."""
    found = await source.standings()
    if not found.items:
        return found
    teams = (await source.teams()).items
    return replace(found, team_names={team.external_id: team.name for team in teams})


def plan(fetched: Fetched[Standing], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every row of every table; a computed one as the stored matches have it."""
    del verdict
    ours = by_stored_matches(snapshot)
    standings = follow_stored(fetched.items, ours)
    names = {**fetched.team_names, **snapshot.team_names}
    table, stored = tables.tournament_standing, snapshot.rows(tables.tournament_standing)
    if only_recomputed(sum(r.games for r in snapshot.standings if not r.computed), standings):
        kept = planned(table, [], stored, untouched=len(stored))
        return Plan((kept,), (KEPT,), preview=preview(standings, names))
    found = {row["id"]: row for row in (rows.standing_row(snapshot.key, s) for s in standings)}
    teams = snapshot.rows(tables.team)
    gone = missing(
        "table rows", {id_: snapshot.names[row["team_id"]] for id_, row in stored.items()}, found
    )
    if isinstance(gone, Plan):
        return gone
    provided = [row for row in standings if not row.computed]
    doubt = judge_table(snapshot.standings, provided, ours) if provided else None
    if doubt is not None:
        return refused(doubt)
    accepted = [row for row in found.values() if row["team_id"] in teams]
    if not accepted:
        message = "None of the table's teams is stored. Materialize `teams` first."
        return refused(message, blocked=True)
    return Plan(
        with_derived(snapshot, [planned(table, accepted, stored)]),
        (*gone, *_of_unknown_teams(standings, names, snapshot)),
        preview=preview(standings, names),
    )


def _of_unknown_teams(
    standings: Sequence[Standing], names: Mapping[str, str], snapshot: Snapshot
) -> list[Finding]:
    teams = snapshot.rows(tables.team)
    detail = "The team is not stored. Materialize `teams` first."
    return [
        Finding("unknown_team", names.get(row.team, row.team), detail, left_out=True)
        for row in standings
        if rows.team_id(snapshot.key.provider, row.team) not in teams
    ]


def only_recomputed(theirs: int, found: Sequence[Standing]) -> bool:
    """Whether a computed table would replace the provider's own without counting more games.

    Args:
        theirs: games in the stored rows that came from the provider.
        found: the table as it is now.
    """
    ours = sum(standing.games for standing in found)
    return theirs > 0 and all(standing.computed for standing in found) and ours <= theirs


def follow_stored(found: Sequence[Standing], ours: Sequence[Standing]) -> list[Standing]:
    """The rows of `found` with each computed table as `ours` has it, where it has that table.

    A payload may lack a match that is stored, or hold one that is not taken.

    Args:
        found: provider's and computed rows.
        ours: the tables that follow from the stored matches.
    """
    instead: dict[Place, list[Standing]] = {}
    for row in ours:
        instead.setdefault((row.stage, row.group_name), []).append(row)
    computed = {(row.stage, row.group_name) for row in found if row.computed}
    if len(computed) == len(instead) == 1:
        # one table, whatever the stage is called
        (stage, group), (rows_,) = next(iter(computed)), instead.values()
        instead = {(stage, group): [replace(r, stage=stage, group_name=group) for r in rows_]}
    followed = computed & instead.keys()
    return [
        *(r for r in found if not r.computed or (r.stage, r.group_name) not in followed),
        *(row for place in instead if place in followed for row in instead[place]),
    ]


def by_stored_matches(snapshot: Snapshot) -> tuple[Standing, ...]:
    """The tables that the stored matches come to."""
    season = {round_.slug for round_ in snapshot.rounds if round_.type == "season"}
    # where no round is one of a season, the matches of no round make the table
    return compute_standings(
        match
        for match in snapshot.matches
        if match.round_slug in season or (not season and match.round_slug is None)
    )


def preview(standings: Sequence[Standing], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tables as people read them."""
    return [
        {
            **({"group": standing.group_name} if standing.group_name else {}),
            **({"stage": standing.stage} if standing.stage else {}),
            "pos": standing.position,
            "team": names.get(standing.team, standing.team),
            "games": standing.games,
            "w": standing.wins,
            "d": standing.draws,
            "l": standing.losses,
            "goals": f"{standing.goals_for}:{standing.goals_against}",
            "points": standing.points,
            "form": "".join(standing.form),
        }
        for standing in standings
    ]


STANDINGS = Domain(
    name="standings",
    description=(
        "The table of a tournament, one row per stage, group and team. Where the provider has no "
        "usable table it is computed from the matches and `computed` says so: point deductions are "
        "then unknown. A knockout cup has none."
    ),
    depends_on=("teams", "matches"),
    tables=(tables.tournament_standing, tables.tournament),
    has_rows=tables.tournament_standing.c.tournament_id,
    operation="standings",
    fetch=fetch,
    plan=plan,
    follow_up=None,
)
