"""Changed rows in words, a sentence per row: what reports, messages and terminals say. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

_PAIRS = (
    ("home_score", "away_score", "result"),
    ("home_score_90", "away_score_90", "after ninety minutes"),
    ("home_score_ht", "away_score_ht", "half-time"),
    ("home_penalties_score", "away_penalties_score", "shoot-out"),
)
_WORDS = {
    "kickoff_at": "kick-off",
    "kickoff_date": "day",
    "kickoff_local": "local kick-off",
    "round_slug": "round",
    "group_name": "group",
    "home_team_id": "home team",
    "away_team_id": "away team",
    "superseded_by": "superseded by",
    "missing_since": "missing since",
}
# They follow from what else is said: the day and the local time from the kick-off.
_FOLLOWS = {"kickoff_at": ("kickoff_date", "kickoff_local")}


def change_sentences(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Such as "Köln - Bremen: kick-off 15:30 -> 18:30", in the order of the rows.

    Args:
        changes: table, row (its name), field, from and to of each changed field; the rows of a
            table one after the other.
    """
    rows: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
    for change in changes:
        fields = rows.setdefault((change["table"], change["row"]), {})
        fields[change["field"]] = change["from"], change["to"]
    return [f"{row}: {fields_in_words(fields)}" for (_, row), fields in rows.items()]


def fields_in_words(fields: Mapping[str, tuple[Any, Any]]) -> str:
    """The changed fields of a row, each with its old and new value."""
    return ", ".join(_parts(fields))


def _in_words(field: str) -> str:
    return _WORDS.get(field) or field.replace("_", " ")


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" + (" UTC" if value.tzinfo else "")
    return str(value)


def _parts(fields: Mapping[str, tuple[Any, Any]]) -> list[str]:
    left = dict(fields)
    parts = []
    for name, follow in _FOLLOWS.items():
        if name in left:
            for each in follow:
                left.pop(each, None)
    for home, away, word in _PAIRS:
        if home in left and away in left:
            (home_was, home_is), (away_was, away_is) = left.pop(home), left.pop(away)
            parts.append(f"{word} {_goals(home_was, away_was)} -> {_goals(home_is, away_is)}")
    parts += [f"{_in_words(name)} {_change(old, new)}" for name, (old, new) in left.items()]
    return parts


def _goals(home: int | None, away: int | None) -> str:
    return "none" if home is None else f"{home}:{away}"


def _change(old: Any, new: Any) -> str:
    moments = isinstance(old, datetime) and isinstance(new, datetime)
    if moments and old.date() == new.date():
        return f"{old:%H:%M} -> {new:%H:%M}" + (" UTC" if new.tzinfo else "")
    return f"{_shown(old)} -> {_shown(new)}"
