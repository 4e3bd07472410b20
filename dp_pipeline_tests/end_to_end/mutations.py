"""Payloads mutated at random, and what of good data must not be worse after they were read."""

import copy
import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

FACTS = (
    *("home", "away", "round_slug", "kickoff_at", "kickoff_date", "status", "home_score"),
    *("away_score", "home_score_ht", "away_score_ht"),
    *("home_penalties_score", "away_penalties_score"),
)
PLAYED = {"ended", "awarded"}
VALUES = (None, 0, -1, 2**31, 10**20, "", "x" * 300, "\x00", [], {}, True, 1.5, "2031-02-30", "99")


def fields_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all leaves of a match, and of what holds them."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = [path] if path else []
    for name, item in items:
        found += fields_of(item, (*path, name))
    return found


def at(value: Any, path: tuple[Any, ...]) -> tuple[Any, Any] | None:
    """What holds the end of a path, and its name there; None where the path does not lead."""
    for name in path[:-1]:
        try:
            value = value[name]
        except (KeyError, IndexError, TypeError):
            return None
    has = (isinstance(value, dict) and path[-1] in value) or (
        isinstance(value, list) and isinstance(path[-1], int) and path[-1] < len(value)
    )
    return (value, path[-1]) if has else None


def mutate(kind: str, places: list[tuple[Any, Any]], chance: random.Random) -> None:
    """Change the same place of several matches."""
    values = [holder[name] for holder, name in places]
    value = chance.choice(VALUES)
    step = chance.choice((-1, 1, 7))
    for (holder, name), other in zip(places, values[1:] + values[:1], strict=True):
        if kind == "set":
            holder[name] = copy.deepcopy(value)
        elif kind == "exchange":
            holder[name] = other
        elif kind == "drop":
            del holder[name]
        elif isinstance(holder[name], int):
            holder[name] += step


def mutated(payload: Any, chance: random.Random) -> Any:
    """The payload with some of its matches changed, all in the same way; it stays as it was."""
    matches = [*(payload["matches"] if isinstance(payload, dict) else payload)]
    count = chance.choice((1, 2, len(matches) // 20, len(matches) // 5, len(matches)))
    chosen = chance.sample(range(len(matches)), max(1, count))
    for number in chosen:
        matches[number] = copy.deepcopy(matches[number])
    path = chance.choice(fields_of(matches[chosen[0]]))
    kind = chance.choice(("set", "drop", "exchange", "add", "twice", "lack"))
    if kind == "twice":
        matches += [copy.deepcopy(matches[n]) for n in chosen]
    elif kind == "lack":
        for number in sorted(chosen, reverse=True):
            del matches[number]
    else:
        mutate(kind, [found for n in chosen if (found := at(matches[n], path))], chance)
    return {**payload, "matches": matches} if isinstance(payload, dict) else matches


def worse(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> set[str]:
    """The played matches that are not as they were."""
    return {
        id_
        for id_, row in before.items()
        if row["status"] in PLAYED
        and (
            id_ not in after
            or any(
                row[f] is not None
                and row[f] != after[id_][f]
                and not (f == "round_slug" and after[id_][f] is None)  # which is kept
                for f in FACTS
            )
            or after[id_]["status"] != row["status"]
        )
    }


def played(rows: dict[str, dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The matches that count as played, in a person's words."""
    names = ("home", "away", "round_slug", "kickoff_date", "home_score", "away_score")
    return {
        (id_, *(row[name] for name in names))
        for id_, row in rows.items()
        if row["status"] in PLAYED and row["superseded_by"] is None
    }


def corrupted(body: bytes, chance: random.Random) -> bytes:
    """The text of a payload, cut off, garbled, or in place of it something else."""
    place, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    kind = chance.choice(("cut", "byte", "digit", "lack", "twice", "other"))
    match kind:
        case "cut":
            return body[:place]
        case "byte" | "digit":
            byte = chance.randrange(256) if kind == "byte" else chance.choice(b"0123456789")
            places = [n for n, was in enumerate(body) if kind == "byte" or 48 <= was < 58]
            text = bytearray(body)
            for at_ in chance.sample(places, min(len(places), chance.choice((1, 3, 30)))):
                text[at_] = byte
            return bytes(text)
        case "lack":
            return body[:place] + body[end:]
        case "twice":
            return body[:end] + body[place:]
        case _:
            return json.dumps(chance.choice(VALUES)).encode()


def worse_goals(
    before: Mapping[Any, Mapping[str, Any]], after: Mapping[Any, Mapping[str, Any]]
) -> set[Any]:
    """The goals that vanished, or got another scorer or minute; a scorer renamed is none."""
    pairs = {(row["scorer"], after[id_]["scorer"]) for id_, row in before.items() if id_ in after}
    was, is_ = Counter(old for old, _ in pairs), Counter(new for _, new in pairs)
    renamed = {(old, new) for old, new in pairs if was[old] == is_[new] == 1}
    return {
        id_
        for id_, row in before.items()
        if id_ not in after
        or after[id_]["missing_since"] is not None
        or (row["minute"] is not None and row["minute"] != after[id_]["minute"])
        or (
            row["scorer"] is not None
            and row["scorer"] != after[id_]["scorer"]
            and (row["scorer"], after[id_]["scorer"]) not in renamed
        )
    }
