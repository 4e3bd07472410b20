"""How the tournaments stand, a line for each: what is stored, when it was read, what is wrong."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dp_pipeline.database.confirmed import unconfirmed
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.football.progress import REPLACEABLE
from dp_pipeline.ledger.failing import failing

NOT_READ = "not read yet"
"""The status of a tournament of which nothing is stored."""
UNCONFIRMED = "not confirmed"
"""The status of a key of which no provider has said yet that there is such a tournament."""

# A postponed match whose replay is listed, too, is one match, as `without_replaced` has it.
# The last read is looked up in the index of completed executions, by its four leading columns.
_STORED = sa.text("""
SELECT tournament.key, tournament.label, tournament.status,
    coalesce(matches.played, 0) AS played, coalesce(matches.of, 0) AS of,
    greatest(whole.at, part.at) AS read_at, coalesce(checks.errors, 0) AS errors,
    coalesce(checks.warnings, 0) AS warnings
FROM tournament
LEFT JOIN (
    SELECT tournament_id, count(*) AS of,
        count(*) FILTER (WHERE status IN ('ended', 'awarded')) AS played
    FROM match WHERE superseded_by IS NULL AND NOT (
        status = ANY(:replaceable) AND EXISTS (
            SELECT FROM match AS other WHERE other.tournament_id = match.tournament_id
                AND other.superseded_by IS NULL AND other.status <> ALL(:replaceable)
                AND other.stage IS NOT DISTINCT FROM match.stage
                AND other.group_name IS NOT DISTINCT FROM match.group_name
                AND other.round_slug IS NOT DISTINCT FROM match.round_slug
                AND other.home_team_id = match.home_team_id
                AND other.away_team_id = match.away_team_id))
    GROUP BY tournament_id
) AS matches ON matches.tournament_id = tournament.id
LEFT JOIN (
    SELECT tournament_id, count(*) FILTER (WHERE severity = 'ERROR') AS errors,
        count(*) FILTER (WHERE severity <> 'ERROR') AS warnings
    FROM data_check WHERE NOT passed GROUP BY tournament_id
) AS checks ON checks.tournament_id = tournament.id
LEFT JOIN LATERAL (
    SELECT max(completed_at) AS at FROM data_provider_executions AS e
    WHERE e.tournament_key = tournament.key AND e.domain = :domain AND e.scope = 'whole'
        AND e.status = 'completed'
) AS whole ON true
LEFT JOIN LATERAL (
    SELECT max(completed_at) AS at FROM data_provider_executions AS e
    WHERE e.tournament_key = tournament.key AND e.domain = :domain AND e.scope = 'part'
        AND e.status = 'completed'
) AS part ON true
WHERE CAST(:provider AS text) IS NULL OR tournament.provider = :provider
ORDER BY tournament.key
""")
_AWAITED = sa.text("""
SELECT key, label FROM competition_season AS season
WHERE approved_at IS NOT NULL AND place IS NOT NULL
    AND (CAST(:provider AS text) IS NULL OR provider = :provider)
    AND NOT EXISTS (SELECT FROM tournament WHERE tournament.key = season.key)
ORDER BY key
""")
_MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class TournamentLine:
    """How one tournament stands.

    Args:
        key: of the tournament.
        label: its name; empty where it is not known.
        status: upcoming, active, completed, cancelled, `NOT_READ` or `UNCONFIRMED`.
        played: how many of its matches are over.
        of: how many are stored, one and its replay counted once.
        read_at: when its matches were last read whole or in part, and all went well.
        errors: how many checks of its data fail that would mislead somebody.
        warnings: how many other checks fail.
        failed: the domains whose last execution failed.
    """

    key: str
    label: str
    status: str
    played: int = 0
    of: int = 0
    read_at: datetime | None = None
    errors: int = 0
    warnings: int = 0
    failed: tuple[str, ...] = ()

    @property
    def open(self) -> str:
        """What is wrong, in a few words; empty where nothing is."""
        counted = (_counted(self.errors, "error"), _counted(self.warnings, "warning"))
        failed = f"failed: {'all' if self.failed == NAMES else ', '.join(self.failed)}"
        return "; ".join([each for each in counted if each] + [failed] * bool(self.failed))

    def facts(self) -> dict[str, Any]:
        """All of it by name."""
        return asdict(self)

    def has(self, words: Sequence[str]) -> bool:
        """Whether all of some words, in small letters, are in its name or key."""
        return all(word in f"{self.label} {self.key}".lower() for word in words)


def overview(connection: sa.Connection, provider: str | None = None) -> list[TournamentLine]:
    """The tournaments that are stored, awaited, or failed before anything was stored; by key."""
    failed = failing(connection)
    named = {"provider": provider}
    lines = {
        row.key: TournamentLine(**row._mapping, failed=failed.pop(row.key, ()))  # noqa: SLF001
        for row in connection.execute(
            _STORED, {**named, "domain": _MATCHES, "replaceable": list(REPLACEABLE)}
        )
    }
    for row in connection.execute(_AWAITED, named):
        lines[row.key] = TournamentLine(
            row.key, row.label, NOT_READ, failed=failed.pop(row.key, ())
        )
    nobody_knows = set(unconfirmed(connection, list(failed))) if failed else set()
    for key, domains in failed.items():
        if provider in (None, key.partition(":")[0]):
            status = UNCONFIRMED if key in nobody_knows else NOT_READ
            lines[key] = TournamentLine(key, "", status, failed=domains)
    return [lines[key] for key in sorted(lines)]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
