"""What is stored, as it compares with a payload that is read otherwise than before. Pure."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from dp_pipeline.database import tables
from dp_pipeline.domains.judge import (
    REPEATED_AFTER,
    Past,
    Verdict,
    judge,
    limit_of,
    settled_matches,
)
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.garbled_names import garbled_matches
from dp_pipeline.football.listed_days import Span
from dp_pipeline.football.models import Match
from dp_pipeline.football.pairing import met_instead, stored_ids
from dp_pipeline.football.plausibility import why_not_believed
from dp_pipeline.football.spliced import spliced_matches
from dp_pipeline.football.surplus import only_in, surplus_matches
from dp_pipeline.providers.fetched import Fetched

_YEARS = re.compile(r"(\d{4})(/\d{2,4})?")
_QUALIFIERS = re.compile(r"quali", re.IGNORECASE)
_PARTS = [
    f"{side}_{part}"
    for side in ("home", "away")
    for part in ("score_90", "score_ht", "penalties_score")
]
_WITHOUT_DAY = "without a day"
_MOMENTS = ("kickoff_at", "kickoff_date", "kickoff_local")


def accepted(snapshot: Snapshot, fetched: Fetched[Match], past: Past, *, now: datetime) -> Verdict:
    """A payload that a person takes in: all of it, and matches under new ids in place of the old.

    Args:
        snapshot: what is stored.
        fetched: the matches.
        past: what earlier reads came to.
        now: the present at the provider.
    """
    verdict = judged(snapshot, fetched, past, read_at=now, now=now)
    return Verdict(
        contradictions=verdict.contradictions,
        missing=verdict.missing,
        superseded=superseded(snapshot.matches, fetched.items, fetched.covers, _knockout(snapshot)),
        accepted=True,
    )


def judged(
    snapshot: Snapshot, fetched: Fetched[Match], past: Past, *, read_at: datetime, now: datetime
) -> Verdict:
    """What of a payload may be believed, by its matches.

    Args:
        snapshot: what is stored.
        fetched: the matches.
        past: what earlier reads came to.
        read_at: when the payload was read, by our clock.
        now: the present at the provider.
    """
    if not snapshot.matches:
        refusal = why_not_believed(fetched.items, span_of_season(snapshot))
        return Verdict(refusal and f"{refusal} Nothing was stored.")
    vanished = _vanished(snapshot, fetched, read_at)
    spliced = _spliced(snapshot, fetched, vanished)
    given, fetched = fetched.items, _without(spliced, fetched, snapshot.matches)
    covers = fetched.covers
    replaced = superseded(snapshot.matches, fetched.items, covers, _knockout(snapshot))
    surplus = surplus_matches(snapshot.matches, fetched.items, frozenset(replaced.values()))
    replaced |= _not_played(snapshot, fetched, replaced, surplus)
    refusal = _too_many_replaced(snapshot.matches, replaced, now)
    replaced = {} if refusal else replaced
    came = {match.external_id: match for match in fetched.items}
    kept = {match.external_id for match in snapshot.matches}
    stored = [
        _in_place_of(match, came[replaced[match.external_id]])
        if match.external_id in replaced
        else match
        for match in snapshot.matches
        if replaced.get(match.external_id) not in kept
    ]
    verdict = judge(
        as_read_now(stored, fetched.items, fetched.literal),
        fetched.items,
        read_at=read_at,
        now=now,
        past=past,
        covers=None if covers is None else {replaced.get(id_, id_) for id_ in covers},
        names=snapshot.team_names,
    )
    left_out: dict[str, str] = dict.fromkeys(surplus, "surplus_match")
    left_out |= dict.fromkeys(spliced, "spliced_match")
    doubtful = left_out.keys() | verdict.kept
    return replace(
        verdict,
        refusal=verdict.refusal or refusal,
        vanished=vanished,
        superseded=replaced,
        left_out=left_out,
        left_out_teams=only_in(doubtful, snapshot.matches, given) - snapshot.team_names.keys(),
        left_out_rounds=_new_rounds_only_of(doubtful, given, snapshot),
        goals_lately=past.goals,
    )


def _vanished(snapshot: Snapshot, fetched: Fetched[Match], read_at: datetime) -> tuple[Match, ...]:
    """The stored matches that the payload is to have and lacks, where it had one within a day.

    Those that vanished before, and were superseded, too: the reads between may have been refused.
    """
    gone = _gone([*snapshot.match_by_row.values()], fetched.items, fetched.covers)
    stored = snapshot.rows(tables.match).values() if gone else ()
    since = {row["external_id"]: row["missing_since"] or read_at for row in stored}
    lately = any(since[match.external_id] > read_at - REPEATED_AFTER for match in gone)
    return tuple(gone) if lately else ()


def _spliced(
    snapshot: Snapshot, fetched: Fetched[Match], vanished: Sequence[Match]
) -> frozenset[str]:
    if not vanished:
        return frozenset()
    replacing = superseded(snapshot.matches, fetched.items, fetched.covers, _knockout(snapshot))
    stored = {match.external_id for match in snapshot.match_by_row.values()}
    return spliced_matches(
        fetched.items,
        vanished,
        known=stored | set(replacing.values()),
        teams=snapshot.team_names,
        rounds={round_.slug for round_ in snapshot.rounds},
    )


def _without(
    spliced: Collection[str], fetched: Fetched[Match], stored: Sequence[Match]
) -> Fetched[Match]:
    """What was fetched, without these matches; those that are stored as they are stored."""
    kept = {match.external_id: match for match in stored if match.external_id in spliced}
    items = [
        kept.get(match.external_id, match)
        for match in fetched.items
        if match.external_id in kept or match.external_id not in spliced
    ]
    return replace(fetched, items=tuple(items)) if spliced else fetched


def _new_rounds_only_of(
    matches: Collection[str], given: Sequence[Match], snapshot: Snapshot
) -> Collection[str | None]:
    others = {match.round_slug for match in given if match.external_id not in matches}
    stored = {round_.slug for round_ in snapshot.rounds}
    return {m.round_slug for m in given if m.external_id in matches} - others - stored


def _too_many_replaced(
    stored: Sequence[Match], replaced: Mapping[str, str], now: datetime
) -> str | None:
    """Why a payload tells of another tournament: of the settled matches too many have new ids."""
    kept, settled = {match.external_id for match in stored}, settled_matches(stored, now)
    new = sum(old in settled and id_ not in kept for old, id_ in replaced.items())
    if new <= limit_of(len(settled)):
        return None
    return (
        f"Of the {len(settled)} settled matches stored, {new} would have been replaced by matches "
        "under other ids. Nothing was changed."
    )


def _knockout(snapshot: Snapshot) -> set[str | None]:
    return {round_.slug for round_ in snapshot.rounds if round_.type == "knockout"}


def _in_place_of(old: Match, new: Match) -> Match:
    """The stored match under its new id, without the parts that the new entry does not have yet.

    Who creates a match anew enters its result, and the half-time score later or never.
    """
    silent = [name for name in _PARTS if getattr(new, name) is None]
    return replace(old, external_id=new.external_id, **dict.fromkeys(silent))


def span_of_season(snapshot: Snapshot) -> Span | None:
    """The days of the season; None before it is stored, and of qualifiers, which take years."""
    row = snapshot.tournament
    years = _YEARS.fullmatch(row["season"]) if row else None
    if row is None or years is None or _QUALIFIERS.search(row["label"]):
        return None
    first = int(years[1])
    # Where one year is named, some leagues mean the first of two, and some the last.
    return Span(date(first if years[2] else first - 1, 6, 1), date(first + 1, 12, 31))


def as_read_now(
    stored: Sequence[Match], fetched: Collection[Match], literal: Mapping[str, Match]
) -> list[Match]:
    """The stored matches, with the days that the provider still gives so as they are read now.

    A year that is put right re-dates nothing that the provider says: 276 matches of one file of
    2025-26 were stored a year early, and the rule of belief would keep them so for ever.

    Args:
        stored: every stored match.
        fetched: the matches of the payload.
        literal: those of them that are read otherwise than given, as they are given.
    """
    now = {match.external_id: match for match in fetched if match.external_id in literal}
    return [
        _reread(match, literal[match.external_id], now[match.external_id])
        if match.external_id in now
        else match
        for match in stored
    ]


def _reread(stored: Match, given: Match, now: Match) -> Match:
    # No scores: a payload that gives false half-times or goals would empty results at large.
    # Nor a day that is none now: days of other matches that are wrong make a right one doubtful.
    same = [
        name
        for name in _MOMENTS
        if getattr(stored, name) == getattr(given, name) and getattr(now, name) is not None
    ]
    return replace(stored, **{name: getattr(now, name) for name in same})


def superseded(
    stored: Sequence[Match],
    fetched: Sequence[Match],
    covers: Collection[str] | None,
    knockout: Collection[str | None] = (),
) -> dict[str, str]:
    """The stored matches whose place one under a new id has taken, each with that id.

    One that vanished and a new one of the same pairing and stage are one match.

    Args:
        stored: every stored match that counts.
        fetched: the matches of the payload.
        covers: external ids of the stored matches that the payload is to have; None for all.
        knockout: slugs of knockout rounds, in which those may meet again who met in the season.
    """
    gone = _gone(stored, fetched, covers)
    kept = {match.external_id for match in stored}
    new = [match for match in fetched if match.external_id not in kept]
    places = {
        match.external_id: (match.stage, match.group_name, match.round_slug in knockout)
        for match in (*gone, *new)
    }
    replaced = {
        old: id_ for id_, old in stored_ids(gone, new).items() if places[id_] == places[old]
    }
    replaced |= _listed_twice_before(gone, fetched, replaced)
    return replaced


def _not_played(
    snapshot: Snapshot,
    fetched: Fetched[Match],
    replaced: Mapping[str, str],
    surplus: Collection[str],
) -> dict[str, str]:
    """The vanished matches of which listed ones tell that nobody played them, each with that one.

    A team cannot have played both, or no club has the name.
    """
    stored, names = snapshot.matches, {**snapshot.team_names, **fetched.team_names}
    kept = {match.external_id for match in stored}
    taken = {*replaced.values()} - kept | {*surplus}
    gone = [
        match
        for match in _gone(stored, fetched.items, fetched.covers)
        if match.external_id not in replaced
    ]
    given = [match for match in fetched.items if match.external_id not in taken]
    return garbled_matches(gone, given, names) | met_instead(gone, stored, given)


def _gone(
    stored: Sequence[Match], fetched: Sequence[Match], covers: Collection[str] | None
) -> list[Match]:
    came = {match.external_id for match in fetched}
    return [
        match
        for match in stored
        if match.external_id not in came and (covers is None or match.external_id in covers)
    ]


def _listed_twice_before(
    gone: Sequence[Match],
    fetched: Sequence[Match],
    replaced: Collection[str],
) -> dict[str, str]:
    """The stored matches that are a listed one again, each with that one.

    A pairing meets once on a day. Of matches without a day, and of a round that vanished, the
    results tell, where all of them are listed on days of their own: lost bytes made the round
    "Matchd015-02-28", in which a match was played again on its day of another year, or with day
    and month in each other's place, and rounds that changed places made a league's match one of
    the relegation, where its day cannot be. Of 52,290 real matches none is without a day. One that
    met twice with one result, in a round that a payload lacks, is not alone there.
    """
    listed = {match.round_slug for match in fetched}
    days = {(m.home, m.away, day): m.external_id for m in fetched if (day := m.day)}
    results = {_result(match): match for match in fetched if match.home_score is not None}
    twins: dict[str, str] = {}
    kept: set[str | None] = set()
    again: defaultdict[str | None, dict[str, str]] = defaultdict(dict)
    for match in gone:
        if match.external_id in replaced:
            continue
        day = match.day
        if twin := days.get((match.home, match.away, day)):
            twins[match.external_id] = twin
        elif day is None or match.round_slug not in listed:
            among = _WITHOUT_DAY if day is None else match.round_slug
            other = results.get(_result(match))
            if other is not None and _may_be_read_as(day, other.day):
                again[among][match.external_id] = other.external_id
            else:
                kept.add(among)
    for among in again.keys() - kept:
        twins |= again[among]
    return twins


def _may_be_read_as(day: date | None, given: date | None) -> bool:
    """Whether a day that is given may be read so in another round; none stands for any."""
    if day is None or given is None:
        return given is not None
    month_and_day = (given.month, given.day)
    return (day.month, day.day) in (month_and_day, month_and_day[::-1])


def _result(match: Match) -> tuple[Any, ...]:
    return match.home, match.away, match.home_score, match.away_score
