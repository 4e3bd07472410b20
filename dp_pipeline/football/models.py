"""What we take from a provider: frozen values in our words. No parsing, no storage."""

from dataclasses import dataclass
from typing import Literal

from dp_pipeline.football.bounds import Day, Int4, Key, Moment, Place, WallClock, Whole
from dp_pipeline.football.key import TournamentKey

Mode = Literal["regular-season-only", "regular-season-and-knockout", "knockout-only"]
StandingsMode = Literal["unique-group", "multi-group"]
TournamentStatus = Literal["active", "completed", "upcoming", "cancelled"]
RoundType = Literal["season", "knockout"]
Side = Literal["home", "away"]
Zone = Literal["champion", "qualification", "promotion", "play-off", "relegation"]
DecidedBy = Literal[
    "regular time",
    "extra time",
    "goals",
    "shoot-out",
    "away goals",
    "better place",
    "replay",
    "series",
    "awarded",
    "rule unknown",
    "not known",
]
MatchStatus = Literal[
    "scheduled",
    "live",
    "ended",
    "postponed",
    "cancelled",
    "abandoned",
    "interrupted",
    "awarded",
    "unknown",
]
# Nothing more happens on the pitch: a match with one of these is not waited for.
FINAL_STATUSES: frozenset[MatchStatus] = frozenset({"ended", "awarded", "cancelled", "abandoned"})
# It has a result that counts.
COUNTED: frozenset[MatchStatus] = frozenset({"ended", "awarded"})
# It was kicked off, or decided without: the season has come to this match.
BEGUN_STATUSES: frozenset[MatchStatus] = frozenset(
    {"live", "interrupted", "ended", "awarded", "abandoned"}
)


@dataclass(frozen=True, slots=True)
class Tournament:
    """One season of one competition.

    `season` is for people ("2024/25", "2025"), `key.season` is the provider's.
    """

    key: TournamentKey
    external_id: str
    label: str
    season: str
    slug: str
    public_url: str | None = None
    base_url: str | None = None
    logo_url: str | None = None


@dataclass(frozen=True, slots=True)
class TournamentState:
    """What of a tournament follows from its rounds, matches and tables.

    `current_round` is the slug of a round.
    """

    mode: Mode = "regular-season-only"
    standings_mode: StandingsMode = "unique-group"
    status: TournamentStatus = "upcoming"
    current_round: str | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A club or country. `external_id` is unique at its provider, across tournaments."""

    external_id: Key
    name: str
    short_name: str | None = None
    country: str | None = None
    badge_url: str | None = None


@dataclass(frozen=True, slots=True)
class TeamAlias:
    """Another name of a team that has no id at its provider.

    Args:
        key: by which the name is found, see `club_names.Spelling.key`.
        name: as it is written.
        team: external id of the team that goes by it.
    """

    key: Key
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Round:
    """A matchday or knockout round. `slug` is unique in its tournament, `order` counts from 1."""

    slug: Key
    order: Place
    label: str
    type: RoundType
    stage: str | None = None
    prefix: str | None = None
    provider_id: str | None = None
    provider_url: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A fixture. `home` and `away` are external ids of teams.

    `home_score` is the result including extra time and never a shoot-out; `_90` is after ninety
    minutes, `_ht` at half-time, `_penalties_score` the shoot-out alone. A part that is not certain
    is None. `kickoff_at` is aware; it is None when only the day, or no time zone, is known. Then
    `kickoff_local` has day and time as given.
    """

    external_id: Key
    round_slug: Key | None
    home: str
    away: str
    status: MatchStatus
    stage: str | None = None
    group_name: str | None = None
    kickoff_at: Moment | None = None
    kickoff_date: Day | None = None
    kickoff_local: WallClock | None = None
    provider_status: str | None = None
    home_score: Whole | None = None
    away_score: Whole | None = None
    home_score_90: Whole | None = None
    away_score_90: Whole | None = None
    home_score_ht: Whole | None = None
    away_score_ht: Whole | None = None
    home_penalties_score: Whole | None = None
    away_penalties_score: Whole | None = None
    venue: str | None = None

    @property
    def day(self) -> Day | None:
        """Its day: as the provider gives it, else that of the moment; None where neither is."""
        return self.kickoff_date or (self.kickoff_at.date() if self.kickoff_at else None)


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in play, extra time included; never a kick of a shoot-out.

    Args:
        match: external id.
        side: for which it counts; an own goal for the side of the other team.
        ordinal: place among the goals of this side in this match, from 1.
        minute: of the match; in added time the last regular one, 45 or 90.
        added_time: minutes after it; None where there are none or the provider does not tell.
        scorer: the name as the provider writes it; of an own goal who scored it.
        penalty: whether it was one; None when the provider does not say.
        own_goal: whether it was one; None when the provider does not say.
        home_score: after the goal; None when that is not certain.
        away_score: after the goal.
    """

    match: Key
    side: Side
    ordinal: Place
    minute: Whole | None = None
    added_time: Whole | None = None
    scorer: str | None = None
    penalty: bool | None = None
    own_goal: bool | None = None
    home_score: Whole | None = None
    away_score: Whole | None = None


@dataclass(frozen=True, slots=True)
class KnockoutTie:
    """The matches by which one of two teams goes on: one, two legs, a replay, a series.

    Args:
        matches: external ids, oldest first.
        legs: how many matches it has, a second leg that nobody has listed yet among them.
        home_goals: in all legs, or in the last replay, of the home team of the first match; None
            until something has been played.
        away_goals: of the other team.
        winner: the side of the first match that went on; None while that is not known.
        decided_by: by what; None while it goes on. `goals`: whether within ninety minutes is not
            certain; `not known`: the stored results do not show it.
    """

    matches: tuple[Key, ...]
    legs: int
    home_goals: Whole | None = None
    away_goals: Whole | None = None
    winner: Side | None = None
    decided_by: DecidedBy | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of a table. `form` is the last five results, oldest first, of W, D and L.

    Args:
        team: external id.
        position: shared by teams that the rule cannot separate.
        points: with what was carried over or deducted.
        computed: the provider has no (usable) table, and this one follows from the matches.
        rule: how teams level on points are ordered, with its source, or that it is not known; None
            in a provider's table.
        note: what a reader has to know of the row: deductions, why a place is shared.
        whole_season: whether the table is over the whole season: the only one, or the one over
            all stages of a split season.
        zone: what its place means in this competition and season; None where that is not known.
    """

    team: str
    position: Place
    games: Whole
    wins: Whole
    draws: Whole
    losses: Whole
    goals_for: Whole
    goals_against: Whole
    points: Int4
    stage: Key | None = None
    group_name: Key | None = None
    form: tuple[str, ...] = ()
    computed: bool = False
    rule: str | None = None
    note: str | None = None
    whole_season: bool = False
    zone: Zone | None = None

    @property
    def goal_difference(self) -> int:
        """Computed from the two integers: providers send it as text with their own minus signs."""
        return self.goals_for - self.goals_against
