"""Clubs across providers: what they are, and which pairs of teams show it.

`team.club_id` says of which club a team is.
"""

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import (
    metadata,
    natural_id,
    number,
    one_of,
    team_id,
    text,
    tournament_id,
    written,
)

KINDS = ("club", "national")

club = sa.Table(
    "club",
    metadata,
    natural_id("the first of its teams, when the club was found"),
    text("name", "As the first of its teams is called now; team has all names", required=True),
    text("country", "Of the first of its teams that has one; null when none has"),
    text("kind", "club, or national: a team that plays for a country", required=True),
    text("squad", "Which team of it: men, women, u19, women u19, second, …", required=True),
    *written(),
    one_of("kind", KINDS),
    comment="A club or national team over all providers; women and youth have rows of their own",
)

team_pair = sa.Table(
    "team_pair",
    metadata,
    tournament_id(primary_key=True),
    tournament_id(
        "other_tournament_id", "tournament.id of the same season elsewhere", primary_key=True
    ),
    team_id(primary_key=True),
    team_id("other_team_id", "team.id of the team it is compared with", primary_key=True),
    number("fixtures", "Fixtures of the team that both tournaments have", required=True),
    number("listed", "Its fixtures in the one of both that has fewer of them", required=True),
    number(
        "scores_differ", "Of the fixtures that both have, those with other scores", required=True
    ),
    text("names_agree", "How the names go together: same, alias, short, different", required=True),
    text("squad", "Which team of its club, as names and tournaments say", required=True),
    sa.Column("national", sa.Boolean, nullable=False, comment="Whether it plays for a country"),
    text("doubt", "Why it is not certain that both are one; null: it is"),
    *written(),
    one_of("names_agree", ("same", "alias", "short", "different")),
    sa.Index(None, "other_tournament_id"),
    sa.Index(None, "team_id"),
    sa.Index(None, "other_team_id"),
    comment="Two teams of two providers that have the same fixtures in a season of both",
)
