"""Rounds by (round, slug, prefix): slugs, labels, types, and which round a match is in.

The number alone is nobody's identity: UCL 22/23 has each of 1 to 5 twice and 28 and 29 twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Round
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.reading import Answer
from dp_pipeline.providers.sofascore.addresses import round_paths
from dp_pipeline.providers.sofascore.payload import EventPayload, RoundPayload

# Each costs a request. UCL 22/23 has 16, leagues up to 46.
MOST_ROUNDS = 200
_ADDRESS = re.compile(r"/round/(?P<round>\d{1,5})(?:/slug/(?P<slug>[^/]+))?(?:/prefix/[^/]+)?\Z")
_NEVER = datetime.max.replace(tzinfo=UTC)

RoundKey = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class ListedRound:
    """A round and where its events are requested, the likelier path first."""

    round: Round
    payload: RoundPayload
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeasonRounds:
    """The rounds of a season in the provider's order.

    Args:
        listed: every usable round.
        by_key: finds a round by its identity.
        findings: entries left out, names that collide.
    """

    listed: tuple[ListedRound, ...] = ()
    by_key: Mapping[RoundKey, ListedRound] | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The rounds as models."""
        return tuple(one.round for one in self.listed)

    def of(self, info: RoundPayload | None) -> ListedRound | None:
        """The round a match names, if it is one of these."""
        return (self.by_key or {}).get(round_key(info)) if info else None


def rounds_of(answer: Answer[RoundPayload], key: TournamentKey, root: str) -> SeasonRounds:
    """The rounds of the answer of .../rounds; of several entries for one round the first."""
    findings = list(answer.findings)
    usable: dict[RoundKey, RoundPayload] = {}
    for payload in answer.items:
        identity = round_key(payload)
        if payload.slug is None and (payload.name or payload.prefix):
            subject = payload.name or payload.prefix or ""
            detail = f"Round {payload.round} has a name and no slug; it cannot be requested."
            findings.append(Finding("invalid_round", subject, detail, left_out=True))
        elif len(usable) == MOST_ROUNDS and identity not in usable:
            detail = f"More than {MOST_ROUNDS} rounds are listed; the first are used."
            findings.append(Finding("too_many_rounds", _label(payload), detail, left_out=True))
        else:
            usable.setdefault(identity, payload)
    slugs, collisions = _slugs(usable)
    listed = tuple(
        ListedRound(
            Round(
                slug=slugs[identity],
                order=position,
                label=_label(payload),
                type="season" if payload.slug is None else "knockout",
                prefix=payload.prefix,
                provider_id=str(payload.round),
                provider_url=root + paths[0],
            ),
            payload,
            paths,
        )
        for position, (identity, payload) in enumerate(usable.items(), start=1)
        for paths in (round_paths(key, payload),)
    )
    by_key = dict(zip(usable, listed, strict=True))
    return SeasonRounds(listed, by_key, (*findings, *collisions))


def rounds_of_events(events: Sequence[EventPayload], key: TournamentKey, root: str) -> SeasonRounds:
    """The rounds that matches name, where the provider lists none.

    Matchdays come in the order of their numbers, named rounds by their first kick-off: before the
    matchdays when they began before them.
    """
    first: dict[RoundKey, tuple[datetime, RoundPayload]] = {}
    for event in sorted(events, key=lambda e: e.id):
        info = event.round_info
        if info is None or (info.slug is None and (info.name or info.prefix)):
            continue
        at = event.start_timestamp or _NEVER
        have = first.get(round_key(info))
        first[round_key(info)] = (min(at, have[0]), have[1]) if have else (at, info)
    began = min((at for at, info in first.values() if info.slug is None), default=_NEVER)

    def place(entry: tuple[datetime, RoundPayload]) -> tuple[int, datetime, int, str]:
        at, info = entry
        if info.slug is None:
            return (1, began, info.round, "")
        return (0 if at < began != _NEVER else 2, at, info.round, info.slug)

    ordered = tuple(info for _, info in sorted(first.values(), key=place))
    return rounds_of(Answer(ordered), key, root)


def stored_rounds(rounds: Sequence[Round], key: TournamentKey, root: str) -> SeasonRounds:
    """The rounds as they are stored: what the provider calls them is in their addresses."""
    payloads = [payload for round_ in rounds if (payload := _stored(round_)) is not None]
    return rounds_of(Answer(tuple(payloads)), key, root)


def with_stored(listed: SeasonRounds, stored: SeasonRounds, who: str) -> SeasonRounds:
    """The list, completed by what is stored where it lacks something of that.

    A list that has shrunk says nothing of orders: what is stored stays as it is, new rounds come
    behind it.
    """
    slugs = {one.round.slug for one in listed.listed}
    lacking = [one.round.label for one in stored.listed if one.round.slug not in slugs]
    if not lacking:
        return listed
    detail = f"{who} does not list {len(lacking)} of {len(stored.listed)} stored rounds."
    last = max(one.round.order for one in stored.listed)
    new = [
        one for one in listed.listed if one.round.slug not in {s.round.slug for s in stored.listed}
    ]
    behind = tuple(
        replace(one, round=replace(one.round, order=last + place))
        for place, one in enumerate(new, start=1)
    )
    complete = (*stored.listed, *behind)
    return SeasonRounds(
        complete,
        {round_key(one.payload): one for one in complete},
        (*listed.findings, Finding("rounds_not_listed", ", ".join(lacking[:3]), detail)),
    )


def _stored(round_: Round) -> RoundPayload | None:
    address = _ADDRESS.search(round_.provider_url or "")
    if address is None:
        return None
    slug = unquote(address["slug"]) if address["slug"] else None
    name = round_.label.removeprefix(f"{round_.prefix}, ") if slug else None
    return RoundPayload(round=int(address["round"]), name=name, slug=slug, prefix=round_.prefix)


def round_key(payload: RoundPayload) -> RoundKey:
    """What makes a round the same round."""
    return (payload.round, _lower(payload.slug), _lower(payload.prefix))


def _lower(text: str | None) -> str:
    return (text or "").lower()


def _label(payload: RoundPayload) -> str:
    parts = [part for part in (payload.prefix, payload.name or payload.slug) if part]
    return ", ".join(parts) or str(payload.round)


def _slugs(usable: Mapping[RoundKey, RoundPayload]) -> tuple[dict[RoundKey, str], list[Finding]]:
    """prefix-slug, slug or number; where two come to the same, the lower number has it."""
    taken: dict[str, RoundKey] = {}
    findings = []
    for identity in sorted(usable):
        number, slug, prefix = identity
        plain = re.sub(r"\s+", "-", "-".join(filter(None, (prefix, slug))) or str(number))
        free = plain
        while free in taken:
            free = f"{free}-{number}"
        if free != plain:
            other = taken[plain][0]
            detail = f"Rounds {other} and {number} are both called {plain}; this one is {free}."
            findings.append(Finding("slug_taken", _label(usable[identity]), detail))
        taken[free] = identity
    return {identity: slug for slug, identity in taken.items()}, findings


def order_of(rounds: Iterable[Round]) -> dict[str | None, int]:
    """The place of each round by its slug; matches without a round come last."""
    order: dict[str | None, int] = {round_.slug: round_.order for round_ in rounds}
    order[None] = len(order) + 1
    return order
