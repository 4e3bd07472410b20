"""Name, short name and badge of a team as used in a tournament; the views show those."""

import re
from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_DOWN = """
ALTER TABLE tournament_team
    DROP COLUMN name, DROP COLUMN short_name, DROP COLUMN badge_source, DROP COLUMN badge;
"""


def upgrade() -> None:
    """Take over what is known of each team, which its newest tournament said."""
    columns, views = _statements()
    _run(columns, views)


def downgrade() -> None:
    """Drop them, once the views show current names again."""
    _, views = _statements()
    _run(re.sub(r"\w+_here\.name", "NULL", views), _DOWN)


def _statements() -> tuple[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    columns, _, views = text.partition("-- The views")
    return columns, f"-- The views{views}"


def _run(*statements: str) -> None:
    for each in statements:
        op.get_bind().exec_driver_sql(each)
