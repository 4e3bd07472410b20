"""The domain `goals`: who scored when, as far as the provider's lists of goals tell.

A list is compared with the result of its match and never completed or put right from it: what does
not go together is a finding. A goal that a list no longer has is kept, and says since when.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from dp_pipeline.database import rows, tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import STAMPS, RowId, planned
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.judge import (
    MOST_CORRECTED,
    MOST_FRESH_SHARE,
    Verdict,
    limit_of,
    settled_matches,
    too_many_lately,
)
from dp_pipeline.domains.match_words import subject_of
from dp_pipeline.domains.plan import Plan, refused
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import FINAL_STATUSES, Goal, Match
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Absence, Fetched, Finding

PREVIEWED = 10
_EXAMPLES = 5
# What a provider is silent about stays as it is stored; a minute and its added time are one fact.
_FACTS = (
    ("minute", "added_time"),
    ("scorer",),
    ("penalty",),
    ("own_goal",),
    ("home_score", "away_score"),
)
_COLUMNS = [column.name for column in tables.goal.c if column.name not in STAMPS]
_SETTLED_FACTS = ("minute", "scorer")


async def fetch(source: Source) -> Fetched[Goal]:
    """The goals, with the names of the teams."""
    fetched = replace(await source.goals(), read_at=source.now)
    if not fetched.items:
        return fetched
    teams = (await source.teams()).items
    return replace(fetched, team_names={team.external_id: team.name for team in teams})


def plan(fetched: Fetched[Goal], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every goal of a list that can go with its match; of the others nothing is touched."""
    lists = _read(fetched, snapshot, verdict)
    if lists.unknown and not lists.believed:
        return refused(
            f"None of the {len(lists.unknown)} matches with goals is stored. Materialize "
            "`matches` first, or all domains together.",
            blocked=True,
        )
    table = tables.goal
    stored = snapshot.rows(table)
    fresh = {
        row["id"]: _with_kept(row, stored.get(row["id"]))
        for goals in lists.believed.values()
        for row in (rows.goal_row(snapshot.key, goal) for goal in goals)
    }
    assert fetched.read_at is not None  # noqa: S101 - see `fetch`
    losses = _Losses(lists, snapshot, fresh, fetched.read_at)
    doubt = losses.doubt(verdict.goals_lately)
    if doubt is not None and not verdict.accepted:
        return refused(doubt, lists.findings)
    if not fetched.items and not stored:
        because = "No goal has been scored yet."
        return Plan(findings=lists.findings, absent=Absence("nothing_yet", because))
    marked = [
        {**{name: row[name] for name in _COLUMNS}, "missing_since": fetched.read_at}
        for row in losses.gone.values()
    ]
    written = planned(table, [*fresh.values(), *marked], stored)
    after = snapshot.after_writes([written])
    return Plan(
        (written,),
        (*lists.findings, *losses.findings()),
        preview=preview(after, fetched.team_names),
        corrected=frozenset() if verdict.accepted else losses.corrected,
    )


# -- what the lists say ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Lists:
    """The lists of goals by external id of the match, by what is made of them.

    Args:
        believed: they go with the match, or contradict its result in how many goals there were.
        silent: empty ones of matches that had goals.
        unknown: of matches that are not stored.
        findings: about them.
    """

    believed: dict[str, list[Goal]] = field(default_factory=dict)
    silent: list[Match] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()


def _read(fetched: Fetched[Goal], snapshot: Snapshot, verdict: Verdict) -> _Lists:
    matches = {match.external_id: match for match in snapshot.matches}
    names = {**snapshot.team_names, **fetched.team_names}
    listed: dict[str, list[Goal]] = {id_: [] for id_ in sorted(fetched.covers or ())}
    for goal in fetched.items:
        listed.setdefault(goal.match, []).append(goal)
    lists = _Lists()
    findings: list[Finding] = []
    for id_, goals in listed.items():
        match = matches.get(id_)
        if match is None:
            lists.unknown += [id_] if goals else []
        elif id_ in verdict.kept:
            continue  # its result is taken back, and kept as it was: so are its goals
        elif not goals and (match.home_score or match.away_score):
            lists.silent.append(match)
        else:
            finding = _compared(match, goals, names)
            findings += [finding] if finding else []
            if finding is None or not finding.left_out:
                lists.believed[id_] = goals
    lists.findings = (*findings, *_summaries(lists, names, len(listed)))
    return lists


