"""What a check of stored data looks at, and how it says what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dp_pipeline.database.rows import Row
from dp_pipeline.domains.match_words import subject_of
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Match

Severity = Literal["WARN", "ERROR"]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong, a sentence; `severity` where it is another than the check's."""

    sentence: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class LastRead:
    """When all matches of a tournament were last read well; None: never, as far as is known.

    `present` is the time by the same clock, ours.
    """

    at: datetime | None
    present: datetime


@dataclass(frozen=True, slots=True)
class CheckedData:
    """A stored tournament as checks look at it.

    Args:
        snapshot: what is stored.
        now: the present at the provider.
        findings: rows of what the last whole reads found.
        last_read: when it was read; None where nobody reads it on purpose.
    """

    snapshot: Snapshot
    now: datetime
    findings: Sequence[Row] = ()
    last_read: LastRead | None = None

    def named(self, match: Match) -> str:
        """A match in a person's words."""
        return subject_of(match, self.snapshot.team_names)
