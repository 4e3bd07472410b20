"""What is stored of a tournament, read once under its lease: plans are made against it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database import tables
from dp_pipeline.database.history import INNER_FIELDS
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import RowId, Write
from dp_pipeline.domains.plan import Plan
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing, Team, Tournament, TournamentState
from dp_pipeline.football.progress import state_of
from dp_pipeline.football.rules import CompetitionRules, rules_of
from dp_pipeline.providers.contract import StoredTournament

_OF_TOURNAMENT = (*("external_id", "label", "season", "slug", "public_url", "base_url"),)
_OF_ROUND = ("slug", "order", "label", "type", "stage", "prefix", "provider_id", "provider_url")
_OF_MATCH = (
    *("external_id", "round_slug", "status", "stage", "group_name", "kickoff_at", "kickoff_date"),
    *("kickoff_local", "provider_status", "home_score", "away_score", "home_score_90"),
    *("away_score_90",),
    *("home_score_ht", "away_score_ht", "home_penalties_score", "away_penalties_score", "venue"),
)
_OF_STANDING = (
    *("position", "games", "wins", "draws", "losses", "goals_for", "goals_against", "points"),
    *("stage", "group_name", "computed", "rule", "note", "whole_season", "zone"),
)

_IDS = sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
_TEAMS = (
    sa.select(tables.team, tables.tournament.c.season.label("described_season"))
    .outerjoin(tables.tournament, tables.tournament.c.key == tables.team.c.described_in)
    .where(tables.team.c.id == _IDS)
)
_PROVIDER = sa.bindparam("provider", type_=sa.Text)
_ELSEWHERE = sa.select(tables.match.c.id).where(
    tables.match.c.id == _IDS,
    tables.match.c.tournament_id != sa.bindparam("tournament", type_=sa.Uuid),
)


@dataclass(frozen=True)
class Snapshot:
    """The rows of one tournament by table and id, and what of others its plans depend on.

    Args:
        key: the tournament.
        stored: rows by the name of their table; of `team` those that play here, and those that were
            looked for because a payload names them.
        described_by: of stored teams, season and key of the tournament that named them last.
        elsewhere: of the matches that were looked for, those that belong to other tournaments.
        looked_for: ids of teams and matches that were looked for, stored or not.
    """

    key: TournamentKey
    stored: Mapping[str, Mapping[RowId, Row]]
    described_by: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    elsewhere: frozenset[UUID] = frozenset()
    looked_for: frozenset[UUID] = frozenset()

    def rows(self, table: sa.Table) -> Mapping[RowId, Row]:
        """The rows of a table, by id."""
        return self.stored.get(table.name, {})

    def after(self, plan: Plan) -> Self:
        """What is stored once the plan has been applied."""
        return self.after_writes(plan.writes)

    def after_writes(self, writes: Sequence[Write]) -> Self:
        """What is stored once this has been written; the same value where nothing is."""
        if not any(write.difference.new or write.difference.changed for write in writes):
            return self  # with all that has been worked out of it
        stored = dict(self.stored)
        for write in writes:
            stored[write.table.name] = {**stored.get(write.table.name, {}), **write.rows}
        season = self.tournament["season"] if self.tournament else ""
        described = {
            id_: (season, str(self.key))
            for write in writes
            if write.table is tables.team
            for id_ in write.rows
            if isinstance(id_, UUID)
        }
        return replace(self, stored=stored, described_by={**self.described_by, **described})

    def only(self, table: sa.Table, rows: Mapping[RowId, Row]) -> Self:
        """As if of a table only these rows were stored."""
        return replace(self, stored={**self.stored, table.name: rows})

    def unknown(
        self, teams: Collection[UUID], matches: Collection[UUID]
    ) -> tuple[frozenset[UUID], frozenset[UUID]]:
        """Of some teams and matches those that were not looked for yet."""
        mine = {id_ for id_ in self.rows(tables.match) if isinstance(id_, UUID)}
        return frozenset(teams) - self.looked_for, frozenset(matches) - self.looked_for - mine

    def named(
        self, plan: Plan, but: Collection[tuple[str, RowId]] = frozenset()
    ) -> list[dict[str, Any]]:
        """The changes of a plan, field by field, with the names of their rows in words.

        Not those of the rows of `but`, by table and id.
        """
        return [
            {
                "table": one.table,
                "row": self.name_of(one.table, change.id),
                "field": name,
                "from": self._shown(old),
                "to": self._shown(new),
            }
            for one in plan.stored
            for change in one.updated
            if (one.table, change.id) not in but
            for name, (old, new) in change.fields.items()
            if name not in INNER_FIELDS.get(one.table, ())
        ]

    def name_of(self, table: str, id_: RowId) -> str:
        """The name of a stored row in words; its id where it has none."""
        row = self.stored[table].get(id_, {})
        if table == tables.knockout_tie.name:
            return self.name_of(tables.match.name, row["match_ids"][0])
        if table == tables.goal.name:
            match = self.name_of(tables.match.name, row["match_id"])
            return f"{match}, {row['side']} goal {row['ordinal']}"
        teams = (row.get(name) for name in ("home_team_id", "away_team_id", "team_id"))
        named = [self.names[team] for team in teams if team is not None]
        return str(row.get("label") or row.get("name") or " - ".join(named) or id_)

    def _shown(self, value: Any) -> Any:
        """A value, a reference to another row as its name."""
        if not isinstance(value, UUID):
            return value
        if value in self.rows(tables.match):
            return self.name_of(tables.match.name, value)
        return self.names.get(value, str(value))

    def history(self, changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Rows of `change` with the names of their rows in words and values as they were."""
        return [
            {
                "at": change["changed_at"],
                "table": change["entity"],
                "row": self.name_of(change["entity"], self._row_id(change)),
                "field": change["field"],
                "from": self._shown(_read(change, "old")),
                "to": self._shown(_read(change, "new")),
                "execution": change["execution_id"],
            }
            for change in changes
        ]

    def _row_id(self, change: Mapping[str, Any]) -> RowId:
        composite = change["entity"] == tables.tournament_team.name
        id_ = change["entity_id"]
        return (self.key.tournament_id, id_) if composite else id_

    @property
    def tournament(self) -> Row | None:
        """The tournament's own row; None while it is not stored."""
        return self.rows(tables.tournament).get(self.key.tournament_id)

    @cached_property
    def members(self) -> frozenset[UUID]:
        """The ids of the teams that play here."""
        return frozenset(row["team_id"] for row in self.rows(tables.tournament_team).values())

    @cached_property
    def teams(self) -> tuple[Team, ...]:
        """The teams that play here."""
        team = self.rows(tables.team)
        playing = ((team[r["team_id"]], r) for r in self.rows(tables.tournament_team).values())
        return tuple(
            Team(t["external_id"], r["name"], r["short_name"], t["country"], r["badge_source"])
            for t, r in sorted(playing, key=lambda each: each[0]["external_id"])
        )

    @cached_property
    def names(self) -> dict[RowId, str]:
        """The names of teams by the ids of their rows: of those that play here as used here."""
        here = self.rows(tables.tournament_team).values()
        current = {id_: row["name"] for id_, row in self.rows(tables.team).items()}
        return {**current, **{row["team_id"]: row["name"] for row in here}}

    @cached_property
    def team_names(self) -> dict[str, str]:
        """The names of the teams that play here as used here, by external id."""
        return {team.external_id: team.name for team in self.teams}

    @cached_property
    def rounds(self) -> tuple[Round, ...]:
        """The rounds in order."""
        models = (
            Round(**{n: row[n] for n in _OF_ROUND})
            for row in self.rows(tables.tournament_round).values()
        )
        return tuple(sorted(models, key=lambda round_: (round_.order, round_.slug)))

    @cached_property
    def match_by_row(self) -> dict[RowId, Match]:
        """The matches by the ids of their rows."""
        return {
            id_: Match(
                **{name: row[name] for name in _OF_MATCH},
                home=self._team(row["home_team_id"]),
                away=self._team(row["away_team_id"]),
            )
            for id_, row in self.rows(tables.match).items()
        }

    @cached_property
    def superseded(self) -> frozenset[RowId]:
        """The ids of matches whose place one under a new id has taken."""
        matches = self.rows(tables.match).items()
        return frozenset(id_ for id_, row in matches if row.get("superseded_by") is not None)

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """The matches that count, by kick-off, those without one last."""
        return tuple(
            sorted(
                (m for id_, m in self.match_by_row.items() if id_ not in self.superseded),
                key=lambda m: (
                    m.kickoff_at is None,
                    m.kickoff_at.isoformat() if m.kickoff_at else "",
                    m.external_id,
                ),
            )
        )

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """The rows of the tables, in order."""
        models = [
            Standing(
                **{name: row[name] for name in _OF_STANDING},
                form=tuple(row["form"]),
                team=self._team(row["team_id"]),
            )
            for row in self.rows(tables.tournament_standing).values()
            if not row["superseded"]
        ]
        return tuple(
            sorted(models, key=lambda s: (s.stage or "", s.group_name or "", s.position, s.team))
        )

    @cached_property
    def state(self) -> TournamentState:
        """What follows for the tournament from what is stored."""
        final = self.rules.ties is not None and self.rules.ties.ends_with_a_final
        return state_of(self.rounds, self.matches, self.standings, final_expected=final)

    @property
    def rules(self) -> CompetitionRules:
        """The rules of the season, as far as they are known."""
        season = self.tournament["season"] if self.tournament else self.key.season
        return rules_of(self.key.provider, self.key.competition, season)

    @property
    def models(self) -> StoredTournament | None:
        """All of it as models, for a source that asks for a part; None when it is not stored."""
        row = self.tournament
        if row is None:
            return None
        columns = {name: row[name] for name in _OF_TOURNAMENT}
        tournament = Tournament(key=self.key, logo_url=row["logo_source"], **columns)
        return StoredTournament(tournament, self.state, self.teams, self.rounds, self.matches)

    def _team(self, id_: UUID) -> str:
        return self.rows(tables.team)[id_]["external_id"]


