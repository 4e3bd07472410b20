"""Comments that say when a club is known: with one provider's seasons `clubs` is empty."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

_NULL = ("null: not known", "null until two providers have a season in which it plays")
_COLUMNS = {
    "fixtures.home_club_id": "club.id of the home side, the same at all providers",
    "fixtures.away_club_id": "club.id of the away side, the same at all providers",
    "head_to_head.club_id": "club.id of team, the same at all providers",
    "head_to_head.opponent_club_id": "club.id of opponent",
}
_CLUBS = (
    "Clubs over all providers: a row for each of their teams",
    "Clubs that more than one provider has, a row for each of their teams; empty until two have it",
)


def upgrade() -> None:
    """Say when a club is known."""
    _comment(1)


def downgrade() -> None:
    """Say that it may not be known."""
    _comment(0)


def _comment(text: int) -> None:
    op.execute(f"COMMENT ON VIEW clubs IS '{_CLUBS[text]}'")
    for column, said in _COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN {column} IS '{said}; {_NULL[text]}'")
