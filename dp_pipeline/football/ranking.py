"""The places of one table: by points, then by the rule of the competition."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dp_pipeline.football.results import Sums, sums_of
from dp_pipeline.football.tie_breaks import Number, Order, Tally, Tier, separated


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a team stands, and what is to be said of that."""

    team: str
    position: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How a table is ordered.

    Args:
        order: of teams level on points.
        per_game: whether points per game count instead of points.
        play_off_between: after which places two level teams play for the better one.
        last: teams that stand behind all others.
        before: pairs of level teams, the first of which stands before the second.
        names: for people, by external id.
    """

    order: Order
    per_game: bool = False
    play_off_between: tuple[int, ...] = ()
    last: Collection[str] = ()
    before: Sequence[tuple[str, str]] = ()
    names: Mapping[str, str] | None = None

    def places(self, tally: Tally, *, first: int = 1) -> list[Placement]:
        """The places of all teams of a table, counted from `first`."""
        sums = sums_of(tally.results, tally.teams) if self.per_game else {}
        is_over = tally.is_over
        level: defaultdict[tuple[bool, Number], list[str]] = defaultdict(list)
        for team in tally.teams:
            level[team not in self.last, self._worth(team, tally, sums)].append(team)
        tiers: list[Tier] = []
        for key in sorted(level, reverse=True):
            tiers += self._decided(separated(level[key], self.order, tally))
            if is_over:
                self._share_before_play_off(tiers, first, level[key])
        return list(self._counted(tiers, first))

    def _worth(self, team: str, tally: Tally, sums: Mapping[str, Sums]) -> Number:
        points = tally.points.get(team, 0)
        return Fraction(points, len(sums[team].outcomes) or 1) if self.per_game else points

    def _decided(self, tiers: Iterable[Tier]) -> list[Tier]:
        """The tiers of level teams, with those that an extra match has placed one by one."""
        decided = list(tiers)
        for first, second in self.before:
            at = {team: n for n, tier in enumerate(decided) for team in tier.teams}
            if first not in at or second not in at or abs(at[first] - at[second]) > 1:
                continue
            low, high = sorted((at[first], at[second]))
            if {*decided[low].teams, *decided[high].teams} == {first, second}:
                decided[low : high + 1] = [Tier((first,)), Tier((second,))]
        return decided

    def _share_before_play_off(self, tiers: list[Tier], first: int, level: list[str]) -> None:
        """Put two level teams on one place where a match that is not known decides."""
        start = first
        for n, tier in enumerate(tiers[:-1]):
            start += len(tier.teams)
            pair = (*tier.teams, *tiers[n + 1].teams)
            decides = start - 1 in self.play_off_between and len(pair) == 2  # noqa: PLR2004
            if decides and set(pair) <= set(level) and pair not in self.before:
                tiers[n : n + 2] = [Tier(tuple(sorted(pair)), "play-off")]
                return

    def _counted(self, tiers: Iterable[Tier], first: int) -> Iterable[Placement]:
        position = first
        for tier in tiers:
            for team in tier.teams:
                yield Placement(team, position, self._note(tier, team))
            position += len(tier.teams)

    def _note(self, tier: Tier, team: str) -> str:
        sentences = []
        if tier.unmet:
            sentences.append(
                "Head-to-head does not count yet: not all of these matches are played."
            )
        others = [(self.names or {}).get(t, t) for t in tier.teams if t != team]
        if others:
            known = f"{tier.needs} would decide, which results do not tell"
            why = known if tier.needs else "the rule does not separate them further"
            sentences.append(f"Shares the place with {', '.join(others)}: {why}.")
        return " ".join(sentences)
