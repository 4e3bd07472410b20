"""The closed vocabularies of the ledger, and the order in which domains build on each other."""

from collections.abc import Collection, Mapping
from typing import Literal, get_args

Domain = Literal["tournaments", "teams", "rounds", "matches", "standings", "logos"]
Status = Literal["in_progress", "completed", "partial_failure", "failed"]
Outcome = Literal[
    "written",
    "unchanged",
    "nothing_yet",
    "not_applicable",
    "blocked_dependency",
    "suspicious_payload",
    "failed",
]
Scope = Literal["whole", "part", "nothing"]
"""How much of its domain an execution read: all of it; what was due, in a poll; nothing, because
nothing was due any more or nobody was to be asked."""
Step = Literal["initialization", "scraping", "transformation", "database"]

RECORDED: tuple[Domain, ...] = get_args(Domain)
"""Everything an execution can be of."""
DOMAINS = RECORDED[:-1]
"""What a provider tells of a tournament, ingested together; images are collected afterwards."""
DEPENDS_ON: Mapping[Domain, tuple[Domain, ...]] = {
    "tournaments": (),
    "teams": ("tournaments",),
    "rounds": ("tournaments",),
    "matches": ("teams", "rounds"),
    "standings": ("teams", "matches"),
    "logos": ("tournaments", "teams"),
}
_SINGULAR = {"tournaments": "tournament"}


def in_order(domains: Collection[str]) -> tuple[Domain, ...]:
    """The given domains so that each comes after what it builds on."""
    return tuple(domain for domain in RECORDED if domain in domains)


def operation_type(domain: Domain, *, create: bool) -> str:
    """`matches_create`, `tournament_update`, …: create when there were no rows yet."""
    return f"{_SINGULAR.get(domain, domain)}_{'create' if create else 'update'}"
