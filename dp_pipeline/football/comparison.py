"""One season as two providers have it: where they disagree, and who is right. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, get_args

from dp_pipeline.football.models import BEGUN_STATUSES, Match, Standing

Aspect = Literal["score", "half-time", "day", "kick-off", "status", "table", "fixture"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
Score = tuple[int, int]

_FAR = 10_000
_NEAR = 1
"""Days: one provider gives them where the match is played, another in UTC."""
_HALF = 45
_COLUMNS: Mapping[Aspect, tuple[str, ...]] = {
    "score": ("home_score", "away_score"),
    "half-time": ("home_score_ht", "away_score_ht"),
    "day": ("kickoff_at", "kickoff_date"),
    "kick-off": ("kickoff_at",),
    "status": ("status",),
    "table": ("position", "wins", "draws", "losses", "goals_for", "goals_against", "points"),
    "fixture": (),
}
"""The columns that an aspect is read from."""


@dataclass(frozen=True, slots=True)
class SeasonAtProvider:
    """A season of one provider.

    Args:
        provider: its name.
        matches: those that count.
        clubs: of its teams by external id, those that are known.
        names: of its teams by external id.
        goals: by external id of the match the side and minute of each goal that is listed.
        standings: its tables.
        table_agrees: by team whether the provider's own table is what the matches come to; not of
            teams that stand in no table of the provider's own.
    """

    provider: str
    matches: Sequence[Match]
    clubs: Mapping[str, Hashable]
    names: Mapping[str, str] = field(default_factory=dict)
    goals: Mapping[str, Sequence[tuple[str, int | None]]] = field(default_factory=dict)
    standings: Sequence[Standing] = ()
    table_agrees: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something that two providers say differently.

    Args:
        aspect: what of the fixture.
        subject: the fixture, or of a table the team, in words.
        one: external id of the match at the first provider, of a table the team; None: it has none.
        other: the same at the second one.
        value: what the first one says, in words.
        other_value: what the second one says.
        columns: from which that is read.
        agrees: the provider whose word goes together with goals and tables; None: not known.
        because: what of it tells: goals, table, or both.
    """

    aspect: Aspect
    subject: str
    one: str | None
    other: str | None
    value: str
    other_value: str
    columns: tuple[str, ...]
    agrees: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lists of one season.

    Args:
        paired: how many fixtures both have.
        listed: how many the longer list has.
        without_club: matches of teams whose club is not known, which nothing can be compared with.
        disagreements: fixture by fixture, tables last.
    """

    paired: int
    listed: int
    without_club: int = 0
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        counts = Counter(each.aspect for each in self.disagreements)
        differ = [f"{counts[a]} {a}" for a in ASPECTS if counts[a] or a == "score"]
        without = f", {self.without_club} matches of unknown clubs" if self.without_club else ""
        said = f"differences: {', '.join(differ)}" if counts else "no difference"
        return f"{self.paired} of {self.listed} fixtures paired{without}; {said}"


def compare(one: SeasonAtProvider, other: SeasonAtProvider) -> Comparison:
    """Where two lists of one season disagree; neither is taken for the right one."""
    pairs = _paired(one, other)
    found: list[Disagreement] = []
    shown = _with_sides_of(pairs, other)
    for match, counterpart in pairs:
        found += _of_fixture(match, counterpart, one, shown)
    mine, theirs = {m.external_id for m, _ in pairs}, {m.external_id for _, m in pairs}
    found += _only_at(one, other, mine)
    found += [_turned(each) for each in _only_at(other, one, theirs)]
    unknown = [m for season in (one, other) for m in season.matches if not _has_clubs(m, season)]
    longer = max(len(one.matches), len(other.matches))
    return Comparison(len(pairs), longer, len(unknown), (*found, *_of_tables(one, other)))


def _paired(one: SeasonAtProvider, other: SeasonAtProvider) -> list[tuple[Match, Match]]:
    """The fixtures that both have, those of the other one with the sides of the first.

    Clubs that meet more than once at one place are paired by day. At a neutral place providers may
    name either side first.
    """
    left = {match.external_id: match for match in other.matches}
    pairs: dict[str, Match] = {}
    for turned in (False, True):
        by_sides: defaultdict[Hashable, list[Match]] = defaultdict(list)
        for match in left.values():
            if _has_clubs(match, other):
                shown = _flipped(match) if turned else match
                by_sides[_sides(shown, other)].append(shown)
        near = sorted(
            (
                (_apart(match, there), match.external_id, there.external_id, there)
                for match in one.matches
                if match.external_id not in pairs and _has_clubs(match, one)
                for there in by_sides.get(_sides(match, one), ())
            ),
            key=lambda each: each[:3],
        )
        for apart, mine, theirs, there in near:
            if mine not in pairs and theirs in left and (not turned or apart <= _NEAR):
                pairs[mine] = there
                del left[theirs]
    return [(m, pairs[m.external_id]) for m in one.matches if m.external_id in pairs]


def _has_clubs(match: Match, season: SeasonAtProvider) -> bool:
    return match.home in season.clubs and match.away in season.clubs


def _sides(match: Match, season: SeasonAtProvider) -> Hashable:
    return season.clubs[match.home], season.clubs[match.away]


def _apart(one: Match, other: Match) -> int:
    day, there = one.day, other.day
    return abs((day - there).days) if day and there else _FAR


def _flipped(match: Match) -> Match:
    """The match as if the other side were at home."""
    parts = ("score", "score_90", "score_ht", "penalties_score")
    scores = {
        f"{side}_{part}": getattr(match, f"{opposite}_{part}")
        for part in parts
        for side, opposite in (("home", "away"), ("away", "home"))
    }
    return replace(match, home=match.away, away=match.home, **scores)


def _with_sides_of(
    pairs: Sequence[tuple[Match, Match]], other: SeasonAtProvider
) -> SeasonAtProvider:
    """The season with the goals of matches that are shown with the other side at home."""
    homes = {match.external_id: match.home for match in other.matches}
    opposite = {"home": "away", "away": "home"}
    turned = {
        match.external_id: [(opposite[side], at) for side, at in _goals(match, other)]
        for _, match in pairs
        if match.home != homes[match.external_id]
    }
    return replace(other, goals={**other.goals, **turned})


def _of_fixture(
    one: Match, other: Match, mine: SeasonAtProvider, theirs: SeasonAtProvider
) -> Iterator[Disagreement]:
    scores = _score(one), _score(other)
    halves = (
        _pair(one.home_score_ht, one.away_score_ht),
        _pair(other.home_score_ht, other.away_score_ht),
    )
    lists = [(one, _goals(one, mine)), (other, _goals(other, theirs))]

    def disagreement(
        aspect: Aspect, values: Sequence[str], right: Sequence[str] = (), by: str = ""
    ) -> Disagreement:
        sole = right[0] if len(right) == 1 else None
        return Disagreement(
            aspect,
            _named(one, mine),
            one.external_id,
            other.external_id,
            values[0],
            values[1],
            _COLUMNS[aspect],
            sole,
            by if sole else None,
        )

    if None not in scores and scores[0] != scores[1]:
        goals = _supported(scores, {full for match, full, _ in _sums(lists) if full}, mine, theirs)
        yield disagreement(
            "score",
            [_words(each) for each in scores],
            *_weighed(goals, _by_table(one, other, mine, theirs)),
        )
    if None not in halves and halves[0] != halves[1]:
        first = {half for _, _, half in _sums(lists) if half}
        yield disagreement(
            "half-time",
            [_words(each) for each in halves],
            _supported(halves, first, mine, theirs),
            "goals",
        )
    yield from (disagreement(aspect, values) for aspect, values in _times(one, other))
    statuses = one.status, other.status
    if statuses[0] != statuses[1] and "unknown" not in statuses:
        begun = [
            season.provider
            for season, status in zip((mine, theirs), statuses, strict=True)
            if status in BEGUN_STATUSES
        ]
        has_goals = any(goals for _, goals in lists)
        yield disagreement("status", statuses, begun if has_goals else (), "goals")


def _times(one: Match, other: Match) -> Iterator[tuple[Aspect, tuple[str, str]]]:
    """Another day, or on one day another time; a day that differs by the time zone is none."""
    if one.kickoff_at and other.kickoff_at:
        if one.kickoff_at == other.kickoff_at:
            return
        if one.kickoff_at.date() == other.kickoff_at.date():
            values = (
                f"{one.kickoff_at:%Y-%m-%d %H:%M} UTC",
                f"{other.kickoff_at:%Y-%m-%d %H:%M} UTC",
            )
            yield "kick-off", values
            return
    days, there = _days(one), _days(other)
    if days and there and not days & there:
        yield "day", (str(one.day), str(other.day))


def _days(match: Match) -> set[date]:
    """The day as the provider gives it, and in UTC."""
    at = match.kickoff_at
    return {day for day in (match.kickoff_date, at.date() if at else None) if day}


def _goals(match: Match, season: SeasonAtProvider) -> Sequence[tuple[str, int | None]]:
    return season.goals.get(match.external_id, ())


def _sums(
    lists: Sequence[tuple[Match, Sequence[tuple[str, int | None]]]],
) -> Iterator[tuple[Match, Score | None, Score | None]]:
    """What lists of goals come to, and before half-time; that only of a list that is complete."""
    for match, goals in lists:
        full = _count(goals) if goals else None
        complete = _count(goals) == _score(match) and all(minute for _, minute in goals)
        half = _count([goal for goal in goals if (goal[1] or 0) <= _HALF]) if complete else None
        yield match, full, half


def _count(goals: Collection[tuple[str, int | None]]) -> Score:
    sides = Counter(side for side, _ in goals)
    return sides["home"], sides["away"]


def _supported(
    values: Sequence[Score | None],
    supported: Collection[Score],
    mine: SeasonAtProvider,
    theirs: SeasonAtProvider,
) -> list[str]:
    """The providers whose value is what lists of goals come to."""
    both = zip((mine, theirs), values, strict=True)
    return [season.provider for season, value in both if value in supported]


def _by_table(
    one: Match, other: Match, mine: SeasonAtProvider, theirs: SeasonAtProvider
) -> list[str]:
    """The providers whose own table goes together with their results of both teams."""
    both = ((mine, one), (theirs, other))
    return [
        season.provider
        for season, match in both
        if all(season.table_agrees.get(team) for team in (match.home, match.away))
    ]


def _weighed(goals: list[str], table: list[str]) -> tuple[list[str], str]:
    """Who is right by goals and table; nobody where these contradict each other."""
    if len(goals) == 1 and len(table) == 1:
        return (goals, "goals and table") if goals == table else ([], "")
    return (goals, "goals") if len(goals) == 1 else (table, "table")


def _only_at(
    season: SeasonAtProvider, elsewhere: SeasonAtProvider, paired: Collection[str]
) -> Iterator[Disagreement]:
    """Fixtures that one has and the other one, which has both clubs, has not."""
    there = set(elsewhere.clubs.values())
    for match in season.matches:
        if match.external_id in paired or not _has_clubs(match, season):
            continue
        if {season.clubs[match.home], season.clubs[match.away]} <= there:
            day = match.day
            listed = f"listed for {day}" if day else "listed"
            named = _named(match, season)
            yield Disagreement("fixture", named, match.external_id, None, listed, "not listed", ())


def _turned(each: Disagreement) -> Disagreement:
    return replace(
        each, one=each.other, other=each.one, value=each.other_value, other_value=each.value
    )


def _of_tables(one: SeasonAtProvider, other: SeasonAtProvider) -> Iterator[Disagreement]:
    """Rows of the tables over the season that count as many games and say something else."""
    mine, theirs = _table(one), _table(other)
    if not {row.computed for row in (*mine.values(), *theirs.values())} - {True}:
        return  # both follow from the matches, whose differences are told
    for club, row in mine.items():
        there = theirs.get(club)
        if there is None or there.games != row.games:
            continue
        columns = _COLUMNS["table"]
        if any(getattr(row, name) != getattr(there, name) for name in columns):
            agree = [
                season.provider
                for season, team in ((one, row.team), (other, there.team))
                if season.table_agrees.get(team)
            ]
            sole = agree[0] if len(agree) == 1 else None
            yield Disagreement(
                "table",
                one.names.get(row.team, row.team),
                row.team,
                there.team,
                _row_words(row),
                _row_words(there),
                columns,
                sole,
                "table" if sole else None,
            )


def _table(season: SeasonAtProvider) -> dict[Hashable, Standing]:
    places = {(row.stage, row.group_name) for row in season.standings}
    return {
        season.clubs[row.team]: row
        for row in season.standings
        if row.team in season.clubs and (row.whole_season or len(places) == 1)
    }


def _row_words(row: Standing) -> str:
    results = f"{row.wins}-{row.draws}-{row.losses}"
    return f"{row.position}., {results}, {row.goals_for}:{row.goals_against}, {row.points} points"


def _named(match: Match, season: SeasonAtProvider) -> str:
    return " - ".join(season.names.get(team, team) for team in (match.home, match.away))


def _score(match: Match) -> Score | None:
    return _pair(match.home_score, match.away_score)


def _pair(home: int | None, away: int | None) -> Score | None:
    return None if home is None or away is None else (home, away)


def _words(score: Score | None) -> str:
    return "none" if score is None else f"{score[0]}:{score[1]}"
