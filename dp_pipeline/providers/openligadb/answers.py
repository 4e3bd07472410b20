"""OpenLigaDB's answers: where they are, and those that may be missing without harm."""

from dataclasses import dataclass

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round
from dp_pipeline.providers.openligadb.payload import (
    GroupPayload,
    MatchPayload,
    TableRows,
    parse_groups,
    parse_match,
    parse_matches,
    parse_table,
)
from dp_pipeline.providers.openligadb.provider import PUBLIC_URL
from dp_pipeline.providers.openligadb.rounds import order_id_of
from dp_pipeline.providers.polling import RefusableRequests
from dp_pipeline.providers.reading import Answer


@dataclass(frozen=True, slots=True)
class MatchRequest:
    """One request for matches.

    Args:
        path: of the request.
        subject: the round or the match, in a person's words.
        covers: external ids of the stored matches it is to give.
        alone: whether it is for one match; another one in the answer is not ours.
    """

    path: str
    subject: str
    covers: frozenset[str]
    alone: bool = False


def season_path(key: TournamentKey) -> str:
    """The path of a season's matches."""
    return f"/getmatchdata/{key.competition}/{key.season}"


def season_url(key: TournamentKey) -> str:
    """The public address of a season's matches; equal whatever address was requested instead."""
    return f"{PUBLIC_URL}{season_path(key)}"


def round_path(key: TournamentKey, round_: Round) -> str | None:
    """The path of a round's matches; None where the provider's number of it is not known."""
    number = order_id_of(round_)
    return None if number is None else f"{season_path(key)}/{number}"


def match_path(match: Match) -> str:
    """The path of one match."""
    return f"/getmatchdata/{match.external_id}"


class Answers(RefusableRequests):
    """What OpenLigaDB answers about a tournament."""

    async def season(self) -> Answer[MatchPayload]:
        """All matches."""
        return await self.json(season_path(self._key), parse_matches)

    async def matches(self, request: MatchRequest) -> Answer[MatchPayload]:
        """The matches of a request; none where there are none."""
        if request.alone:
            return await self.json(request.path, parse_match, Answer())
        changed = request.path.replace("/getmatchdata/", "/getlastchangedate/", 1)
        return await self.json(request.path, parse_matches, Answer(), last_change=changed)

    async def groups(self) -> Answer[GroupPayload]:
        """The list of rounds, also those without matches yet; empty where there is none."""
        path = f"/getavailablegroups/{self._key.competition}/{self._key.season}"
        return await self.json(path, parse_groups, Answer())

    async def table(self) -> TableRows:
        """The table of a league; empty where there is none."""
        path = f"/getbltable/{self._key.competition}/{self._key.season}"
        return await self.json(path, parse_table, TableRows())
