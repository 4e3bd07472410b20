"""What is true of football: tournaments, teams, rounds, matches, tables, images.

Names and comments are the interface of analysts. Ids are UUIDv5 of the natural key, computed in
`rows`.
"""

from typing import get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import (
    metadata,
    moment,
    natural_id,
    number,
    one_of,
    score,
    team_id,
    text,
    tournament_id,
    written,
)
from dp_pipeline.football import models

tournament = sa.Table(
    "tournament",
    metadata,
    natural_id("(provider, competition, season of the key)"),
    text("key", "provider:competition:season; the Dagster partition key", required=True),
    text("provider", "Name of the provider, as in a tournament key", required=True),
    text("external_id", "The provider's id of the competition", required=True),
    text("season", 'For people: "2024/25", "2025"', required=True),
    text("label", "Its name and season, for people", required=True),
    text("slug", "Its name for addresses: lower case, no blanks", required=True),
    text(
        "mode",
        "regular-season-only: a league; knockout-only: a cup; regular-season-and-knockout: both",
        required=True,
    ),
    text("standings_mode", "unique-group: one table; multi-group: one per group", required=True),
    text("status", "upcoming, active, completed or cancelled", required=True),
    text("current_round", "Slug of the round being played or coming next"),
    text("public_url", "Page for people"),
    text("base_url", "Root of the provider's API for this season"),
    text("logo_source", "Where the provider has the logo; the last address known"),
    text("logo", "URL of the logo as stored by us; null until it is, never blanked"),
    *written(),
    sa.UniqueConstraint("key"),
    one_of("mode", get_args(models.Mode)),
    one_of("standings_mode", get_args(models.StandingsMode)),
    one_of("status", get_args(models.TournamentStatus)),
    sa.Index(None, "provider", "status"),
    comment="One season of one competition at one provider",
)

team = sa.Table(
    "team",
    metadata,
    natural_id("(provider, external_id)"),
    text("provider", "Name of the provider, as in a tournament key", required=True),
    text("external_id", "The provider's id, the same in all its tournaments", required=True),
    text("name", "Its current name: as its newest stored tournament spells it", required=True),
    text("short_name", "Its current short name; null when the provider gives none"),
    text("country", "The provider's word for its country; null when it gives none"),
    text("badge_source", "Where the provider has its current badge; the last address known"),
    text("badge", "URL of the badge as stored by us; null until it is, never blanked"),
    text("described_in", "Key of the newest tournament stored; its name for the team counts"),
    *written(),
    sa.Column(
        "club_id",
        sa.Uuid,
        sa.ForeignKey("club.id", ondelete="SET NULL"),
        comment="club.id of the club it is, as other providers have it too; null: not known",
    ),
    text("club_by", "fixtures: the lists show its club; person: dp clubs; null: not known"),
    sa.UniqueConstraint("provider", "external_id"),
    one_of("club_by", ("fixtures", "person")),
    sa.Index(None, "club_id"),
    comment="A club or national team at one provider; tournament_team says where it plays",
)

tournament_team = sa.Table(
    "tournament_team",
    metadata,
    tournament_id(primary_key=True),
    team_id(primary_key=True),
    *written(),
    text("name", "The team's name as used in this tournament", required=True),
    text("short_name", "Its short name as used here; null when the provider gives none"),
    text("badge_source", "Where the provider has the badge as used here; the last one known"),
    text("badge", "URL of that badge as stored by us; null until it is, never blanked"),
    sa.Index(None, "team_id"),
    comment="Which teams play in which tournament, and what they are called there",
)

team_alias = sa.Table(
    "team_alias",
    metadata,
    natural_id("(provider, key)"),
    text(
        "provider", "Where the name is used; only of providers without ids of teams", required=True
    ),
    text("key", "The words of the name that identify, and the country: arsenal-eng", required=True),
    text("name", "The name as it is written", required=True),
    sa.Column(
        "team_id",
        sa.Uuid,
        sa.ForeignKey("team.id", ondelete="RESTRICT"),
        comment="team.id of the team that goes by it; null: a club of its own, whatever lists say",
    ),
    text(
        "origin",
        "person: dp alias; season: a season's fixtures showed it; merge: clubs were joined",
        required=True,
    ),
    text("seen_in", "Key of the tournament that showed it"),
    *written(),
    sa.UniqueConstraint("provider", "key"),
    one_of("origin", ("person", "season", "merge")),
    sa.Index(None, "team_id"),
    comment="Other names of teams, beside those of the packaged list; see dp alias",
)

tournament_round = sa.Table(
    "tournament_round",
    metadata,
    natural_id("(tournament_id, slug)"),
    tournament_id(),
    text("slug", "Unique in the tournament; match.round_slug refers to it", required=True),
    number("order", "Place in the tournament, from 1", required=True),
    text("label", "Its name, for people", required=True),
    text("type", "season: its matches count for a table; knockout: they do not", required=True),
    text("stage", "Part of the tournament, if it has several"),
    text("prefix", "The provider's prefix of a special knockout round"),
    text("provider_id", "The provider's number; not unique"),
    text("provider_url", "The address at which the provider has it, if that is known"),
    *written(),
    sa.UniqueConstraint("tournament_id", "slug"),
    one_of("type", get_args(models.RoundType)),
    sa.CheckConstraint('"order" >= 1', name="order"),
    comment="A matchday or knockout round",
)

