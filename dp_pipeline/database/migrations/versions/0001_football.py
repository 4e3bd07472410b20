"""Tournaments, teams, rounds, matches, standings, images, and views with the names joined in."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LEAGUE_TABLE = """
CREATE VIEW league_table AS
SELECT
    tournament.key AS tournament_key,
    tournament.label AS tournament,
    standing.stage,
    standing.group_name,
    standing.position,
    team.name AS team,
    standing.games,
    standing.wins,
    standing.draws,
    standing.losses,
    standing.goals_for,
    standing.goals_against,
    standing.goal_difference,
    standing.points,
    standing.form,
    standing.computed,
    standing.tournament_id,
    standing.team_id
FROM tournament_standing AS standing
JOIN tournament ON tournament.id = standing.tournament_id
JOIN team ON team.id = standing.team_id
"""
FIXTURES = """
CREATE VIEW fixtures AS
SELECT
    tournament.key AS tournament_key,
    tournament.label AS tournament,
    match.stage,
    match.group_name,
    round."order" AS round_order,
    round.label AS round,
    match.kickoff_at,
    match.kickoff_date,
    match.status,
    home.name AS home_team,
    away.name AS away_team,
    match.home_score,
    match.away_score,
    match.home_penalties_score,
    match.away_penalties_score,
    match.venue,
    match.id AS match_id,
    match.tournament_id
FROM match
JOIN tournament ON tournament.id = match.tournament_id
JOIN team AS home ON home.id = match.home_team_id
JOIN team AS away ON away.id = match.away_team_id
LEFT JOIN tournament_round AS round
    ON round.tournament_id = match.tournament_id AND round.slug = match.round_slug
