"""Whether what a provider says may replace what is stored: the rule of belief, as pure functions.

Facts about played matches are settled. A read may correct a few of them; it may not take results
back, blank, move or rewrite them at large, nor make other fixtures of matches, by whatever status
or field. Belongs here: decisions on values. Not here: where they are read and what is written.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from dp_pipeline.domains.match_words import TEAMS, pair_of, said, subject_of
from dp_pipeline.football.models import COUNTED, Match
from dp_pipeline.providers.fetched import Finding

MOST_CORRECTED = 2
MOST_CORRECTED_SHARE = 0.05
"""Two rows or a twentieth of the played matches, whichever is more, are corrected in 30 days."""
CORRECTIONS_COUNT_FOR = timedelta(days=30)

MOST_MISSING = 2
MOST_MISSING_SHARE = 0.1
"""A season loses a duplicate or a withdrawn fixture now and then; a tenth at once is a fault."""

FRESH = timedelta(days=2)
"""So long after its kick-off people still enter and correct a result: nothing of it is counted."""
MOST_FRESH_SHARE = 0.5

REPEATED_AFTER = timedelta(days=1)
"""What is taken back is kept until a read so much later says the same."""

# These say that a match has no day any more; any other one that loses it is read wrongly.
_CALLED_OFF = frozenset({"postponed", "cancelled", "abandoned", "interrupted"})
_SCORES = (
    ("home_score", "away_score", "result"),
    ("home_score_90", "away_score_90", "score after ninety minutes"),
    ("home_score_ht", "away_score_ht", "half-time score"),
    ("home_penalties_score", "away_penalties_score", "shoot-out"),
)
_MOMENTS = (("kickoff_at", "kick-off"), ("kickoff_date", "day"))
_PLACES = ("round_slug", "stage", "group_name")
_NAMED = 3

Kind = Literal["other_fixture", "taken_back", "blanked", "corrected", "moved"]
_WORDS: Mapping[Kind, str] = {
    "other_fixture": "would have become matches of other teams",
    "taken_back": "would have lost their result",
    "blanked": "would have lost a part of their score, their day or kick-off",
    "corrected": "would have got another result",
    "moved": "would have moved to another day or round",
}
"""The gravest first."""
_LOSSES = frozenset({"other_fixture", "taken_back", "blanked"})


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A played match of which the provider says something else than what is stored.

    Args:
        match: as it is stored.
        kind: the gravest thing that differs.
        lost: whether something that is known of it would be lost, not only differ.
        fields: what differs, with the stored and the fetched value, by its name for people.
    """

    match: Match
    kind: Kind
    lost: bool
    fields: Mapping[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier reads of the same tournament came to.

    Args:
        corrected: external ids of the matches corrected within `CORRECTIONS_COUNT_FOR`.
        taken_back: of matches whose result every read since has taken back, by external id, when
            that was read first.
        goals: ids of the goals that were lost or rewritten within `CORRECTIONS_COUNT_FOR`.
    """

    corrected: frozenset[str] = frozenset()
    taken_back: Mapping[str, datetime] = field(default_factory=dict)
    goals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be taken from a payload.

    Args:
        refusal: why nothing of it may be, a sentence; None when it may.
        contradictions: where it contradicts what is settled.
        kept: external ids of played matches that stay as they are for now.
        taken_back: external ids of those that lose what was known of them, kept or not.
        corrected: external ids of the settled matches that taking it corrects.
        missing: the stored matches that it should have and has not.
        vanished: those it lacks, superseded ones too, where it had one of them within a day.
        superseded: external ids of stored matches, each with that of the one in its place.
        left_out: external ids of doubtful matches, each with the kind of its finding.
        left_out_teams: external ids of new teams that play in none but these and kept ones.
        left_out_rounds: slugs of new rounds of none but these and kept ones.
        goals_lately: ids of the goals that earlier reads lost or rewrote.
        accepted: a person takes the payload in, whatever it contradicts: no plan refuses it.
    """

    refusal: str | None = None
    contradictions: tuple[Contradiction, ...] = ()
    kept: frozenset[str] = frozenset()
    taken_back: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()
    missing: tuple[Match, ...] = ()
    vanished: tuple[Match, ...] = ()
    superseded: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    left_out_teams: Collection[str] = ()
    left_out_rounds: Collection[str | None] = ()
    goals_lately: frozenset[str] = frozenset()
    accepted: bool = False


def judge(  # noqa: PLR0913 - two states, and what is known of the reading
    stored: Sequence[Match],
    fetched: Iterable[Match],
    *,
    read_at: datetime,
    now: datetime | None = None,
    past: Past | None = None,
    covers: Collection[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Verdict:
    """Compare the matches of a payload with those that are stored.

    Args:
        stored: every stored match of the tournament.
        fetched: the matches of the payload.
        read_at: when the payload was read, by our clock, as that of `past` is.
        now: the present at the provider, where it has a clock of its own.
        past: what earlier reads came to.
        covers: external ids of the stored matches that the payload is to have; None for all.
        names: of teams by external id, for the sentences.
    """
    past = past or Past()
    given = {match.external_id: match for match in fetched}
    wanted = [m for m in stored if covers is None or m.external_id in covers]
    missing = tuple(match for match in wanted if match.external_id not in given)
    compared = [(m, given[m.external_id]) for m in stored if m.external_id in given]
    contradictions = _contradictions(stored, compared)
    taken_back = tuple(c.match.external_id for c in contradictions if c.lost)
    repeated = {
        id_
        for id_ in taken_back
        if id_ in past.taken_back and read_at - past.taken_back[id_] >= REPEATED_AFTER
    }
    kept = frozenset(taken_back) - repeated
    settled = settled_matches(stored, now or read_at)
    corrected = tuple(
        c.match.external_id
        for c in contradictions
        if c.match.external_id in settled and c.match.external_id not in kept
    )
    sentences = _Sentences(names or {})
    refusal = (
        _too_many_missing(wanted, missing, len(given))
        or sentences.too_many(contradictions, stored, compared, settled)
        or too_many_lately("played matches", frozenset(corrected), past.corrected, len(settled))
        or _days_vanish(compared)
    )
    return Verdict(refusal, contradictions, kept, taken_back, corrected, missing)


def limit_of(rows: int) -> int:
    """How many of so many settled rows reads may correct."""
    return max(MOST_CORRECTED, int(rows * MOST_CORRECTED_SHARE))


def most_missing(rows: int) -> int:
    """How many of so many stored rows a payload may lack."""
    return max(MOST_MISSING, int(rows * MOST_MISSING_SHARE))


def contradiction_findings(
    verdict: Verdict, names: Mapping[str, str], *, refused: bool = False
) -> list[Finding]:
    """What a person is to know of a verdict, one finding per match.

    Args:
        verdict: of a payload.
        names: of teams by external id.
        refused: nothing of the payload was taken.
    """
    findings = []
    for each in verdict.contradictions:
        facts = "; ".join(
            f"{n} {said(n, old, names)}, now {said(n, new, names)}"
            for n, (old, new) in each.fields.items()
        )
        kept = each.match.external_id in verdict.kept
        if refused:
            detail, reason = f"Stored and fetched: {facts}. Nothing was changed.", "refused"
        elif kept:
            detail = (
                f"The provider takes back what is stored ({facts}). It is kept until a read "
                "at least a day later says the same."
            )
            reason = "result_taken_back"
        else:
            detail, reason = f"A settled fact was corrected: {facts}.", "settled_fact_corrected"
        findings.append(
            Finding(reason, subject_of(each.match, names), detail, left_out=kept and not refused)
        )
    return findings


def settled_matches(stored: Iterable[Match], now: datetime) -> frozenset[str]:
    """External ids of the played matches whose kick-off was not just now."""

    def fresh(match: Match) -> bool:
        if match.kickoff_at is not None:
            return timedelta(0) <= now - match.kickoff_at < FRESH
        day = match.kickoff_date
        return day is not None and timedelta(0) <= now.date() - day < FRESH

    return frozenset(m.external_id for m in stored if m.status in COUNTED and not fresh(m))


def _contradictions(
    stored: Sequence[Match], compared: Sequence[tuple[Match, Match]]
) -> tuple[Contradiction, ...]:
    renamed = {name: _renamed(stored, compared, name) for name in _PLACES}
    contradictions = []
    for old, new in compared:
        if old.status not in COUNTED:
            continue
        fields, kinds = _difference(old, new, renamed)
        if kinds:
            gravest = next(kind for kind in _WORDS if kind in kinds)
            contradictions.append(Contradiction(old, gravest, bool(kinds & _LOSSES), fields))
    return tuple(contradictions)


def _difference(
    old: Match, new: Match, renamed: Mapping[str, frozenset[tuple[str, str]]]
) -> tuple[dict[str, tuple[object, object]], set[Kind]]:
    fields: dict[str, tuple[object, object]] = {}
    kinds: set[Kind] = set()
    if (old.home, old.away) != (new.home, new.away):
        fields[TEAMS] = (old.home, old.away), (new.home, new.away)
        kinds.add("other_fixture")
    if old.status != new.status:
        fields["status"] = old.status, new.status
        kinds.add("corrected" if new.status in COUNTED else "taken_back")
    for home, away, what in _SCORES:
        was = getattr(old, home), getattr(old, away)
        is_ = getattr(new, home), getattr(new, away)
        if None not in was and was != is_:
            fields[what] = was, is_
            lost: Kind = "taken_back" if what == "result" else "blanked"
            kinds.add(lost if None in is_ else "corrected")
    for name, what in _MOMENTS:
        was, is_ = getattr(old, name), getattr(new, name)
        if was is not None and was != is_:
            fields[what] = was, is_
            kinds.add("blanked" if is_ is None else "moved")
    for name, pairs in renamed.items():
        was, is_ = getattr(old, name), getattr(new, name)
        if was is not None and was != is_ and (was, is_) not in pairs:
            # what is not named now stays as it is stored: see domains/matches.py
            if is_ is None and not (name == "stage" and new.group_name):
                continue
            fields[name.partition("_")[0]] = was, is_
            kinds.add("moved")
    return fields, kinds


def _renamed(
    stored: Sequence[Match], compared: Sequence[tuple[Match, Match]], name: str
) -> frozenset[tuple[str, str]]:
    """Old and new name of what is only called differently: all of it moved, to a new name."""
    pairs = {(getattr(old, name), getattr(new, name)) for old, new in compared}
    before, after = Counter(old for old, _ in pairs), Counter(new for _, new in pairs)
    taken = {getattr(match, name) for match in stored}
    return frozenset(
        (old, new)
        for old, new in pairs
        if old is not None
        and new is not None
        and before[old] == after[new] == 1
        and new not in taken
    )


@dataclass(frozen=True, slots=True)
class _Sentences:
    """Refusals in words, with teams by name."""

    names: Mapping[str, str]

    def too_many(
        self,
        contradictions: Sequence[Contradiction],
        stored: Sequence[Match],
        compared: Sequence[tuple[Match, Match]],
        settled: frozenset[str],
    ) -> str | None:
        """Why a payload contradicts too much of what is settled, or of what has just ended."""
        old = [c for c in contradictions if c.match.external_id in settled]
        fresh = [c for c in contradictions if c.match.external_id not in settled]
        read = {was.external_id for was, _ in compared if was.status in COUNTED}
        if len(old) > limit_of(len(settled)) or len(fresh) > max(
            MOST_CORRECTED, len(read - settled) * MOST_FRESH_SHARE
        ):
            return self._refusal(contradictions, sum(match.status in COUNTED for match in stored))
        return None

    def _refusal(self, contradictions: Sequence[Contradiction], played: int) -> str:
        counts = Counter(c.kind for c in contradictions)
        parts = [f"{counts[kind]} {_WORDS[kind]}" for kind in _WORDS if counts[kind]]
        named = [
            f"{pair_of(c.match, self.names)} ({self._first(c)})" for c in contradictions[:_NAMED]
        ]
        more = len(contradictions) - len(named)
        named += [f"and {more} more"] if more else []
        return (
            f"Of the {played} played matches stored, {' and '.join(parts)}. Nothing was changed. "
            f"They are {', '.join(named)}."
        )

    def _first(self, contradiction: Contradiction) -> str:
        what, (old, new) = next(iter(contradiction.fields.items()))
        return (
            "other teams" if what == TEAMS else f"{what} {said(what, old)}, now {said(what, new)}"
        )


def _too_many_missing(
    wanted: Sequence[Match], missing: Collection[Match], present: int
) -> str | None:
    if len(missing) <= most_missing(len(wanted)):
        return None
    return (
        f"The provider gave {present} matches, and {len(missing)} of the {len(wanted)} stored ones "
        "are not among them. Nothing was changed."
    )


def too_many_lately(
    what: str, corrected: frozenset[str], before: frozenset[str], settled: int
) -> str | None:
    """Why rows may not be corrected after others were; one that is corrected again is one."""
    limit = limit_of(settled)
    if corrected <= before or len(corrected | before) <= limit:
        return None
    return (
        f"The provider corrects {len(corrected - before)} {what} after {len(before)} in "
        f"the last {CORRECTIONS_COUNT_FOR.days} days; of {settled} at most {limit} may be. "
        "Nothing was changed."
    )


def _days_vanish(compared: Sequence[tuple[Match, Match]]) -> str | None:
    """Days of matches to come may move freely, not vanish at large."""
    ahead = [(old, new) for old, new in compared if old.status not in COUNTED]
    lost = sum(
        new.status not in _CALLED_OFF
        and any(
            getattr(old, name) is not None and getattr(new, name) is None for name, _ in _MOMENTS
        )
        for old, new in ahead
    )
    if lost <= limit_of(len(ahead)):
        return None
    return (
        f"Of the {len(ahead)} stored matches to come {lost} would have lost their day or kick-off. "
        "Nothing was changed."
    )
