"""SofaScore's answers taken apart: what can be read, and what not, by name and path.

`who` is asked, as a sentence begins.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dp_pipeline.football.plausibility import is_football
from dp_pipeline.providers.errors import InvalidShapeError, OtherSportError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.reading import (
    Answer,
    M,
    entries_of,
    not_without_entries,
    read_entries,
    readable_or_none,
    sides_at,
    text_at,
)
from dp_pipeline.providers.sofascore.addresses import SOFASCORE
from dp_pipeline.providers.sofascore.payload import (
    BlockPayload,
    EventPayload,
    FormEventPayload,
    RoundPayload,
    RowPayload,
    SeasonPayload,
    StagePayload,
    UniqueAnswer,
    UniquePayload,
)

# a season has at most some hundred rounds and tables and some thousand matches
MOST_ENTRIES = 5_000

# of a text such as "... break the tie: 1. Goal difference 2. Goals scored 3. H2H" each part
_CRITERION = re.compile(r"\b\d\. ?(\S.{0,80}?)(?=\s+\d\.|\Z)")

FormEvents = Mapping[tuple[str, str], tuple[FormEventPayload, ...]]
"""Events by (id of the stage, id of the team), as texts."""


@dataclass(frozen=True, slots=True)
class EventList(Answer[EventPayload]):
    """Events, and whether another page of them follows."""

    has_next: bool = False


@dataclass(frozen=True, slots=True)
class TablePayload:
    """One table; `fault` says which row is missing from `rows` and why, `findings` what else.

    `rule` is how level teams are separated, in the provider's words.
    """

    name: str | None
    stage: StagePayload | None
    rows: tuple[RowPayload, ...]
    fault: str | None = None
    findings: tuple[Finding, ...] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class TreeRound:
    """The ties of one round of a cup tree, and what of them could not be read.

    `type` is how many ties a round of this name has: 1 of a final, 8 of a round of 16.
    """

    name: str
    type: int | None
    stage: StagePayload | None
    ties: tuple[BlockPayload, ...]
    findings: tuple[Finding, ...] = ()


def parse_unique(payload: Any, who: str = SOFASCORE) -> UniquePayload:
    """The answer of /unique-tournament/{id}.

    Raises:
        pydantic.ValidationError: it has no tournament with an id.
        OtherSportError: it is none of football.
    """
    unique = UniqueAnswer.model_validate(payload).unique_tournament
    _raise_if_other(unique.sport, who)
    return unique


def _raise_if_other(sport: str | None, who: str) -> None:
    if sport and not is_football(sport):
        what = f"{who}'s tournament"
        raise OtherSportError.of(what, sport)


def parse_seasons(payload: Any, who: str = SOFASCORE) -> Answer[SeasonPayload]:
    """The answer of /unique-tournament/{id}/seasons, newest first.

    Raises InvalidShapeError, like the others here when there is no list, or not one of its entries
    is readable.
    """
    entries = _entries(payload, "seasons", who)
    return _read(entries, SeasonPayload, "seasons", lambda _: "a season", who)


def parse_rounds(payload: Any, who: str = SOFASCORE) -> Answer[RoundPayload]:
    """The answer of .../rounds, in the provider's order."""
    entries = _entries(payload, "rounds", who)
    return _read(
        entries,
        RoundPayload,
        "rounds",
        lambda raw: text_at(raw, "name") or "a round",
        who,
        "invalid_round",
    )


def parse_events(payload: Any, who: str = SOFASCORE) -> EventList:
    """A list of events, bare or under `events`, or one `event`.

    Raises:
        OtherSportError: they are of another sport by their teams.
    """
    if isinstance(payload, dict) and "event" in payload and "events" not in payload:
        payload = {"events": [payload["event"]]}
    events = _read(
        _entries(payload, "events", who),
        EventPayload,
        "events",
        lambda raw: sides_at(raw, "homeTeam", "awayTeam", "name"),
        who,
        "invalid_match",
    )
    for event in events.items:
        _raise_if_other(event.home_team.sport, who)
        _raise_if_other(event.away_team.sport, who)
    more = isinstance(payload, dict) and payload.get("hasNextPage") is True
    return EventList(events.items, events.findings, more)