match = sa.Table(
    "match",
    metadata,
    natural_id("(provider, external_id)"),
    text("provider", "Name of the provider, as in a tournament key", required=True),
    text("external_id", "The provider's id of the match", required=True),
    tournament_id(),
    text("round_slug", "tournament_round.slug; null when the provider names no round"),
    text("stage", "Part of the tournament, if it has several"),
    text("group_name", "Its group, if the tournament has groups"),
    team_id("home_team_id", "team.id of the home side"),
    team_id("away_team_id", "team.id of the away side"),
    moment("kickoff_at", "Null when only the day, or no time zone, is known: see kickoff_date"),
    sa.Column(
        "kickoff_date", sa.Date, comment="The day as the provider gives it, also without a time"
    ),
    text(
        "status",
        "scheduled, live, ended, postponed, cancelled, abandoned, interrupted, awarded or unknown",
        required=True,
    ),
    text("provider_status", "The status in the provider's own words"),
    number("home_score", "Goals of the home side, extra time included, a shoot-out never"),
    number("away_score", "Goals of the away side, extra time included, a shoot-out never"),
    number("home_score_90", "Goals of the home side after ninety minutes"),
    number("away_score_90", "Goals of the away side after ninety minutes"),
    number("home_score_ht", "Goals of the home side at half-time"),
    number("away_score_ht", "Goals of the away side at half-time"),
    number("home_penalties_score", "Goals of the home side in the shoot-out alone"),
    number("away_penalties_score", "Goals of the away side in the shoot-out alone"),
    text("venue", "The stadium as the provider names it; null when it does not"),
    *written(),
    sa.Column(
        "kickoff_local",
        sa.DateTime,
        comment="Day and time as the provider gives them, where the time zone is not known",
    ),
    moment(
        "missing_since",
        "Since when the provider's list of matches does not have it; null: it does",
    ),
    sa.Column(
        "superseded_by",
        sa.Uuid,
        # a match that takes the place of another one is written after it
        sa.ForeignKey("match.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"),
        comment="match.id of the same fixture under a new id; then this row counts nowhere",
    ),
    sa.UniqueConstraint("provider", "external_id"),
    sa.ForeignKeyConstraint(
        ["tournament_id", "round_slug"],
        ["tournament_round.tournament_id", "tournament_round.slug"],
    ),
    one_of("status", get_args(models.MatchStatus)),
    sa.CheckConstraint("home_team_id <> away_team_id", name="two_teams"),
    *score("score"),
    *score("score_90"),
    *score("score_ht"),
    *score("penalties_score"),
    sa.Index(None, "tournament_id", "kickoff_at"),
    sa.Index(None, "tournament_id", "round_slug"),
    sa.Index(None, "home_team_id"),
    sa.Index(None, "away_team_id"),
    sa.Index(None, "superseded_by"),
    comment="A fixture, played or not",
)

goal = sa.Table(
    "goal",
    metadata,
    natural_id("(match_id, side, ordinal)"),
    tournament_id(),
    sa.Column(
        "match_id",
        sa.Uuid,
        sa.ForeignKey("match.id", ondelete="CASCADE"),
        nullable=False,
        comment="match.id",
    ),
    text(
        "side", "home or away: the side it counts for; an own goal for the other one", required=True
    ),
    number("ordinal", "Place among the goals of this side in this match, from 1", required=True),
    number("minute", "In added time the last regular one: 45, 90, 105 or 120"),
    number(
        "added_time", "Minutes after it; null where there are none or the provider does not say"
    ),
    text("scorer", "The name as the provider writes it; of an own goal who scored it"),
    sa.Column(
        "penalty",
        sa.Boolean,
        comment="In play, never of a shoot-out; null: the provider does not say",
    ),
    sa.Column("own_goal", sa.Boolean, comment="Null: the provider does not say"),
    number("home_score", "After this goal; null when that is not certain"),
    number("away_score", "After this goal; null when that is not certain"),
    moment(
        "missing_since",
        "Since when the provider's list of the match does not have it; null: it does",
    ),
    *written(),
    sa.UniqueConstraint("match_id", "side", "ordinal"),
    one_of("side", get_args(models.Side)),
    sa.CheckConstraint("ordinal >= 1", name="ordinal"),
    sa.CheckConstraint("minute >= 0 AND added_time >= 0", name="minute_not_negative"),
    *score("score"),
    sa.Index(None, "tournament_id"),
    comment="A goal in play, extra time included, as the provider's list of the match has it",
)

