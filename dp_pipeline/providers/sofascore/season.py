"""A season put together from its answers. Pure: what came and what failed is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing, Team
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.plausible import (
    PlausibleMatches,
    begun_and_once,
    on_plausible_days,
)
from dp_pipeline.providers.polling import overlaid
from dp_pipeline.providers.sofascore.addresses import Addresses
from dp_pipeline.providers.sofascore.cup_tree import TreeMatches, tree_matches
from dp_pipeline.providers.sofascore.matches import (
    ListedEvent,
    SeasonMatches,
    fixtures_of,
    of_season,
    season_matches,
)
from dp_pipeline.providers.sofascore.parse import EventList, FormEvents, TablePayload, TreeRound
from dp_pipeline.providers.sofascore.payload import EventPayload
from dp_pipeline.providers.sofascore.rounds import SeasonRounds, rounds_of_events
from dp_pipeline.providers.sofascore.standings import Tables, standings_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams
from dp_pipeline.providers.sofascore.tournament import season_span

Failures = Mapping[str, ProviderError]
"""What could not be had, and why: the round's label, or the page's path."""


@dataclass(frozen=True)
class SeasonEvents:
    """The matches of a season as its rounds or pages list them.

    Args:
        key: the tournament.
        at: where things are.
        listed: rounds of the provider's list; empty where it has none that can be used.
        answers: events, each list with the slug of the round that was requested; a page and a
            single match have names that are no slug.
        failures: rounds or pages that could not be had.
        stored: matches, which those of the answers are newer than.
        clubs: ids of teams that are stored or stand in a table, and are no places in the draw.
        now: the present; None where nothing is judged by the clock.
        cup_trees: rounds of the cup trees; ties there fill rounds that have no match of them.
        tree_findings: why there are no cup trees.
    """

    key: TournamentKey
    at: Addresses
    listed: SeasonRounds
    answers: Sequence[tuple[str, EventList]]
    failures: Failures
    stored: Sequence[Match] = ()
    clubs: frozenset[int] = frozenset()
    now: datetime | None = None
    cup_trees: Sequence[TreeRound] = ()
    tree_findings: Sequence[Finding] = ()

    @cached_property
    def _ours(self) -> tuple[tuple[ListedEvent, ...], tuple[Finding, ...]]:
        rounds = {one.round.slug: one for one in self.listed.listed}
        versions = [
            ListedEvent(event, rounds.get(slug))
            for slug, answer in self.answers
            for event in answer.items
        ]
        return of_season(versions, self.key)

    @cached_property
    def events(self) -> tuple[EventPayload, ...]:
        """Every readable event of this season; one may be there several times."""
        return tuple(version.event for version in self._ours[0])

    @cached_property
    def rounds(self) -> SeasonRounds:
        """The provider's rounds, or those its matches name."""
        if self.listed.listed:
            return self.listed
        named = rounds_of_events(self.events, self.key, self.at.root)
        return replace(named, findings=(*self.listed.findings, *named.findings))

    @cached_property
    def _teams(self) -> SeasonTeams:
        return SeasonTeams(self.events, clubs=self.clubs)

    @cached_property
    def _of_rounds(self) -> SeasonMatches:
        return fixtures_of(self._ours[0], self.rounds, self._teams)

    @cached_property
    def _of_trees(self) -> TreeMatches:
        return tree_matches(
            self.cup_trees, self.rounds, self._of_rounds.matches, self._teams, self.at.who
        )

    @cached_property
    def fixtures(self) -> SeasonMatches:
        """The matches that can be stored."""
        fixtures, drawn = self._of_rounds, self._of_trees
        subjects = {**drawn.subjects, **{str(event.id): event.subject for event in self.events}}
        matches = (*fixtures.matches, *drawn.matches)
        days = self._on_days(matches, subjects)
        once = begun_and_once(days.matches, subjects, self.now, self.stored)
        findings = (*fixtures.findings, *drawn.findings, *self.tree_findings)
        findings += (*days.findings, *once.findings)
        return SeasonMatches(once.matches, findings, {**once.literal, **days.literal})

    def _on_days(self, matches: Sequence[Match], subjects: Mapping[str, str]) -> PlausibleMatches:
        span = season_span(self.events, self.stored)
        if span is None:
            return PlausibleMatches(tuple(matches), (), {})
        return on_plausible_days(
            matches,
            self.rounds.rounds,
            subjects,
            span=span,
            zone=UTC,
            now=self.now,
            stored=self.stored,
        )

    @property
    def has_places(self) -> bool:
        """Whether a team may be a place in the draw, which a table would show."""
        sides = (side for event in self.events for side in (event.home_team, event.away_team))
        return any(side.disabled and self._teams.is_place(side) for side in sides)

    @cached_property
    def all_matches(self) -> tuple[Match, ...]:
        """The matches that can be stored, and those that are and did not come this time."""
        return overlaid(self.stored, self.fixtures.matches)

    def fetched_rounds(self) -> Fetched[Round]:
        """The rounds, with a finding about those without matches yet."""
        findings = self.rounds.findings
        if self.rounds.listed:
            if not self.listed.listed:
                detail = f"{self.at.who} lists no rounds; these are the ones its matches name."
                findings = (*findings, Finding("rounds_from_matches", "Rounds", detail))
            return Fetched(self.rounds.rounds, findings)
        if self.events:
            because = f"{self.at.who} has no rounds for this tournament."
            return Fetched(findings=findings, absent=Absence("not_applicable", because))
        because = f"{self.at.who} has neither rounds nor matches of this season yet."
        return Fetched(findings=findings, absent=Absence("nothing_yet", because))

    def fetched_matches(self) -> Fetched[Match]:
        """The matches, and every round that gave none."""
        findings = [
            Finding(
                "round_not_available",
                what,
                f"Its matches could not be read: {error.message}",
                left_out=True,
                data={"kind": error.kind, "url": error.url},
            )
            for what, error in self.failures.items()
        ]
        findings += [finding for _, answer in self.answers for finding in answer.findings]
        findings += [*self._ours[1], *self.fixtures.findings]
        if not self.fixtures.matches:
            because = f"{self.at.who} has no matches of this season yet."
            if self.events:
                because = "No match with known teams is there yet."
            return Fetched(findings=tuple(findings), absent=Absence("nothing_yet", because))
        empty = {slug for slug, answer in self.answers if not answer.items}
        empty -= {match.round_slug for match in self._of_trees.matches}
        findings += [
            Finding(
                "round_not_published", one.round.label, f"{self.at.who} has no matches of it yet."
            )
            for one in self.listed.listed
            if one.round.slug in empty
        ]
        return Fetched(self.fixtures.matches, tuple(findings), literal=self.fixtures.literal)

    def fetched_teams(self, tables: Sequence[TablePayload]) -> Fetched[Team]:
        """Every team of a match or a table."""
        teams, findings = SeasonTeams(
            self.events, tables, clubs=self.clubs, drawn=self._of_trees.teams
        ).fetched(self.at.images)
        if not teams:
            because = "No team is known yet."
            return Fetched(findings=findings, absent=Absence("nothing_yet", because))
        return Fetched(teams, findings)

    def fetched_standings(self, tables: Tables, form: FormEvents) -> Fetched[Standing]:
        """The tables, computed where the provider has none; there can be none in a cup."""
        rounds = self.rounds.rounds
        season = season_matches(self.all_matches, rounds)
        has_season = bool(season) or any(r.type == "season" for r in rounds) or not rounds
        return standings_of(tables, season, form, has_season=has_season, who=self.at.who)
