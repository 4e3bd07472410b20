"""The words of the ledger: closed vocabularies, and what people are told to type."""

from collections.abc import Mapping
from typing import Any, Literal

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


# Names in the summary of an execution that refused a payload, or waited for one that did.
REFUSED_BEFORE = "refusedBefore"
"""The same was refused before: by which execution, and when."""
SETTLED = "settled"
"""A person refused it for good: who, when and why."""
EMPTY = "empty"
"""Nothing is in it that could be taken in."""


def how_settled(summary: Mapping[str, Any]) -> str | None:
    """Who refused a payload for good and why, a sentence; None while nobody has."""
    settled = summary.get(SETTLED)
    if not isinstance(settled, dict):
        return None
    at = str(settled.get("at"))[:16].replace("T", " ")
    return f"It was refused for good: by {settled.get('by')} at {at} UTC, because: " + str(
        settled.get("reason")
    )


def ways_to_settle(id_: object, summary: Mapping[str, Any]) -> dict[str, str]:
    """What a person may do about a payload that was refused: what for, and what to type."""
    if how_settled(summary) is not None:
        return {}
    accept = {"To take it in all the same": f'dp accept {id_} --reason "why it is right"'}
    field = "refuse" if summary.get(EMPTY) else "accept or refuse"
    dagster = f"materialize the partition with this id as {field}, and reason, in its configuration"
    return {
        **({} if summary.get(EMPTY) else accept),
        "To keep it out for good": f'dp refuse {id_} --reason "why it is wrong"',
        "In Dagster": dagster,
    }


def how_to_settle(id_: object, summary: Mapping[str, Any]) -> str:
    """The same in lines; who settled it, once somebody has."""
    ways = ways_to_settle(id_, summary)
    return how_settled(summary) or "\n".join(f"{what}: {typed}" for what, typed in ways.items())