def _compared(match: Match, goals: Sequence[Goal], names: Mapping[str, str]) -> Finding | None:
    """Where a list contradicts the result of its match; left out where it gives sides wrongly."""
    if match.status not in FINAL_STATUSES or match.home_score is None or match.away_score is None:
        return None
    sides = Counter(goal.side for goal in goals)
    result, listed = (match.home_score, match.away_score), (sides["home"], sides["away"])
    if result == listed:
        return None
    subject, data = subject_of(match, names), {"result": [*result], "goals": [*listed]}
    counts = f"The result is {result[0]}:{result[1]}, the list of goals has {listed[0]}:{listed[1]}"
    if sum(result) == sum(listed):
        # Ukraine - England, Euro 2020: all four of England's stand under Ukraine.
        detail = (
            f"{counts}: goals stand at the wrong side, and which is not certain. None is stored."
        )
        return Finding("goals_at_wrong_side", subject, detail, left_out=True, data=data)
    more = sum(listed) > sum(result)
    detail = f"{counts}; {'more' if more else 'fewer'} goals than the result. They are stored."
    return Finding("goals_differ_from_result", subject, detail, data=data)


def _summaries(lists: _Lists, names: Mapping[str, str], matches: int) -> list[Finding]:
    findings: list[Finding] = []
    if lists.silent:
        examples = [subject_of(match, names) for match in lists.silent[:_EXAMPLES]]
        detail = "The provider has their results and none of their goals."
        subject = f"{len(lists.silent)} of {matches} matches"
        findings.append(Finding("goals_not_given", subject, detail, data={"examples": examples}))
    if lists.unknown:
        findings.append(
            Finding(
                "unknown_match",
                f"{len(lists.unknown)} of {matches} matches",
                "They are not stored, so their goals are not either. Materialize `matches` first.",
                left_out=True,
                data={"matches": lists.unknown[:_EXAMPLES]},
            )
        )
    return findings


def _with_kept(row: Row, before: Row | None) -> Row:
    """The row with what the provider is silent about as it is stored, if it is the same goal."""
    if before is None or None not in row.values():
        return row
    moved = None not in (row["minute"], before["minute"]) and row["minute"] != before["minute"]
    kept = {
        name: before[name]
        for names in (() if moved else _FACTS)
        for name in names
        if row[names[0]] is None
    }
    return {**row, **kept}


