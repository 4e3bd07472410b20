"""Changed rows in words, a sentence per row: what reports, messages and terminals say. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from dp_pipeline.database import tables
from dp_pipeline.database.history import UNTRACKED_FIELDS

_PAIRS = (
    ("home_score", "away_score", "result"),
    ("home_score_90", "away_score_90", "after ninety minutes"),
    ("home_score_ht", "away_score_ht", "half-time"),
    ("home_penalties_score", "away_penalties_score", "shoot-out"),
)
_NINETY = ("home_score_90", "away_score_90")
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
    **{
        column: f"{word} of the {side} team"
        for home, away, word in _PAIRS
        for column, side in ((home, "home"), (away, "away"))
    },
}
_FOLLOWING = frozenset({"tournament_standing", "knockout_tie"})
"""Tables that follow from matches: with each result all of their rows may change."""
_PICTURES = frozenset({"logo", "badge"})
"""Fields of addresses, which nobody reads."""
_PICTURE = {
    (True, False): "is there now",
    (False, True): "is there no more",
    (False, False): "is another one",
    (True, True): "is not there",
}
# They follow from what else is said: the day and the local time from the kick-off, the provider's
# word for a status ("100 finished") from ours.
_FOLLOWS = {"kickoff_at": ("kickoff_date", "kickoff_local"), "status": ("provider_status",)}


def change_sentences(changes: Iterable[Mapping[str, Any]], zone: tzinfo = UTC) -> list[str]:
    """Such as "Köln - Bremen: kick-off 15:30 -> 18:30 UTC", in the order of the rows.

    Args:
        changes: table, row (its name), field, from and to of each changed field; the rows of a
            table one after the other.
        zone: in which moments are said.
    """
    rows = fields_by_row(changes)
    return [f"{row}: {fields_in_words(fields, zone)}" for (_, row), fields in rows.items()]


def fields_by_row(
    changes: Iterable[Mapping[str, Any]],
) -> dict[tuple[str, str], dict[str, tuple[Any, Any]]]:
    """The changed fields of each row, by its table and name, with their old and new values."""
    rows: dict[tuple[str, str], dict[str, tuple[Any, Any]]] = {}
    for change in changes:
        fields = rows.setdefault((change["table"], change["row"]), {})
        fields[change["field"]] = change["from"], change["to"]
    return rows


def is_news(change: Mapping[str, Any], *, first: bool) -> bool:
    """Whether messages say it: not what follows or is bookkeeping, and no first picture.

    Args:
        change: table, row, field, from and to.
        first: of a read that stored the tournament's first rows: what state it is in is no news.
    """
    table, field = change["table"], change["field"]
    if field in UNTRACKED_FIELDS.get(table, ()):
        return table == tables.tournament.name and not first
    return table not in _FOLLOWING and not (field in _PICTURES and change["from"] is None)


def fields_in_words(fields: Mapping[str, tuple[Any, Any]], zone: tzinfo = UTC) -> str:
    """The changed fields of a row, each with its old and new value."""
    there = {name: (_there(old, zone), _there(new, zone)) for name, (old, new) in fields.items()}
    return ", ".join(_parts(there))


def _in_words(field: str) -> str:
    return _WORDS.get(field) or field.replace("_", " ")


def _there(value: Any, zone: tzinfo) -> Any:
    """A moment in the zone; all else, a local time too, as it is."""
    is_moment = isinstance(value, datetime) and value.tzinfo is not None
    try:
        return value.astimezone(zone) if is_moment else value
    except OverflowError:  # the first or last day that there is
        return value


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}{_zone(value)}"
    return str(value).replace("-", "\u2212") if isinstance(value, int) else str(value)


def _zone(moment: datetime) -> str:
    return "" if moment.tzinfo is None else f" {moment.tzinfo}"


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
            if (home, away) == _NINETY and (fields.get("home_score"), fields.get("away_score")) == (
                fields[home],
                fields[away],
            ):
                continue  # without extra time it is the result
            parts.append(f"{word} {_goals(home_was, away_was)} -> {_goals(home_is, away_is)}")
    parts += [
        f"{name} {_PICTURE[old is None, new is None]}"
        if name in _PICTURES
        else f"{_in_words(name)} {_change(old, new)}"
        for name, (old, new) in left.items()
    ]
    return parts


def _goals(home: int | None, away: int | None) -> str:
    return "none" if home is None else f"{home}:{away}"


def _change(old: Any, new: Any) -> str:
    moments = isinstance(old, datetime) and isinstance(new, datetime)
    if moments and old.date() == new.date():
        return f"{old:%H:%M} -> {new:%H:%M}{_zone(new)}"
    return f"{_shown(old)} -> {_shown(new)}"
