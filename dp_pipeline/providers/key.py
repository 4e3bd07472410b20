"""The tournament key: the one name a season of a competition at a provider goes by."""

import re
import uuid
from dataclasses import dataclass
from typing import Self

from dp_pipeline.providers.errors import InvalidTournamentKeyError

# Every id in the database is a UUIDv5 below this one, so ids are known before the first write and
# are equal on every machine. Never change it: it is part of every row.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://dp-pipeline.invalid/")

LONGEST = 100
_PART = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")
_EXAMPLE = "openligadb:bl1:2024"


def natural_id(*parts: str | int | None) -> uuid.UUID:
    """The UUIDv5 of a natural key. None and "" are different parts."""
    return uuid.uuid5(NAMESPACE, "\x1f".join("\x00" if p is None else str(p) for p in parts))


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
            InvalidTournamentKeyError: with one sentence that says what is wrong.
        """
        shown = repr(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
        if not text.strip():
            reason = (
                "The tournament key is empty; write provider:competition:season, for example "
                f"{_EXAMPLE}."
            )
            raise InvalidTournamentKeyError(reason)
        if len(text) > LONGEST:
            reason = (
                f"The tournament key {shown} has {len(text)} characters; {LONGEST} is the most."
            )
            raise InvalidTournamentKeyError(reason)
        parts = text.split(":")
        if len(parts) != 3:  # noqa: PLR2004
            reason = (
                f"The tournament key {shown} needs three parts between colons, "
                f"provider:competition:season (for example {_EXAMPLE}), and has {len(parts)}."
            )
            raise InvalidTournamentKeyError(reason)
        for name, part in zip(("provider", "competition", "season"), parts, strict=True):
            # ".." is a range in Dagster's own partition syntax
            if not _PART.match(part) or ".." in part:
                hint = (
                    f" Write it in lower case: {text.lower()}." if _PART.match(part.lower()) else ""
                )
                reason = (
                    f"The {name} in the tournament key {shown} may hold only lower-case letters, "
                    f"digits, '.', '_' and '-', and starts with a letter or digit.{hint}"
                )
                raise InvalidTournamentKeyError(reason)
        return cls(*parts)

    @property
    def tournament_id(self) -> uuid.UUID:
        """The id of the tournament's row, equal on every machine."""
        return natural_id("tournament", self.provider, self.competition, self.season)

    def __str__(self) -> str:
        return f"{self.provider}:{self.competition}:{self.season}"
