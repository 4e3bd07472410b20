"""Who scored in a tournament, and of how many goals the provider says who it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

_GOALSCORERS = sa.text("""
SELECT scorer, team, goals, penalties, matches FROM goalscorers
WHERE tournament_id = :tournament ORDER BY goals DESC, matches, scorer, team
""")
_GOALS = sa.text("""
SELECT count(*) FILTER (WHERE scorer <> '') AS named, count(*) AS of, (
    SELECT count(*) FROM match WHERE match.tournament_id = :tournament
        AND superseded_by IS NULL AND home_score + away_score > 0
) AS matches
FROM goal WHERE tournament_id = :tournament AND missing_since IS NULL
""")


@dataclass(frozen=True, slots=True)
class NamedGoals:
    """The goals of a tournament that the provider lists.

    Args:
        named: those of which it says who scored; own goals, too.
        of: all.
        matches: in which somebody scored, by their results.
    """

    named: int = 0
    of: int = 0
    matches: int = 0

    @property
    def lacks(self) -> str:
        """A sentence where names are missing: OpenLigaDB has none of 959 goals of bl1 in 2024."""
        if self.named == self.of:
            return ""
        return f"The provider names the scorers of {self.named} of {self.of} goals."

    @property
    def why_none(self) -> str:
        """A sentence where no goals are stored; "" where there are some."""
        if self.of:
            return ""
        if not self.matches:
            return "Nobody has scored yet, by the results that are stored."
        matches = "1 match" if self.matches == 1 else f"{self.matches:,} matches"
        return f"The provider lists no goals; by its results {matches} had some."


def goalscorers(connection: sa.Connection, tournament: UUID) -> Sequence[sa.RowMapping]:
    """Who scored how often for which team, most goals first."""
    return connection.execute(_GOALSCORERS, {"tournament": tournament}).mappings().all()


def named_goals(connection: sa.Connection, tournament: UUID) -> NamedGoals:
    """Of how many of its goals a scorer is named."""
    row = connection.execute(_GOALS, {"tournament": tournament}).one()
    return NamedGoals(row.named, row.of, row.matches)
