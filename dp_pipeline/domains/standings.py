"""The domain `standings`: the league table, one per stage and group."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import STAMPS, planned
from dp_pipeline.domains.computed_tables import by_stored_matches, write_matchday_tables
from dp_pipeline.domains.derived import with_derived
from dp_pipeline.domains.domain import Changes, Domain
from dp_pipeline.domains.guards import missing
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.judge_table import judge_table
from dp_pipeline.domains.plan import Plan, refused
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Standing, Zone
from dp_pipeline.football.results import DRAW_POINTS, WIN_POINTS
from dp_pipeline.football.table import FINAL_TABLE, ComputedTables
from dp_pipeline.providers.contract import Selection, Source
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
    fetched = await source.standings()
    if not fetched.items:
        return fetched
    teams = (await source.teams()).items
    return replace(fetched, team_names={team.external_id: team.name for team in teams})


def plan(fetched: Fetched[Standing], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every row of every table; a computed one as the stored matches and the rules have it."""
    if verdict.accepted and not fetched.items:
        return _ended(snapshot)
    ours = by_stored_matches(snapshot)
    standings = with_zones(with_notes(follow_stored(fetched.items, ours.rows), ours), snapshot)
    names = {**fetched.team_names, **snapshot.team_names}
    table, stored = tables.tournament_standing, snapshot.rows(tables.tournament_standing)
    provided = [row for row in standings if not row.computed]
    if only_recomputed(snapshot.standings, standings):
        kept = planned(table, [], stored, untouched=len(stored))
        return Plan((kept,), (KEPT,), preview=preview(standings, names))
    fresh = {row["id"]: row for row in (rows.standing_row(snapshot.key, s) for s in standings)}
    counting = {id_: row for id_, row in stored.items() if not row["superseded"]}
    provided_before = {id_: row for id_, row in counting.items() if not row["computed"]}
    gone = missing(
        "table rows",
        {id_: snapshot.names[row["team_id"]] for id_, row in provided_before.items()},
        fresh,
        accepted=verdict.accepted,
    )
    if isinstance(gone, Plan):
        return gone
    doubt = judge_table(snapshot.standings, provided, ours.rows) if provided else None
    if doubt is not None and not verdict.accepted:
        return refused(doubt)
    teams = snapshot.rows(tables.team)
    accepted = [row for row in fresh.values() if row["team_id"] in teams]
    if not accepted:
        message = "None of the table's teams is stored. Materialize `teams` first."
        return refused(message, blocked=True)
    left_behind = [
        {**{name: row[name] for name in accepted[0]}, "superseded": True}
        for id_, row in counting.items()
        if (row["computed"] or verdict.accepted) and id_ not in fresh
    ]
    unapplied = [Finding("rule_not_applied", "Table", each) for each in ours.unapplied]
    return Plan(
        with_derived(snapshot, [planned(table, [*accepted, *left_behind], stored)]),
        (*gone, *_of_unknown_teams(standings, names, snapshot), *unapplied),
        preview=preview(standings, names),
    )


def _ended(snapshot: Snapshot) -> Plan:
    """No table any more: the stored rows stay, and count no more."""
    table, stored = tables.tournament_standing, snapshot.rows(tables.tournament_standing)
    ended = [
        {name: row[name] for name in row if name not in STAMPS} | {"superseded": True}
        for row in stored.values()
    ]
    return Plan(with_derived(snapshot, [planned(table, ended, stored)]))


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


def with_notes(standings: Sequence[Standing], ours: ComputedTables) -> list[Standing]:
    """The rows, those of the provider with what explains points that are not of its results.

    A provider's table is over the whole season where ours of that place is, or where it is the only
    one and has most of the teams. The table of a conference is neither.
    """
    by_row = {(_place(row), row.team): row for row in ours.rows}

    def note(row: Standing) -> str | None:
        beyond = row.points - WIN_POINTS * row.wins - DRAW_POINTS * row.draws
        if not beyond:
            return None
        same = by_row.get((_place(row), row.team))
        if same and same.points == row.points:
            return same.note  # None: they were carried over in full
        reason = " ".join(ours.decisions.get(row.team, ()))
        way = "more" if beyond > 0 else "fewer"
        return reason or f"{abs(beyond)} points {way} than its results come to; why is not known."

    whole = {_place(row) for row in ours.rows if row.whole_season}
    places, teams = {_place(row) for row in standings}, {row.team for row in ours.rows}
    if len(places) == 1 and 2 * len({row.team for row in standings}) > len(teams):
        whole = places
    return [
        row if row.computed else replace(row, note=note(row), whole_season=_place(row) in whole)
        for row in standings
    ]