"""


def _written() -> tuple[sa.Column[datetime], ...]:
    now = sa.text("now()")
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=now,
            nullable=False,
            comment="Last time a value of this row changed",
        ),
    )


def upgrade() -> None:
    """Create tables and views."""
    op.create_table(
        "tournament",
        sa.Column(
            "id",
            sa.Uuid,
            nullable=False,
            comment="UUIDv5 of (provider, competition, season of the key)",
        ),
        sa.Column(
            "key",
            sa.Text,
            nullable=False,
            comment="provider:competition:season; the Dagster partition key",
        ),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column(
            "external_id", sa.Text, nullable=False, comment="The provider's id of the competition"
        ),
        sa.Column("season", sa.Text, nullable=False, comment='For people: "2024/25", "2025"'),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column(
            "standings_mode",
            sa.Text,
            nullable=False,
            comment="unique-group: one table; multi-group: one per group",
        ),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column(
            "current_round", sa.Text, comment="Slug of the round being played or coming next"
        ),
        sa.Column("public_url", sa.Text, comment="Page for people"),
        sa.Column("base_url", sa.Text, comment="Root of the provider's API for this season"),
        sa.Column(
            "logo_source",
            sa.Text,
            comment="Where the provider has the logo; the last address known",
        ),
        sa.Column(
            "logo",
            sa.Text,
            comment="URL of the logo as stored by us; null until it is, never blanked",
        ),
        *_written(),
        sa.CheckConstraint(
            "mode IN ('regular-season-only', 'regular-season-and-knockout', 'knockout-only')",
            name=op.f("ck_tournament_mode"),
        ),
        sa.CheckConstraint(
            "standings_mode IN ('unique-group', 'multi-group')",
            name=op.f("ck_tournament_standings_mode"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'completed', 'upcoming', 'cancelled')",
            name=op.f("ck_tournament_status"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tournament"),
        sa.UniqueConstraint("key", name="uq_tournament_key"),
        comment="One season of one competition at one provider",
    )
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid, nullable=False, comment="UUIDv5 of (provider, external_id)"),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column(
            "external_id",
            sa.Text,
            nullable=False,
            comment="The provider's id, the same in all its tournaments",
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column(
            "badge_source",
            sa.Text,
            comment="Where the provider has the badge; the last address known",
        ),
        sa.Column(
            "badge",
            sa.Text,
            comment="URL of the badge as stored by us; null until it is, never blanked",
        ),
        sa.Column(
            "described_in",
            sa.Text,
            comment="Key of the newest tournament stored; its name for the team counts",
        ),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("provider", "external_id", name="uq_team_provider_external_id"),
        comment="A club or national team at one provider; tournament_team says where it plays",
    )
    op.create_table(
        "tournament_team",
        sa.Column("tournament_id", sa.Uuid, nullable=False),
        sa.Column("team_id", sa.Uuid, nullable=False),
        *_written(),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name="fk_tournament_team_team_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["tournament_id"],
            ["tournament.id"],
            name="fk_tournament_team_tournament_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tournament_id", "team_id", name="pk_tournament_team"),
        comment="Which teams play in which tournament",
    )
    op.create_index("ix_tournament_team_team_id", "tournament_team", ["team_id"])
    op.create_table(
        "tournament_round",
        sa.Column("id", sa.Uuid, nullable=False, comment="UUIDv5 of (tournament_id, slug)"),
        sa.Column("tournament_id", sa.Uuid, nullable=False),
        sa.Column(
            "slug",
            sa.Text,
            nullable=False,
            comment="Unique in the tournament; match.round_slug refers to it",
        ),
        sa.Column("order", sa.Integer, nullable=False, comment="Place in the tournament, from 1"),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, comment="Part of the tournament, if it has several"),
        sa.Column("prefix", sa.Text, comment="The provider's prefix of a special knockout round"),
        sa.Column("provider_id", sa.Text, comment="The provider's number; not unique"),
        sa.Column("provider_url", sa.Text),
        *_written(),
        sa.CheckConstraint("type IN ('season', 'knockout')", name=op.f("ck_tournament_round_type")),
        sa.CheckConstraint('"order" >= 1', name=op.f("ck_tournament_round_order")),
        sa.ForeignKeyConstraint(
            ["tournament_id"],
            ["tournament.id"],
            name="fk_tournament_round_tournament_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tournament_round"),
        sa.UniqueConstraint("tournament_id", "slug", name="uq_tournament_round_tournament_id_slug"),
        comment="A matchday or knockout round",
    )
    op.create_table(
        "match",
        sa.Column("id", sa.Uuid, nullable=False, comment="UUIDv5 of (provider, external_id)"),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("tournament_id", sa.Uuid, nullable=False),
        sa.Column(
            "round_slug",
            sa.Text,
            comment="tournament_round.slug; null when the provider names no round",
        ),
        sa.Column("stage", sa.Text),
        sa.Column("group_name", sa.Text),
        sa.Column("home_team_id", sa.Uuid, nullable=False),
        sa.Column("away_team_id", sa.Uuid, nullable=False),
        sa.Column(
            "kickoff_at",
            sa.DateTime(timezone=True),
            comment="Null when only the day, or no time zone, is known: see kickoff_date",
        ),
        sa.Column(
            "kickoff_date", sa.Date, comment="The day as the provider gives it, also without a time"
        ),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("provider_status", sa.Text, comment="The status in the provider's own words"),
        sa.Column(
            "home_score", sa.Integer, comment="Result including extra time, never a shoot-out"
        ),
        sa.Column("away_score", sa.Integer),
        sa.Column("home_score_90", sa.Integer, comment="After ninety minutes"),
        sa.Column("away_score_90", sa.Integer),
        sa.Column("home_score_ht", sa.Integer, comment="At half-time"),
        sa.Column("away_score_ht", sa.Integer),
        sa.Column("home_penalties_score", sa.Integer, comment="The shoot-out alone"),
        sa.Column("away_penalties_score", sa.Integer),
        sa.Column("venue", sa.Text),
        *_written(),
        sa.CheckConstraint(
            "status IN ('scheduled', 'live', 'ended', 'postponed', 'cancelled', 'abandoned', "
            "'interrupted', 'awarded', 'unknown')",
            name=op.f("ck_match_status"),
        ),
        sa.CheckConstraint(
            "(home_penalties_score IS NULL) = (away_penalties_score IS NULL)",
            name=op.f("ck_match_penalties_score_both_or_none"),
        ),
        sa.CheckConstraint(
            "(home_score IS NULL) = (away_score IS NULL)", name=op.f("ck_match_score_both_or_none")
        ),
        sa.CheckConstraint(
            "(home_score_90 IS NULL) = (away_score_90 IS NULL)",
            name=op.f("ck_match_score_90_both_or_none"),
        ),
        sa.CheckConstraint(
            "(home_score_ht IS NULL) = (away_score_ht IS NULL)",
            name=op.f("ck_match_score_ht_both_or_none"),
        ),
        sa.CheckConstraint(
            "home_penalties_score >= 0 AND away_penalties_score >= 0",
            name=op.f("ck_match_penalties_score_not_negative"),
        ),
        sa.CheckConstraint(
            "home_score >= 0 AND away_score >= 0", name=op.f("ck_match_score_not_negative")
        ),
        sa.CheckConstraint(
            "home_score_90 >= 0 AND away_score_90 >= 0", name=op.f("ck_match_score_90_not_negative")
        ),
        sa.CheckConstraint(
            "home_score_ht >= 0 AND away_score_ht >= 0", name=op.f("ck_match_score_ht_not_negative")
        ),
        sa.CheckConstraint("home_team_id <> away_team_id", name=op.f("ck_match_two_teams")),
        sa.ForeignKeyConstraint(
            ["away_team_id"], ["team.id"], name="fk_match_away_team_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["home_team_id"], ["team.id"], name="fk_match_home_team_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["tournament_id", "round_slug"],
            ["tournament_round.tournament_id", "tournament_round.slug"],
            name="fk_match_tournament_id_round_slug",
        ),
        sa.ForeignKeyConstraint(
            ["tournament_id"], ["tournament.id"], name="fk_match_tournament_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_match"),
        sa.UniqueConstraint("provider", "external_id", name="uq_match_provider_external_id"),
        comment="A fixture, played or not",
    )
    op.create_index("ix_match_away_team_id", "match", ["away_team_id"])
    op.create_index("ix_match_home_team_id", "match", ["home_team_id"])
    op.create_index("ix_match_tournament_id_kickoff_at", "match", ["tournament_id", "kickoff_at"])
    op.create_index("ix_match_tournament_id_round_slug", "match", ["tournament_id", "round_slug"])
    op.create_table(
        "tournament_standing",
        sa.Column(
            "id",
            sa.Uuid,
            nullable=False,
            comment="UUIDv5 of (tournament_id, stage, group_name, team_id)",
        ),
        sa.Column("tournament_id", sa.Uuid, nullable=False),
        sa.Column("stage", sa.Text),
        sa.Column("group_name", sa.Text, comment="Null where the tournament has one table"),
        sa.Column("team_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("games", sa.Integer, nullable=False),
        sa.Column("wins", sa.Integer, nullable=False),
        sa.Column("draws", sa.Integer, nullable=False),
        sa.Column("losses", sa.Integer, nullable=False),
        sa.Column("goals_for", sa.Integer, nullable=False),
        sa.Column("goals_against", sa.Integer, nullable=False),
        sa.Column(
            "goal_difference", sa.Integer, nullable=False, comment="goals_for - goals_against"
        ),
        sa.Column(
            "points",
            sa.Integer,
            nullable=False,
            comment="With deductions, so not always 3 * wins + draws",
        ),
        sa.Column(
            "form",
            pg.ARRAY(sa.Text),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
            comment="Last five results, oldest first: W, D, L",
        ),
        sa.Column(
            "computed",
            sa.Boolean,
            server_default=sa.text("false"),
            nullable=False,
            comment="True: the provider has no usable table, this one follows from the matches",
        ),
        *_written(),
        sa.CheckConstraint(
            "form <@ ARRAY['W', 'D', 'L']", name=op.f("ck_tournament_standing_form")
        ),
        sa.CheckConstraint(
            "games >= 0 AND wins >= 0 AND draws >= 0 AND losses >= 0 "
            "AND goals_for >= 0 AND goals_against >= 0",
            name=op.f("ck_tournament_standing_not_negative"),
        ),
        sa.CheckConstraint(
            "goal_difference = goals_for - goals_against",
            name=op.f("ck_tournament_standing_goal_difference"),
        ),
        sa.CheckConstraint("position >= 1", name=op.f("ck_tournament_standing_position")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name="fk_tournament_standing_team_id", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["tournament_id"],
            ["tournament.id"],
            name="fk_tournament_standing_tournament_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tournament_standing"),
        sa.UniqueConstraint(
            "tournament_id",
            "stage",
            "group_name",
            "team_id",
            name="uq_tournament_standing_tournament_id_stage_group_name_team_id",
            postgresql_nulls_not_distinct=True,
        ),
        comment="A row of a league or group table",
    )
    op.create_index("ix_tournament_standing_team_id", "tournament_standing", ["team_id"])
    op.create_table(
        "image",
        sa.Column("source_url", sa.Text, nullable=False, comment="The provider's address of it"),
        sa.Column(
            "object_key",
            sa.Text,
            comment="Key in the object store, by content; null while none was ever good",
        ),
        sa.Column("sha256", sa.Text, comment="Of the object, which for an SVG is the cleaned one"),
        sa.Column("content_type", sa.Text, comment="By its bytes, whatever the provider calls it"),
        sa.Column("bytes", sa.Integer, comment="Size of the object"),
        sa.Column("etag", sa.Text, comment="As the provider sent it with this content"),
        sa.Column("last_modified", sa.Text, comment="As the provider sent it with this content"),
        sa.Column("error", sa.Text, comment="Why the last download failed; null: it did not"),
        *_written(),
        sa.CheckConstraint("(object_key IS NULL) = (sha256 IS NULL)", name=op.f("ck_image_object")),
        sa.PrimaryKeyConstraint("source_url", name="pk_image"),
        comment="Logos and badges that were downloaded; the same content is one object",
    )
    op.execute(LEAGUE_TABLE)
    op.execute("COMMENT ON VIEW league_table IS 'Standings with the names of tournament and team'")
    op.execute(FIXTURES)
    op.execute(
        "COMMENT ON VIEW fixtures IS 'Matches with the names of tournament, round and teams'"
    )


def downgrade() -> None:
    """Drop tables and views."""
    op.execute("DROP VIEW fixtures")
    op.execute("DROP VIEW league_table")
    op.drop_table("image")
    op.drop_table("tournament_standing")
    op.drop_table("match")
    op.drop_table("tournament_round")
    op.drop_table("tournament_team")
    op.drop_table("team")
    op.drop_table("tournament")
