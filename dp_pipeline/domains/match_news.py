"""What of changed matches people want to hear, in sentences. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dp_pipeline.database.store import Change, Stored
from dp_pipeline.football.models import COUNTED, Match

MOST_NEWS = 50
JUST_PLAYED = timedelta(hours=6)
"""A match that kicked off within this is followed by people at the moment."""
NAMED_SINGLY = 3
"""More new fixtures of a round than this are counted."""

_CALLED_OFF = {
    "postponed": "is postponed",
    "cancelled": "is cancelled",
    "abandoned": "is abandoned",
    "interrupted": "is interrupted",
}
_SCORES = (
    ("home_score", "away_score", ""),
    ("home_penalties_score", "away_penalties_score", " on penalties"),
    ("home_score_90", "away_score_90", " after ninety minutes"),
    ("home_score_ht", "away_score_ht", " at half-time"),
)


class NamesInNews(NamedTuple):
    """What teams, by external id, and rounds, by slug, are called."""

    teams: Mapping[str, str]
    rounds: Mapping[str, str]

    def round(self, slug: str) -> str:
        """Its name, or `round 22` for one whose name is only a number."""
        name = self.rounds.get(slug, slug)
        return f"round {name}" if name.isdecimal() else name


def match_news(
    stored: Stored,
    matches: Mapping[Any, Match],
    names: NamesInNews,
    *,
    part: bool,
    now: datetime,
) -> list[str]:
    """The news in what storing matches changed, by kick-off.

    A corrected result, a match called off and the end of one just played are news whoever finds
    them. Any end, a new kick-off and a new fixture are where single matches are followed: a night's
    refresh of everything finds hundreds of them.

    Args:
        stored: what storing the matches came to.
        matches: the matches by the id of their row.
        names: of teams and rounds.
        part: whether single matches are followed.
        now: the time at the provider.
    """
    changed = [(matches[c.id], c) for c in stored.updated if c.id in matches]
    changed.sort(key=lambda pair: _when(pair[0]))
    news = [
        _sentence(match, change, names, part=part, ends=part or _just_played(match, now))
        for match, change in changed
    ]
    fresh = [matches[id_] for id_ in stored.created if id_ in matches] if part else []
    fresh.sort(key=_when)
    # Drawn and played between two polls: its end is the news.
    news += [_end(match, names) for match in fresh if match.status in COUNTED]
    coming = [match for match in fresh if match.status not in COUNTED]
    return [*filter(None, news), *_fixtures(coming, names)]


def any_ended(stored: Stored, matches: Mapping[Any, Match]) -> bool:
    """Whether a result has come or gone, or been corrected: tables follow from that."""
    if any(id_ in matches and matches[id_].status in COUNTED for id_ in stored.created):
        return True
    return any(
        bool(COUNTED & set(change.fields["status"]))
        if "status" in change.fields
        else bool({"home_score", "away_score"} & change.fields.keys())
        and change.id in matches
        and matches[change.id].status in COUNTED
        for change in stored.updated
    )


def given_up_news(match: Match, names: NamesInNews) -> str:
    """That a match should long be over and is not."""
    return (
        f"{_subject(match, names)} should long be over and is still {match.status} at the "
        "provider; it is not polled any more (stale_open)."
    )


def score(match: Match) -> str:
    """`2:1`, `1:1 (4:2 pens)`, or nothing."""
    if match.home_score is None:
        return ""
    text = f"{match.home_score}:{match.away_score}"
    if match.home_penalties_score is not None:
        text += f" ({match.home_penalties_score}:{match.away_penalties_score} pens)"
    return text


def _just_played(match: Match, now: datetime) -> bool:
    return match.kickoff_at is not None and now - match.kickoff_at < JUST_PLAYED


def _sentence(
    match: Match, change: Change, names: NamesInNews, *, part: bool, ends: bool
) -> str | None:
    subject = _subject(match, names)
    fields = change.fields
    if "status" in fields:
        old, new = fields["status"]
        if {old, new} <= COUNTED:
            corrected = _correction(subject, match, fields)
            said = f"{corrected.removesuffix('.')}; it" if corrected else subject
            return f"{said} counts as {new} now."
        if new in COUNTED:
            return _end(match, names) if ends else None
        if new in _CALLED_OFF:
            return f"{subject} {_CALLED_OFF[new]}."
        if old in _CALLED_OFF and old != "interrupted":
            return f"{subject} is no longer {old}; kick-off {_moment(match)}."
    elif match.status in COUNTED:
        return _correction(subject, match, fields)
    moved = part and "kickoff_at" in fields and match.status == "scheduled"
    return f"{subject} now kicks off {_moment(match)}." if moved else None


def _end(match: Match, names: NamesInNews) -> str:
    return f"{_subject(match, names)} {match.status} {score(match)}".rstrip() + "."


def _correction(subject: str, match: Match, fields: Mapping[str, tuple[Any, Any]]) -> str | None:
    for home, away, what in _SCORES:
        if home not in fields and away not in fields:
            continue
        was = tuple(fields.get(name, (getattr(match, name),))[0] for name in (home, away))
        now = getattr(match, home), getattr(match, away)
        if None in was or None in now:
            continue  # what was not known before is no correction
        return f"{subject} is corrected to {now[0]}:{now[1]}{what}, was {was[0]}:{was[1]}."
    return None


def _fixtures(fresh: Sequence[Match], names: NamesInNews) -> list[str]:
    counts = Counter(match.round_slug for match in fresh)
    news = []
    for slug, count in counts.items():
        if count > NAMED_SINGLY:
            news.append(f"{count} new fixtures" + (f" in {names.round(slug)}." if slug else "."))
        else:
            news += [
                f"New fixture: {_subject(match, names)}, kick-off {_moment(match)}."
                for match in fresh
                if match.round_slug == slug
            ]
    return news


def _subject(match: Match, names: NamesInNews) -> str:
    home, away = (names.teams.get(side, side) for side in (match.home, match.away))
    pair = f"{home} - {away}"
    return f"{pair} ({names.round(match.round_slug)})" if match.round_slug else pair


def _moment(match: Match) -> str:
    if match.kickoff_at is not None:
        return f"{match.kickoff_at:%Y-%m-%d %H:%M} UTC"
    return str(match.kickoff_date or "not known")


def _when(match: Match) -> tuple[str, str]:
    return match.kickoff_at.isoformat() if match.kickoff_at else "", match.external_id
