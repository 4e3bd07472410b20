"""The tournament that a person names: the known key that a text fits, or those nearest to it."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.football.key import MalformedKeyError, TournamentKey, tidied

MOST_NAMED = 3
_ALIKE = 0.7
"""How alike a key is to one that was meant: bl1:2042 is to bl1:2024 0.88, to dfb:2025 0.5."""
_WORD = re.compile(r"\w+")
_LONGEST_SHOWN = 100

_tournament, _executions = tables.tournament, tables.data_provider_executions

# Each next key is one look-up in the index: of a million executions, of 10,000 keys, the distinct
# ones take 0.1 s and not 2 s.
_ATTEMPTED = sa.text("""
WITH RECURSIVE attempted AS (
    (SELECT tournament_key AS key FROM data_provider_executions ORDER BY tournament_key LIMIT 1)
    UNION ALL
    SELECT (SELECT tournament_key FROM data_provider_executions
            WHERE tournament_key > attempted.key ORDER BY tournament_key LIMIT 1)
    FROM attempted WHERE attempted.key IS NOT NULL
)
SELECT key, coalesce(tournament.label, '') AS label FROM attempted LEFT JOIN tournament USING (key)
WHERE key IS NOT NULL
""")


class UnknownKeyError(LookupError):
    """No tournament that is known goes by a text.

    Args:
        message: sentences that name those that nearly do.
        near: their keys.
    """

    def __init__(self, message: str, near: Sequence[str]) -> None:
        super().__init__(message)
        self.near = tuple(near)


def stored_key(connection: sa.Connection, text: str) -> TournamentKey:
    """The key of the stored tournament that a text names, in whatever spelling.

    Raises:
        UnknownKeyError: none is stored.
    """
    key = tidied(text)
    try:
        parsed = TournamentKey.parse(key)
    except MalformedKeyError:
        parsed = None
    of_row = _tournament.c.key
    if parsed and connection.scalar(sa.select(of_row).where(of_row == key)):
        return parsed
    rows = connection.execute(sa.select(_tournament.c.key, _tournament.c.label))
    near = nearest(key, {row.key: row.label for row in rows})
    read = f" `dp ingest {key}` reads it." if parsed else ""
    message = f"{_shown(key)} is not stored{_said(near)} `dp tournaments` lists what is.{read}"
    raise UnknownKeyError(message, near)


def attempted_key(connection: sa.Connection, text: str) -> str:
    """The key in the ledger that a text names; there it may be any text that somebody added.

    Raises:
        UnknownKeyError: the ledger has none.
    """
    key, of_row = tidied(text), _executions.c.tournament_key
    fits = sa.select(of_row).where(of_row == sa.bindparam("key", type_=sa.Text)).limit(1)
    for each in dict.fromkeys((key, text)):
        if each.isprintable() and connection.scalar(fits, {"key": each}) is not None:
            return each
    known = {row.key: row.label for row in connection.execute(_ATTEMPTED)}
    fitting = [each for each in known if tidied(each) == key]
    if len(fitting) == 1:
        return fitting[0]
    near = nearest(key, known)
    message = f"The ledger has no execution of {_shown(key)}{_said(near)}"
    raise UnknownKeyError(message, near)


def nearest(text: str, labels: Mapping[str, str]) -> list[str]:
    """Of known keys, with the names of their tournaments, those that a text most likely means.

    These have all of its words in key or name, or are keys that are written nearly so; the newest
    seasons come first.
    """
    words = _WORD.findall(text.lower())
    named = [
        key for key, label in labels.items() if all(w in f"{key} {label}".lower() for w in words)
    ]
    if words and named:
        return sorted(named, key=_season, reverse=True)[:MOST_NAMED]
    provider, _, rest = text[:_LONGEST_SHOWN].partition(":")
    alike = sorted(((_likeness(provider, rest, key), key) for key in labels), reverse=True)
    return [key for ratio, key in alike[:MOST_NAMED] if ratio >= _ALIKE]


def _likeness(provider: str, rest: str, key: str) -> float:
    """How alike a key is to one in two parts: equal names of a provider say nothing of the rest."""
    of, _, after = key.partition(":")
    if of == provider:
        compared = SequenceMatcher(None, after, rest)
    else:
        compared = SequenceMatcher(None, key, f"{provider}:{rest}")
    # The cheap bounds come first: of 10,000 keys few are compared in full.
    bounds = (compared.real_quick_ratio, compared.quick_ratio)
    return 0.0 if any(bound() < _ALIKE for bound in bounds) else compared.ratio()


def _season(key: str) -> tuple[str, str]:
    return key.rpartition(":")[2], key


def _said(near: Sequence[str]) -> str:
    if not near:
        return "."
    *others, last = near
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"


def _shown(text: str) -> str:
    return (text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…") or "''"
