"""The words of the ledger: closed vocabularies, and what people are told to type."""

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
SUSPICIOUS: Outcome = "suspicious_payload"
Scope = Literal["whole", "part", "nothing", "dry_run"]
"""How much of its domain an execution read: all of it; what was due, in a poll; nothing, because
nothing was due any more or no request was to be made; all, only to say what would be written."""
Step = Literal["initialization", "scraping", "transformation", "database"]


def how_to_accept(id_: object) -> str:
    """The command that takes in what an execution refused, in a sentence."""
    return f'To take it in all the same: dp accept {id_} --reason "why it is right"'
