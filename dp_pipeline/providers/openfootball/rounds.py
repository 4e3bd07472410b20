"""The text of a round: its slug, stage, group and type, and the order of a file's rounds.

A slug is the stage and the round: "Matchday 3" is "3", "League, Matchday 3" is "league-3", "Finals,
Round of 16" is "finals-round-of-16". It depends on the text and the file's name alone, never on the
other matches, because it is part of every match's identity.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dp_pipeline.football.models import Round, RoundType
from dp_pipeline.providers.openfootball.names import slug_of

_MATCHDAY_WORD = r"match\s?day|game\s?week|week|spieltag|jornada|giornata|journ[ée]e|speelronde"
_MATCHDAY = re.compile(rf"(?:(?:{_MATCHDAY_WORD})\s+(\d+)|(\d+)\.?\s+(?:{_MATCHDAY_WORD}))\Z")
_NUMBERED = re.compile(r"(?:(?:round|runde)\s+(\d+)|(\d+)\.?\s+(?:round|runde))\Z")
_GROUP = re.compile(r"(?:group|gruppe|grupo|groupe|gruppo|poule|zone|zona)\s+[a-z0-9]{1,2}\Z")
_UNNAMED_GROUPS = re.compile(r"groups?(?:\s(?:stage|phase))?\Z|gruppenphase\Z")
_SEASON = re.compile(
    r"(?:regular(?:\s(?:season|stage))?|league(?:\s(?:stage|phase))?|main round|hauptrunde"
    r"|grunddurchgang|apertura|clausura|groups?\s(?:stage|phase)|gruppenphase)\Z"
)
# A stage so named may be ties of two legs ("Playoffs, Matchday 1" of the Champions League) or a
# small league ("Relegation, Matchday 10" of Greece, six teams): its pairings decide.
_TIES_OR_LEAGUE = re.compile(
    r"play-?\s?(?:offs?|in)|finals?\b|aufstieg|abstieg|relegation|promotion|qualif|knock-?\s?out"
    r"|liguilla|barrage|k\.?\s?o\.?\b"
)
# The world cup of 1950 ended with a group of four; elsewhere it may be ties: its pairings decide.
_FINAL_GROUP = re.compile(r"final (?:round|group|pool)\Z|finalrunde\Z|endrunde\Z")
_REPLAYS = re.compile(r"replays?\Z|wiederholungsspiele?\Z")
# canonical slug and depth of a knockout round; "Round 1" of a cup has depth 1
_KNOCKOUT: tuple[tuple[re.Pattern[str], str, int], ...] = tuple(
    (re.compile(rf"(?:{pattern})\Z"), slug, depth)
    for pattern, slug, depth in (
        (r"preliminary round", "preliminary-round", 0),
        (r"first round", "first-round", 1),
        (r"second round", "second-round", 2),
        (r"third round", "third-round", 3),
        (r"(?:round of|last) 128", "round-of-128", 30),
        (r"(?:round of|last) 64", "round-of-64", 31),
        (r"(?:round of|last) 32|1/16[ -]?finals?|sechzehntelfinale", "round-of-32", 32),
        (r"(?:round of|last) 16|1/8[ -]?finals?|achtelfinale", "round-of-16", 33),
        (r"quarter[ -]?finals?|1/4[ -]?finals?|viertelfinale", "quarterfinals", 34),
        (r"semi[ -]?finals?|1/2[ -]?finals?|halbfinale", "semifinals", 35),
        (
            r"(?:match for )?(?:third|3rd)[ -]place(?: (?:match|play-?off))?|spiel um platz 3",
            "third-place",
            36,
        ),
        (r"finale?|endspiel", "final", 37),
    )
)

_ROUND_OF_128 = 30


@dataclass(frozen=True, slots=True, order=True)
class RoundName:
    """A round as one match names it.

    `type` is None when the pairings of the stage decide; `known` is False for a text in which we
    recognise nothing; `place` is the matchday or the depth of a knockout round.
    """

    slug: str
    label: str
    stage: str | None = None
    group: str | None = None
    type: RoundType | None = "knockout"
    place: int | None = None
    known: bool = True


Series = tuple[str | None, bool]
"""Rounds that come one after the other: a stage, and whether they are its knockout rounds."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What the order and type of rounds follow from: a match's round, day and teams."""

    name: RoundName
    day: date | None
    home: str | None = None
    away: str | None = None


def round_name(
    text: str | None, stage: str | None, group: str | None, *, is_league: bool
) -> RoundName | None:
    """Read round, stage and group of a match; None when it has neither round nor stage."""
    if text is None and stage is None:
        return None
    if text is None:  # English second tier play-offs of 2021-23
        return _named(stage or "", stage, group, stage or "", is_league=is_league, slug_stage=False)
    *before, last = (part.strip() for part in text.split(","))
    if before and _REPLAYS.match(last.casefold()):  # of a round, "First round, Replays", no stage
        before, last = before[:-1], f"{before[-1]}, {last}"
    stages = [stage] if stage else []
    for part in before:
        if _GROUP.match(part.casefold()):
            group = part
        elif part:
            stages.append(part)
    return _named(last, ", ".join(stages) or None, group, text, is_league=is_league)


