"""SofaScore's events as matches: once per id, in their round, with what is certain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.sofascore.payload import EventPayload, VenuePayload
from dp_pipeline.providers.sofascore.rounds import ListedRound, SeasonRounds, order_of
from dp_pipeline.providers.sofascore.score import Pair, score_of
from dp_pipeline.providers.sofascore.stages import place_of
from dp_pipeline.providers.sofascore.status import status_of
from dp_pipeline.providers.sofascore.teams import SeasonTeams


@dataclass(frozen=True, slots=True)
class Telling:
    """An event, and the round whose answer it was in; None for the pages of a season."""

    event: EventPayload
    asked: ListedRound | None = None


@dataclass(frozen=True, slots=True)
class SeasonMatches:
    """The matches of a season that can be stored, and what is to be said about the rest."""

    matches: tuple[Match, ...] = ()
    findings: tuple[Finding, ...] = ()


def of_season(
    tellings: Iterable[Telling], key: TournamentKey
) -> tuple[tuple[Telling, ...], tuple[Finding, ...]]:
    """The events of this season; one that does not say its season is believed to be."""
    ours, findings = [], []
    for telling in tellings:
        event = telling.event
        unique = event.tournament.unique_tournament if event.tournament else None
        other = unique is not None and str(unique.id) != key.competition
        if other or (event.season is not None and str(event.season.id) != key.season):
            theirs = f"{unique.id if unique else '?'}:{event.season.id if event.season else '?'}"
            detail = f"It is of another tournament or season ({theirs}) and not taken."
            findings.append(Finding("other_season", subject_of(event), detail))
        else:
            ours.append(telling)
    return tuple(ours), tuple(findings)


def fixtures_of(
    tellings: Sequence[Telling], rounds: SeasonRounds, teams: SeasonTeams
) -> SeasonMatches:
    """Every match once per id, in the order of rounds and kick-offs."""
    findings: list[Finding] = []
    by_id: dict[int, list[Telling]] = {}
    for telling in tellings:
        by_id.setdefault(telling.event.id, []).append(telling)
    found = []
    for _, same in sorted(by_id.items()):
        event, contradicting = _newest([telling.event for telling in same])
        findings += contradicting
        refusal = _not_a_match(event, teams)
        if refusal:
            findings.append(refusal)
            continue
        match, remarks = _match(event, round_of([replace(t, event=event) for t in same], rounds))
        found.append(match)
        findings += remarks
    order = order_of(rounds.rounds)
    found.sort(key=lambda m: (order[m.round_slug], *_when(m)))
    return SeasonMatches(tuple(found), tuple(findings))


def round_of(tellings: Sequence[Telling], rounds: SeasonRounds) -> ListedRound | None:
    """The round a match is in: the one it names, else the one it was found under.

    A `roundInfo` without prefix does not say that the round has none; of several rounds a match
    was found under, the one with slug and prefix was the more exact question.
    """
    info = tellings[0].event.round_info
    asked = {t.asked.round.slug: t.asked for t in tellings if t.asked}
    exact = sorted(asked.values(), key=lambda a: (*_exactness(a), a.round.slug))
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


def subject_of(event: EventPayload) -> str:
    """A match in a person's words."""
    info = event.round_info
    place = f", {info.name or f'round {info.round}'}" if info else ""
    return f"{event.home_team.name} - {event.away_team.name}{place}"


def _newest(events: Sequence[EventPayload]) -> tuple[EventPayload, list[Finding]]:
    """Of several tellings of one event the last changed one, read later in the same run."""
    if len(events) == 1:
        return events[0], []
    newest = max(events, key=lambda e: (e.changed_at, repr(e)))
    rivals = {_match(e, None)[0] for e in events if e.changed_at == newest.changed_at}
    if len(rivals) == 1:
        return newest, []
    detail = f"It is given in {len(rivals)} ways (id {newest.id}), none of them the newest."
    return newest, [Finding("contradicting_match", subject_of(newest), detail)]


def _not_a_match(event: EventPayload, teams: SeasonTeams) -> Finding | None:
    if event.home_team.id == event.away_team.id:
        detail = "A team cannot play itself."
        return Finding("team_against_itself", subject_of(event), detail, left_out=True)
    slots = [t.name for t in (event.home_team, event.away_team) if teams.is_place(t)]
    if not slots:
        return None
    # Before the draw nothing is lost by waiting; a result of nobody is something that is lost.
    return Finding(
        "placeholder_team",
        subject_of(event),
        f"{' and '.join(slots)} is a place in the draw, not a team; the match waits for it.",
        left_out=score_of(event).final is not None,
    )


def _match(event: EventPayload, listed: ListedRound | None) -> tuple[Match, list[Finding]]:
    status, score = status_of(event.status), score_of(event)
    told = [*score.remarks, *((status.remark,) if status.remark else ())]
    if event.start_timestamp is None:
        told.append(("no_kickoff", "The time of its kick-off is missing or impossible."))
    word = status.status
    if any(reason == "finished_without_result" for reason, _ in score.remarks):
        word = "unknown"
    stage, group = place_of(event.tournament)
    final, after_90 = _sides(score.final), _sides(score.after_90)
    half_time, shoot_out = _sides(score.half_time), _sides(score.shoot_out)
    match = Match(
        external_id=str(event.id),
        round_slug=listed.round.slug if listed else None,
        home=str(event.home_team.id),
        away=str(event.away_team.id),
        status=word,
        stage=stage,
        group_name=group,
        kickoff_at=event.start_timestamp,
        provider_status=status.raw,
        home_score=final[0],
        away_score=final[1],
        home_score_90=after_90[0],
        away_score_90=after_90[1],
        home_score_ht=half_time[0],
        away_score_ht=half_time[1],
        home_penalties_score=shoot_out[0],
        away_penalties_score=shoot_out[1],
        venue=_venue(event.venue),
    )
    subject = subject_of(event)
    return match, [Finding(reason, subject, detail) for reason, detail in told]


def _exactness(asked: ListedRound) -> tuple[bool, bool]:
    return (asked.payload.prefix is None, asked.payload.slug is None)


def _when(match: Match) -> tuple[bool, float, int]:
    at = match.kickoff_at
    return (at is None, at.timestamp() if at else 0.0, int(match.external_id))


def _sides(pair: Pair | None) -> tuple[int | None, int | None]:
    return pair or (None, None)


def _venue(venue: VenuePayload | None) -> str | None:
    if venue is None:
        return None
    city = venue.city.name if venue.city else None
    return ", ".join(part for part in (venue.name, city) if part) or None