def with_zones(standings: Sequence[Standing], snapshot: Snapshot) -> list[Standing]:
    """The rows, those of the table over the whole season with what their places mean.

    Teams that share a place share its zone only where all of their places are in it.
    """
    entry = snapshot.rules.zones
    final = [row.position for row in standings if row.whole_season]
    if entry is None or len(final) != entry.teams:
        return list(standings)
    shared = Counter(final)

    def zone(place: int) -> Zone | None:
        return entry.of(place, place + shared[place] - 1)

    return [replace(r, zone=zone(r.position)) if r.whole_season else r for r in standings]


def only_recomputed(stored: Sequence[Standing], standings: Sequence[Standing]) -> bool:
    """Whether a computed table would replace the provider's own without counting more games."""
    theirs = [row for row in stored if not row.computed]
    recomputed = bool(theirs) and all(row.computed for row in standings)
    return recomputed and _games(standings) <= _games(theirs)


def _games(standings: Sequence[Standing]) -> int:
    """The games that tables count; of a team in several, those of the one with most of them."""
    most: dict[str, int] = {}
    for row in standings:
        most[row.team] = max(row.games, most.get(row.team, 0))
    return sum(most.values())


def follow_stored(standings: Sequence[Standing], ours: Sequence[Standing]) -> list[Standing]:
    """The rows of `standings` with each computed table as `ours` has it, where it has that table.

    A payload may lack a match that is stored, or hold one that is not taken. Where the provider has
    no table at all, its season has the tables that follow from the stored matches.

    Args:
        standings: provider's and computed rows.
        ours: the tables that follow from the stored matches.
    """
    computed = {(row.stage, row.group_name) for row in standings if row.computed}
    instead: dict[Place, list[Standing]] = {}
    for row in ours:
        instead.setdefault((row.stage, row.group_name), []).append(row)
    if len(computed) == len(instead) == 1:
        # one table, whatever the stage is called
        (stage, group), (rows_,) = next(iter(computed)), instead.values()
        instead = {(stage, group): [replace(r, stage=stage, group_name=group) for r in rows_]}
    provided = [row for row in standings if not row.computed]
    begun = {place for place, rows_ in instead.items() if any(row.games for row in rows_)}
    followed = (begun or set(instead)) if not provided else computed & instead.keys()
    final = instead.get((FINAL_TABLE, None), ())
    return [
        *(r for r in standings if not r.computed or (provided and _place(r) not in followed)),
        *(row for place in instead if place in followed for row in instead[place]),
        *(final if provided and _begins_alike(provided, ours) else ()),
    ] or list(standings)


def _begins_alike(provided: Sequence[Standing], ours: Sequence[Standing]) -> bool:
    """Whether a provider's largest table and ours agree: then so does what follows from it."""

    def largest(rows_: Sequence[Standing]) -> dict[str, tuple[int, int]]:
        places = Counter(_place(row) for row in rows_ if row.stage != FINAL_TABLE)
        return {
            row.team: (row.games, row.points)
            for row in rows_
            if places and _place(row) == places.most_common(1)[0][0]
        }

    return largest(provided) == largest(ours)


def _place(row: Standing) -> Place:
    return (row.stage, row.group_name)


def preview(standings: Sequence[Standing], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The tables as people read them; a column that is empty in all rows is left out of all."""
    table = [
        {
            "group": standing.group_name or "",
            "stage": standing.stage or "",
            "pos": standing.position,
            "team": names.get(standing.team, standing.team),
            "games": standing.games,
            "w": standing.wins,
            "d": standing.draws,
            "l": standing.losses,
            "goals": f"{standing.goals_for}:{standing.goals_against}",
            "points": standing.points,
            "form": "".join(standing.form),
            "note": standing.note or "",
            "rule": standing.rule or "",
        }
        for standing in standings
    ]
    empty = {
        name for name in ("group", "stage", "note", "rule") if not any(row[name] for row in table)
    }
    return [{name: row[name] for name in row if name not in empty} for row in table]


def follow_up(
    connection: sa.Connection,
    changes: Changes,
    fetched: Fetched[Standing],
    selection: Selection,
    now: datetime,
) -> Sequence[str]:
    """The tables after each matchday follow from matches that were written before; no news."""
    del fetched, selection, now
    write_matchday_tables(connection, changes.after)
    return ()


STANDINGS = Domain(
    name="standings",
    description=(
        "The table of a tournament, one row per stage, group and team; a knockout cup has none. "
        "Where the provider has no usable table it is computed from the matches by the rules of "
        "the competition: `rule` says how level teams are ordered, `note` what was deducted, "
        "carried over or left open."
    ),
    depends_on=("teams", "matches"),
    tables=(tables.tournament_standing, tables.tournament),
    has_rows=tables.tournament_standing.c.tournament_id,
    operation="standings",
    fetch=fetch,
    plan=plan,
    follow_up=follow_up,
    may_end=True,
)