def in_stage(name: RoundName, stage: str) -> RoundName:
    """The round in a stage that its text does not name."""
    return replace(name, slug=slug_of(f"{stage} {name.slug}"), stage=stage)


def has_unnamed_groups(stage: str | None) -> bool:
    """Whether a stage is played in groups that the file does not tell ("Group, Matchday 4")."""
    return bool(stage and _UNNAMED_GROUPS.match(stage.casefold()))


def previous_stage(name: RoundName, stages: Collection[str | None]) -> Series | None:
    """The matchdays that are over when a round begins: those of its stage, or of the season.

    Args:
        name: the round.
        stages: those that have matchdays.
    """
    if name.type == "season":
        return None
    own = name.stage in stages and name.type == "knockout"
    regular = [s for s in stages if s is None or re.match(r"regular\b", s.casefold())]
    before = [name.stage] if own else [stage for stage in regular if stage != name.stage]
    return (before[0], False) if before else None


def rounds_of(placed: Sequence[Placed]) -> dict[str, Round]:
    """Every round by slug, in order.

    Stages by their first day, and knockout rounds of a stage by their own, after its season; then
    matchdays by number and knockout rounds by depth, or by first day when the depth of one is not
    known.
    """
    types = _types_of_stages(placed)

    def series_of(name: RoundName) -> Series:
        return name.stage, (name.type or types[name.stage]) == "knockout"

    named: defaultdict[str, Counter[RoundName]] = defaultdict(Counter)
    first_day: dict[str, date] = {}
    first_of: dict[Series, date] = {}
    for each in placed:
        named[each.name.slug][each.name] += 1
        if each.day:
            slug, series = each.name.slug, series_of(each.name)
            first_day[slug] = min(first_day.get(slug, each.day), each.day)
            first_of[series] = min(first_of.get(series, each.day), each.day)
    names = [min(seen, key=lambda n, s=seen: (-s[n], n.label)) for seen in named.values()]
    by_day = {
        name.stage
        for name in names
        if (name.type or types[name.stage]) == "knockout" and name.place is None
    }

    def order(name: RoundName) -> tuple[object, ...]:
        _, knockout = series_of(name)
        day = first_day.get(name.slug, date.max) if knockout and name.stage in by_day else date.min
        place = (name.place is None, name.place or 0)
        begun = [first_of[s] for s in ((name.stage, False), series_of(name)) if s in first_of]
        return (max(begun, default=date.max), name.stage or "", knockout, day, place, name.slug)

    return {
        name.slug: Round(
            slug=name.slug,
            order=position,
            label=name.label,
            type=name.type or types[name.stage],
            stage=name.stage,
        )
        for position, name in enumerate(sorted(names, key=order), start=1)
    }


def _types_of_stages(placed: Iterable[Placed]) -> Mapping[str | None, RoundType]:
    """Ties when every team meets one opponent in the stage, a small league when some meet more."""
    opponents: defaultdict[str | None, defaultdict[str, set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for each in placed:
        met = opponents[each.name.stage]
        if each.name.type is None and each.home and each.away:
            met[each.home].add(each.away)
            met[each.away].add(each.home)
    return {
        stage: "season" if any(len(others) > 1 for others in met.values()) else "knockout"
        for stage, met in opponents.items()
    }


def _named(  # noqa: PLR0913 - the six parts of one match entry's round
    last: str,
    stage: str | None,
    group: str | None,
    label: str,
    *,
    is_league: bool,
    slug_stage: bool = True,
) -> RoundName:
    text = last.casefold()
    prefix = [part for part in (stage if slug_stage else None,) if part]

    def slug(own: str) -> str:
        return slug_of(" ".join([*prefix, own])) or "round"

    either: RoundType | None = (
        None if stage and _TIES_OR_LEAGUE.search(stage.casefold()) else "season"
    )
    numbered = _NUMBERED.match(text)
    matchday = _MATCHDAY.match(text) or (numbered if is_league and either == "season" else None)
    if matchday:
        number = int(matchday[1] or matchday[2])
        return RoundName(slug(str(number)), label, stage, group, either, number)
    if _GROUP.match(text):
        return RoundName(slug(last), label, stage, group or last, "season")
    if numbered:
        number = int(numbered[1] or numbered[2])
        return RoundName(slug(f"round {number}"), label, stage, group, "knockout", number)
    for pattern, own, depth in _KNOCKOUT:
        if pattern.match(text):
            in_groups = group and depth < _ROUND_OF_128  # "First round" of 1950
            type_: RoundType = "season" if in_groups else "knockout"
            return RoundName(slug(own), label, stage, group, type_, depth)
    if _FINAL_GROUP.match(text):
        stage, either = stage or last, "season" if group else None
    else:
        in_groups = group and not _TIES_OR_LEAGUE.search(text)
        either = "season" if in_groups or _SEASON.match(text) else "knockout"
    known = either != "knockout" or bool(_TIES_OR_LEAGUE.search(text) or ", " in last)
    return RoundName(slug(last), label, stage, group, either, known=known)
