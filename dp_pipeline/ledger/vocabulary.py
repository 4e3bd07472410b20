"""The closed vocabularies of the ledger; domains have a registry of their own."""

from typing import Literal

Status = Literal["in_progress", "completed", "partial_failure", "failed"]
Outcome = Literal[
    "written",
    "unchanged",
    "planned",
    "nothing_yet",
    "not_applicable",
    "blocked_dependency",
    "suspicious_payload",
    "failed",
]
Scope = Literal["whole", "part", "nothing", "dry_run"]
"""How much of its domain an execution read: all of it; what was due, in a poll; nothing, because
nothing was due any more or no request was to be made; all, only to say what would be written."""
Step = Literal["initialization", "scraping", "transformation", "database"]
