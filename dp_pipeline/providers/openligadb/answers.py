"""Where OpenLigaDB's answers are, and those that may be missing without harm."""

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round
from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import NotFoundError
from dp_pipeline.providers.openligadb.payload import GroupList, TableRows, parse_groups, parse_table
from dp_pipeline.providers.openligadb.rounds import order_id_of

PUBLIC_URL = "https://api.openligadb.de"


def season_path(key: TournamentKey) -> str:
    """The path of a season's matches."""
    return f"/getmatchdata/{key.competition}/{key.season}"


def season_url(key: TournamentKey) -> str:
    """The public address of a season's matches; equal whatever address was asked instead."""
    return f"{PUBLIC_URL}{season_path(key)}"


def round_path(key: TournamentKey, round_: Round) -> str | None:
    """The path of a round's matches; None where the provider's number of it is not known."""
    number = order_id_of(round_)
    return None if number is None else f"{season_path(key)}/{number}"


def match_path(match: Match) -> str:
    """The path of one match."""
    return f"/getmatchdata/{match.external_id}"


async def listed_groups(requests: Requests, key: TournamentKey) -> GroupList:
    """The list of rounds, also those without matches yet; empty where there is none."""
    path = f"/getavailablegroups/{key.competition}/{key.season}"
    try:
        return await requests.json(path, parse_groups)
    except NotFoundError:
        return GroupList((), ())


async def league_table(requests: Requests, key: TournamentKey) -> TableRows:
    """The table of a league; empty where there is none."""
    path = f"/getbltable/{key.competition}/{key.season}"
    try:
        return await requests.json(path, parse_table)
    except NotFoundError:
        return TableRows()
