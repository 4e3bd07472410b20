"""Which domains there are, in the order in which they build on each other.

A new domain is one module and its name in `DOMAINS`. What is forgotten is said at import.
"""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.tables import (
    archive,
    automation,
    checks,
    clubs,
    comparisons,
    history,
    incidents,
    ledger,
    matchdays,
)
from dp_pipeline.domains.domain import Domain, Registered
from dp_pipeline.domains.goals import GOALS
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.rounds import ROUNDS
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.domains.teams import TEAMS
from dp_pipeline.domains.tournaments import TOURNAMENTS

DOMAINS: tuple[Domain[Any], ...] = (TOURNAMENTS, TEAMS, ROUNDS, MATCHES, GOALS, STANDINGS)
"""What a provider tells of a tournament, ingested together."""

_shown = (
    sa.select(tables.tournament.c.id)
    .select_from(tables.tournament.outerjoin(tables.tournament_team))
    .where(tables.tournament.c.logo.is_not(None) | tables.tournament_team.c.badge.is_not(None))
    .subquery()
)
LOGOS = Registered(
    name="logos",
    description=(
        "The logo of a tournament and the badges of its teams, downloaded when they changed and "
        "kept in the object store. Their addresses are in `tournament.logo`, "
        "`tournament_team.badge` and, where it is the current one, `team.badge`."
    ),
    depends_on=("tournaments", "teams"),
    tables=(tables.image, tables.tournament, tables.tournament_team, tables.team),
    has_rows=_shown.c.id,
    operation="logos",
)
"""Images are collected afterwards: data never waits for a picture."""

# Their rows belong to no single tournament; `snapshot` reads them in ways of its own.
_SHARED = (tables.tournament, tables.team, tables.team_alias)
# Their tables are written by no plan.
_NO_DOMAINS = (
    *(archive, automation, checks, clubs, comparisons, history, incidents, ledger),
    matchdays,
)


class RegistryError(Exception):
    """A registration lacks something; the text is a sentence for whoever adds a domain."""


def checked(registered: Iterable[Registered], operations: Collection[str]) -> dict[str, Registered]:
    """The registrations by name.

    Args:
        registered: in order.
        operations: the operation types that the ledger takes.

    Raises:
        RegistryError: one of them is not complete.
    """
    by_name: dict[str, Registered] = {}
    for one in registered:
        if one.name in by_name:
            message = f"Two domains are called {one.name}."
            raise RegistryError(message)
        unknown = [name for name in one.depends_on if name not in by_name]
        if unknown:
            message = (
                f"The domain {one.name} depends on {' and '.join(unknown)}, which does not come "
                "before it among the registered domains."
            )
            raise RegistryError(message)
        if not one.tables or not one.description:
            message = f"The domain {one.name} names no table or has no description."
            raise RegistryError(message)
        if isinstance(one, Domain):
            _check_tables(one)
        by_name[one.name] = one
    _check_operations(by_name.values(), operations)
    _check_all_named(by_name.values())
    return by_name


def _check_tables(domain: Domain[Any]) -> None:
    """Refuse a domain whose stored rows no snapshot would hold: all would be planned as new."""
    counted = domain.has_rows
    if not (isinstance(counted, sa.Column) and counted.table in domain.tables):
        message = f"`has_rows` of the domain {domain.name} is no column of one of its tables."
        raise RegistryError(message)
    for table in domain.tables:
        if "tournament_id" not in table.c and table not in _SHARED:
            message = (
                f"The table {table.name} of the domain {domain.name} has no column "
                "`tournament_id`, by which its rows are read before they are planned."
            )
            raise RegistryError(message)


def _check_all_named(registered: Collection[Registered]) -> None:
    """Refuse a table that no registration names: a plan would take all its rows for new."""
    named = {table for one in registered for table in one.tables}
    values = [each for module in _NO_DOMAINS for each in vars(module).values()]
    others = {each for each in values if isinstance(each, sa.Table)}
    for table in tables.metadata.tables.values():
        if table not in named | others:
            message = (
                f"No domain names the table {table.name}. Add it to `tables` of the domain whose "
                "plan writes it; a table that no plan writes belongs to another module of "
                "`database/tables/` than `football.py`."
            )
            raise RegistryError(message)


def _check_operations(registered: Iterable[Registered], operations: Collection[str]) -> None:
    wanted = {f"{one.operation}_{verb}" for one in registered for verb in ("create", "update")}
    if unknown := sorted(wanted - set(operations)):
        message = (
            f"The ledger does not take the operation types {', '.join(unknown)}. Name them in "
            "`database/tables/ledger.py`, and in a migration that replaces the check constraint."
        )
        raise RegistryError(message)
    if unused := sorted(set(operations) - wanted):
        message = (
            f"The ledger takes the operation types {', '.join(unused)}, and no registered domain "
            "has them. Name the domain in `DOMAINS` of `domains/registry.py`."
        )
        raise RegistryError(message)


REGISTERED = checked((*DOMAINS, LOGOS), tables.OPERATION_TYPES)
"""Everything that an execution can be of, by name and in order."""
BY_NAME = {domain.name: domain for domain in DOMAINS}
NAMES = tuple(BY_NAME)
TABLES = tuple(table for domain in DOMAINS for table in domain.tables)


def in_order(names: Collection[str]) -> tuple[str, ...]:
    """The given domains so that each comes after what it builds on."""
    return tuple(name for name in REGISTERED if name in names)


def order_of(name: str) -> int:
    """Where a domain stands among the others; one that is not known, last."""
    return [*REGISTERED, name].index(name)


def operation_type(name: str, *, create: bool) -> str:
    """`matches_create`, `tournament_update`, …: create when there were no rows yet."""
    return f"{REGISTERED[name].operation}_{'create' if create else 'update'}"
