"""What a provider said of one domain: entities, findings, and why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from dp_pipeline.football.models import TeamAlias


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the payload a person may want to know.

    Args:
        kind: bucket in the report, snake_case ("unknown_team", "impossible_shootout").
        subject: the entity in a person's words ("Blackburn Rovers - Ipswich Town, Matchday 6").
        detail: one sentence.
        left_out: True when the entity was not given because it cannot be stored soundly; that makes
            the execution a partial failure. False where the entity is given (perhaps
            without one uncertain field), or nothing was lost (a duplicate of an equal fixture).
        data: small extras for the report, JSON-able.
    """

    kind: str
    subject: str
    detail: str
    left_out: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)


def left_empty(subject: str, names: Sequence[str]) -> tuple[Finding, ...]:
    """The finding that fields of an entity hold numbers beyond what can be stored of them."""
    if not names:
        return ()
    listed = ", ".join(dict.fromkeys(names))
    detail = f"A number beyond all bounds is left empty: {listed}."
    return (Finding("out_of_bounds", subject, detail, data={"fields": listed}),)


@dataclass(frozen=True, slots=True)
class Absence:
    """Why there is nothing: the provider has not published it, or there can be none."""

    kind: Literal["nothing_yet", "not_applicable"]
    because: str


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """What a provider said of one domain: entities, findings, and when there are none, why.

    Args:
        items: the entities.
        findings: what a person may want to know of them.
        absent: why there are none.
        covers: external ids of the stored matches that the answer was to hold; None for all. Only
            of these one that it does not hold is missing.
        team_names: of the teams that the answer speaks of, by external id.
        aliases: names that were recognised as those of one of its teams and are no ids of them.
        literal: by external id, the entities as the provider's words have them where what is given
            of them differs: a day was put right, a score that contradicts itself left empty. What
            is stored so is no settled fact; our reading has changed, and not what the provider
            says.
        read_at: when it was read, by the provider's time, where what is written depends on it.
    """

    items: tuple[T, ...] = ()
    findings: tuple[Finding, ...] = ()
    absent: Absence | None = None
    covers: frozenset[str] | None = None
    team_names: Mapping[str, str] = field(default_factory=dict)
    literal: Mapping[str, T] = field(default_factory=dict)
    read_at: datetime | None = None
    aliases: tuple[TeamAlias, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether nothing can be planned of it: a list that came without entities is something."""
        return not self.items and (self.absent is not None or not self.covers)
