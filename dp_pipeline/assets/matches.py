"""The domain `matches`: every fixture of a tournament, with its result once there is one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from dp_pipeline.assets.corrections import note_verdict
from dp_pipeline.assets.guards import believe, claim, nothing_found
from dp_pipeline.assets.judge import contradiction_issues, subject_of
from dp_pipeline.assets.match_news import (
    MOST_NEWS,
    any_ended,
    given_up_news,
    match_news,
    score,
)
from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import Stored, store
from dp_pipeline.executions.errors import BlockedDependencyError
from dp_pipeline.executions.execution import Execution
from dp_pipeline.executions.ledger import note_news
from dp_pipeline.providers.contract import Part, Source
from dp_pipeline.providers.models import FINAL_STATUSES, Issue, Match
from dp_pipeline.providers.parts import overlaid
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.watching.pauses import missed
from dp_pipeline.watching.watch import CALLED_OFF, Look, keep_watch, owe

SPEC = dg.AssetSpec(
    "matches",
    deps=["teams", "rounds"],
    description=(
        "Every match of a tournament, one row per provider match id. `home_score` is the result "
        "including extra time and never includes a shoot-out; a part of a score that is not "
        "certain is null. A match of an unknown team is named in the report and not stored."
    ),
)
PREVIEWED = 5
# Lists of matches do not name the venue, a single match does; one that is asked alone need not say
# its round; and of which group a match is shows only in complete fixtures.
KEEP = frozenset({"venue", "round_slug", "stage", "group_name"})


async def ingest(source: Source, database: Database, execution: Execution) -> None:
    """Every match; a played one is never put back, an unknown team's is left out and named."""
    with execution.step("scraping", "fetch_matches"):
        found = await source.matches()
    if not found.items:
        nothing_found(execution, found)
        return
    matches = execution.received(found)
    names = {team.external_id: team.name for team in (await source.teams()).items}

    def write(connection: sa.Connection) -> tuple[Stored, list[Issue]]:
        claim(connection, execution)
        accepted, issues = _sound(connection, source, execution, matches, names)
        stored = store(connection, tables.match, accepted, keep=KEEP)
        _keep_watching(connection, source, execution, accepted, _Told(matches, names, stored))
        return stored, issues

    with execution.step("database", "upsert_matches") as data:
        stored, issues = await database.run(write)
        data.update(stored.counts())
    execution.remark(*issues)
    execution.wrote(stored)
    if isinstance(source, Part):
        matches = overlaid(source.known.matches, matches)
        execution.rows = len(matches)
    execution.preview = preview(matches, names)


def _sound(
    connection: sa.Connection,
    source: Source,
    execution: Execution,
    matches: Sequence[Match],
    names: dict[str, str],
) -> tuple[list[Row], list[Issue]]:
    """The rows that may be written, and what is to be said of the others."""
    found = {
        row["id"]: (row, match) for match in matches for row in [rows.match_row(source.key, match)]
    }
    verdict = believe(connection, source, execution, matches)
    note_verdict(connection, execution, verdict)
    issues = contradiction_issues(verdict, names)
    issues += [_no_longer_at_provider(match, names) for match in verdict.missing]
    elsewhere = _of_others(connection, execution, found)
    teams = _known(
        connection, tables.team.c.id, [row[c] for row, _ in found.values() for c in _TEAMS]
    )
    slugs = set(
        connection.scalars(
            sa.select(tables.tournament_round.c.slug).where(
                tables.tournament_round.c.tournament_id == execution.tournament_id
            )
        )
    )
    accepted: list[Row] = []
    missing = 0
    for id_, (row, match) in found.items():
        subject = subject_of(match, names)
        unknown = [
            side
            for side, c in zip((match.home, match.away), _TEAMS, strict=True)
            if row[c] not in teams
        ]
        if match.external_id in verdict.kept:
            continue
        if id_ in elsewhere:
            detail = f"Its id {match.external_id} is that of a match of another tournament."
            issues.append(Issue("other_tournament", subject, detail, left_out=True))
        elif unknown:
            missing += 1
            detail = f"Its team {', '.join(unknown)} is not stored. Materialize `teams` first."
            issues.append(
                Issue("unknown_team", subject, detail, left_out=True, data={"teams": unknown})
            )
        elif match.round_slug is not None and match.round_slug not in slugs:
            missing += 1
            detail = f"Its round {match.round_slug} is not stored. Materialize `rounds` first."
            issues.append(Issue("unknown_round", subject, detail, left_out=True))
        else:
            accepted.append(row)
    if missing == len(found):
        message = (
            f"None of the {len(matches)} matches can be stored: their teams or rounds are not. "
            "Materialize `teams` and `rounds` first, or all domains together."
        )
        raise BlockedDependencyError(message)
    return accepted, issues


