"""Where providers disagree on a season that both have: what is compared, never what is believed."""

from typing import get_args

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import (
    metadata,
    moment,
    natural_id,
    one_of,
    text,
    tournament_id,
    written,
)
from dp_pipeline.football.comparison import Aspect

comparison = sa.Table(
    "comparison",
    metadata,
    natural_id("(tournament_id, other_tournament_id, subject's row, aspect)"),
    tournament_id(),
    tournament_id("other_tournament_id", "tournament.id of the same season elsewhere"),
    text("tournament_key", "tournament.key of the first tournament", required=True),
    text("other_tournament_key", "tournament.key of the other tournament", required=True),
    text("subject", "Home team - away team, or of a table the team, in words", required=True),
    # No foreign keys: rows of teams that a person joins get other ids.
    sa.Column("match_id", sa.Uuid, comment="match.id in the first tournament; null: it has none"),
    sa.Column("other_match_id", sa.Uuid, comment="match.id in the other one; null: it has none"),
    text(
        "aspect",
        "score, half-time, day, kick-off, status, table, or fixture: only one of them lists it",
        required=True,
    ),
    text("value", "What the first tournament says, in words", required=True),
    text("other_value", "What the other one says, in words", required=True),
    moment("since", "Since when both have said so here", now=True),
    text("agrees", "Provider whose value goes together with goals and tables; null: not known"),
    text("because", "What says so: goals, table, or goals and table"),
    *written(),
    one_of("aspect", get_args(Aspect)),
    sa.Index(None, "tournament_id"),
    sa.Index(None, "other_tournament_id"),
    comment="Fixtures and table rows on which two providers disagree; nothing is overwritten by it",
)
