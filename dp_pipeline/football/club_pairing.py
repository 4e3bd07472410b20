"""Which teams of two providers are one, by the fixture lists of a season that both have.

A fixture that both lists have on the same day with the same score votes for its two home teams and
its two away teams; opponents of teams that are paired are paired by whom they meet when. Names only
support what fixtures show, or throw doubt on it; a name alone pairs nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from dp_pipeline.football.club_aliases import packaged
from dp_pipeline.football.club_names import Spelling, is_part, spelling_of, squad_of
from dp_pipeline.football.models import Match

NamesAgree = Literal["same", "alias", "short", "different"]

_LEAST_VOTES = 3
_CLEARLY = 2
"""How many times as many votes as any other team: two clubs of one league share a day, a side and a
score in about one of 30 fixtures, a club with itself in nearly all."""
_LEAST_ALIKE = 0.9
_LEAST_FIXTURES = 3
_MOST_DIFFER = 0.2
_LEAST_COVERED = 2 / 3
_PROOF = 0.9
_NEAR = (timedelta(0), timedelta(-1), timedelta(1))
"""One provider gives days where the match is played, another in UTC."""


@dataclass(frozen=True, slots=True)
class FixtureList:
    """A tournament of a provider, as far as it tells teams apart.

    Args:
        key: of the tournament.
        label: of the tournament, for people.
        year: in which it begins.
        names: of its teams as used there, by external id.
        countries: of its teams by external id; FIFA codes, where the provider has those.
        matches: those that count.
        aliases: external ids of teams by the keys of their other names.
    """

    key: str
    label: str
    year: int
    names: Mapping[str, str]
    countries: Mapping[str, str | None]
    matches: Sequence[Match]
    aliases: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PairedTeams:
    """A team of one list and a team of another one, and what says that they are one.

    Args:
        one: external id in the first list.
        other: external id in the second list.
        fixtures: how many both lists have of them.
        listed: how many the list has that has fewer of them.
        scores_differ: of the fixtures that both have, those with another score.
        names_agree: how the names go together.
        squad: which team of a club they are, see `club_names.squad_of`.
        doubt: why it is not certain, a sentence; None: it is.
    """

    one: str
    other: str
    fixtures: int
    listed: int
    scores_differ: int
    names_agree: NamesAgree
    squad: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Game:
    home: str
    away: str
    day: date | None
    score: tuple[int, int] | None


def pair_teams(one: FixtureList, other: FixtureList, *, inferred: bool) -> list[PairedTeams]:
    """The teams of two fixture lists that are one, certain or doubtful, each at most once.

    Args:
        one: of one provider.
        other: of another one, the season that begins in the same year.
        inferred: nothing but the lists says that it is the same competition: then nearly all
            fixtures of both have to be the same, else there are no pairs.
    """
    games, others = _games(one), _games(other)
    names = _Names(one, other)
    pairs = _extended(_seeds(games, others, None if inferred else names), games, others)
    by_ids = _Compared(names, games, others, pairs)
    paired = [by_ids.pair(a, b) for a, b in sorted(pairs.items())]
    paired = [each for each in paired if each.doubt is None or _is_worth_checking(each)]
    certain = sum(each.doubt is None for each in paired)
    teams = min(len(_sides(games)), len(_sides(others)))
    if inferred:
        least = _PROOF * max(len(games), len(others))
        proven = certain >= _PROOF * teams and by_ids.same >= max(least, _LEAST_FIXTURES)
        return paired if proven else []
    if certain >= _LEAST_COVERED * teams:
        return paired
    both = f"{one.key} and {other.key}"
    because = f"fixtures pair only {certain} of {teams} teams of {both} for certain"
    return [each if each.doubt else replace(each, doubt=because) for each in paired]


def _is_worth_checking(pair: PairedTeams) -> bool:
    """Whether a doubtful pair is more than chance: a common name, or most of the fixtures."""
    by_fixtures = pair.fixtures >= max(_LEAST_FIXTURES, pair.listed / 2)
    return by_fixtures or (pair.fixtures > 0 and pair.names_agree != "different")


def _games(of: FixtureList) -> list[_Game]:
    return [
        _Game(
            match.home,
            match.away,
            match.day,
            None
            if match.home_score is None or match.away_score is None
            else (match.home_score, match.away_score),
        )
        for match in of.matches
    ]


def _sides(games: Iterable[_Game]) -> set[str]:
    return {side for game in games for side in (game.home, game.away)}


def _seeds(
    games: Sequence[_Game], others: Sequence[_Game], names: "_Names | None"
) -> dict[str, str]:
    """The teams that share clearly more days, sides and scores with each other than with any.

    With names also those that share no fewer, few matches being played, and are called alike.
    """
    by_result: defaultdict[tuple[date, tuple[int, int]], list[_Game]] = defaultdict(list)
    for game in others:
        if game.day and game.score:
            by_result[game.day, game.score].append(game)
    votes: Counter[tuple[str, str]] = Counter()
    for game in games:
        if not game.day or not game.score:
            continue
        near = (g for apart in _NEAR for g in by_result.get((game.day + apart, game.score), ()))
        votes.update({pair for g in near for pair in ((game.home, g.home), (game.away, g.away))})
    best: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for pair, count in votes.items():
        for side in enumerate(pair):
            best[side].append(count)
    clear = {
        a: b
        for (a, b), count in votes.items()
        if count >= _LEAST_VOTES and all(_is_clear(count, best[side]) for side in ((0, a), (1, b)))
    }
    alike = [
        (a, b)
        for (a, b), count in votes.items()
        if names is not None
        and a not in clear
        and b not in clear.values()
        and count == max([*best[0, a], *best[1, b]])
        and names.agree(a, b) != "different"
    ]
    ones, twos = Counter(a for a, _ in alike), Counter(b for _, b in alike)
    return clear | {a: b for a, b in alike if ones[a] == twos[b] == 1}


def _is_clear(count: int, counts: Sequence[int]) -> bool:
    *_, second, first = sorted([0, 0, *counts])
    return count == first and first >= _CLEARLY * second


def _extended(
    pairs: dict[str, str], games: Sequence[_Game], others: Sequence[_Game]
) -> dict[str, str]:
    """The pairs, and those of the teams that meet paired teams on the same days."""
    met = _by_opponent(others)
    while True:
        back = {b: a for a, b in pairs.items()}
        votes: defaultdict[str, set[str | None]] = defaultdict(set)
        for game in games:
            for team, opponent, at_home in (
                (game.home, game.away, True),
                (game.away, game.home, False),
            ):
                if team in pairs or opponent not in pairs or game.day is None:
                    continue
                days = met[pairs[opponent], at_home]
                near = [days[game.day + apart] for apart in _NEAR if game.day + apart in days]
                if near:
                    votes[team].add(None if near[0] in back else near[0])
        wanted = Counter(b for names in votes.values() for b in names)
        new = {
            a: b
            for a, names in votes.items()
            if len(names) == 1
            for b in names
            if b is not None and wanted[b] == 1
        }
        if not new:
            return pairs
        pairs = pairs | new


def _by_opponent(games: Iterable[_Game]) -> defaultdict[tuple[str, bool], dict[date, str]]:
    """Whom a team met by day, as the guest or, where the others were at home, as the host."""
    opponents: defaultdict[tuple[str, bool], dict[date, str]] = defaultdict(dict)
    for game in games:
        if game.day:
            opponents[game.away, True][game.day] = game.home
            opponents[game.home, False][game.day] = game.away
    return opponents


class _Compared:
    """Two fixture lists under the same names of teams: which fixtures both have."""

    def __init__(
        self,
        names: "_Names",
        games: Sequence[_Game],
        others: Sequence[_Game],
        pairs: Mapping[str, str],
    ) -> None:
        self._names = names
        back = set(pairs.values())
        mine = [g for g in games if g.home in pairs and g.away in pairs]
        theirs = [g for g in others if g.home in back and g.away in back]
        self._listed = (_count(mine), _count(theirs))
        self._shared: Counter[str] = Counter()
        self._scored: Counter[str] = Counter()
        self._differ: Counter[str] = Counter()
        left: defaultdict[tuple[str, str], list[_Game]] = defaultdict(list)
        for game in theirs:
            left[game.home, game.away].append(game)
        single = {pair for pair, n in Counter((g.home, g.away) for g in mine).items() if n == 1}
        for game in mine:
            there = left[pairs[game.home], pairs[game.away]]
            alone = len(there) == 1 and (game.home, game.away) in single
            same = next((g for g in there if alone or _near(game, g)), None)
            if same is not None:
                there.remove(same)
                self._note(game, same)
        self.same = self._shared.total() // 2

    def _note(self, game: _Game, same: _Game) -> None:
        both = game.score is not None and same.score is not None
        for side in (game.home, game.away):
            self._shared[side] += 1
            self._scored[side] += both
            self._differ[side] += both and game.score != same.score

    def pair(self, a: str, b: str) -> PairedTeams:
        """What is to be said of two teams."""
        names = self._names.agree(a, b)
        listed = min(self._listed[0][a], self._listed[1][b])
        squad = self._names.squad(a, b)
        paired = PairedTeams(a, b, self._shared[a], listed, self._differ[a], names, squad)
        return replace(paired, doubt=self._doubt(paired))

    def _doubt(self, pair: PairedTeams) -> str | None:
        scored, differ = self._scored[pair.one], pair.scores_differ
        least = 1 if pair.names_agree != "different" else _LEAST_FIXTURES
        called = self._names.called_like(pair.one, pair.other)
        if called:
            return f"the fixtures are those of one, the name that of another: {called}"
        if pair.fixtures < _LEAST_ALIKE * pair.listed:
            return f"only {pair.fixtures} of {pair.listed} fixtures are the same"
        if scored - differ < least:
            return f"only {scored - differ} fixtures with the same score, and the names differ"
        if differ > max(1, _MOST_DIFFER * scored):
            return f"{differ} of {scored} scores differ"
        return None


class _Names:
    """The names of the teams of two lists, compared."""

    def __init__(self, one: FixtureList, other: FixtureList) -> None:
        self._lists = one, other
        self._cores = tuple(
            {id_: _core(name) for id_, name in of.names.items()} for of in (one, other)
        )

    def agree(self, a: str, b: str) -> NamesAgree:
        """How the names of two teams go together."""
        one, other = self._lists
        country = one.countries.get(a) or other.countries.get(b)
        names = [spelling_of(of.names[id_], country) for of, id_ in ((one, a), (other, b))]
        first, second = names
        if first is None or second is None:
            return "different"
        # a country of the name itself, "Liverpool (ENG)", says nothing of the other name
        second = replace(second, country=first.country)
        if first.core == second.core:
            return "same"
        if self._is_alias(first, a, second, b):
            return "alias"
        return "short" if is_part(first, second) or is_part(second, first) else "different"

    def squad(self, a: str, b: str) -> str:
        """Which team of its club two teams are, if they are one."""
        one, other = self._lists
        return squad_of((one.names[a], other.names[b]), (one.label, other.label))

    def _is_alias(self, first: Spelling, a: str, second: Spelling, b: str) -> bool:
        one, other = self._lists
        keys = [each.key() for each in (first, second)]
        clubs = [(entry := packaged().find(key, one.year)) and entry.club_key for key in keys]
        club_keys = [club or key for club, key in zip(clubs, keys, strict=True)]
        is_stored = other.aliases.get(keys[0]) == b or one.aliases.get(keys[1]) == a
        return is_stored or club_keys[0] == club_keys[1]

    def called_like(self, a: str, b: str) -> str | None:
        """The name of one of two teams, where it is that of another team of the other list."""
        cores, others = self._cores
        if self.agree(a, b) != "different":
            return None
        if any(core == cores[a] for id_, core in others.items() if id_ != b):
            return self._lists[0].names[a]
        if any(core == others[b] for id_, core in cores.items() if id_ != a):
            return self._lists[1].names[b]
        return None


def _core(name: str) -> str:
    spelling = spelling_of(name, None)
    return spelling.core if spelling else name


def _count(games: Iterable[_Game]) -> Counter[str]:
    return Counter(side for game in games for side in (game.home, game.away))


def _near(one: _Game, other: _Game) -> bool:
    return one.day is None or other.day is None or abs(one.day - other.day) <= _NEAR[2]
