"""SofaScore's events as matches: once per id, in their round, with what is certain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.fixtures import NO_KICKOFF, by_kickoff, not_a_match, venue_of
from dp_pipeline.providers.sofascore.payload import EventPayload
from dp_pipeline.providers.sofascore.rounds import ListedRound, SeasonRounds, order_of
from dp_pipeline.providers.sofascore.score import score_of
from dp_pipeline.providers.sofascore.stages import place_of
from dp_pipeline.providers.sofascore.status import status_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event, and the round whose answer it was in; None for the pages of a season."""

    event: EventPayload
    listed_in: ListedRound | None = None


@dataclass(frozen=True, slots=True)
class SeasonMatches:
    """The matches of a season that can be stored, and findings about the others.

    `literal` are those that are read otherwise than given, as they are given.
    """

    matches: tuple[Match, ...] = ()
    findings: tuple[Finding, ...] = ()
    literal: Mapping[str, Match] = field(default_factory=dict)


def of_season(
    versions: Iterable[ListedEvent], key: TournamentKey
) -> tuple[tuple[ListedEvent, ...], tuple[Finding, ...]]:
    """The events of this season; one that does not say its season is believed to be."""
    ours, findings = [], []
    for version in versions:
        event = version.event
        unique = event.tournament.unique_tournament if event.tournament else None
        other = unique is not None and str(unique.id) != key.competition
        if other or (event.season is not None and str(event.season.id) != key.season):
            theirs = f"{unique.id if unique else '?'}:{event.season.id if event.season else '?'}"
            detail = f"It is of another tournament or season ({theirs}) and not taken."
            findings.append(Finding("other_season", event.subject, detail))
        else:
            ours.append(version)
    return tuple(ours), tuple(findings)


def fixtures_of(
    versions: Sequence[ListedEvent], rounds: SeasonRounds, teams: SeasonTeams
) -> SeasonMatches:
    """Every match once per id, in the order of rounds and kick-offs."""
    findings: list[Finding] = []
    by_id: dict[int, list[ListedEvent]] = {}
    for version in versions:
        by_id.setdefault(version.event.id, []).append(version)
    matches = []
    for _, same in sorted(by_id.items()):
        event, contradicting = _newest([version.event for version in same])
        findings += contradicting
        refusal = _not_a_match(event, teams)
        if refusal:
            findings.append(refusal)
            continue
        match, odd = _match(event, round_of([replace(v, event=event) for v in same], rounds))
        matches.append(match)
        findings += odd
    order = order_of(rounds.rounds)
    matches.sort(key=lambda m: (order[m.round_slug], *by_kickoff(m)))
    return SeasonMatches(tuple(matches), tuple(findings))


def round_of(versions: Sequence[ListedEvent], rounds: SeasonRounds) -> ListedRound | None:
    """The round a match is in: the one it names, else the one it is listed in.

    A `roundInfo` without prefix does not say that the round has none; of several rounds that list
    a match the one with slug and prefix was the more exact question.
    """
    info = versions[0].event.round_info
    listed_in = {v.listed_in.round.slug: v.listed_in for v in versions if v.listed_in}
    exact = sorted(listed_in.values(), key=lambda one: (*_exactness(one), one.round.slug))
    if info is not None and info.prefix is None:
        for one in exact:
            if one.payload.round == info.round and (
                (one.payload.slug or "").lower() == (info.slug or "").lower()
            ):
                return one
    named = rounds.of(info)
    if named and (named.payload.slug or not exact or named in exact):
        return named
    return exact[0] if exact else named


def season_matches(matches: Iterable[Match], rounds: Iterable[Round]) -> list[Match]:
    """The matches a table can be made of: of matchdays, or of no round at all."""
    knockout = {round_.slug for round_ in rounds if round_.type == "knockout"}
    return [match for match in matches if match.round_slug not in knockout]


def _newest(events: Sequence[EventPayload]) -> tuple[EventPayload, list[Finding]]:
    """Of several versions of one event the last changed one, read later in the same run."""
    if len(events) == 1:
        return events[0], []
    newest = max(events, key=lambda e: (e.changed_at, repr(e)))
    rivals = {_match(e, None)[0] for e in events if e.changed_at == newest.changed_at}
    if len(rivals) == 1:
        return newest, []
    detail = f"It is given in {len(rivals)} ways (id {newest.id}), none of them the newest."
    return newest, [Finding("contradicting_match", newest.subject, detail)]


def _not_a_match(event: EventPayload, teams: SeasonTeams) -> Finding | None:
    sides = (event.home_team, event.away_team)
    return not_a_match(
        event.subject,
        (sides[0].id, sides[1].id),
        [team.name for team in sides if teams.is_place(team)],
        has_result=score_of(event).final is not None,
    )


def _match(event: EventPayload, listed: ListedRound | None) -> tuple[Match, list[Finding]]:
    status, score = status_of(event.status), score_of(event)
    odd = [status.odd, NO_KICKOFF if event.start_timestamp is None else None]
    findings = [*score.findings, *(Finding(one[0], event.subject, one[1]) for one in odd if one)]
    no_result = any(finding.kind == "finished_without_result" for finding in score.findings)
    stage, group = place_of(event.tournament)
    match = Match(
        external_id=str(event.id),
        round_slug=listed.round.slug if listed else None,
        home=str(event.home_team.id),
        away=str(event.away_team.id),
        status="unknown" if no_result else status.status,
        stage=stage,
        group_name=group,
        kickoff_at=event.start_timestamp,
        provider_status=status.raw,
        venue=venue_of(event.stadium, event.city),
        **score.of_match(),
    )
    return match, findings


def _exactness(listed: ListedRound) -> tuple[bool, bool]:
    return (listed.payload.prefix is None, listed.payload.slug is None)
