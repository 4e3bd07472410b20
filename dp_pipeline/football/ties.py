"""Knockout ties: which matches make one, and who went on by what. Pure.

A tie is one match, two legs, a match and its replay, or a series. Goals and shoot-outs speak for
themselves; away goals, and the better place in the table, count where the rules of the competition
say so, with their source.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dp_pipeline.football.models import COUNTED, DecidedBy, KnockoutTie, Match, Round, Side
from dp_pipeline.football.results import moment
from dp_pipeline.football.rules import TieEntry

_CALLED_OFF = frozenset({"cancelled", "abandoned"})
# "Playoffs, Matchday 1" and "Semifinals (2nd leg)" are parts of one round.
_REPLAY = re.compile(r"\b(?:replay|wiederholungsspiele?)\b", re.IGNORECASE)
_LEG = re.compile(
    r"\b(?:(?:matchday|leg) \d|(?:first|second|1st|2nd) legs?|(?:hin|rück)spiele?)\b", re.IGNORECASE
)
_NO_WORD = re.compile(r"[\W_]+")
_FINAL = re.compile(r"\bfinals?\Z")

Places = Mapping[str | None, Mapping[str, int]]
"""Where each team stands, by the stage of a table."""

Place = tuple[str | None, str]
"""Stage and round, legs and replays not told apart."""


@dataclass(frozen=True, slots=True)
class _Meetings:
    """The matches of two teams in one round, oldest first, as the home team of the first has them.

    `replayed`: the round of one of the matches is called a replay.
    """

    matches: tuple[Match, ...]
    replayed: bool

    @property
    def home(self) -> str:
        return self.matches[0].home

    def goals(self, match: Match) -> tuple[int, int] | None:
        """Of the home team of the first match and of the other one; None while not played."""
        home, away = match.home_score, match.away_score
        if match.status not in COUNTED or home is None or away is None:
            return None
        return (home, away) if match.home == self.home else (away, home)

    @property
    def level_first(self) -> bool:
        """Whether the first match has been played, to a draw without a shoot-out."""
        goals = self.goals(self.matches[0])
        kicked = self.matches[0].home_penalties_score is not None
        return goals is not None and goals[0] == goals[1] and not kicked


def ties_of(
    rounds: Iterable[Round],
    matches: Iterable[Match],
    rule: TieEntry | None,
    tables: Places | None = None,
) -> tuple[KnockoutTie, ...]:
    """The ties of the knockout rounds of a season, in order of their first matches.

    Args:
        rounds: of the season; those of a league have no ties.
        matches: that count.
        rule: what is known of the competition; None where nothing is.
        tables: of the season, for rules by which the better place decides.
    """
    knockout = {round_.slug: round_ for round_ in rounds if round_.type == "knockout"}
    places: dict[Place, dict[frozenset[str], list[Match]]] = {}
    for match in sorted(matches, key=lambda m: (*moment(m), m.external_id)):
        round_ = knockout.get(match.round_slug or "")
        if round_ is not None and match.home != match.away:
            pairs = places.setdefault((match.stage, _name(round_)), {})
            pairs.setdefault(frozenset((match.home, match.away)), []).append(match)
    ties: list[tuple[Match, KnockoutTie]] = []
    for (stage, name), pairs in places.items():
        meetings = [_meetings(met, knockout) for met in pairs.values()]
        legs = _legs(meetings, knockout)
        higher = _table_before(stage, name, rule, tables or {})
        ties += [
            (each.matches[0], _by_place(each, _tie(each, legs, rule), higher)) for each in meetings
        ]
    ties.sort(key=lambda each: (*moment(each[0]), each[0].external_id))
    return tuple(tie for _, tie in ties)


def _name(round_: Round) -> str:
    whole = _LEG.sub("", _REPLAY.sub("", round_.label))
    return _NO_WORD.sub(" ", whole).strip().casefold()


def _table_before(
    stage: str | None, name: str, rule: TieEntry | None, tables: Places
) -> Mapping[str, int]:
    """The places that count in a round: "Apertura Playoffs" come after the table "Apertura"."""
    always = rule is not None and rule.better_place == "always"
    if rule is None or rule.better_place == "never" or (not always and _FINAL.search(name)):
        return {}
    before = [each for each in tables if each is None or (stage or "").startswith(each)]
    return tables[max(before, key=lambda each: len(each or ""))] if before else {}


def _by_place(met: _Meetings, tie: KnockoutTie, places: Mapping[str, int]) -> KnockoutTie:
    """The tie, won by the team that stood higher where nothing else has decided it."""
    if tie.decided_by not in ("rule unknown", "not known"):
        return tie
    home, away = (places.get(team, 0) for team in (met.home, met.matches[0].away))
    if not home or not away or home == away:
        return tie
    return replace(tie, winner="home" if home < away else "away", decided_by="better place")


def _meetings(met: Sequence[Match], rounds: Mapping[str, Round]) -> _Meetings:
    """What was called off is not a leg beside the match that took its place."""
    taken = [match for match in met if match.status not in _CALLED_OFF] or met[-1:]
    labels = [rounds[match.round_slug or ""].label for match in taken]
    return _Meetings(tuple(taken), any(_REPLAY.search(label) for label in labels))


def _legs(meetings: Sequence[_Meetings], rounds: Mapping[str, Round]) -> int:
    """How many matches a tie of a round has that needs no replay.

    A replay follows a drawn match only. So a second match after one that was not drawn is a leg,
    and then all ties of the round have two, those too whose second leg nobody has listed yet.
    """
    several = [each for each in meetings if len(each.matches) > 1 and not each.replayed]
    if any(not each.level_first for each in several):
        return 2
    if any(_LEG.search(rounds[m.round_slug or ""].label) for e in meetings for m in e.matches):
        return 2
    return 2 if several and len(several) == len(meetings) else 1


def _tie(met: _Meetings, legs: int, rule: TieEntry | None) -> KnockoutTie:
    series = bool(rule and rule.best_of and legs > 1)
    if _went_on_late(met.matches[-1]) and not series:
        legs = len(met.matches)  # such a match is the last one of its tie
    replayed = len(met.matches) > legs == 1 or met.replayed
    goals = [each for match in met.matches if (each := met.goals(match)) is not None]
    counted = goals[-1:] if replayed else goals
    total = (sum(each[0] for each in counted), sum(each[1] for each in counted))
    winner, decided_by = None, None
    if len(goals) == len(met.matches) >= legs:
        winner, decided_by = _decision(met, total, rule, replayed=replayed, legs=legs)
    return KnockoutTie(
        matches=tuple(match.external_id for match in met.matches),
        legs=max(legs, len(met.matches)),
        home_goals=total[0] if counted else None,
        away_goals=total[1] if counted else None,
        winner=winner,
        decided_by=decided_by,
    )


def _went_on_late(match: Match) -> bool:
    """Whether there was extra time with goals, or a shoot-out."""
    late = None not in (match.home_score_90, match.home_score) and (
        (match.home_score_90, match.away_score_90) != (match.home_score, match.away_score)
    )
    return match.home_penalties_score is not None or late


def _decision(
    met: _Meetings, total: tuple[int, int], rule: TieEntry | None, *, replayed: bool, legs: int
) -> tuple[Side | None, DecidedBy | None]:
    """Who went on, and by what, of a tie that has been played."""
    kicks = _kicks(met, met.matches[-1])
    if rule and rule.best_of and legs > 1:  # no aggregate, each match has a winner
        wins = _wins(met)
        return (_leader(wins), "series") if 2 * max(wins) > rule.best_of else (None, None)
    kicked_before = any(match.home_penalties_score is not None for match in met.matches[:-1])
    if not replayed and (len(met.matches) > legs or kicked_before):
        return None, "rule unknown"  # a series, whose goals need not be added up
    if total[0] != total[1]:
        awarded = any(match.status == "awarded" for match in met.matches)
        goals = "replay" if replayed else _when(met, total)
        return _leader(total), "awarded" if awarded else goals
    if kicks is not None and kicks[0] != kicks[1]:
        return _leader(kicks), "shoot-out"
    return (None, "not known") if legs == 1 else _by_away_goals(met, rule)


def _by_away_goals(met: _Meetings, rule: TieEntry | None) -> tuple[Side | None, DecidedBy]:
    own = sum(m.away_score or 0 for m in met.matches if m.away == met.home)
    other = sum(m.away_score or 0 for m in met.matches if m.away != met.home)
    if own != other and rule is None:
        return None, "rule unknown"
    if own == other or rule is None or not rule.away_goals:
        return None, "not known"
    return _leader((own, other)), "away goals"


def _kicks(met: _Meetings, match: Match) -> tuple[int, int] | None:
    home, away = match.home_penalties_score, match.away_penalties_score
    if home is None or away is None:
        return None
    return (home, away) if match.home == met.home else (away, home)


def _wins(met: _Meetings) -> tuple[int, int]:
    """Matches won by the home team of the first one, and by the other, shoot-outs included."""
    scores = [_kicks(met, match) or met.goals(match) or (0, 0) for match in met.matches]
    return sum(own > other for own, other in scores), sum(own < other for own, other in scores)


def _leader(goals: tuple[int, int]) -> Side:
    return "home" if goals[0] > goals[1] else "away"


def _when(met: _Meetings, total: tuple[int, int]) -> DecidedBy:
    """Whether the goals that decided fell within ninety minutes of the last match."""
    last = met.matches[-1]
    if last.home_score_90 is None or last.away_score_90 is None:
        return "goals"
    late = (
        (last.home_score or 0) - last.home_score_90,
        (last.away_score or 0) - last.away_score_90,
    )
    if late == (0, 0):
        return "regular time"
    late = late if last.home == met.home else late[::-1]
    level = total[0] - late[0] == total[1] - late[1]
    return "extra time" if level else "goals"
