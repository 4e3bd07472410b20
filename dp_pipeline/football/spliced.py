"""Matches that lost bytes may have made of two others, of which one part each is left. Pure."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence

from dp_pipeline.football.models import Match


def spliced_matches(
    given: Sequence[Match],
    vanished: Sequence[Match],
    *,
    known: Collection[str],
    teams: Collection[str],
    rounds: Collection[str],
) -> frozenset[str]:
    """External ids of given matches that may be the beginning of one entry and the end of another.

    Where a text lost bytes between two entries, both have vanished, and one came: of a team that
    nobody knew, with an opponent and a result of theirs; the second in the round and on the day of
    the first; or either in a round that nobody knew, as "Matchd03" or "Matchday 3024-04-15".

    Args:
        given: the matches of a payload.
        vanished: those stored matches that it should have and lacks, one of them lately.
        known: external ids of stored matches, and of those that take the place of one.
        teams: external ids of the stored teams.
        rounds: slugs of the stored rounds, those that lost their matches to another one too.
    """
    begins = {(match.home, match.kickoff_date) for match in vanished}
    ends = {(match.away, _result(match)) for match in vanished}
    days, results = {day for _, day in begins}, {result for _, result in ends}
    whole = {_whole(match): match for match in vanished}

    def is_in_place_of_another(match: Match) -> bool:
        again = whole.get(_whole(match))
        return again is not None and any(
            other is not again
            and other.round_slug == match.round_slug
            and match.kickoff_date in (None, other.kickoff_date)
            for other in vanished
        )

    def is_spliced(match: Match) -> bool:
        if match.external_id in known:
            return False
        if match.home not in teams:
            return match.kickoff_date in days and (match.away, _result(match)) in ends
        if match.away not in teams:
            return (match.home, match.kickoff_date) in begins and _result(match) in results
        return is_in_place_of_another(match)

    spliced = {match.external_id for match in given if is_spliced(match)}
    in_rounds: defaultdict[str, list[Match]] = defaultdict(list)
    for match in given:
        if match.round_slug is not None and match.round_slug not in rounds:
            in_rounds[match.round_slug].append(match)
    for matches in in_rounds.values():
        if all(
            m.external_id in known or m.external_id in spliced or _whole(m) in whole
            for m in matches
        ):
            spliced |= {match.external_id for match in matches}
    return frozenset(spliced)


def _result(match: Match) -> tuple[int | None, int | None]:
    return match.home_score, match.away_score


def _whole(match: Match) -> Hashable:
    return match.home, match.away, _result(match)
