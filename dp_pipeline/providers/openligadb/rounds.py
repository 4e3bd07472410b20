"""Rounds out of OpenLigaDB's groups: type by name, slugs, order, and groups of teams."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dp_pipeline.football.models import Round, RoundType
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.openligadb.payload import GroupPayload, MatchPayload

# The names are free text by whoever created the league. First matching line decides.
_GROUP_STAGE = re.compile(r"gruppe|\bgroups?\b|vorrunde|liga-?phase|league (?:phase|stage)")
_MATCHDAY = re.compile(r"spieltag|match ?day|hinrunde|r(?:ü|ue)ckrunde|regular season|meisterrunde")
_KNOCKOUT = re.compile(
    r"\w*final(?:e|s|spiel|spiele)?\b|endspiel|spiel um|platz 3|third place|3rd place"
    r"|relegation|play-?offs?|aufstiegsspiel|entscheidungsspiel|qualifikation|qualifying"
    r"|zwischenrunde|hauptrunde|round of \d+|last \d+|k\.?-?o\.?\b|knock-?out|supercup"
)
# A bare round is a cup's ("1. Runde") or a league's ("1. Runde" in Austria): the matches decide.
_BARE_ROUND = re.compile(
    r"\d+\.? ?(?:haupt)?runde|(?:haupt)?runde \d+|round \d+|\d+(?:st|nd|rd|th) round"
    r"|(?:erste|zweite|dritte|vierte|fünfte|sechste) (?:haupt)?runde"
)
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_TEAM_GROUP = re.compile(r"\b(gruppe|group) ([a-z0-9]{1,2})\b", re.IGNORECASE)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "ł": "l"})

# More shared teams than a cup round leaves to the next one.
SHARED_BY_LEAGUE_ROUNDS = 0.75

RoundKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class ListedRounds:
    """The rounds of a tournament; `by_key` finds the round of a match's group."""

    rounds: tuple[Round, ...]
    by_key: Mapping[RoundKey, Round]
    findings: tuple[Finding, ...]

    def of(self, group: GroupPayload) -> Round:
        """The round a match is in; its group has to have been among the matches."""
        return self.by_key[_key(group)]


def rounds_of(
    matches: Sequence[MatchPayload],
    listed: Iterable[GroupPayload],
    url: str,
    stored: Sequence[Round] = (),
) -> ListedRounds:
    """The rounds that matches are in, and those the provider lists without matches yet.

    What a match's round is called and of which type it is depends on the matches alone, so that
    matches can be stored while the list of rounds cannot be had.

    Args:
        matches: every readable match; where there are stored rounds, some.
        listed: the provider's list of rounds; may be empty.
        url: address of the season's matches; a round's is one segment below it.
        stored: those of the tournament. They stay as they are but for their order; of
            several with one number and name the last is the one that matches are in.
    """
    played = _first_of_each(match.group for match in matches)
    played_ids = {group.group_id for group in played.values() if group.group_id}
    waiting = {
        key: group
        for key, group in _first_of_each(listed).items()
        if key not in played and group.group_id not in played_ids
    }
    by_key = _recognized({**waiting, **played}, stored)
    bare = _bare_type(stored, matches)
    findings: list[Finding] = []
    taken = {round_.slug for round_ in stored}
    # those with matches first: a round listed later never takes over a slug
    for groups in (played, waiting):
        for key, group in sorted(groups.items(), key=_provider_order):
            if key in by_key:
                continue
            round_type = _type_by_name(group.group_name, bare)
            if round_type is None:
                detail = f"Its name says nothing of its kind; taken as a {bare} round."
                findings.append(Finding("unknown_round_name", group.group_name, detail))
            slug = _free_slug(group, round_type or bare, taken)
            taken.add(slug)
            by_key[key] = Round(
                slug=slug,
                order=group.group_order_id,
                label=group.group_name,
                type=round_type or bare,
                provider_id=str(group.group_id or group.group_order_id),
                provider_url=f"{url}/{group.group_order_id}",
            )
    old = {round_.slug for round_ in stored}
    rounds = _in_order(stored, [r for r in by_key.values() if r.slug not in old])
    placed = {round_.slug: round_ for round_ in rounds}
    by_key = {key: placed[round_.slug] for key, round_ in by_key.items()}
    return ListedRounds(rounds, by_key, tuple(findings))


def order_id_of(round_: Round) -> int | None:
    """OpenLigaDB's number of a round, the one in the path of its matches; not always our order.

    The last segment of its address: `provider_id` is the id of the group where there is one.
    """
    segment = (round_.provider_url or "").rpartition("/")[2]
    return int(segment) if _NUMBER.fullmatch(segment) else None


def is_group_stage(label: str) -> bool:
    """Whether a round's name speaks of groups of teams or another stage before a knockout."""
    return bool(_GROUP_STAGE.search(label.casefold()))


def team_group(match: MatchPayload) -> str | None:
    """The group both teams are in ("Gruppe A"), by their own record or the round's name."""
    home, away = match.team1.team_group_name, match.team2.team_group_name
    if home and home == away:
        return home
    named = _TEAM_GROUP.search(match.group.group_name)
    return f"{named[1].capitalize()} {named[2].upper()}" if named else None