def read_snapshot(
    connection: sa.Connection,
    key: TournamentKey,
    of: Iterable[sa.Table],
) -> Snapshot:
    """Read what is stored of a tournament.

    Args:
        connection: while its lease is held.
        key: the tournament.
        of: the tables of which rows may be planned.
    """
    id_ = key.tournament_id
    stored: dict[str, dict[RowId, Row]] = {}
    for table in dict.fromkeys(of):
        wanted = _reading(table)
        if wanted is not None:
            found = connection.execute(wanted, {"tournament": id_, "provider": key.provider})
            stored[table.name] = _by_id(table, found)
    teams = {
        row[name]
        for rows in stored.values()
        for row in rows.values()
        for name in ("team_id", "home_team_id", "away_team_id")
        if name in row
    }
    return look_for(connection, Snapshot(key, stored), teams=teams, matches=())


def look_for(
    connection: sa.Connection,
    snapshot: Snapshot,
    *,
    teams: Collection[UUID],
    matches: Collection[UUID],
) -> Snapshot:
    """Look for teams and matches by id, in all tournaments, as far as that was not done."""
    new_teams, new_matches = snapshot.unknown(teams, matches)
    teams_now = dict(snapshot.rows(tables.team))
    described = dict(snapshot.described_by)
    elsewhere: set[UUID] = set()
    if new_teams:
        described_teams, described_now = _teams(connection, new_teams)
        teams_now, described = teams_now | described_teams, described | described_now
    if new_matches:
        ids = {"ids": list(new_matches), "tournament": snapshot.key.tournament_id}
        elsewhere = set(connection.scalars(_ELSEWHERE, ids))
    return replace(
        snapshot,
        stored={**snapshot.stored, tables.team.name: teams_now},
        described_by=described,
        elsewhere=snapshot.elsewhere | elsewhere,
        looked_for=snapshot.looked_for | new_teams | new_matches,
    )