# -- what would be lost ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Losses:
    """What of the stored goals would be lost or rewritten.

    A goal that a lower result no longer has room for is explained by it: whether results may change
    is judged with the matches.
    """

    lists: _Lists
    snapshot: Snapshot
    fetched: Mapping[RowId, Row]
    read_at: datetime

    @cached_property
    def gone(self) -> dict[RowId, Row]:
        """The stored goals that their lists no longer have."""
        return {
            id_: row
            for id_, row in self._present()
            if id_ not in self.fetched and self._match(row).external_id in self.lists.believed
        }

    def doubt(self, lately: frozenset[str]) -> str | None:
        """Why nothing may be written: too many settled facts would be lost; None when they stay.

        Args:
            lately: ids of the goals that earlier reads lost or rewrote.
        """
        lost, rewritten, settled = self.lost, self.rewritten, len(self._settled)
        if len(lost) + len(rewritten) > limit_of(settled):
            parts = [f"{len(lost)} would have vanished"] if lost else []
            others = f"{len(rewritten)} would have got another scorer or minute"
            parts += [others] if rewritten else []
            return (
                f"Of the {settled} stored goals of settled matches {' and '.join(parts)}. "
                "Nothing was changed."
            )
        what = "goals of settled matches"
        return too_many_lately(what, self.corrected, lately, settled) or self._too_many_fresh()

    def _too_many_fresh(self) -> str | None:
        old = {row["id"] for row in self._settled}
        read = [r for _, r in self._present() if self._match(r).external_id in self.lists.believed]
        fresh = sum(row["id"] not in old for row in read)
        gone = sum(
            row["id"] not in old and not self._is_explained(row) for row in self.gone.values()
        )
        if gone <= max(MOST_CORRECTED, fresh * MOST_FRESH_SHARE):
            return None
        return (
            f"Of the {fresh} stored goals of the last days {gone} would have vanished, and the "
            "results stay. Nothing was changed."
        )

    @property
    def corrected(self) -> frozenset[str]:
        """Ids of the settled goals that are changed; those of an empty list stay as they are."""
        return self.rewritten | self.lost & {str(id_) for id_ in self.gone}

    @cached_property
    def lost(self) -> frozenset[str]:
        """Ids of the settled goals that would have vanished."""
        silent = {match.external_id for match in self.lists.silent}
        return frozenset(
            str(row["id"])
            for row in self._settled
            if self._match(row).external_id in silent
            or (row["id"] in self.gone and not self._is_explained(row))
        )

    @cached_property
    def rewritten(self) -> frozenset[str]:
        """Ids of the settled goals that get another minute or scorer; a scorer renamed is none."""
        read = [
            (row, self.fetched[row["id"]]) for row in self._settled if row["id"] in self.fetched
        ]
        pairs = {(was["scorer"], now["scorer"]) for was, now in read}
        before, after = Counter(was for was, _ in pairs), Counter(now for _, now in pairs)
        renamed = {(was, now) for was, now in pairs if before[was] == after[now] == 1}
        return frozenset(
            str(was["id"])
            for was, now in read
            if any(
                was[name] is not None
                and was[name] != now[name]
                and (name != "scorer" or (was[name], now[name]) not in renamed)
                for name in _SETTLED_FACTS
            )
        )

    @cached_property
    def _settled(self) -> list[Row]:
        """The stored goals of settled matches."""
        settled = settled_matches(self.snapshot.matches, self.read_at)
        return [row for _, row in self._present() if self._match(row).external_id in settled]

    def findings(self) -> list[Finding]:
        """What a person is to know of goals that are not given any more."""
        names = self.snapshot.team_names
        undone = [
            Finding(
                "goal_no_longer_at_provider",
                subject_of(self._match(row), names),
                f"{_in_words(row)}: stored, but no longer in the provider's list. It is kept as "
                "missing and counts for no scorer.",
            )
            for row in self.gone.values()
        ]
        silent = {match.external_id for match in self.lists.silent}
        emptied = Counter(self._match(row).external_id for _, row in self._present())
        return undone + [
            Finding(
                "goals_no_longer_given",
                subject_of(match, names),
                f"The provider's list is empty now and the result is not; the {count} stored goals "
                "were kept.",
            )
            for match in self.lists.silent
            if match.external_id in silent and (count := emptied[match.external_id])
        ]

    def _present(self) -> list[tuple[RowId, Row]]:
        stored = self.snapshot.rows(tables.goal)
        return [
            (id_, row)
            for id_, row in stored.items()
            if row["missing_since"] is None and row["match_id"] not in self.snapshot.superseded
        ]

    def _match(self, row: Row) -> Match:
        return self.snapshot.match_by_row[row["match_id"]]

    def _is_explained(self, row: Row) -> bool:
        match = self._match(row)
        score = match.home_score if row["side"] == "home" else match.away_score
        return score is not None and row["ordinal"] > score


# -- for people ------------------------------------------------------------------------------------


def preview(snapshot: Snapshot, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those who scored most, as the view `goalscorers` has them; where none is named, nothing."""
    goals: Counter[tuple[str, str]] = Counter()
    penalties: Counter[tuple[str, str]] = Counter()
    named = {**snapshot.team_names, **names}
    for row in snapshot.rows(tables.goal).values():
        counts = row["missing_since"] is None and row["match_id"] not in snapshot.superseded
        if counts and row["scorer"] and not row["own_goal"]:
            match = snapshot.match_by_row[row["match_id"]]
            team = match.home if row["side"] == "home" else match.away
            who = (row["scorer"], named.get(team, team))
            goals[who] += 1
            penalties[who] += bool(row["penalty"])
    ordered = sorted(goals, key=lambda who: (-goals[who], penalties[who], who))
    return [
        {"scorer": who[0], "team": who[1], "goals": goals[who], "penalties": penalties[who]}
        for who in ordered[:PREVIEWED]
    ]


def _in_words(row: Row) -> str:
    minute = f", minute {row['minute']}" if row["minute"] else ""
    added = f"+{row['added_time']}" if row["added_time"] else ""
    who = f" by {row['scorer']}" if row["scorer"] else ""
    return f"Goal {row['ordinal']} of the {row['side']} team{who}{minute}{added}"


GOALS = Domain(
    name="goals",
    description=(
        "Every goal in play, one row per match, side and place among the goals of that side, with "
        "minute, scorer as the provider writes the name, and the score after it. Lists of goals "
        "are often incomplete: where one contradicts its result, the report says so."
    ),
    depends_on=("matches",),
    tables=(tables.goal,),
    has_rows=tables.goal.c.tournament_id,
    operation="goals",
    fetch=fetch,
    plan=plan,
    follow_up=None,
    comes_with_matches=True,
)
