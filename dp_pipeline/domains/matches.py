"""The domain `matches`: every fixture of a tournament, with its result once there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import planned
from dp_pipeline.domains.club_links import link_clubs
from dp_pipeline.domains.derived import ties_after, with_derived
from dp_pipeline.domains.domain import Changes, Domain
from dp_pipeline.domains.judge import Verdict, contradiction_findings
from dp_pipeline.domains.match_news import (
    MOST_NEWS,
    NamesInNews,
    any_ended,
    given_up_news,
    match_news,
    score,
)
from dp_pipeline.domains.match_words import subject_of
from dp_pipeline.domains.plan import Plan, refused
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.gaps import gaps_of
from dp_pipeline.football.models import FINAL_STATUSES, Match
from dp_pipeline.match_watch.due import change
from dp_pipeline.match_watch.watch import CALLED_OFF, PolledMatches, Watched
from dp_pipeline.providers.contract import DueMatches, Selection, Source
from dp_pipeline.providers.fetched import Fetched, Finding
from dp_pipeline.providers.registry import BY_NAME

PREVIEWED = 5
# Lists of matches do not name the venue, a single match does; one requested alone need not say
# its round; and of which group a match is shows only in complete fixtures. A stage is kept in
# `_with_stage`.
KEEP = frozenset({"venue", "round_slug", "group_name"})
NOT_STORED_YET = frozenset({"unknown_team", "unknown_round"})
"""The reasons of findings about matches whose team or round is to be stored first."""
_LEFT_OUT: Mapping[str, str] = {
    "surplus_match": (
        "The stored fixture list is complete, and one of its teams meets another one in this round."
    ),
    "spliced_match": (
        "It may be the beginning of one entry and the end of another, as where a text lost bytes: "
        "stored matches of its day, teams or result have just vanished. What is stored is kept "
        "until a read at least a day later says the same."
    ),
}
_RESULT = frozenset({"status", "home_score", "away_score", "home_penalties_score"})
_SETTLED = FINAL_STATUSES | {"postponed"}
_TEAMS = ("home_team_id", "away_team_id")


async def fetch(source: Source) -> Fetched[Match]:
    """The matches, with the names of their teams."""
    fetched = replace(await source.matches(), read_at=source.now)
    if not fetched.items:
        return fetched
    teams = (await source.teams()).items
    return replace(fetched, team_names={team.external_id: team.name for team in teams})


def plan(fetched: Fetched[Match], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every match; a played one is never put back, an unknown team's is left out and named."""
    names = {**snapshot.team_names, **fetched.team_names}
    accepted, left_out = _sound(fetched, snapshot, verdict)
    findings = [*contradiction_findings(verdict, names)]
    findings += [_no_longer_at_provider(match, names) for match in verdict.missing]
    findings += left_out
    waiting = sum(finding.kind in NOT_STORED_YET for finding in left_out)
    if waiting == len({match.external_id for match in fetched.items}):
        return refused(
            f"None of the {len(fetched.items)} matches can be stored: their teams or rounds are "
            "not. Materialize `teams` and `rounds` first, or all domains together.",
            left_out,
            blocked=True,
        )
    if not snapshot.rows(tables.match):
        findings += _incomplete(fetched, snapshot)
    gone = _gone(fetched, snapshot, verdict, accepted)
    findings += _superseded(fetched, snapshot, verdict)
    written = planned(tables.match, accepted, snapshot.rows(tables.match), keep=KEEP)
    marked = planned(tables.match, gone, snapshot.rows(tables.match), counted=False)
    after = snapshot.after_writes([written, marked])
    ties = ties_after(snapshot, [written, marked])
    return Plan(
        with_derived(snapshot, [written, marked, *ties]),
        tuple(findings),
        preview=preview(after.matches, names),
    )


def _incomplete(fetched: Fetched[Match], snapshot: Snapshot) -> list[Finding]:
    """What a first read lacks by its format: leagues publish round by round, so it is stored."""
    names = {**snapshot.team_names, **fetched.team_names}
    return [
        Finding("incomplete_season", gap.table, gap.detail)
        for gap in gaps_of(fetched.items, snapshot.rounds, names, snapshot.rules)
    ]


