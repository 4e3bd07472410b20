"""The names that teams are recognised by, where their provider has no ids: of all it has."""

from collections.abc import Mapping

import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.providers.contract import StoredTeams

_PROVIDER = sa.bindparam("provider", type_=sa.Text)
_NAMED = sa.select(tables.team.c.external_id).where(tables.team.c.provider == _PROVIDER)
_ALIASES = (
    sa.select(tables.team_alias.c.key, tables.team.c.external_id)
    .outerjoin_from(tables.team_alias, tables.team, tables.team_alias.c.team_id == tables.team.c.id)
    .where(tables.team_alias.c.provider == _PROVIDER)
)
# Another name, one less, or one that is another club's now: a count alone would miss the last.
_STAND = sa.text("""
    SELECT
        (SELECT (count(*), sum(hashtextextended(external_id, 0)))::text
            FROM team WHERE provider = :provider),
        (SELECT (count(*), sum(hashtextextended(concat_ws(' ', key, team_id), 0)))::text
            FROM team_alias WHERE provider = :provider)
""")
_Names = tuple[Mapping[str, str | None], frozenset[str]]


class StoredNames:
    """The names by provider, for as long as one run works: read anew when they are others.

    Names are asked for with each tournament, as the one before may have brought some. Reading 2,400
    of them took a tenth of the CPU of a tournament in which nothing is new.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[tuple[str, str], _Names]] = {}

    def of(self, connection: sa.Connection, snapshot: Snapshot) -> StoredTeams:
        """What the teams of a payload are recognised by.

        Args:
            connection: while the tournament's lease is held.
            snapshot: what is stored of the tournament.
        """
        provider = snapshot.key.provider
        # First, so that names which come meanwhile are read twice rather than missed.
        stand = tuple(connection.execute(_STAND, {"provider": provider}).one())
        last = self._read.get(provider)
        if last is None or last[0] != stand:
            last = (stand, _names(connection, provider))
            self._read[provider] = last
        return StoredTeams(*last[1], snapshot.models)


def aliases_of(connection: sa.Connection, provider: str) -> dict[str, str | None]:
    """External ids of a provider's teams by the keys of their other names."""
    return {
        row.key: row.external_id for row in connection.execute(_ALIASES, {"provider": provider})
    }


def _names(connection: sa.Connection, provider: str) -> _Names:
    stored = connection.scalars(_NAMED, {"provider": provider})
    return aliases_of(connection, provider), frozenset(stored)
