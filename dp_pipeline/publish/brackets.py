"""Knockout ties as a bracket: columns of rounds, each tie beside those whose winners meet in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dp_pipeline.pages.words import one_line
from dp_pipeline.publish.season import PublishedSeason, PublishedTie
from dp_pipeline.publish.words import About

MOST_TIES = 16
"""In a column; earlier rounds of a cup are in the list of ties only."""
MOST_BRACKETS = 3
FEWEST_TIES = 2


@dataclass(frozen=True, slots=True)
class TieBox:
    """A tie in a bracket.

    Args:
        teams: the home team of the first match, and the other one.
        goals: of each, for people: with the shoot-out in brackets; empty while not played.
        winner: which of them went on, 0 or 1; None while that is not known.
        row: where its middle is, in ties from the top of the chart.
        label: of its round, where that is not the one of its column.
        follows: places of the ties in the column before whose winners meet in it.
    """

    teams: tuple[str, str]
    goals: tuple[str, str]
    winner: int | None = None
    row: float = 0.0
    label: str = ""
    follows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BracketColumn:
    """A round of a bracket."""

    label: str
    boxes: tuple[TieBox, ...]


@dataclass(frozen=True, slots=True)
class Bracket:
    """The last rounds of a cup, from left to right."""

    about: About
    columns: tuple[BracketColumn, ...]

    @property
    def height(self) -> float:
        """In ties."""
        return max(box.row for column in self.columns for box in column.boxes) + 1


Column = tuple[str, list[PublishedTie]]


def brackets_of(season: PublishedSeason) -> list[Bracket]:
    """A bracket for each part of the tournament that has knockout rounds."""
    parts = [each for each in _parts(season.ties) if len(each) >= FEWEST_TIES]
    suffixed = len(parts) > 1
    return [
        _bracket(season, ties, ties[-1].stage if suffixed else None, f"-{n}" if suffixed else "")
        for n, ties in enumerate(parts[:MOST_BRACKETS], start=1)
    ]


def _parts(ties: Iterable[PublishedTie]) -> list[list[PublishedTie]]:
    """The ties by stage; one that all winners of the stage before play in goes on with it.

    The play-offs of the Champions League lead to its round of 16; Mexico's two championships are
    apart, though who won the first one may play in the second one.
    """
    stages: dict[str | None, list[PublishedTie]] = {}
    for tie in ties:
        stages.setdefault(tie.stage, []).append(tie)
    parts: list[list[PublishedTie]] = []
    for listed in stages.values():
        last = [t for t in parts[-1] if t.round_order == parts[-1][-1].round_order] if parts else []
        if len(last) >= FEWEST_TIES and all(_went_on(tie) & _teams(listed) for tie in last):
            parts[-1] += listed
        else:
            parts.append(list(listed))
    return parts


def _teams(ties: Iterable[PublishedTie]) -> set[str]:
    return {team for tie in ties for team in (tie.home, tie.away)}


def _went_on(tie: PublishedTie) -> set[str]:
    """Who went on; both, where that is not known."""
    return {tie.home, tie.away} if tie.winner is None else {tie.winner}


def _bracket(
    season: PublishedSeason, ties: Sequence[PublishedTie], stage: str | None, suffix: str
) -> Bracket:
    columns = _columns(ties)
    boxes = _placed([[_box(season, tie) for tie in each] for _, each in columns], columns)
    shown = [
        BracketColumn(_label(label, of[0].stage), tuple(each))
        for (label, of), each in zip(columns, boxes, strict=True)
    ]
    final = [tie for tie in columns[-1][1] if tie.round == columns[-1][0]]
    count = sum(len(each) for _, each in columns)
    winner = final[0].winner if len(final) == 1 else None
    champion = f" {shown[-1].label}: won by {season.name(winner)}." if winner else ""
    about = About(
        f"knockout{suffix}",
        f"Knockout ties: {stage}" if stage else "Knockout ties",
        f"Bracket of {count} ties in {len(columns)} rounds, from {shown[0].label} to "
        f"{shown[-1].label}.{champion} The list of knockout ties has the same as text.",
    )
    return Bracket(about, tuple(shown))


def _columns(ties: Sequence[PublishedTie]) -> list[Column]:
    """The ties by round, the last rounds that are not too large.

    A round whose teams have lost before, such as a match for third place, stands in the column of
    the round after it, or of the last one.
    """
    rounds: dict[tuple[int, str], list[PublishedTie]] = {}
    for tie in ties:
        rounds.setdefault((tie.round_order, tie.round), []).append(tie)
    columns: list[Column] = []
    beside: list[PublishedTie] = []
    lost: set[str] = set()
    for (_, label), listed in rounds.items():
        if columns and all({tie.home, tie.away} & lost for tie in listed):
            beside += listed
        else:
            columns.append((label, list(listed)))
        lost |= {
            team
            for tie in listed
            for team in (tie.home, tie.away)
            if tie.winner not in {None, team}
        }
    columns[-1][1].extend(beside)
    small = [n for n, (_, each) in enumerate(columns) if len(each) > MOST_TIES]
    return columns[max(small, default=-1) + 1 :] or [(columns[-1][0], columns[-1][1][:MOST_TIES])]


def _box(season: PublishedSeason, tie: PublishedTie) -> TieBox:
    goals = ("", "")
    if tie.goals is not None:
        kicks = [f" ({each})" for each in tie.penalties] if tie.penalties else ["", ""]
        goals = (f"{tie.goals[0]}{kicks[0]}", f"{tie.goals[1]}{kicks[1]}")
    winner = None if tie.winner is None else int(tie.winner == tie.away)
    teams = season.brief(tie.home), season.brief(tie.away)
    return TieBox(teams, goals, winner, label=_label(tie.round, tie.stage))


def _label(round_: str, stage: str | None) -> str:
    """The name of a round without that of its stage."""
    return one_line(round_.removeprefix(f"{stage}, ")) or "Knockout round"


def _placed(boxes: list[list[TieBox]], columns: Sequence[Column]) -> list[list[TieBox]]:
    """The boxes with their places: each in the middle of those it follows, none on another one."""
    placed: list[list[TieBox]] = []
    orders = _orders([each for _, each in columns])
    for n, order in enumerate(orders):
        column: list[TieBox] = []
        before = {old: new for new, old in enumerate(orders[n - 1])} if n else {}
        free = 0.0
        for tie in order:
            found = columns[n][1][tie]
            follows = tuple(
                sorted(
                    before[old]
                    for old, earlier in enumerate(columns[n - 1][1] if n else [])
                    if _went_on(earlier) & {found.home, found.away}
                )
            )
            rows = [placed[n - 1][place].row for place in follows]
            row = max(sum(rows) / len(rows) if rows else free, free)
            free = row + 1
            box, label = boxes[n][tie], _label(columns[n][0], columns[n][1][0].stage)
            column.append(
                replace(
                    box, row=row, follows=follows, label="" if box.label == label else box.label
                )
            )
        placed.append(column)
    return placed


def _orders(columns: Sequence[Sequence[PublishedTie]]) -> list[list[int]]:
    """The order of the ties in each column, so that those whose winners meet are neighbours."""
    orders = [list(range(len(columns[-1])))]
    for n in range(len(columns) - 2, -1, -1):
        later = [columns[n + 1][tie] for tie in orders[0]]
        sides = [team for tie in later for team in (tie.home, tie.away)]
        places = {team: place for place, team in reversed(list(enumerate(sides)))}

        def place(
            tie: int, of: Sequence[PublishedTie] = columns[n], at: Mapping[str, int] = places
        ) -> int:
            return min(at.get(team, len(at)) for team in _went_on(of[tie]))

        orders.insert(0, sorted(range(len(columns[n])), key=place))
    return orders