def slug_of(name: str) -> str:
    """A name as lower-case ASCII words: "Achtelfinale Rückspiele" is achtelfinale-rueckspiele."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_UMLAUTS))
    ascii_only = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def _type_by_name(label: str, bare: RoundType) -> RoundType | None:
    name = label.casefold()
    if _BARE_ROUND.fullmatch(name):
        return bare
    if _GROUP_STAGE.search(name) or _MATCHDAY.search(name):
        return "season"
    return "knockout" if _KNOCKOUT.search(name) else None


def _recognized(
    groups: Mapping[RoundKey, GroupPayload], stored: Sequence[Round]
) -> dict[RoundKey, Round]:
    """Which of the groups are stored rounds: by number and name, or by id when it was renamed."""
    by_key = {_stored_key(round_): round_ for round_ in stored}
    by_id = {r.provider_id: r for r in stored if r.provider_id != str(order_id_of(r))}
    return {
        key: round_
        for key, group in groups.items()
        if (
            round_ := by_key.get(key)
            or (by_id.get(str(group.group_id)) if group.group_id else None)
        )
    }


def _in_order(stored: Sequence[Round], new: Sequence[Round]) -> tuple[Round, ...]:
    """All rounds: by the provider's numbers where they can be used, else counted.

    Stored rounds keep their place, unless a new one is in the way.
    """
    taken = [*(round_.order for round_ in stored), *(round_.order for round_ in new)]
    usable = all(r.order > 0 and taken.count(r.order) == 1 for r in new) and (
        not new or all(r.order == order_id_of(r) for r in stored)
    )
    if usable:
        return tuple(sorted((*stored, *new), key=lambda r: (r.order, _place(r))))
    ordered = sorted((*stored, *new), key=_place)
    return tuple(replace(round_, order=position) for position, round_ in enumerate(ordered, 1))


def _place(round_: Round) -> tuple[int, int, str]:
    """Where a round stands by the provider's number, id and name of its group."""
    order, name = _stored_key(round_)
    group_id = round_.provider_id or ""
    has_id = group_id != str(order) and _NUMBER.fullmatch(group_id)
    return (order, int(group_id) if has_id else 0, name)


def _stored_key(round_: Round) -> RoundKey:
    order_id = order_id_of(round_)
    return (round_.order if order_id is None else order_id, round_.label.casefold())


def _bare_type(stored: Sequence[Round], matches: Iterable[MatchPayload]) -> RoundType:
    """What rounds are whose names do not say it: as was decided before, else by the matches."""
    decided = {
        round_.type
        for round_ in stored
        if _type_by_name(round_.label, "season") != _type_by_name(round_.label, "knockout")
        or _type_by_name(round_.label, "season") is None
    }
    if decided:
        return "season" if "season" in decided else "knockout"
    if any(_MATCHDAY.search(round_.label.casefold()) for round_ in stored):
        return "season"
    return "season" if _bare_rounds_are_matchdays(matches) else "knockout"


def _bare_rounds_are_matchdays(matches: Iterable[MatchPayload]) -> bool:
    """Whether rounds that are only numbered are those of a league.

    A cup's next round has at most half of the teams, or the same pairings the other way round. A
    league's has nearly all of them again in other pairings. One round alone is taken for a cup's,
    unless there are matchdays.
    """
    teams: dict[RoundKey, set[int]] = {}
    pairings: dict[RoundKey, set[frozenset[int]]] = {}
    named_matchday = False
    for match in matches:
        name = match.group.group_name.casefold()
        named_matchday = named_matchday or bool(_MATCHDAY.search(name))
        if _type_by_name(name, "season") == "season" or _type_by_name(name, "season") is None:
            pair = {match.team1.team_id, match.team2.team_id}
            teams.setdefault(_key(match.group), set()).update(pair)
            pairings.setdefault(_key(match.group), set()).add(frozenset(pair))
    ordered = sorted(teams)
    for earlier, later in pairwise(ordered):
        shared = len(teams[earlier] & teams[later])
        most = max(len(teams[earlier]), len(teams[later]))
        if shared >= SHARED_BY_LEAGUE_ROUNDS * most and pairings[earlier] != pairings[later]:
            return True
    return named_matchday


def _key(group: GroupPayload) -> RoundKey:
    return (group.group_order_id, group.group_name.casefold())


def _first_of_each(groups: Iterable[GroupPayload]) -> dict[RoundKey, GroupPayload]:
    """One group per order and name: the one with the lowest id, whatever the order they came in."""
    first: dict[RoundKey, GroupPayload] = {}
    for group in sorted(groups, key=lambda g: (g.group_id or 0, g.group_name)):
        first.setdefault(_key(group), group)
    return first


def _provider_order(entry: tuple[RoundKey, GroupPayload]) -> tuple[int, int, str]:
    (order, name), group = entry
    return (order, group.group_id or 0, name)


def _free_slug(group: GroupPayload, round_type: RoundType, taken: set[str]) -> str:
    number = str(group.group_order_id)
    by_name = slug_of(group.group_name) or f"round-{number}"
    wanted = [by_name, f"{by_name}-{number}", f"{by_name}-{group.group_id or 0}"]
    if round_type == "season":
        wanted.insert(0, number)
    free = [slug for slug in wanted if slug not in taken]
    return free[0] if free else f"{by_name}-{number}-{len(taken)}"
