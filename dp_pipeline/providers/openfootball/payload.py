"""What a season file looks like: the present form, and the one it had until 2020.

Present: {"name", "matches": [{round?, stage?, date, time?, team1, team2, score, status?,
ground?}]}.
Old: {"name", "rounds": [{"name", "matches": [{date, team1, team2, score1, score2, group?}]}]},
where a team is a string or {"name", "code"}, and a ground a stadium, a city and a time zone of
their own. Matches are validated one by one, so a broken one is
named and left out and the others stay.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WrapValidator,
    model_validator,
)

from dp_pipeline.football.bounds import LONGEST_TEXT, MOST_GOALS, Count, OptionalCount, or_none

MOST_MATCHES = 10_000  # the longest seen has 1,218

# key of the score, keys of the two numbers in the old form; seen in the repository's history
_OLD_SCORES = {
    "ft": ("score1", "score2"),
    "ht": ("score1i", "score2i"),
    "et": ("score1et", "score2et"),
    "p": ("score1p", "score2p"),
}


def _blank_is_none(value: Any) -> Any:
    if isinstance(value, str):
        value = " ".join(value.split())
    return None if value == "" else value


def _name(value: Any) -> Any:
    return _blank_is_none(value.get("name") if isinstance(value, dict) else value)


def _unset_pair_is_none(value: Any) -> Any:
    unset = isinstance(value, list) and all(goals is None for goals in value)
    return None if unset else value


Text = Annotated[str, Field(strict=True, max_length=LONGEST_TEXT)]
OptionalText = Annotated[Text | None, BeforeValidator(_blank_is_none)]
TeamName = Annotated[Text, BeforeValidator(_name)]
Place = Annotated[Text | None, BeforeValidator(_name), WrapValidator(or_none)]
"""Text or {"name"}. None: it is not given, or cannot be read."""
Goals = Annotated[int, Field(strict=True, ge=0, le=MOST_GOALS)]
Pair = Annotated[tuple[Goals, Goals] | None, BeforeValidator(_unset_pair_is_none)]


class RawScore(BaseModel):
    """Goals of (team1, team2): half-time, 90 minutes, after extra time in all, shoot-out alone."""

    model_config = ConfigDict(frozen=True)

    ht: Pair = None
    ft: Pair = None
    et: Pair = None
    p: Pair = None


class GoalEntry(BaseModel):
    """A goal. A minute is a number or text, "90+4"; of a penalty or own goal the file says so."""

    model_config = ConfigDict(frozen=True)

    name: OptionalText = None
    minute: Count | Text | None = None
    offset: OptionalCount = None
    penalty: bool = False
    owngoal: bool = False


GoalEntries = Annotated[tuple[GoalEntry, ...] | None, WrapValidator(or_none)]
"""None: there is no list, or it cannot be read."""


class RawMatch(BaseModel):
    """One entry of a file. Texts are as given, white space reduced; "" is None."""

    model_config = ConfigDict(frozen=True)

    team1: TeamName
    team2: TeamName
    round: OptionalText = None
    stage: OptionalText = None
    group: OptionalText = None
    date: OptionalText = None
    time: OptionalText = None
    status: OptionalText = None
    ground: Place = None
    stadium: Place = None
    city: Place = None
    timezone: Place = None
    score: RawScore = RawScore()
    goals1: GoalEntries = None
    goals2: GoalEntries = None

    @model_validator(mode="before")
    @classmethod
    def _one_form_of_score(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        score = value.get("score")
        if score is None and any(key in value for keys in _OLD_SCORES.values() for key in keys):
            pairs = {
                part: [value.get(first), value.get(second)]
                for part, (first, second) in _OLD_SCORES.items()
            }
            return {**value, "score": pairs}
        if score is None or score == []:
            return {**value, "score": {}}
        if isinstance(score, list):
            return {**value, "score": {"ft": score}}  # the short form, in files of qualifiers
        return value


class SeasonFile(BaseModel):
    """A file: its name and its matches, still unread, each with its path in the file."""

    model_config = ConfigDict(frozen=True)

    name: OptionalText = None
    entries: Annotated[tuple[tuple[str, Any], ...], Field(max_length=MOST_MATCHES)]

    @model_validator(mode="before")
    @classmethod
    def _either_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            reason = "the file is not an object"
            raise ValueError(reason)  # noqa: TRY004 - pydantic turns only ValueError into its own
        matches, rounds = value.get("matches"), value.get("rounds")
        if not isinstance(matches, list) and not isinstance(rounds, list):
            reason = "the file has neither a list of matches nor a list of rounds"
            raise ValueError(reason)  # noqa: TRY004 - as above
        entries: list[tuple[str, Any]] = []
        if isinstance(matches, list):
            entries += [(f"matches[{i}]", match) for i, match in enumerate(matches)]
        if isinstance(rounds, list):
            entries += _entries_of_rounds(rounds)
        return {"name": value.get("name"), "entries": tuple(entries)}

    @classmethod
    def read(cls, payload: Any) -> Self:
        """Raises pydantic.ValidationError when this is no season file."""
        return cls.model_validate(payload)


def _entries_of_rounds(rounds: list[Any]) -> Iterator[tuple[str, Any]]:
    for i, round_ in enumerate(rounds):
        matches = round_.get("matches") if isinstance(round_, dict) else None
        if not isinstance(matches, list):
            # kept as an entry that no match can be read from, so that it is named and not lost
            yield f"rounds[{i}]", None
            continue
        for j, match in enumerate(matches):
            entry = {"round": round_.get("name"), **match} if isinstance(match, dict) else match
            yield f"rounds[{i}].matches[{j}]", entry