def parse_tables(payload: Any, who: str = SOFASCORE) -> tuple[TablePayload, ...]:
    """The answer of .../standings/total, tables of other types left out."""
    return tuple(
        _table(raw, f"standings[{index}].rows", who)
        for index, raw in enumerate(_entries(payload, "standings", who))
        if isinstance(raw, dict) and raw.get("type") in ("total", None)
    )


def _table(raw: dict[str, Any], path: str, who: str) -> TablePayload:
    name, stage = text_at(raw, "name"), readable_or_none(StagePayload, raw.get("tournament"))
    try:
        entries = _entries(raw.get("rows"), "rows", who, path)
        rows = _read(
            entries, RowPayload, path, lambda row: text_at(row, "team", "name") or "a row", who
        )
    except InvalidShapeError as error:
        return TablePayload(name, stage, (), error.message.rstrip("."))
    fault = next((f.detail.rstrip(".") for f in rows.findings if f.left_out), None)
    others = tuple(finding for finding in rows.findings if not finding.left_out)
    criteria = _CRITERION.findall(text_at(raw, "tieBreakingRule", "text") or "")
    rule = f"{', '.join(criteria)} [{who}]" if criteria else None
    return TablePayload(name, stage, rows.items, fault, others, rule)


def parse_cup_trees(payload: Any, who: str = SOFASCORE) -> tuple[TreeRound, ...]:
    """The answer of .../cuptrees: the rounds of every tree."""
    return tuple(
        _tree_round(raw, readable_or_none(StagePayload, tree.get("tournament")), who)
        for tree in _entries(payload, "cupTrees", who)
        if isinstance(tree, dict)
        for raw in _entries(tree.get("rounds"), "rounds", who)
        if isinstance(raw, dict)
    )


def _tree_round(raw: dict[str, Any], stage: StagePayload | None, who: str) -> TreeRound:
    name = text_at(raw, "description") or "a round"
    blocks = read_entries(
        _entries(raw.get("blocks"), "blocks", who),
        BlockPayload,
        "blocks",
        "invalid_tie",
        lambda _: name,
    )
    size = raw.get("type")
    return TreeRound(
        name, size if isinstance(size, int) else None, stage, blocks.items, blocks.findings
    )


def parse_form(payload: Any, who: str = SOFASCORE) -> FormEvents:
    """The answer of .../team-events/total: what is readable of it.

    Raises:
        InvalidShapeError: it is no object of objects of lists.
    """
    if not isinstance(payload, dict) or "tournamentTeamEvents" not in payload:
        message = f"{who}'s team-events should be an object with 'tournamentTeamEvents'."
        raise InvalidShapeError(message)
    form: dict[tuple[str, str], tuple[FormEventPayload, ...]] = {}
    for stage, teams in _items(payload["tournamentTeamEvents"]):
        for team, entries in _items(teams):
            listed = entries[:MOST_ENTRIES] if isinstance(entries, list) else ()
            events = (readable_or_none(FormEventPayload, entry) for entry in listed)
            form[stage, team] = tuple(event for event in events if event)
    return form


def _items(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else ()


def _entries(payload: Any, key: str, who: str, what: str | None = None) -> list[Any]:
    entries = entries_of(payload, who, what or key, key)
    if len(entries) > MOST_ENTRIES:
        message = f"{who}'s {key} has {len(entries)} entries; {MOST_ENTRIES} are the most."
        raise InvalidShapeError(message)
    return entries


def _read(  # noqa: PLR0913, PLR0917 - a list, and how what is wrong with it is named
    entries: list[Any],
    model: type[M],
    what: str,
    subject: Callable[[Any], str],
    who: str,
    kind: str = "unreadable",
) -> Answer[M]:
    return not_without_entries(read_entries(entries, model, what, kind, subject), who)