def _gone(
    fetched: Fetched[Match], snapshot: Snapshot, verdict: Verdict, accepted: Sequence[Row]
) -> list[Row]:
    """The stored rows that did not come: since when, and by which of the new ones superseded."""
    provider, stored = snapshot.key.provider, snapshot.rows(tables.match)
    columns = rows.match_row(snapshot.key, fetched.items[0]).keys() if fetched.items else ()
    written = {row["id"] for row in accepted}
    instead = {
        rows.match_id(provider, old): rows.match_id(provider, new)
        for old, new in verdict.superseded.items()
    }
    # an entry that could not be read may well be one that seems to be missing
    sure = not any(finding.left_out for finding in fetched.findings)
    missing = [rows.match_id(provider, match.external_id) for match in verdict.missing if sure]
    return [
        {
            **{name: stored[id_][name] for name in columns},
            "missing_since": stored[id_]["missing_since"] or fetched.read_at,
            "superseded_by": instead.get(id_),
        }
        for id_ in (*missing, *instead)
        if id_ in missing or instead[id_] in written
    ]


def _superseded(fetched: Fetched[Match], snapshot: Snapshot, verdict: Verdict) -> list[Finding]:
    detail = (
        "The provider lists it under a new id; the stored row of the old one stays, and counts no "
        "more."
    )
    names = {**snapshot.team_names, **fetched.team_names}
    return [
        Finding("match_superseded", subject_of(match, names), detail)
        for match in snapshot.matches
        if match.external_id in verdict.superseded
        and verdict.superseded[match.external_id] not in verdict.kept
    ]


def _sound(
    fetched: Fetched[Match], snapshot: Snapshot, verdict: Verdict
) -> tuple[list[Row], list[Finding]]:
    """The rows that may be written, and what is to be said of the others."""
    teams = snapshot.rows(tables.team)
    stages = {round_.slug: round_.stage for round_ in snapshot.rounds}
    accepted: list[Row] = []
    findings: list[Finding] = []

    def leave_out(reason: str, match: Match, detail: str, **data: Any) -> None:
        subject = subject_of(match, fetched.team_names)
        findings.append(Finding(reason, subject, detail, left_out=True, data=data))

    for match in fetched.items:
        row = rows.match_row(snapshot.key, match)
        sides = zip((match.home, match.away), _TEAMS, strict=True)
        unknown = [side for side, column in sides if row[column] not in teams]
        if match.external_id in verdict.kept:
            continue
        if row["id"] in snapshot.elsewhere:
            detail = f"Its id {match.external_id} is that of a match of another tournament."
            leave_out("other_tournament", match, detail)
        elif kind := verdict.left_out.get(match.external_id):
            leave_out(kind, match, _LEFT_OUT[kind])
        elif unknown:
            detail = f"Its team {', '.join(unknown)} is not stored. Materialize `teams` first."
            leave_out("unknown_team", match, detail, teams=unknown)
        elif match.round_slug is not None and row["round_slug"] not in stages:
            detail = f"Its round {match.round_slug} is not stored. Materialize `rounds` first."
            leave_out("unknown_round", match, detail)
        else:
            accepted.append(_with_stage(row, snapshot, stages))
    return accepted, findings


def _with_stage(row: Row, snapshot: Snapshot, stages: Mapping[str, str | None]) -> Row:
    """The row with the stage that is stored, where nothing is said of it.

    Who gives the group and no stage says that it is the only one, and who gives stages to rounds,
    but none to this one, that it is of none: a stage that one bad read had made of the group, or
    of the round, would stay for ever.
    """
    before = snapshot.rows(tables.match).get(row["id"])
    if before is None or row["stage"] is not None or row["group_name"] is not None:
        return row
    slug, stage = row["round_slug"], before["stage"]
    if slug in stages and stages[slug] is None and stage in stages.values():
        return row
    return {**row, "stage": before["stage"]}


