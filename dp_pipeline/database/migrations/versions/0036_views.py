"""Tables by matchday and meetings of teams; more columns for the views there are."""

import re
from pathlib import Path

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_NEW = re.compile(r"\n    -- new\n.*?\n    -- end", re.DOTALL)
"""The columns that this revision adds to a view."""
_VIEW = re.compile(r"CREATE OR REPLACE (VIEW (\w+) AS\n.*?;)", re.DOTALL)


def upgrade() -> None:
    """Create them; the next read of a table fills the tables by matchday."""
    op.get_bind().exec_driver_sql(_statements())


def downgrade() -> None:
    """Drop what is new."""
    before = [
        f"DROP VIEW {name}; CREATE {view}"
        for view, name in _VIEW.findall(_NEW.sub("", _statements()))
    ]
    gone = "DROP VIEW table_by_matchday; DROP VIEW head_to_head; DROP TABLE matchday_standing;"
    op.get_bind().exec_driver_sql("\n".join([gone, *before]))


def _statements() -> str:
    return Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