tournament_standing = sa.Table(
    "tournament_standing",
    metadata,
    natural_id("(tournament_id, stage, group_name, team_id)"),
    tournament_id(),
    text("stage", "Part of the tournament, if it has several"),
    text("group_name", "Null where the tournament has one table"),
    team_id(),
    number(
        "position",
        "Place in this table, from 1; shared by teams that the rule cannot separate",
        required=True,
    ),
    number("games", "Matches played that count for it", required=True),
    number("wins", "Of them, won", required=True),
    number("draws", "Of them, drawn", required=True),
    number("losses", "Of them, lost", required=True),
    number("goals_for", "Goals scored", required=True),
    number("goals_against", "Goals conceded", required=True),
    number("goal_difference", "goals_for - goals_against", required=True),
    number(
        "points",
        "With what was carried over or deducted, so not always 3 * wins + draws",
        required=True,
    ),
    sa.Column(
        "form",
        pg.ARRAY(sa.Text),
        nullable=False,
        server_default=sa.text("'{}'::text[]"),
        comment="Last five results, oldest first: W, D, L",
    ),
    sa.Column(
        "computed",
        sa.Boolean,
        nullable=False,
        server_default=sa.text("false"),
        comment="True: the provider has no usable table, this one follows from the matches",
    ),
    *written(),
    text(
        "rule",
        "How teams level on points are ordered, with its source, or that the rule is unknown; "
        "null where a provider's own table does not say",
    ),
    text(
        "note", "What to know of this row: deductions, points carried over, why a place is shared"
    ),
    sa.Column(
        "whole_season",
        sa.Boolean,
        nullable=False,
        server_default=sa.text("false"),
        comment="True: this table is over the whole season, the only one or the final one",
    ),
    sa.Column(
        "superseded",
        sa.Boolean,
        nullable=False,
        server_default=sa.text("false"),
        comment="True: a computed row that does not follow from the matches any more; not in "
        "league_table",
    ),
    text(
        "zone",
        "champion, qualification, promotion, play-off or relegation: what its place means; null "
        "where it means nothing of that or is not known",
    ),
    one_of("zone", get_args(models.Zone)),
    sa.UniqueConstraint(
        "tournament_id",
        "stage",
        "group_name",
        "team_id",
        postgresql_nulls_not_distinct=True,
    ),
    sa.CheckConstraint("position >= 1", name="position"),
    sa.CheckConstraint(
        "games >= 0 AND wins >= 0 AND draws >= 0 AND losses >= 0 "
        "AND goals_for >= 0 AND goals_against >= 0",
        name="not_negative",
    ),
    sa.CheckConstraint("goal_difference = goals_for - goals_against", name="goal_difference"),
    sa.CheckConstraint("form <@ ARRAY['W', 'D', 'L']", name="form"),
    sa.Index(None, "team_id"),
    comment="A row of a league or group table",
)

knockout_tie = sa.Table(
    "knockout_tie",
    metadata,
    natural_id("(id of the first match)"),
    tournament_id(),
    sa.Column(
        "match_ids",
        pg.ARRAY(sa.Uuid),
        nullable=False,
        comment="match.id of its matches, oldest first",
    ),
    number("legs", "How many matches it has, a second leg not listed yet included", required=True),
    number(
        "home_goals",
        "Goals of the home team of the first match in all matches, of a replay in that alone; null "
        "until one is played",
    ),
    number("away_goals", "Goals of the other team, counted in the same way"),
    text("winner", "home or away: the side of the first match that went on; null: not known"),
    text(
        "decided_by",
        "regular time, extra time, goals (in which of them is not known), shoot-out, away goals, "
        "better place (in the table), replay, series, awarded, rule unknown or not known; null "
        "while the tie goes on",
    ),
    sa.Column(
        "superseded",
        sa.Boolean,
        nullable=False,
        server_default=sa.text("false"),
        comment="True: it does not follow from the matches any more; not in knockout_ties",
    ),
    *written(),
    one_of("winner", get_args(models.Side)),
    one_of("decided_by", get_args(models.DecidedBy)),
    sa.CheckConstraint("legs >= 1 AND legs >= cardinality(match_ids)", name="legs"),
    sa.CheckConstraint("winner IS NULL OR decided_by IS NOT NULL", name="winner_by_something"),
    *score("goals"),
    sa.Index(None, "tournament_id"),
    comment="Matches of a knockout round by which one of two teams goes on; follows from match",
)

image = sa.Table(
    "image",
    metadata,
    sa.Column("source_url", sa.Text, primary_key=True, comment="The provider's address of it"),
    text("object_key", "Key in the object store, by content; null while none was ever good"),
    text("sha256", "Of the object, which for an SVG is the cleaned one"),
    text("content_type", "By its bytes, whatever the provider calls it"),
    number("bytes", "Size of the object"),
    text("etag", "As the provider sent it with this content"),
    text("last_modified", "As the provider sent it with this content"),
    text("error", "Why the last download failed; null: it did not"),
    *written(),
    sa.CheckConstraint("(object_key IS NULL) = (sha256 IS NULL)", name="object"),
    comment="Logos and badges that were downloaded; the same content is one object",
)