def follow_up(
    connection: sa.Connection,
    changes: Changes,
    fetched: Fetched[Match],
    selection: Selection,
    now: datetime,
) -> Sequence[str]:
    """When matches are polled again, whose clubs teams are, and what people want to hear.

    Matches that were polled and left out are put off all the same: they would be due at once.
    """
    key, teams = changes.before.key, {**changes.after.team_names, **fetched.team_names}
    fetched_by_id = {rows.match_id(key.provider, m.external_id): m for m in fetched.items}
    part = isinstance(selection, DueMatches)
    stored = changes.of(tables.match)
    if not part:
        link_clubs(connection, changes.after, changed=bool(stored.created or stored.updated))
    names = NamesInNews(teams, {round_.slug: round_.label for round_ in changes.after.rounds})
    news = match_news(stored, fetched_by_id, names, part=part, now=now)
    given_up: Sequence[UUID] = ()
    models = changes.after.models
    if BY_NAME[key.provider].polled and models is not None:
        # What was taken is stored; what of a whole read was left out is polled by the next one.
        polled = fetched_by_id.keys() & changes.after.rows(tables.match).keys()
        absent: list[str] = []
        if isinstance(selection, DueMatches):
            called_off, absent = _absent(fetched, selection, changes.before)
            polled = {*fetched_by_id, *called_off}
        poll = PolledMatches(polled, draws=not part or selection.follow_up, at=now)

        def decide(watched: Watched) -> Watched:
            follows = part and any_ended(stored, fetched_by_id)
            after = (watched.ended(now) if follows else watched).polled(models, poll)
            return after.missed(absent, now, answered=True)

        before, after = change(connection, key, decide)
        given_up = after.given_up_since(before)
    by_id = {rows.match_id(key.provider, m.external_id): m for m in changes.after.matches}
    news += [given_up_news(by_id[id_], names) for id_ in given_up if id_ in by_id]
    return news[:MOST_NEWS]


def settled(plan: Plan) -> set[str | None]:
    """The slugs of the rounds of matches that a plan ends, calls off or decides otherwise."""
    slugs: set[str | None] = set()
    for write in plan.writes:
        if write.table is tables.match:
            again = [c.id for c in write.difference.changes if _RESULT & c.fields.keys()]
            changed = [write.rows[id_] for id_ in (*write.difference.new, *again)]
            slugs.update(row["round_slug"] for row in changed if row["status"] in _SETTLED)
    return slugs


def follows_from(plan: Plan) -> bool:
    """Whether rounds, teams and table have to be read because of what is planned of matches."""
    return bool(settled(plan)) or any(f.kind in NOT_STORED_YET for f in plan.findings)


def _absent(
    fetched: Fetched[Match], selection: DueMatches, before: Snapshot
) -> tuple[list[UUID], list[str]]:
    """The due matches that were requested and did not come.

    Returns:
        Those called off, by row: another one may have taken their place; and the others.
    """
    came = {match.external_id for match in fetched.items}
    covered = selection.match_ids if fetched.covers is None else fetched.covers
    gone = [
        match
        for match in before.matches
        if match.external_id in selection.match_ids & covered - came
    ]
    called_off = [m for m in gone if m.status in CALLED_OFF]
    return (
        [rows.match_id(before.key.provider, match.external_id) for match in called_off],
        [match.external_id for match in gone if match not in called_off],
    )


def _no_longer_at_provider(match: Match, names: Mapping[str, str]) -> Finding:
    detail = "Stored, but no longer among the provider's matches; it was kept."
    return Finding("no_longer_at_provider", subject_of(match, names), detail)


def preview(matches: Sequence[Match], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The last played and the next open matches, in order of kick-off. No clock is read."""

    def when(match: Match) -> tuple[date, str]:
        return match.day or date.max, match.kickoff_at.isoformat() if match.kickoff_at else ""

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


MATCHES = Domain(
    name="matches",
    description=(
        "Every match of a tournament, one row per provider match id. `home_score` is the result "
        "including extra time and never includes a shoot-out; a part of a score that is not "
        "certain is null."
    ),
    depends_on=("teams", "rounds"),
    tables=(tables.match, tables.tournament, tables.knockout_tie),
    has_rows=tables.match.c.tournament_id,
    operation="matches",
    fetch=fetch,
    plan=plan,
    follow_up=follow_up,
)
