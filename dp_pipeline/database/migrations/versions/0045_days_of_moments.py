"""A day for matches of which the provider gives the moment alone: in UTC, as no row has a zone."""

import re
from pathlib import Path

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_VIEWS = ("fixtures", "head_to_head", "knockout_ties", "match_history")
_GIVEN = re.compile(r"\b(match|first|leg)\.kickoff_date\b")
_ELSE = "; where it gives moments alone, the day of kickoff_at in UTC"
_COMMENTS = {
    "fixtures.kickoff_date": (
        "The day as the provider gives it, also without a time",
        f"The day as the provider gives it, also without a time{_ELSE}",
    ),
    "head_to_head.kickoff_date": (
        "The day as the provider gives it",
        f"The day as the provider gives it{_ELSE}",
    ),
    "knockout_ties.first_date": (
        "Day of the first match",
        "Day of the first match, as fixtures.kickoff_date has it",
    ),
    "knockout_ties.last_date": (
        "Day of the last match",
        "Day of the last match, as fixtures.kickoff_date has it",
    ),
    "match_history.kickoff_date": (
        "Day of the match, as it is now",
        "Day of the match, as it is now and as fixtures.kickoff_date has it",
    ),
}


def upgrade() -> None:
    """Show the day of the moment where there is no other."""
    _replace(_GIVEN.sub(_day, _views()), 1)


def downgrade() -> None:
    """Show what the provider gives, alone."""
    _replace(_views(), 0)


def _replace(views: str, comment: int) -> None:
    comments = [
        f"COMMENT ON COLUMN {column} IS '{texts[comment]}';" for column, texts in _COMMENTS.items()
    ]
    op.get_bind().exec_driver_sql("\n".join([views, *comments]))


def _day(given: re.Match[str]) -> str:
    of = given[1]
    day = f"coalesce({of}.kickoff_date, ({of}.kickoff_at AT TIME ZONE 'UTC')::date)"
    return f"{day} AS kickoff_date" if of == "match" else day


def _views() -> str:
    """The views that have days, as revision 0036 left them."""
    text = Path(__file__).with_name("0036_views.sql").read_text(encoding="utf-8")
    found = [
        re.search(rf"CREATE (?:OR REPLACE )?(VIEW {name} AS\n.*?;)", text, re.DOTALL)
        for name in _VIEWS
    ]
    return "\n".join(f"CREATE OR REPLACE {view[1]}" for view in found if view)
