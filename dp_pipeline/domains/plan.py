"""A plan: what a materialization would write, decided before anything is written. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dp_pipeline.database.store import Stored, Write
from dp_pipeline.providers.fetched import Absence, Finding


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is written, a sentence: something is missing here, or the payload is doubtful."""

    kind: Literal["blocked_dependency", "suspicious_payload"]
    because: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written of one domain of one tournament.

    Args:
        writes: per table, in the order in which rows refer to each other.
        findings: what a person is to know, those who are left out among them.
        refusal: why nothing of it is written; None when it may be.
        absent: why there is nothing to write, and that is as it should be.
        label: the tournament's name, where the plan gives it one.
        preview: some of the data, row by row.
        corrected: ids of the settled rows that it loses or rewrites, where the verdict on the
            matches does not name them.
    """

    writes: tuple[Write, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusal: Refusal | None = None
    absent: Absence | None = None
    label: str | None = None
    preview: Sequence[Mapping[str, Any]] = ()
    corrected: frozenset[str] = frozenset()

    @property
    def stored(self) -> tuple[Stored, ...]:
        """What it comes to, table by table."""
        return tuple(write.stored for write in self.writes)

    @property
    def changes_anything(self) -> bool:
        """Whether a row is new or differs."""
        return any(stored.created or stored.updated for stored in self.stored)


def not_stored(key: object) -> Plan:
    """A plan to write nothing, as the tournament itself is not there."""
    return refused(
        f"The tournament {key} is not stored yet. Materialize `tournaments` for it first, or all "
        "domains together.",
        blocked=True,
    )


def refused(because: str, findings: Sequence[Finding] = (), *, blocked: bool = False) -> Plan:
    """A plan to write nothing.

    Args:
        because: a sentence.
        findings: what a person is to know all the same.
        blocked: something is not stored that it builds on; else the payload is doubtful.
    """
    kind = "blocked_dependency" if blocked else "suspicious_payload"
    return Plan(findings=tuple(findings), refusal=Refusal(kind, because))
