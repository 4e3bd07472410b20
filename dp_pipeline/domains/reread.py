"""What is stored, as it compares with a payload that is read otherwise than before. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace

from dp_pipeline.football.models import Match

_FACTS = [field.name for field in fields(Match) if field.name != "external_id"]


def as_read_now(
    stored: Sequence[Match], fetched: Collection[Match], literal: Mapping[str, Match]
) -> list[Match]:
    """The stored matches, with the facts that the provider still gives so as they are read now.

    A year that is put right, or a score that contradicts itself and is left empty, re-dates or
    takes back nothing that the provider says: 276 matches of one file of 2025-26 were stored a year
    early, and the rule of belief would keep them so for ever.

    Args:
        stored: every stored match.
        fetched: the matches of the payload.
        literal: those of them that are read otherwise than given, as they are given.
    """
    now = {match.external_id: match for match in fetched if match.external_id in literal}
    return [
        _reread(match, literal[match.external_id], now[match.external_id])
        if match.external_id in now
        else match
        for match in stored
    ]


def _reread(stored: Match, given: Match, now: Match) -> Match:
    same = [name for name in _FACTS if getattr(stored, name) == getattr(given, name)]
    return replace(stored, **{name: getattr(now, name) for name in same})