def _teams(
    connection: sa.Connection, ids: Collection[UUID]
) -> tuple[dict[RowId, Row], dict[UUID, tuple[str, str]]]:
    """Rows of teams, and season and key of the tournaments that named them last."""
    team_rows = list(connection.execute(_TEAMS, {"ids": list(ids)}).mappings())
    described = {
        row["id"]: (row["described_season"], row["described_in"])
        for row in team_rows
        if row["described_season"] is not None
    }
    names = [column.name for column in tables.team.c]
    return {row["id"]: {name: row[name] for name in names} for row in team_rows}, described


def _read(change: Mapping[str, Any], which: str) -> Any:
    """A value of the history in the type of its column."""
    value, column = change[which], tables.metadata.tables[change["entity"]].c[change["field"]]
    if isinstance(value, str) and isinstance(column.type, sa.DateTime):
        return datetime.fromisoformat(value)
    return UUID(value) if isinstance(value, str) and isinstance(column.type, sa.Uuid) else value


def _by_id(table: sa.Table, found: sa.Result[*tuple[Any, ...]]) -> dict[RowId, Row]:
    key, columns = [column.name for column in table.primary_key], tuple(found.keys())
    # SQLAlchemy's mappings as dictionaries take three times as long.
    read = [dict(zip(columns, row, strict=True)) for row in found]
    if len(key) == 1:
        return {row[key[0]]: row for row in read}
    return {tuple(row[name] for name in key): row for row in read}


@cache
def _reading(table: sa.Table) -> sa.Select[*tuple[Any, ...]] | None:
    """The statement for the rows of a tournament; made once, which takes as long as running it."""
    id_ = sa.bindparam("tournament", type_=sa.Uuid)
    if table is tables.tournament:
        return sa.select(table).where(table.c.id == id_)
    if table is tables.team_alias:
        return sa.select(table).where(table.c.provider == _PROVIDER)
    if "tournament_id" in table.c:
        return sa.select(table).where(table.c.tournament_id == id_)
    return None
