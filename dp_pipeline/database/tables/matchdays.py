"""Tables after each matchday: what follows from stored matches and is kept for SQL to read."""

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import (
    metadata,
    natural_id,
    number,
    team_id,
    text,
    tournament_id,
    written,
)

matchday_standing = sa.Table(
    "matchday_standing",
    metadata,
    natural_id("(tournament_id, matchday, stage, group_name, team_id)"),
    tournament_id(),
    number("matchday", "tournament_round.order of the last round that counts", required=True),
    text("stage", "Part of the tournament, if it has several"),
    text("group_name", "Null where the tournament has one table"),
    team_id(),
    number("position", "Place in this table, by the rules of the competition", required=True),
    number("games", "Matches played that count for it", required=True),
    number("wins", "Of them, won", required=True),
    number("draws", "Of them, drawn", required=True),
    number("losses", "Of them, lost", required=True),
    number("goals_for", "Goals scored", required=True),
    number("goals_against", "Goals conceded", required=True),
    number("points", "With what was carried over or deducted", required=True),
    text("note", "What to know of this row: deductions, points carried over"),
    sa.Column(
        "whole_season",
        sa.Boolean,
        nullable=False,
        comment="True: this table is over the whole season, the only one or the final one",
    ),
    *written(),
    sa.Index(None, "tournament_id", "matchday"),
    sa.Index(None, "team_id"),
    comment="A row of a table after a matchday; follows from match, see table_by_matchday",
)

matchday_table = sa.Table(
    "matchday_table",
    metadata,
    tournament_id(primary_key=True),
    text("computed_from", "Digest of matches, rounds, names, rules and code", required=True),
    *written(),
    comment="Of what the tables after each matchday were computed; equal: they are not made anew",
)
