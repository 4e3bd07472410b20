"""The tables that matches come to, by the rules of their competition. Pure, and without a clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dp_pipeline.football.decisions import Decided, decided, team_called
from dp_pipeline.football.groups import with_groups
from dp_pipeline.football.models import Match, Standing
from dp_pipeline.football.ranking import Placement, Ranking
from dp_pipeline.football.results import WIN_POINTS, TableResult, counted, sums_of
from dp_pipeline.football.rules import (
    DEFAULT,
    CompetitionRules,
    ConferenceEntry,
    OrderEntry,
    SplitEntry,
    in_words,
)
from dp_pipeline.football.splits import (
    Carried,
    GroupStage,
    Where,
    carried,
    group_stages,
    regular_phase,
    teams_of,
)
from dp_pipeline.football.tie_breaks import Tally

FORM_LENGTH = 5
FINAL_TABLE = "Final table"
"""The stage of the table over all stages of a split season."""
OVER_ALL_STAGES = "All stages"
"""The stage of the table over seasons of several stages, such as Apertura and Clausura."""
NOTHING_KNOWN = CompetitionRules()


@dataclass(frozen=True, slots=True)
class ComputedTables:
    """The tables of a season.

    Args:
        rows: of every table.
        unapplied: sentences on what of the rules could not be applied.
        decisions: sentences on what was decided of teams off the pitch, by external id.
    """

    rows: tuple[Standing, ...] = ()
    unapplied: tuple[str, ...] = ()
    decisions: Mapping[str, Sequence[str]] = field(default_factory=dict)


def compute_standings(
    matches: Iterable[Match],
    *,
    teams: Iterable[str] = (),
    rules: CompetitionRules = NOTHING_KNOWN,
    names: Mapping[str, str] | None = None,
) -> tuple[Standing, ...]:
    """The rows of `compute_tables`."""
    return compute_tables(matches, teams=teams, rules=rules, names=names).rows


def compute_tables(
    matches: Iterable[Match],
    *,
    teams: Iterable[str] = (),
    rules: CompetitionRules = NOTHING_KNOWN,
    names: Mapping[str, str] | None = None,
) -> ComputedTables:
    """The tables these matches come to, one per stage and group, and one over a split season.

    The caller gives the matches of season rounds only. Every team of a match has a row, also before
    it has played; so has every team of `teams` when there is at most one table (of several, nobody
    knows which). Teams that the rule cannot separate share a position.

    Args:
        matches: played or not.
        teams: external ids.
        rules: of the competition in this season.
        names: of teams by external id: decisions name teams, and so do notes.
    """
    listed = with_groups(matches)
    places: dict[Where, list[Match]] = {}
    for match in listed:
        places.setdefault((match.stage, match.group_name), []).append(match)
    places = places or {(None, None): []}
    # Rules name teams that play: beside "Minnesota lnited FC", which a bad read had brought and no
    # match had any more, nobody was "Minnesota", and the conference had a team too few.
    called = {**(names or {})}
    all_names = {team: called.get(team, team) for team in (*teams_of(listed), *teams)} or called
    season = _Season(rules, decided(rules, listed, all_names), all_names, places)
    if rules.conferences and listed:
        return season.with_conferences(rules.conferences)
    if len(places) == 1:
        (where,) = places
        row_teams = teams_of(places[where]) | set(teams)
        return season.made(season.plain(where, row_teams, whole=True))
    return season.several()


def form_of(matches: Iterable[Match], team: str) -> tuple[str, ...]:
    """The last five results of a team in these matches, W, D or L, oldest first."""
    outcomes = [
        result.outcome(team)
        for result in counted(matches)
        if team in (result.match.home, result.match.away)
    ]
    return tuple(outcomes[-FORM_LENGTH:])


@dataclass(frozen=True)
class _Season:
    """The tables of one season while they are made."""

    rules: CompetitionRules
    decided: Decided
    names: Mapping[str, str]
    places: Mapping[Where, Sequence[Match]]

    @property
    def for_win(self) -> int:
        return self.rules.order.points_for_win if self.rules.order else WIN_POINTS

    def with_conferences(self, entry: ConferenceEntry) -> ComputedTables:
        """A table per conference, in which all matches of its teams count, and one over all."""
        rows: list[Standing] = []
        of = {
            name: {t for words in teams if (t := team_called(words, self.names)) is not None}
            for name, teams in entry.groups.items()
        }
        for where in sorted(self.places, key=_in_order):
            tally = self._tally(where)
            for name, members in of.items():
                teams = frozenset(members & tally.teams)
                ranks = self._ranking(self.rules.order).places(replace(tally, teams=teams))
                place = (where[0], name)
                rows += self._rows(place, tally.results, ranks, tally.points, self.rules.order)
        everything = (None if len(self.places) == 1 else OVER_ALL_STAGES, None)
        over_all = replace(
            self, places={everything: [m for ms in self.places.values() for m in ms]}
        )
        rows += over_all.plain(everything, whole=True)
        placed = {team for members in of.values() for team in members}
        missing = sorted(self.names[t] for t in teams_of(over_all.places[everything]) - placed)
        lost = (f"The conference of {', '.join(missing)} is not known.",) if missing else ()
        return self.made(rows, lost)

    def several(self) -> ComputedTables:
        regular = regular_phase(self.places)
        split = self._with_groups_after(regular) if regular else None
        if split is not None:
            return split
        largest = regular or max(self.places, key=lambda where: len(teams_of(self.places[where])))
        rows = [
            row
            for where in sorted(self.places, key=_in_order)
            for row in self.plain(where, decisions=where == largest)
        ]
        unknown = self._unknown_split(regular) if regular else ()
        return self.made(rows, unknown)

    def made(self, rows: Iterable[Standing], unapplied: Iterable[str] = ()) -> ComputedTables:
        sentences = (*self.decided.unplaced, *unapplied)
        return ComputedTables(tuple(rows), sentences, self.decided.notes)

    def plain(
        self,
        where: Where,
        teams: Iterable[str] = (),
        *,
        whole: bool = False,
        decisions: bool = True,
    ) -> list[Standing]:
        """The table of one stage or group for itself."""
        tally = self._tally(where, teams, decisions=decisions)
        ranks = self._ranking(self.rules.order).places(tally)
        return self._rows(where, tally.results, ranks, tally.points, self.rules.order, whole=whole)

    def _tally(self, where: Where, teams: Iterable[str] = (), *, decisions: bool = True) -> Tally:
        matches = self.places[where]
        all_teams = teams_of(matches) | set(teams)
        results = counted(matches, winners=self.decided.winners, without=self.decided.struck)
        points = {
            team: sums.points(self.for_win) + (self.decided.points.get(team, 0) if decisions else 0)
            for team, sums in sums_of(results, all_teams).items()
        }
        if decisions:
            points |= dict.fromkeys(self.decided.last & all_teams, 0)
        return Tally(frozenset(all_teams), results, points, tuple(matches), self.for_win)

    def _ranking(self, entry: OrderEntry | SplitEntry | None) -> Ranking:
        plain = entry if isinstance(entry, OrderEntry) else None
        return Ranking(
            entry.rule if entry else DEFAULT,
            per_game=bool(plain and plain.first == "points per game"),
            play_off_between=plain.play_off_between if plain else (),
            last=self.decided.last,
            before=self.decided.before,
            names=self.names,
        )

    def _with_groups_after(self, regular: Where) -> ComputedTables | None:
        """The tables of a split season with the one over all of it; None without a known rule."""
        entry = self.rules.split
        if entry is None:
            return None
        tally = self._tally(regular)
        ranks = self._ranking(self.rules.order).places(tally)
        stages, lost = group_stages(entry, self.places, [rank.team for rank in ranks])
        if not stages:
            return None
        rows = self._rows(regular, tally.results, ranks, tally.points, self.rules.order)
        final = {rank.team: rank for rank in ranks}
        over_all = dict(tally.points)
        results = list(tally.results)
        places_before = {rank.team: rank.position for rank in ranks}
        for stage in stages:
            played = self._group(stage, tally, places_before, entry)
            results += played.own
            rows += self._rows(stage.where, played.own, played.at(1), played.points, entry)
            final |= {rank.team: rank for rank in played.at(stage.group.first)}
            over_all |= played.points
        for where in self.places.keys() - {regular, *(stage.where for stage in stages)}:
            rows += self.plain(where, decisions=False)
        left = "Place of the regular phase: the groups after it have no table with this team."
        in_group = frozenset(team for stage in stages for team in stage.teams)
        ordered = [
            rank if rank.team in in_group else replace(rank, note=f"{rank.note} {left}".strip())
            for rank in sorted(final.values(), key=lambda r: (r.position, r.team))
        ]
        rows += self._rows((FINAL_TABLE, None), results, ordered, over_all, entry, whole=True)
        return self.made(rows, lost)

    def _group(
        self,
        stage: GroupStage,
        regular: Tally,
        places_before: Mapping[str, int],
        entry: SplitEntry,
    ) -> "_PlayedGroup":
        own = counted(self.places[stage.where], winners=self.decided.winners)
        takes = {t: carried(regular.points[t], stage.group.points) for t in stage.teams}
        sums = sums_of(own, stage.teams)
        points = {
            team: takes[team].points
            + sums[team].points(regular.for_win)
            + self.decided.after_halving.get(team, 0)
            for team in stage.teams
        }
        both = (*(r for r in regular.results if {r.match.home, r.match.away} & stage.teams), *own)
        tally = Tally(
            stage.teams,
            both if stage.group.points != "afresh" else own,
            points,
            (*regular.fixtures, *self.places[stage.where]),
            regular.for_win,
            regular,
            places_before,
            {team: take.rounding for team, take in takes.items()},
        )
        return _PlayedGroup(own, points, takes, self._ranking(entry), tally)

    def _unknown_split(self, regular: Where) -> tuple[str, ...]:
        all_teams = teams_of(self.places[regular])
        after = [where for where, played in self.places.items() if teams_of(played) < all_teams]
        named = " and ".join(sorted(", ".join(filter(None, where)) for where in after))
        unapplied = (
            f"How {named} follow the regular phase is not known: their tables count their own "
            "matches, and there is none over the whole season."
        )
        return (unapplied,)

    def _rows(  # noqa: PLR0913 - what the rows of one table are made of
        self,
        where: Where,
        results: Iterable[TableResult],
        ranks: Sequence[Placement],
        points: Mapping[str, int],
        entry: OrderEntry | SplitEntry | None,
        *,
        whole: bool = False,
    ) -> list[Standing]:
        teams = [rank.team for rank in ranks]
        sums = sums_of(results, teams)
        stage, group = where
        return [
            Standing(
                team=rank.team,
                position=rank.position,
                games=len(row.outcomes),
                wins=row.wins,
                draws=row.outcomes.count("D"),
                losses=row.outcomes.count("L"),
                goals_for=row.goals_for,
                goals_against=row.goals_against,
                points=points[rank.team],
                stage=stage,
                group_name=group,
                form=tuple(row.outcomes[-FORM_LENGTH:]),
                computed=True,
                rule=in_words(entry),
                note=" ".join((*self.decided.notes.get(rank.team, ()), rank.note)).strip() or None,
                whole_season=whole,
            )
            for rank in ranks
            for row in (sums[rank.team],)
        ]


@dataclass(frozen=True)
class _PlayedGroup:
    """A group after the regular phase: what was played in it, and what its teams come to."""

    own: tuple[TableResult, ...]
    points: Mapping[str, int]
    takes: Mapping[str, Carried]
    ranking: Ranking
    tally: Tally

    def at(self, first: int) -> list[Placement]:
        """The places of the group, counted from one."""
        return [
            replace(rank, note=f"{self.takes[rank.team].note} {rank.note}".strip())
            for rank in self.ranking.places(self.tally, first=first)
        ]


def _in_order(where: Where) -> tuple[str, str]:
    stage, group = where
    return (stage or "", group or "")
