"""Which club a team is: tournaments are compared with the same season elsewhere, and it is written.

It follows from stored matches, in the transaction that stores them. Pairs of teams are kept with
what shows them (`team_pair`); of which club a team is (`team.club_id`) follows from all pairs of
all seasons, and from what people said, whatever was read first.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import store
from dp_pipeline.domains.snapshot import Snapshot, read_snapshot
from dp_pipeline.domains.stored_names import aliases_of
from dp_pipeline.football.club_pairing import FixtureList, PairedTeams, pair_teams
from dp_pipeline.football.clubs import Club, ClubTeam, DecidedClubs, TeamPair, clubs_of
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.rules import code_of, first_year, is_national
from dp_pipeline.providers.registry import BY_NAME

_team, _pair, _club = tables.team, tables.team_pair, tables.club
_READ = (tables.tournament, tables.tournament_team, tables.match)
_SHARE = 0.8
_MOST_COMPARED = 3
"""Of the tournaments that may be the same competition though nothing says so, those with most
results in common are compared."""
_LEAST_RESULTS = 10


def link_clubs(connection: sa.Connection, after: Snapshot, *, changed: bool) -> None:
    """Compare a tournament with the same season of other providers; write pairs and clubs.

    Args:
        connection: in the transaction that has written its matches.
        after: what is stored of it.
        changed: its matches have changed. Where not, it is compared only if a team has no club and
            the competition is known to be that of another provider's tournament.
    """
    sides = {side for match in after.matches for side in (match.home, match.away)}
    mine = [row for row in after.rows(_team).values() if row["external_id"] in sides]
    if not changed and all(row.get("club_id") or row.get("club_by") for row in mine):
        return
    certain, may_be = _counterparts(connection, after)
    if not certain and not (may_be and changed):
        return
    lock_clubs(connection)
    alike = _alike(connection, after.key.tournament_id, may_be) if may_be and changed else ()
    touched: set[UUID] = set()
    for key in (*certain, *(may_be[id_] for id_ in alike)):
        there = read_snapshot(connection, key, _READ)
        one, other = sorted((after, there), key=lambda each: str(each.key))
        touched |= _write_pairs(connection, one, other, inferred=key not in certain)
    if touched:
        write_clubs(connection, touched)


def lock_clubs(connection: sa.Connection) -> None:
    """Let one at a time decide of clubs: two that store the same season see each other's matches.

    Held until the transaction ends, which for a tournament is some ten milliseconds.
    """
    name = "dp_pipeline.clubs"
    connection.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
    )


def write_clubs(connection: sa.Connection, touched: Collection[UUID]) -> None:
    """Decide of which club some teams are, and all that are joined to them; write what is new."""
    joined = joined_to(connection, touched)
    pairs = _pairs_of(connection, joined)
    # in the order in which every writer locks them
    connection.execute(
        sa.select(_team.c.id)
        .where(_team.c.id.in_(joined))
        .order_by(_team.c.id)
        .with_for_update(key_share=True)
    )
    teams = _read(connection, _team.c.id.in_(joined))
    decided = clubs_of(teams, [pair for _, pair in pairs])
    ids = _ids(connection, decided)
    club_rows = [
        {
            "id": ids[club],
            "name": club.name,
            "country": club.country,
            "kind": club.kind,
            "squad": club.squad,
        }
        for club in decided.clubs
    ]
    store(connection, _club, club_rows)
    club_of = {id_: ids[club] for id_, club in decided.club_of.items()}
    links = [
        {"id": id_, "club_id": club_of.get(id_), "club_by": "fixtures" if id_ in club_of else None}
        for id_, team in teams.items()
        if not team.by_person
    ]
    store(connection, _team, links)
    left = {team.club for team in teams.values() if team.club} - set(club_of.values())
    if left:
        has_team = sa.exists().where(_team.c.club_id == _club.c.id)
        connection.execute(sa.delete(_club).where(_club.c.id.in_(left), ~has_team))


def read_all(connection: sa.Connection) -> tuple[DecidedClubs, list[tuple[Row, TeamPair]]]:
    """All clubs as they follow from all pairs, and each pair with its row."""
    pairs = _pairs_of(connection, None)
    ids = {id_ for _, pair in pairs for id_ in (pair.one, pair.other)}
    by_person = _team.c.club_by.is_not(None)
    teams = _read(connection, by_person | _team.c.id.in_(ids))
    return clubs_of(teams, [pair for _, pair in pairs]), pairs


def _counterparts(
    connection: sa.Connection, of: Snapshot
) -> tuple[list[TournamentKey], dict[UUID, TournamentKey]]:
    """The same season of other providers, and what may be it though nothing says so, by id."""
    key, row = of.key, of.tournament
    year = first_year(row["season"]) if row else None
    if year is None:
        return [], {}
    tournament = tables.tournament.c
    written = tournament.season.like(f"{year}%") | tournament.season.like(f"{year % 100:02d}/%")
    wanted = sa.select(tournament.id, tournament.key, tournament.season).where(
        tournament.provider != key.provider, written
    )
    code = code_of(key.provider, key.competition)
    certain: list[TournamentKey] = []
    may_be: dict[UUID, TournamentKey] = {}
    for id_, text, season in connection.execute(wanted.order_by(tournament.key)):
        other = TournamentKey.parse(text)
        codes = {code, code_of(other.provider, other.competition)}
        if first_year(season) != year:
            continue
        if None in codes:
            may_be[id_] = other
        elif len(codes) == 1:
            certain.append(other)
    return certain, may_be


def _alike(connection: sa.Connection, id_: UUID, others: Collection[UUID]) -> Sequence[UUID]:
    """Of some tournaments those that have most results of another one, on the day or next to it."""
    mine, theirs = tables.match.alias("mine"), tables.match.alias("theirs")
    apart = sa.values(sa.column("days", sa.Integer), name="apart").data([(-1,), (0,), (1,)])
    played = sa.select(sa.func.count()).where(
        mine.c.tournament_id == id_, mine.c.home_score.is_not(None)
    )
    results = connection.execute(played).scalar_one()
    if results < _LEAST_RESULTS:
        return ()
    same = sa.func.count(sa.distinct(mine.c.id))
    keys = connection.scalars(
        sa.select(theirs.c.tournament_id)
        .select_from(mine)
        .join(apart, sa.true())
        .join(
            theirs,
            (_day(theirs) == _day(mine) + apart.c.days)
            & (theirs.c.home_score == mine.c.home_score)
            & (theirs.c.away_score == mine.c.away_score),
        )
        .where(mine.c.tournament_id == id_, theirs.c.tournament_id.in_(others))
        .group_by(theirs.c.tournament_id)
        .having(same >= _SHARE * results)
        .order_by(same.desc(), theirs.c.tournament_id)
        .limit(_MOST_COMPARED)
    )
    return keys.all()


def _day(match: sa.FromClause) -> sa.ColumnElement[Any]:
    at_utc = sa.cast(sa.func.timezone("UTC", match.c.kickoff_at), sa.Date)
    return sa.func.coalesce(match.c.kickoff_date, at_utc)


def _fixture_list(connection: sa.Connection, of: Snapshot) -> FixtureList:
    row = of.tournament
    assert row is not None  # noqa: S101 - its matches are stored
    sides = {side for match in of.matches for side in (match.home, match.away)}
    teams = {id_: t for id_, t in of.rows(_team).items() if t["external_id"] in sides}
    return FixtureList(
        str(of.key),
        row["label"],
        first_year(row["season"]) or 0,
        {team["external_id"]: of.names[id_] for id_, team in teams.items()},
        {team["external_id"]: team["country"] for team in teams.values()},
        of.matches,
        aliases_of(connection, of.key.provider) if _by_name(of.key.provider) else {},
    )


def _write_pairs(
    connection: sa.Connection, one: Snapshot, other: Snapshot, *, inferred: bool
) -> set[UUID]:
    """Write the pairs of two tournaments; the teams that are or were in one."""
    lists = [_fixture_list(connection, each) for each in (one, other)]
    ids = [{t["external_id"]: t["id"] for t in each.rows(_team).values()} for each in (one, other)]
    national = any(is_national(each.key.provider, each.key.competition) for each in (one, other))
    both = {
        "tournament_id": one.key.tournament_id,
        "other_tournament_id": other.key.tournament_id,
    }
    pairs = pair_teams(lists[0], lists[1], inferred=inferred)
    written: list[dict[str, Any]] = [
        {**both, **_columns(pair), "national": national}
        | {"team_id": ids[0][pair.one], "other_team_id": ids[1][pair.other]}
        for pair in pairs
    ]
    these = [(row["team_id"], row["other_team_id"]) for row in written]
    gone = connection.execute(
        sa.delete(_pair)
        .where(*(_pair.c[name] == id_ for name, id_ in both.items()))
        .where(sa.tuple_(_pair.c.team_id, _pair.c.other_team_id).not_in(these))
        .returning(_pair.c.team_id, _pair.c.other_team_id)
    )
    touched: set[UUID] = {id_ for two in these for id_ in two}
    for row in gone:
        touched |= {row.team_id, row.other_team_id}
    store(connection, _pair, written)
    return touched


def _columns(pair: PairedTeams) -> Row:
    names = ("fixtures", "listed", "scores_differ", "names_agree", "squad", "doubt")
    return {name: getattr(pair, name) for name in names}


def joined_to(connection: sa.Connection, ids: Collection[UUID]) -> set[UUID]:
    """Some teams and all that certain pairs or a club join to them, however far."""
    reached, new = set[UUID](), set(ids)
    mine, same = _team.alias("mine"), _team.alias("same")
    while new:
        reached |= new
        pairs = sa.select(_pair.c.team_id, _pair.c.other_team_id).where(
            _pair.c.doubt.is_(None), _pair.c.team_id.in_(new) | _pair.c.other_team_id.in_(new)
        )
        clubs = sa.select(mine.c.id, same.c.id).join_from(
            mine, same, mine.c.club_id == same.c.club_id
        )
        linked = connection.execute(sa.union(pairs, clubs.where(mine.c.id.in_(new)))).all()
        new = {id_ for two in linked for id_ in two} - reached
    return reached


def _read(connection: sa.Connection, where: sa.ColumnElement[bool]) -> Mapping[UUID, ClubTeam]:
    """Teams as far as clubs go."""
    plays = tables.tournament_team.c
    wanted = sa.select(_team).where(where).order_by(_team.c.id)
    teams = {row["id"]: row for row in connection.execute(wanted).mappings()}
    tournaments: dict[UUID, set[UUID]] = {id_: set() for id_ in teams}
    here = sa.select(plays.team_id, plays.tournament_id).where(plays.team_id.in_(teams))
    for id_, tournament in connection.execute(here):
        tournaments[id_].add(tournament)
    return {
        id_: ClubTeam(
            id_,
            row["provider"],
            row["external_id"],
            row["name"],
            row["country"],
            not _by_name(row["provider"]),
            frozenset(tournaments[id_]),
            row["club_id"],
            row["club_by"] == "person",
        )
        for id_, row in teams.items()
    }


def _pairs_of(
    connection: sa.Connection, teams: Collection[UUID] | None
) -> list[tuple[Row, TeamPair]]:
    """The pairs among some teams, or all, each with its row."""
    wanted = sa.select(_pair).order_by(*_pair.primary_key)
    if teams is not None:
        wanted = wanted.where(_pair.c.team_id.in_(teams), _pair.c.other_team_id.in_(teams))
    return [
        (
            row,
            TeamPair(
                row["team_id"], row["other_team_id"], row["squad"], row["national"], row["doubt"]
            ),
        )
        for row in map(dict, connection.execute(wanted).mappings())
    ]


def _ids(connection: sa.Connection, decided: DecidedClubs) -> dict[Club, UUID]:
    """The ids of clubs; of new ones as they are minted."""
    ids = {club: club.id for club in decided.clubs if club.id is not None}
    for club in decided.clubs:
        if club.id is None:
            first = club.teams[0]
            ids[club] = minted(connection, first.provider, first.external_id, [*ids.values()])
    return ids


def minted(
    connection: sa.Connection, provider: str, external_id: str, others: Collection[UUID] = ()
) -> UUID:
    """The id of a new club by its first team; others are not to be it, stored or not."""
    for ordinal in count(1):
        id_ = rows.club_id(provider, external_id, ordinal)
        wanted = sa.select(_club.c.id).where(_club.c.id == id_)
        if id_ not in others and connection.scalar(wanted) is None:
            return id_
    raise AssertionError


def _by_name(provider: str) -> bool:
    return provider in BY_NAME and BY_NAME[provider].by_name
