"""Which stage and group of a season a match or a table is of, by the name of its `tournament`.

SofaScore gives a group or a knockout stage an id and name of its own under one unique tournament:
"Africa Cup of Nations, Group A", "World Championship, Knockout stage". What the competition's own
name leaves over is group or stage.
"""

import re

from dp_pipeline.providers.sofascore.payload import StagePayload

_GROUP = re.compile(
    r"(?:group|grup|gruppe|grupo|groupe|grupa|gruppo|girone|poule|pool|skupina) +[\w-]{1,3}",
    re.IGNORECASE,
)
# Where the competition is called differently (a sponsor), only such words are believed.
_STAGE = re.compile(
    r"\b(?:stage|phase|round|play-?offs?|play-?outs?|knockout|qualif\w*|preliminary|relegation"
    r"|promotion|championship|conference|apertura|clausura|finals?|league [a-d])\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:,|:|\u2013|\s-\s|\|)\s*")

Place = tuple[str | None, str | None]
NOWHERE: Place = (None, None)


def place_of(tournament: StagePayload | None) -> Place:
    """(stage, group) of what has this `tournament`; both None in a plain league.

    "UEFA Nations League, League A, Group 1" with groupName "Group 1" is ("League A", "Group 1").
    `isGroup` is missing in some lists, so a name of a group counts unless it is False.
    """
    if tournament is None or tournament.name is None:
        return NOWHERE
    group = tournament.group_name if tournament.is_group is not False else None
    parts = _left_over(tournament)
    if parts and parts[-1].casefold() == (group or "").casefold():
        parts = parts[:-1]
    elif parts and _GROUP.fullmatch(parts[-1]):
        # "Grup B" beside groupName "Group B"; without a groupName it is the group's name
        group = group or parts[-1]
        parts = parts[:-1]
    return (", ".join(parts) or None, group)


def _left_over(tournament: StagePayload) -> list[str]:
    name = tournament.name or ""
    unique = tournament.unique_tournament
    competition = unique.name if unique and unique.name else ""
    if competition and name.casefold().startswith(competition.casefold()):
        rest = name[len(competition) :]
        # "Premier League 2" is no stage of "Premier League"
        separated = _SEPARATOR.match(rest) or _GROUP.fullmatch(rest.strip())
        return _parts(rest) if separated else []
    parts = _parts(name)[1:]
    if parts and (_GROUP.fullmatch(parts[-1]) or _STAGE.search(parts[-1])):
        return parts
    return []


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, _SEPARATOR.split(f" {text} ")) if part]
