"""What is published of a season: one value that charts and page are made of. Values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dp_pipeline.database.goalscorers import NamedGoals
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import COUNTED, Match, Round, Standing
from dp_pipeline.pages.words import one_line
from dp_pipeline.providers.contract import Licence


@dataclass(frozen=True, slots=True)
class Race:
    """Places and points of the teams of one table after each of its matchdays.

    Args:
        title: of the table among others; empty where the season has one.
        matchdays: what they are called on an axis, the first one first.
        places: by the external id of a team, one for each matchday; None where it had no row.
        points: likewise.
    """

    title: str
    matchdays: tuple[str, ...]
    places: Mapping[str, tuple[int | None, ...]]
    points: Mapping[str, tuple[int | None, ...]]

    @property
    def order(self) -> list[str]:
        """The teams as they stand after the last matchday."""
        last = len(self.places) + 1
        return sorted(self.places, key=lambda team: (self.places[team][-1] or last, team))


@dataclass(frozen=True, slots=True)
class PublishedTie:
    """A tie of a knockout round, as the view `knockout_ties` has it.

    Args:
        round_order: place of its round in the tournament.
        round: the round, for people.
        stage: part of the tournament, if it has several.
        home: external id of the home team of the first match.
        away: of the other one.
        scores: of each match, the goals of `home` first; None: not played.
        goals: in all matches together, or of a replay; None until one is played.
        penalties: of the shoot-out; None where there was none.
        winner: external id of who went on; None while that is not known.
        decided_by: by what; None while it goes on.
        legs: how many matches it has.
        days: of the first and of the last match.
    """

    round_order: int
    round: str
    stage: str | None
    home: str
    away: str
    scores: tuple[str | None, ...] = ()
    goals: tuple[int, int] | None = None
    penalties: tuple[int, int] | None = None
    winner: str | None = None
    decided_by: str | None = None
    legs: int = 1
    days: tuple[date | None, date | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Goalscorer:
    """Who scored how often, as the view `goalscorers` has it."""

    scorer: str
    team: str
    goals: int
    penalties: int
    matches: int


@dataclass(frozen=True, slots=True)
class PublishedCheck:
    """What a check of the stored data came to, as the table `data_check` has it."""

    description: str
    passed: bool
    severity: str
    detail: str
    rows: tuple[str, ...] = ()
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the data is from.

    Args:
        provider: its name.
        description: what the provider is.
        licence: under which the data may be used.
        source_url: the season at the provider, for people; None where there is no such page.
        read_at: when the matches were last read.
        there_at: what the clock of the simulated world said then; None where it is not of that.
    """

    provider: str
    description: str
    licence: Licence
    source_url: str | None = None
    read_at: datetime | None = None
    there_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublishedSeason:
    """All that charts and page of a tournament show.

    Args:
        key: of the tournament.
        label: its name and season.
        status: upcoming, active, completed or cancelled.
        provenance: where the data is from.
        names: of teams by external id, as used in the tournament.
        short_names: where the provider has any.
        current_round: slug of the round being played or coming next.
        zone: of the competition's kick-offs; None where that is not known.
        rounds: in order.
        matches: that count, by kick-off.
        standings: the rows of all tables, in order.
        races: the tables after each matchday.
        ties: of knockout rounds, in order.
        goalscorers: who scored most first.
        named_goals: of how many of its goals the provider names a scorer.
        checks: what is wrong first.
    """

    key: TournamentKey
    label: str
    status: str
    provenance: Provenance
    names: Mapping[str, str]
    short_names: Mapping[str, str]
    current_round: str | None = None
    zone: ZoneInfo | None = None
    rounds: Sequence[Round] = ()
    matches: Sequence[Match] = ()
    standings: Sequence[Standing] = ()
    races: Sequence[Race] = ()
    ties: Sequence[PublishedTie] = ()
    goalscorers: Sequence[Goalscorer] = ()
    named_goals: NamedGoals = NamedGoals()  # noqa: RUF009 - it is frozen
    checks: Sequence[PublishedCheck] = ()

    def name(self, team: str) -> str:
        """What a team is called here, on one line."""
        return one_line(self.names.get(team, "")) or team

    def brief(self, team: str) -> str:
        """What a team is called where room is short: its short name, if it has one."""
        return one_line(self.short_names.get(team, "")) or self.name(team)

    @property
    def played(self) -> list[Match]:
        """The matches with a result that stands."""
        return [m for m in self.matches if m.status in COUNTED and m.home_score is not None]

    @property
    def tables(self) -> Mapping[tuple[str | None, str | None], list[Standing]]:
        """The rows of each table by stage and group, the table over the whole season first."""
        tables: dict[tuple[str | None, str | None], list[Standing]] = {}
        for row in sorted(self.standings, key=lambda row: not row.whole_season):
            tables.setdefault((row.stage, row.group_name), []).append(row)
        return tables
