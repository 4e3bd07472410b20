"""The domain `teams`: one row per team, and its name, short name and badge in each tournament."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from dp_pipeline.database import rows, tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import RowId, planned
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.guards import missing, swapped
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Team
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Fetched, Finding

# A provider that stops sending one of these has not taken it back.
KEEP = frozenset({"badge_source", "short_name", "country"})

Season = tuple[str, str]
_NOT_BEGUN = frozenset({"scheduled", "postponed", "cancelled"})


async def fetch(source: Source) -> Fetched[Team]:
    """Every team."""
    fetched = await source.teams()
    return replace(fetched, team_names={team.external_id: team.name for team in fetched.items})


def plan(fetched: Fetched[Team], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Teams first, then who plays in this tournament."""
    teams = [team for team in fetched.items if team.external_id not in verdict.left_out_teams]
    key, stored, names = snapshot.key, snapshot.rows(tables.team), snapshot.names
    fresh = {row["id"]: row for row in (rows.team_row(key, team) for team in teams)}
    members: dict[RowId, str] = {id_: names[id_] for id_ in snapshot.members}
    gone = missing("teams", members, fresh, undrawn(snapshot), accepted=verdict.accepted)
    if isinstance(gone, Plan):
        return gone
    mixed_up = swapped(
        "teams",
        {id_: names[id_] for id_ in fresh if id_ in stored},
        {id_: row["name"] for id_, row in fresh.items()},
    )
    if mixed_up is not None and not verdict.accepted:
        return mixed_up
    season = snapshot.tournament["season"] if snapshot.tournament else ""
    current = newest([*fresh.values()], snapshot.described_by, (season, str(key)))
    aliases = [rows.alias_row(key, alias) for alias in fetched.aliases]
    stored_aliases = snapshot.rows(tables.team_alias)
    playing = [rows.membership_row(key, team) for team in teams]
    return Plan(
        (
            # A team counts once, as one that plays here: what it is called now follows.
            planned(tables.team, current, stored, keep=KEEP, counted=False),
            planned(
                tables.tournament_team, playing, snapshot.rows(tables.tournament_team), keep=KEEP
            ),
            # What a person said of a name stays. Where matches have just vanished, a name may be
            # the beginning of one and the end of another: "Manch" would be United for ever.
            planned(
                tables.team_alias,
                [
                    row
                    for row in aliases
                    if row["id"] not in stored_aliases and not verdict.vanished
                ],
                stored_aliases,
                counted=False,
            ),
        ),
        (*gone, *_left_out(fetched.items, verdict)),
        preview=[
            {"team": team.name, "short name": team.short_name or "", "id": team.external_id}
            for team in sorted(teams, key=lambda team: team.name)
        ],
    )


def _left_out(teams: Sequence[Team], verdict: Verdict) -> list[Finding]:
    detail = "It is new, and plays only in matches that are left out or kept as they are stored."
    return [
        Finding("left_out_team", team.name, detail, left_out=True)
        for team in teams
        if team.external_id in verdict.left_out_teams
    ]


def undrawn(snapshot: Snapshot) -> frozenset[RowId]:
    """The rows of teams that stand in knockout matches only, none of which has begun.

    The draw may put others in their place, whatever they are called: names of places in a draw are
    not always recognised as such.
    """
    knockout = {round_.slug for round_ in snapshot.rounds if round_.type == "knockout"}
    sides: dict[str, bool] = {}
    for match in snapshot.matches:
        waits = match.round_slug in knockout and match.status in _NOT_BEGUN
        for side in (match.home, match.away):
            sides[side] = waits and sides.get(side, True)
    return frozenset(rows.team_id(snapshot.key.provider, s) for s, waits in sides.items() if waits)


def newest(named: Sequence[Row], described: Mapping[UUID, Season], ours: Season) -> list[Row]:
    """The rows that may be written: a team's current name is that of its newest tournament.

    Clubs are renamed and competitions spell them differently: of two tournaments that are refreshed
    one after the other, each would otherwise undo the other's writing for ever.

    Args:
        named: rows of `team` as this tournament names them.
        described: of stored teams, season and key of the tournament that named them.
        ours: season and key of this tournament. Seasons ("2024/25", "2025") sort as text; a
            provider's own ids of them need not.
    """
    return [row for row in named if ours >= described.get(row["id"], ("", ""))]


TEAMS = Domain(
    name="teams",
    description=(
        "Every team of a tournament, one row per team and provider, and in `tournament_team` which "
        "tournaments it plays in and what it is called there. Placeholders of "
        "fixtures not yet drawn are not teams."
    ),
    depends_on=("tournaments",),
    tables=(tables.team, tables.tournament_team, tables.team_alias),
    has_rows=tables.tournament_team.c.tournament_id,
    operation="teams",
    fetch=fetch,
    plan=plan,
    follow_up=None,
)
