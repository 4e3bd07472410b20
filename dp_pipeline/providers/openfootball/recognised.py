"""What of a file is stored under another name: a renamed club or round, a match that was moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dp_pipeline.football.models import Match, Round
from dp_pipeline.football.pairing import renamed_rounds, stored_ids
from dp_pipeline.providers.contract import StoredTournament
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openfootball.fixtures import Fixture


@dataclass(frozen=True, slots=True)
class ReadMatches:
    """Rounds by slug and matches of a file, and by id the entries each match was made of.

    `literal` are the matches that are read otherwise than given, as they are given.
    """

    rounds: Mapping[str, Round]
    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]
    made_of: Mapping[str, Sequence[Fixture]]
    literal: Mapping[str, Match]


def under_stored_names(read: ReadMatches, stored: StoredTournament) -> ReadMatches:
    """The same, with the slugs and ids under which rounds and matches are stored."""
    by_slug = {round_.slug: round_ for round_ in stored.rounds}
    slugs = renamed_rounds(stored.matches, read.matches, by_slug)
    instead = {
        slug: replace(read.rounds[slug], slug=old, stage=by_slug[old].stage)
        for slug, old in slugs.items()
        if old in by_slug
    }
    rounds = [instead.get(slug, round_) for slug, round_ in read.rounds.items()]
    matches = [_placed(match, instead) for match in read.matches]
    ids = stored_ids(stored.matches, matches)
    return ReadMatches(
        {round_.slug: round_ for round_ in rounds},
        tuple(replace(m, external_id=ids.get(m.external_id, m.external_id)) for m in matches),
        (*read.findings, *_findings(instead, by_slug)),
        {ids.get(id_, id_): fixtures for id_, fixtures in read.made_of.items()},
        {ids.get(id_, id_): _placed(match, instead) for id_, match in read.literal.items()},
    )


def _placed(match: Match, rounds: Mapping[str, Round]) -> Match:
    round_ = rounds.get(match.round_slug or "")
    return match if round_ is None else replace(match, round_slug=round_.slug, stage=round_.stage)


def _findings(rounds: Mapping[str, Round], stored: Mapping[str, Round]) -> list[Finding]:
    if not rounds:
        return []
    names = {stored[round_.slug].label: round_.label for round_ in rounds.values()}
    before, now = next(iter(names.items()))
    detail = (
        f"Stored under other names ({before!r} is {now!r} now) with the same fixtures: they are "
        "renamed."
    )
    return [Finding("renamed_rounds", f"{len(rounds)} rounds", detail, data=names)]
