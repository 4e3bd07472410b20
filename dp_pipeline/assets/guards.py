"""What keeps good data from being replaced by less or worse: decisions, and two look-ups."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database, tournament_lock
from dp_pipeline.executions.errors import BlockedDependencyError, SuspiciousPayloadError
from dp_pipeline.executions.execution import Execution
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.models import Absence, Found, Issue, Match

# A season loses a duplicate or a withdrawn fixture now and then; a tenth of it at once is a fault.
MOST_MISSING = 2
MOST_MISSING_SHARE = 0.1

# A result or two are taken back now and then (annulled, entered for another match); not a tenth.
MOST_PUT_BACK = 2
MOST_PUT_BACK_SHARE = 0.1

_PLAYED = frozenset({"ended", "awarded"})
_NOT_PLAYED_YET = frozenset({"scheduled", "live", "unknown"})


def nothing_found(execution: Execution, found: Found[Any]) -> None:
    """Settle an execution without entities: expected, or suspicious when rows are stored."""
    absent = found.absent or Absence("nothing_yet", "The provider gave nothing.")
    execution.received(found)
    if absent.kind == "nothing_yet" and not execution.create:
        message = f"{absent.because} Rows of it are stored already; they were kept as they are."
        raise SuspiciousPayloadError(message)
    execution.nothing(absent)


def refuse_shrunken(what: str, stored: Collection[UUID], found: Collection[UUID]) -> list[Issue]:
    """Refuse a payload that lacks much of what is stored; name what little it lacks.

    Raises:
        SuspiciousPayloadError: more than two rows and a tenth of them are missing.
    """
    missing = sorted(set(stored) - set(found))
    if len(missing) > max(MOST_MISSING, MOST_MISSING_SHARE * len(stored)):
        message = (
            f"The provider gave {len(found)} {what}, and {len(missing)} of the {len(stored)} "
            "stored ones are not among them. Nothing was changed."
        )
        raise SuspiciousPayloadError(message)
    return [
        Issue(
            "no_longer_at_provider",
            str(id_),
            f"Stored, but no longer among the provider's {what}; it was kept.",
        )
        for id_ in missing
    ]


def regression(stored: Mapping[str, Any], found: Match) -> str | None:
    """Why a found match must not replace the stored one, or None: a played one stays played."""
    if stored["status"] not in _PLAYED:
        return None
    if found.status in _NOT_PLAYED_YET:
        return f"is {stored['status']} here and {found.status} at the provider"
    if found.status in _PLAYED and stored["home_score"] is not None and found.home_score is None:
        return "has a result here and none at the provider"
    return None


def stored_matches(
    connection: sa.Connection, execution: Execution
) -> dict[UUID, Mapping[str, Any]]:
    """Id to external_id, status and home_score of every stored match of this tournament."""
    table = tables.match
    wanted = sa.select(table.c.id, table.c.external_id, table.c.status, table.c.home_score).where(
        table.c.tournament_id == execution.tournament_id
    )
    return {row["id"]: row for row in connection.execute(wanted).mappings()}


def refuse_lesser_matches(
    stored: Mapping[UUID, Mapping[str, Any]], found: Mapping[UUID, Match]
) -> list[Issue]:
    """Refuse matches that are far fewer, or far fewer played, than those stored; name the missing.

    Raises:
        SuspiciousPayloadError: more than two and a tenth are missing, or would lose their result.
    """
    missing = refuse_shrunken("matches", stored.keys(), found.keys())
    put_back = sum(
        id_ in stored and regression(stored[id_], match) is not None for id_, match in found.items()
    )
    if put_back > max(MOST_PUT_BACK, MOST_PUT_BACK_SHARE * len(stored)):
        message = (
            f"Of the {len(stored)} stored matches {put_back} would have lost their result. "
            "Nothing was changed."
        )
        raise SuspiciousPayloadError(message)
    return missing


async def refuse_lesser_season(source: Source, database: Database, execution: Execution) -> None:
    """Judge an answer by its matches before anything else is taken from it.

    With half of the matches, the current round, the rounds' kinds and the spelling of teams that
    follow from them are wrong as well.

    Raises:
        SuspiciousPayloadError: see `refuse_lesser_matches`.
    """
    if not source.matches_come_along or execution.create:
        return
    with execution.step("transformation", "compare_matches"):
        matches = (await source.matches()).items
        found = {rows.match_id(source.key.provider, m.external_id): m for m in matches}
        await database.run(
            lambda connection: refuse_lesser_matches(stored_matches(connection, execution), found)
        )


def claim(connection: sa.Connection, execution: Execution) -> None:
    """Be the only writer of this tournament until the transaction ends.

    Raises:
        BlockedDependencyError: the tournament itself is not stored.
    """
    tournament_lock(connection, execution.tournament_id)
    table = tables.tournament
    if not connection.scalar(sa.select(table.c.id).where(table.c.id == execution.tournament_id)):
        message = (
            f"The tournament {execution.key} is not stored yet. Materialize `tournaments` for it "
            "first, or all domains together."
        )
        raise BlockedDependencyError(message)


def stored_ids(
    connection: sa.Connection, column: sa.Column[Any], execution: Execution
) -> set[UUID]:
    """The values of a column in the rows of this tournament."""
    return set(
        connection.scalars(
            sa.select(column).where(column.table.c.tournament_id == execution.tournament_id)
        )
    )
