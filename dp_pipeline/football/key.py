"""The tournament key: the one name a season of a competition at a provider goes by."""

import re
import unicodedata
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

# Every id in the database is a UUIDv5 below this one, so ids are known before the first write and
# are equal on every machine. Never change it: it is part of every row.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://dp-pipeline.invalid/")

LONGEST = 100
_PART = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")
_EXAMPLE = "openligadb:bl1:2024"
# Colons that look like ":" and survive NFKC: ratio, modifier letters.
_COLONS = str.maketrans(dict.fromkeys("\u2236\ua789\u02d0", ":"))
# Nothing is seen of these, and they are neither blanks nor format characters to Unicode.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u180b-\u180d\u2800\u3164\ufe00-\ufe0f\uffa0]")
_MOST_TIDIED = 2_000
"""As long as an address may be; what is longer is no key, and normalizing it would cost time."""


@lru_cache(maxsize=20_000, typed=True)  # a run wants each id of its tournament five times
def natural_id(*parts: str | int | None) -> uuid.UUID:
    """The UUIDv5 of a natural key. None and "" are different parts."""
    return uuid.uuid5(NAMESPACE, "\x1f".join("\x00" if p is None else str(p) for p in parts))


def tidied(text: str) -> str:
    """A key, or a part of one, as people type and paste it, in the one spelling that is a key.

    Blanks around it and around its colons go, and so do characters without width; full-width
    letters, look-alikes of the colon and dashes become what they stand for; capitals become small,
    for no provider has a key with capitals. An address keeps the capitals of its path. What is
    wrong beyond that stays, for `TournamentKey.parse` to refuse in a sentence.
    """
    if len(text) > _MOST_TIDIED:
        return text
    wide = (c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf"})
    seen = _UNSEEN.sub("", "".join(wide)).strip()
    if is_address(seen):
        return seen
    plain = unicodedata.normalize("NFKC", seen).translate(_COLONS)
    plain = "".join("-" if unicodedata.category(c) == "Pd" else c for c in plain)
    return ":".join(part.strip() for part in plain.split(":")).lower()


def is_address(text: str) -> bool:
    """Whether a text is the address of a page rather than a key."""
    return text.lower().startswith(("http://", "https://"))


class MalformedKeyError(ValueError):
    """A text is no tournament key; the sentence says what is wrong with it."""


@dataclass(frozen=True, slots=True, order=True)
class TournamentKey:
    """One season of one competition at one provider, written `provider:competition:season`.

    It is the Dagster partition key. `sofascore:17:61627` reads unique tournament 17, season 61627.
    """

    provider: str
    competition: str
    season: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key; whether the provider exists and likes it is the registry's question.

        Raises:
            MalformedKeyError: with one sentence that says what is wrong.
        """
        shown = repr(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
        if not text.strip():
            reason = (
                "The tournament key is empty; write provider:competition:season, for example "
                f"{_EXAMPLE}."
            )
            raise MalformedKeyError(reason)
        if len(text) > LONGEST:
            reason = (
                f"The tournament key {shown} has {len(text)} characters; {LONGEST} is the most."
            )
            raise MalformedKeyError(reason)
        parts = text.split(":")
        if len(parts) != 3:  # noqa: PLR2004
            reason = (
                f"The tournament key {shown} needs three parts between colons, "
                f"provider:competition:season (for example {_EXAMPLE}), and has {len(parts)}."
                f"{_hint(text)}"
            )
            raise MalformedKeyError(reason)
        for name, part in zip(("provider", "competition", "season"), parts, strict=True):
            # ".." is a range in Dagster's own partition syntax
            if not _PART.match(part) or ".." in part:
                reason = (
                    f"The {name} in the tournament key {shown} may hold only lower-case letters, "
                    f"digits, '.', '_' and '-', and starts with a letter or digit."
                    f"{_hint(text, part)}"
                )
                raise MalformedKeyError(reason)
        return cls(*parts)

    @property
    def tournament_id(self) -> uuid.UUID:
        """The id of the tournament's row, equal on every machine."""
        return natural_id("tournament", self.provider, self.competition, self.season)

    def __str__(self) -> str:
        return f"{self.provider}:{self.competition}:{self.season}"


def _hint(text: str, part: str = "") -> str:
    """What to write instead of a text that is no key, or which of its characters cannot be seen."""
    tidy = tidied(text)
    parts = tidy.split(":")
    if tidy != text and len(parts) == 3 and all(map(_PART.match, parts)) and ".." not in tidy:  # noqa: PLR2004
        return f" Write it {tidy}."
    # A Cyrillic o looks like ours.
    odd = next((c for c in part if not c.isascii()), None)
    return "" if odd is None else f" It has {odd!r}, {unicodedata.name(odd, 'without a name')}."