def _no_longer_at_provider(match: Match, names: Mapping[str, str]) -> Issue:
    detail = "Stored, but no longer among the provider's matches; it was kept."
    return Issue("no_longer_at_provider", subject_of(match, names), detail)


def _of_others(
    connection: sa.Connection, execution: Execution, ids: Collection[UUID]
) -> Collection[UUID]:
    """Those that are stored of another tournament: a wrong id must not take a match from it."""
    match = tables.match.c
    wanted = sa.select(match.id).where(
        match.id.in_(ids), match.tournament_id != execution.tournament_id
    )
    return set(connection.scalars(wanted))


def _was_asked(source: Source, stored: Mapping[str, Any]) -> bool:
    return source.asked is None or stored["external_id"] in source.asked


@dataclass(frozen=True, slots=True)
class _Told:
    """What was found, with the names of teams, and what storing it came to."""

    matches: Sequence[Match]
    names: Mapping[str, str]
    stored: Stored


def _keep_watching(
    connection: sa.Connection,
    source: Source,
    execution: Execution,
    accepted: Sequence[Row],
    told: _Told,
) -> None:
    """In the same transaction: what is due next, what has to follow, what people want to hear."""
    key = source.key
    found = {rows.match_id(key.provider, match.external_id): match for match in told.matches}
    part = isinstance(source, Part)
    news = match_news(told.stored, found, told.names, part=part, now=source.now)
    given_up: Sequence[UUID] = ()
    if BY_NAME[key.provider].polled:
        looked_at = {row["id"] for row in accepted}
        missing: list[str] = []
        if part:
            if any_ended(told.stored, found):
                owe(connection, key.tournament_id, key.provider, source.now)
            absent, missing = _not_found(source, found)
            looked_at = {*found, *absent}
            stored = {rows.match_id(key.provider, m.external_id): m for m in source.known.matches}
            found = {**stored, **found}
        look = Look(looked_at, draws=not part or source.follows, at=source.now)
        given_up = (
            *keep_watch(connection, key.tournament_id, key.provider, look),
            *missed(connection, key.tournament_id, missing, source.now, answered=True),
        )
    news += [given_up_news(found[id_], told.names) for id_ in given_up if id_ in found]
    note_news(connection, execution, news[:MOST_NEWS])


def _not_found(part: Part, found: Collection[UUID]) -> tuple[list[UUID], list[str]]:
    """The due matches that were asked for and did not come.

    Returns:
        Those called off, by row: another one may have taken their place; and the others.
    """
    called_off, missing = [], []
    for match in part.known.matches:
        id_ = rows.match_id(part.key.provider, match.external_id)
        asked = match.external_id in part.due and _was_asked(
            part, {"external_id": match.external_id}
        )
        if asked and id_ not in found:
            if match.status in CALLED_OFF:
                called_off.append(id_)
            else:
                missing.append(match.external_id)
    return called_off, missing


_TEAMS = ("home_team_id", "away_team_id")


def _known(connection: sa.Connection, column: sa.Column[Any], wanted: Sequence[UUID]) -> set[UUID]:
    return set(connection.scalars(sa.select(column).where(column.in_(set(wanted)))))


def preview(matches: Sequence[Match], names: dict[str, str]) -> list[dict[str, Any]]:
    """The last played and the next open matches, in order of kick-off. No clock is asked."""

    def when(match: Match) -> tuple[date, str]:
        day = match.kickoff_date or (match.kickoff_at.date() if match.kickoff_at else date.max)
        return day, match.kickoff_at.isoformat() if match.kickoff_at else ""

    played = sorted((m for m in matches if m.status in ("ended", "awarded")), key=when)
    # One that is postponed keeps its old day until it gets a new one.
    ahead = sorted(
        (m for m in matches if m.status not in FINAL_STATUSES),
        key=lambda m: (m.status == "postponed", when(m)),
    )
    return [
        {
            "kick-off": match.kickoff_at.strftime("%Y-%m-%d %H:%M UTC")
            if match.kickoff_at
            else str(match.kickoff_date or ""),
            "round": match.round_slug or "",
            "match": f"{names.get(match.home, match.home)} - {names.get(match.away, match.away)}",
            "score": score(match),
            "status": match.status,
        }
        for match in [*played[-PREVIEWED:], *ahead[:PREVIEWED]]
    ]
