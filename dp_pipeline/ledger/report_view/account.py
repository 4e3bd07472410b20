"""What a stored report says; what is missing in it, or is not what it should be, counts as empty.

A report may be years old, mended by hand, or the bare one of an execution that could not be
accounted for.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from dp_pipeline.pages.words import one_line
from dp_pipeline.providers.registry import BY_NAME

Entry = Mapping[str, Any]
_MOST = 10**15
"""More than this is no count of anything here, and no time."""


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """A stored report; each property takes what is there."""

    report: Entry

    def text(self, name: str) -> str:
        """What a field says, on one line."""
        return line(self.report.get(name))

    def entry(self, name: str) -> Entry:
        """A field that has names and values."""
        return entry(self.report.get(name))

    def entries(self, name: str) -> list[Entry]:
        """A field that is a list of such."""
        return entries(self.report.get(name))

    def count(self, name: str) -> int:
        """A number of the summary."""
        return whole(self.entry("summary").get(name))

    @property
    def id(self) -> str:
        """Of the execution."""
        return self.text("executionId")

    @property
    def domain(self) -> str:
        """Which it is of."""
        return self.text("domain")

    @property
    def outcome(self) -> str:
        """What it came to."""
        return self.text("outcome")

    @property
    def status(self) -> str:
        """How it ended."""
        return self.text("status")

    @property
    def key(self) -> str:
        """Of the tournament."""
        return line(self.entry("tournament").get("key"))

    @property
    def tournament(self) -> str:
        """What people call it."""
        return line(self.entry("tournament").get("label")) or self.key or "a tournament"

    @property
    def provider(self) -> str:
        """What people call it."""
        name = line(self.entry("tournament").get("provider")) or self.key.partition(":")[0]
        return BY_NAME[name].title if name in BY_NAME else name

    @property
    def started_at(self) -> datetime | None:
        """When it began."""
        return moment_of(self.report.get("startTime"))

    @property
    def duration_ms(self) -> int:
        """How long it took."""
        return whole(self.report.get("durationMs"))

    @property
    def is_dry(self) -> bool:
        """Whether it only said what it would write."""
        return "planned" in self.report or self.outcome == "planned"

    @property
    def changed(self) -> list[Entry]:
        """Each field that changed, or would: table, row, field, from, to."""
        named = self.entries("planned") or self.entries("changed")
        return named or [
            {"table": stored.get("table"), "row": row.get("id"), "field": field, **entry(values)}
            for stored in self.entries("changes")
            for row in entries(stored.get("updated"))
            for field, values in entry(row.get("fields")).items()
        ]

    @property
    def noticed(self) -> Entry:
        """What is doubtful and was kept, by kind; it was called remarks once."""
        return self.entry("findings") or self.entry("remarks")


def line(value: object) -> str:
    """A value as one line of text; nothing for nothing."""
    return "" if value is None else one_line(str(value))


def entry(value: object) -> Entry:
    """A value that has names and values."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[Entry]:
    """A list of such values."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def whole(value: object) -> int:
    """A count, or so many milliseconds."""
    return round(number(value))


def number(value: object) -> float:
    """What counts or measures something, never below zero."""
    known = isinstance(value, int | float) and math.isfinite(value) and 0 <= value < _MOST
    return value if known else 0


def moment_of(value: object) -> datetime | None:
    """A moment as a report writes it."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        at = None if at is None or at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # elsewhere on earth it may be the year before or after
    return at if at is not None and MINYEAR < at.year < MAXYEAR else None
