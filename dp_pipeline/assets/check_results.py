"""What checks of stored data came to, as it is kept. No Dagster here.

A result is told when it changes: 10,000 tournaments read each night would else fill the event log
with what is known.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.store import store
from dp_pipeline.domains.checked_data import CheckedData, LastRead
from dp_pipeline.domains.data_checks import (
    CheckResult,
    excused,
    excused_no_more,
    results_of,
)
from dp_pipeline.domains.findings import findings_of
from dp_pipeline.domains.known_exceptions import KnownException
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.timed_checks import last_read_of


def checked(  # noqa: PLR0913 - what is checked, and what people have said of it
    connection: sa.Connection,
    snapshot: Snapshot,
    now: datetime,
    exceptions: Collection[KnownException] = (),
    *,
    selected: Collection[str] = (),
    is_read: bool = True,
) -> list[CheckResult]:
    """Make the checks of a tournament and keep what they came to.

    Args:
        connection: in a transaction.
        snapshot: what is stored.
        now: the present at the provider.
        exceptions: what people have said is known.
        selected: names of checks that somebody waits for, changed or not.
        is_read: whether it is read by itself; False where its competition is not followed any more.

    Returns:
        The results that changed, and those that are waited for.
    """
    key = str(snapshot.key)
    id_ = snapshot.key.tournament_id
    last_read = LastRead(last_read_of(connection, key), datetime.now(UTC)) if is_read else None
    data = CheckedData(snapshot, now, findings_of(connection, id_), last_read)
    known = {each.check: each for each in exceptions if each.tournament == key}
    results = [_judged(result, known.get(result.name), now) for result in results_of(data)]
    rows = [
        {
            "tournament_id": id_,
            "name": result.name,
            "domain": result.domain,
            "passed": result.passed,
            "severity": result.severity,
            "detail": result.detail,
            "rows": list(result.rows),
            "wrong": result.wrong,
        }
        for result in results
    ]
    stored = store(connection, tables.data_check, rows)
    ids: list[Any] = [*stored.created, *(change.id for change in stored.updated)]
    changed = {name for _, name in ids}
    return [result for result in results if result.name in {*changed, *selected}]


def _judged(result: CheckResult, known: KnownException | None, now: datetime) -> CheckResult:
    """A result in the light of what people have said of it."""
    if result.passed or known is None:
        return result
    judged = excused if now.date() <= known.until else excused_no_more
    return judged(result, known.reason, known.until)
