"""A season, or some matches of it and what is stored. Pure: what was requested is given."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Goal, Match, Round, Standing, Team, Tournament
from dp_pipeline.providers.contract import StoredTournament
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.fetched import Absence, Fetched, Finding
from dp_pipeline.providers.openligadb.answers import (
    MatchRequest,
    match_path,
    round_path,
    season_url,
)
from dp_pipeline.providers.openligadb.goal_lists import goals_of
from dp_pipeline.providers.openligadb.matches import (
    StorableMatches,
    fixtures_of,
    plausible_fixtures,
)
from dp_pipeline.providers.openligadb.payload import GroupPayload, MatchPayload, TableRows
from dp_pipeline.providers.openligadb.rounds import ListedRounds, rounds_of
from dp_pipeline.providers.openligadb.standings import can_have_table, standings_of
from dp_pipeline.providers.openligadb.team_groups import TeamGroups, groups_of_stored
from dp_pipeline.providers.openligadb.teams import teams_of
from dp_pipeline.providers.openligadb.tournament import season_span, tournament_of
from dp_pipeline.providers.polling import due_requests, overlaid, waiting_for_draw
from dp_pipeline.providers.reading import Answer

MOST_NAMED = 5


def requests_for_due(
    key: TournamentKey, stored: StoredTournament, due: Collection[str]
) -> tuple[MatchRequest, ...]:
    """The requests that give the matches that are due: rounds first, then single matches."""
    wanted = due_requests(stored, due)
    requests: dict[str, MatchRequest] = {}
    for round_ in sorted(stored.rounds, key=lambda r: r.order):
        path = round_path(key, round_)
        if round_.slug in wanted.rounds and path and path not in requests:
            requests[path] = request_for_round(key, stored, round_, path)
    covered = {id_ for request in requests.values() for id_ in request.covers}
    names = {team.external_id: team.name for team in stored.teams}
    for match in stored.matches:
        if match.external_id in due and match.external_id not in covered:
            subject = f"{names.get(match.home, match.home)} - {names.get(match.away, match.away)}"
            path = match_path(match)
            requests[path] = MatchRequest(path, subject, frozenset({match.external_id}), alone=True)
    return tuple(requests.values())


def request_for_round(
    key: TournamentKey, stored: StoredTournament, round_: Round, path: str
) -> MatchRequest:
    """The request for a round: it gives the matches of all rounds that have its number."""
    slugs = {other.slug for other in stored.rounds if round_path(key, other) == path}
    covers = frozenset(m.external_id for m in stored.matches if m.round_slug in slugs)
    return MatchRequest(path, round_.label, covers)


@dataclass(frozen=True)
class Gathered:
    """What is known of a season after it, or some of its matches, were requested.

    Args:
        key: the tournament.
        stored: what is stored, where only some matches were requested; None for the season.
        answers: what was requested and came.
        failures: what could not be had, and why.
        listed: the provider's list of rounds; None when it was not requested or could not be had.
        now: the present; None where nothing is judged by the clock.
    """

    key: TournamentKey
    stored: StoredTournament | None = None
    answers: Mapping[MatchRequest, Answer[MatchPayload]] = field(default_factory=dict)
    failures: Mapping[MatchRequest, ProviderError] = field(default_factory=dict)
    listed: Answer[GroupPayload] | None = None
    now: datetime | None = None

    @cached_property
    def payloads(self) -> tuple[MatchPayload, ...]:
        """Every readable match that came; what two answers say alike is taken once."""
        if len(self.answers) == 1 and self.stored is None:
            return next(iter(self.answers.values())).items
        payloads: list[MatchPayload] = []
        for request, answer in self.answers.items():
            covers = request.covers if request.alone else None
            ours = (m for m in answer.items if covers is None or str(m.match_id) in covers)
            payloads += [match for match in ours if match not in payloads]
        return tuple(payloads)

    @cached_property
    def met(self) -> ListedRounds:
        """The stored rounds, and those that matches are in."""
        return self._rounds(())

    @cached_property
    def rounds(self) -> ListedRounds:
        """The stored rounds, those that were met, and those that are listed."""
        return self._rounds(self.listed.items if self.listed else ())

    def _rounds(self, listed: Sequence[GroupPayload]) -> ListedRounds:
        rounds = self.stored.rounds if self.stored else ()
        has_matches = {match.round_slug for match in self._stored_matches}
        stored = sorted(rounds, key=lambda round_: round_.slug in has_matches)
        return rounds_of(self.payloads, listed, season_url(self.key), stored)

    @cached_property
    def fixtures(self) -> StorableMatches:
        """The matches that came and can be stored."""
        stored = None if self.stored is None else self.stored.matches
        return plausible_fixtures(
            fixtures_of(self.payloads, self.met, stored),
            self.met,
            span=season_span(self.key, self.payloads),
            now=self.now,
            stored=self._stored_matches,
        )

    @cached_property
    def matches(self) -> tuple[Match, ...]:
        """All matches of the tournament as they are now known."""
        return overlaid(self._stored_matches, self.fixtures.matches)

    @property
    def _stored_matches(self) -> tuple[Match, ...]:
        return self.stored.matches if self.stored else ()

    @property
    def covers(self) -> frozenset[str] | None:
        """External ids of the stored matches that the answers were to give; None for all."""
        if self.stored is None:
            return None
        return frozenset().union(*(request.covers for request in self.answers))

    def raise_if_nothing(self) -> None:
        """Raise the first failure where nothing at all could be had."""
        if self.failures and not self.payloads:
            raise next(iter(self.failures.values())).again()

    @property
    def absent(self) -> Absence | None:
        """Why there is nothing at all of the season."""
        if self.payloads or self.stored:
            return None
        return Absence(
            "nothing_yet",
            f"OpenLigaDB has no matches for {self.key.competition} {self.key.season}; "
            "check league and season.",
        )

    def next_waiting(self) -> MatchRequest | None:
        """The request for the first round that waits for a draw and was not made yet."""
        if self.stored is None:
            return None
        paths = {request.path for request in (*self.answers, *self.failures)}
        for round_ in waiting_for_draw(self.rounds.rounds, self.matches):
            path = round_path(self.key, round_)
            if path and path not in paths:
                return request_for_round(self.key, self.stored, round_, path)
        return None

    def gave(self, request: MatchRequest) -> bool:
        """Whether a match that can be stored came with the answer to a request."""
        answer = self.answers.get(request, Answer())
        came = {str(match.match_id) for match in answer.items}
        return any(match.external_id in came for match in self.fixtures.matches)

    def fetched_tournament(self) -> Fetched[Tournament]:
        """The stored one; of a season, what its matches call it."""
        if self.stored is not None:
            return Fetched((self.stored.tournament,))
        return Fetched((tournament_of(self.key, self.payloads),))

    def fetched_teams(self) -> Fetched[Team]:
        """The teams of the matches, and those that are stored, as they were met."""
        met = teams_of(self.payloads)
        stored = self.stored.teams if self.stored else ()
        teams = {team.external_id: team for team in (*stored, *met.items)}
        if not teams:
            because = "Only places in the draw are known, no team yet."
            return Fetched(findings=met.findings, absent=Absence("nothing_yet", because))
        return Fetched(tuple(teams.values()), met.findings)

    def fetched_rounds(self) -> Fetched[Round]:
        """Every round; complete only where the list was requested."""
        findings = (*(self.listed.findings if self.listed else ()), *self.rounds.findings)
        if self.listed and not self.listed.items:
            detail = "OpenLigaDB lists no rounds; these are stored or have matches."
            findings = (*findings, Finding("rounds_from_matches", "Rounds", detail))
        if not self.rounds.rounds:
            because = "No round is stored, and none came."
            return Fetched(findings=findings, absent=Absence("nothing_yet", because))
        return Fetched(self.rounds.rounds, findings)

    def fetched_matches(self) -> Fetched[Match]:
        """The matches that came, and every request that gave none."""
        findings = [
            Finding(
                "match_not_available" if request.alone else "round_not_available",
                request.subject,
                f"{'It' if request.alone else 'Its matches'} could not be read: {error.message}",
                left_out=True,
                data={"kind": error.kind, "url": error.url},
            )
            for request, error in self.failures.items()
        ]
        findings += [finding for answer in self.answers.values() for finding in answer.findings]
        findings += self.fixtures.findings
        if not self.fixtures.matches:
            return Fetched(findings=tuple(findings), absent=self._no_match(), covers=self.covers)
        findings += [
            Finding(
                "empty_answer", request.subject, "It was requested, and OpenLigaDB gave no match."
            )
            for request, answer in self.answers.items()
            if request.covers and not answer.items
        ]
        return Fetched(
            self.fixtures.matches,
            tuple(findings),
            covers=self.covers,
            literal=self.fixtures.literal,
        )

    def fetched_goals(self) -> Fetched[Goal]:
        """The goals of the matches that came."""
        return goals_of(self.payloads, self.fixtures.matches, self.rounds.rounds)

    def _no_match(self) -> Absence:
        if self.stored is None:
            return Absence("nothing_yet", "No match with known teams is there yet.")
        if not self.answers:
            because = "No match was to be requested, and no round waits for a draw."
            return Absence("not_applicable", because)
        subjects = [request.subject for request in self.answers]
        more = f" and {len(subjects) - MOST_NAMED} more" if len(subjects) > MOST_NAMED else ""
        listed = f"{', '.join(subjects[:MOST_NAMED])}{more}"
        because = f"OpenLigaDB gave no match with known teams for {listed}."
        # where no stored match was to come, nothing is missing: the draw is still to be made
        return Absence("nothing_yet" if self.covers else "not_applicable", because)

    @property
    def can_have_table(self) -> bool:
        """Whether the provider's table can be the tournament's."""
        return not self.absent and can_have_table(self._rounds_with_matches, self._groups)

    def fetched_standings(self, table: TableRows) -> Fetched[Standing]:
        """The tables that follow from all matches as they are now known, or the provider's."""
        names = {team.external_id: team.name for team in self.fetched_teams().items}
        rounds, groups = self._rounds_with_matches, self._groups
        return standings_of(rounds, groups, self.matches, table, names)

    @cached_property
    def _rounds_with_matches(self) -> tuple[Round, ...]:
        if self.stored is None:
            return self.met.rounds
        counted = Counter(match.round_slug for match in self.matches)
        return tuple(round_ for round_ in self.rounds.rounds if counted[round_.slug])

    @cached_property
    def _groups(self) -> TeamGroups:
        if self.stored is None:
            return self.fixtures.groups
        season = {r.slug: r.label for r in self._rounds_with_matches if r.type == "season"}
        return groups_of_stored(
            [match for match in self.matches if match.round_slug in season],
            season.values(),
            knockout_follows=any(r.type == "knockout" for r in self.rounds.rounds),
        )
