"""The version of what is stored of a domain: equal for equal rows, whoever wrote them and when.

Dagster compares it: what follows from an asset is made again when its version changed, not when it
was read again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import STAMPS, RowId
from dp_pipeline.domains.domain import Registered
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import TournamentState

# What follows from rounds, matches and standings is written with them and told by their versions: a
# first read would otherwise be another one than the second. Addresses of images are of `logos`.
_OF_OTHERS = {
    tables.tournament.name: {each.name for each in fields(TournamentState)} | {"logo"},
    tables.tournament_team.name: {"badge"},
}

_AS_IT_IS = frozenset({str, int, bool, type(None)})


def data_version(domain: Registered, snapshot: Snapshot) -> str:
    """A digest of the rows of a domain in a tournament, without the times of writing them."""
    return digest_of({table.name: _rows(table, snapshot) for table in _tables_of(domain)})


def digest_of(stored: Mapping[str, Mapping[RowId, Row]]) -> str:
    """A digest of rows by table and id, the same in every process and version of Python.

    A null says no more than a column that is not there: one that is added changes nothing until
    something stands in it.
    """
    lines = sorted(
        json.dumps([table, _plain(id_), sorted(values.items())], ensure_ascii=True)
        for table, by_id in stored.items()
        for id_, row in by_id.items()
        for values in [{n: _plain(v) for n, v in row.items() if v is not None and n not in STAMPS}]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _tables_of(domain: Registered) -> Iterable[sa.Table]:
    """Those that the domain has to itself; of a tournament's row others write a part as well."""
    own = (table for table in domain.tables if table is not tables.tournament)
    return domain.tables[:1] if domain.tables[0] is tables.tournament else own


def _rows(table: sa.Table, snapshot: Snapshot) -> Mapping[RowId, Row]:
    rows = snapshot.rows(table)
    if table is tables.team:
        # Shared by tournaments, of which the newest says what it is called now.
        return {id_: {"country": rows[id_]["country"]} for id_ in snapshot.members}
    if table is tables.team_alias:
        return {}  # of all tournaments of the provider
    others = _OF_OTHERS.get(table.name, set())
    return {
        id_: {name: value for name, value in row.items() if name not in others}
        for id_, row in rows.items()
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: a moment in UTC, however the database or a provider gave it."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value
