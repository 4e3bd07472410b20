"""The tables, as SQLAlchemy Core values. Names and comments are the interface of analysts.

Belongs here: columns, keys, checks, indexes. A change here needs a migration; a test holds the two
equal. Ids of the football tables are UUIDv5 of the natural key, computed in `rows`.
"""

from collections.abc import Sequence
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.providers import models

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str, comment: str | None = None, *, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=not required, comment=comment)


def _number(name: str, comment: str | None = None, *, required: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=not required, comment=comment)


def _moment(name: str, comment: str | None = None, *, now: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not now,
        server_default=sa.func.now() if now else None,
        comment=comment,
    )


def _written() -> Sequence[sa.Column[Any]]:
    return (
        _moment("created_at", now=True),
        _moment("updated_at", "Last time a value of this row changed", now=True),
    )


def _natural_id(comment: str) -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid, primary_key=True, comment=f"UUIDv5 of {comment}")


def _tournament_id(*, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(
        "tournament_id",
        sa.Uuid,
        sa.ForeignKey("tournament.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _team_id(name: str = "team_id", *, primary_key: bool = False) -> sa.Column[Any]:
    # Teams are shared by tournaments: one that is referred to cannot be deleted by accident.
    return sa.Column(
        name,
        sa.Uuid,
        sa.ForeignKey("team.id", ondelete="RESTRICT"),
        primary_key=primary_key,
        nullable=False,
    )


def _one_of(column: str, words: Sequence[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _score(suffix: str) -> Sequence[sa.CheckConstraint]:
    home, away = f"home_{suffix}", f"away_{suffix}"
    return (
        sa.CheckConstraint(f"{home} >= 0 AND {away} >= 0", name=f"{suffix}_not_negative"),
        sa.CheckConstraint(f"({home} IS NULL) = ({away} IS NULL)", name=f"{suffix}_both_or_none"),
    )


tournament = sa.Table(
    "tournament",
    metadata,
    _natural_id("(provider, competition, season of the key)"),
    _text("key", "provider:competition:season; the Dagster partition key", required=True),
    _text("provider", required=True),
    _text("external_id", "The provider's id of the competition", required=True),
    _text("season", 'For people: "2024/25", "2025"', required=True),
    _text("label", required=True),
    _text("slug", required=True),
    _text("mode", required=True),
    _text("standings_mode", "unique-group: one table; multi-group: one per group", required=True),
    _text("status", required=True),
    _text("current_round", "Slug of the round being played or coming next"),
    _text("public_url", "Page for people"),
    _text("base_url", "Root of the provider's API for this season"),
    _text("logo_source", "Where the provider has the logo; the last address known"),
    _text("logo", "URL of the logo as stored by us; null until it is, never blanked"),
    *_written(),
    sa.UniqueConstraint("key"),
    _one_of("mode", get_args(models.Mode)),
    _one_of("standings_mode", get_args(models.StandingsMode)),
    _one_of("status", get_args(models.TournamentStatus)),
    comment="One season of one competition at one provider",
)

team = sa.Table(
    "team",
    metadata,
    _natural_id("(provider, external_id)"),
    _text("provider", required=True),
    _text("external_id", "The provider's id, the same in all its tournaments", required=True),
    _text("name", required=True),
    _text("short_name"),
    _text("country"),
    _text("badge_source", "Where the provider has the badge; the last address known"),
    _text("badge", "URL of the badge as stored by us; null until it is, never blanked"),
    _text("described_in", "Key of the newest tournament stored; its name for the team counts"),
    *_written(),
    sa.UniqueConstraint("provider", "external_id"),
    comment="A club or national team at one provider; tournament_team says where it plays",
)

tournament_team = sa.Table(
    "tournament_team",
    metadata,
    _tournament_id(primary_key=True),
    _team_id(primary_key=True),
    *_written(),
    sa.Index(None, "team_id"),
    comment="Which teams play in which tournament",
)

tournament_round = sa.Table(
    "tournament_round",
    metadata,
    _natural_id("(tournament_id, slug)"),
    _tournament_id(),
    _text("slug", "Unique in the tournament; match.round_slug refers to it", required=True),
    _number("order", "Place in the tournament, from 1", required=True),
    _text("label", required=True),
    _text("type", required=True),
    _text("stage", "Part of the tournament, if it has several"),
    _text("prefix", "The provider's prefix of a special knockout round"),
    _text("provider_id", "The provider's number; not unique"),
    _text("provider_url"),
    *_written(),
    sa.UniqueConstraint("tournament_id", "slug"),
    _one_of("type", get_args(models.RoundType)),
    sa.CheckConstraint('"order" >= 1', name="order"),
    comment="A matchday or knockout round",
)

match = sa.Table(
    "match",
    metadata,
    _natural_id("(provider, external_id)"),
    _text("provider", required=True),
    _text("external_id", required=True),
    _tournament_id(),
    _text("round_slug", "tournament_round.slug; null when the provider names no round"),
    _text("stage"),
    _text("group_name"),
    _team_id("home_team_id"),
    _team_id("away_team_id"),
    _moment("kickoff_at", "Null when only the day, or no time zone, is known: see kickoff_date"),
    sa.Column(
        "kickoff_date", sa.Date, comment="The day as the provider gives it, also without a time"
    ),
    _text("status", required=True),
    _text("provider_status", "The status in the provider's own words"),
    _number("home_score", "Result including extra time, never a shoot-out"),
    _number("away_score"),
    _number("home_score_90", "After ninety minutes"),
    _number("away_score_90"),
    _number("home_score_ht", "At half-time"),
    _number("away_score_ht"),
    _number("home_penalties_score", "The shoot-out alone"),
    _number("away_penalties_score"),
    _text("venue"),
    *_written(),
    sa.UniqueConstraint("provider", "external_id"),
    sa.ForeignKeyConstraint(
        ["tournament_id", "round_slug"],
        ["tournament_round.tournament_id", "tournament_round.slug"],
    ),
    _one_of("status", get_args(models.MatchStatus)),
    sa.CheckConstraint("home_team_id <> away_team_id", name="two_teams"),
    *_score("score"),
    *_score("score_90"),
    *_score("score_ht"),
    *_score("penalties_score"),
    sa.Index(None, "tournament_id", "kickoff_at"),
    sa.Index(None, "tournament_id", "round_slug"),
    sa.Index(None, "home_team_id"),
    sa.Index(None, "away_team_id"),
    comment="A fixture, played or not",
)

tournament_standing = sa.Table(
    "tournament_standing",
    metadata,
    _natural_id("(tournament_id, stage, group_name, team_id)"),
    _tournament_id(),
    _text("stage"),
    _text("group_name", "Null where the tournament has one table"),
    _team_id(),
    _number("position", required=True),
    _number("games", required=True),
    _number("wins", required=True),
    _number("draws", required=True),
    _number("losses", required=True),
    _number("goals_for", required=True),
    _number("goals_against", required=True),
    _number("goal_difference", "goals_for - goals_against", required=True),
    _number("points", "With deductions, so not always 3 * wins + draws", required=True),
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
    *_written(),
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

image = sa.Table(
    "image",
    metadata,
    sa.Column("source_url", sa.Text, primary_key=True, comment="The provider's address of it"),
    _text("object_key", "Key in the object store, by content; null while none was ever good"),
    _text("sha256", "Of the object, which for an SVG is the cleaned one"),
    _text("content_type", "By its bytes, whatever the provider calls it"),
    _number("bytes", "Size of the object"),
    _text("etag", "As the provider sent it with this content"),
    _text("last_modified", "As the provider sent it with this content"),
    _text("error", "Why the last download failed; null: it did not"),
    *_written(),
    sa.CheckConstraint("(object_key IS NULL) = (sha256 IS NULL)", name="object"),
    comment="Logos and badges that were downloaded; the same content is one object",
)

EXECUTION_STATUSES = ("in_progress", "completed", "partial_failure", "failed")
OPERATION_TYPES = tuple(
    f"{subject}_{verb}"
    for subject in ("tournament", "teams", "rounds", "matches", "standings", "logos")
    for verb in ("create", "update")
)

# One text for failures that differ in nothing but numbers, keys and addresses: what a message folds
# and a digest groups by. ASCII ranges, because classes like [:alnum:] follow the server's locale;
# spelled as Postgres gives it back, because Alembic compares the words.
_FINGERPRINT = r"""
CASE status
WHEN 'failed'::text THEN md5(
  COALESCE(error_class, ''::text) || ' '::text || regexp_replace(
    replace(COALESCE(error_text, ''::text), tournament_key, '#'::text),
    '[A-Za-z0-9_./@-]*[0-9][A-Za-z0-9_./@-]*'::text, '#'::text, 'g'::text))
WHEN 'partial_failure'::text THEN md5(
  'partial '::text || COALESCE(summary ->> 'leftOut'::text, ''::text))
ELSE NULL::text
END
"""

data_provider_executions = sa.Table(
    "data_provider_executions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
    sa.Column("request_id", sa.Uuid, nullable=False, comment="The Dagster run id"),
    sa.Column(
        "tournament_id",
        sa.Uuid,
        nullable=False,
        # No foreign key: the row is opened before the tournament is stored.
        comment="tournament.id, also while that row does not exist yet",
    ),
    _text("operation_type", required=True),
    _text("status", required=True),
    _moment("started_at", now=True),
    _moment("completed_at", "Null while in progress"),
    _number("duration", "Milliseconds"),
    _text("report_file_url"),
    _text("report_file_key", "Key of the report in the object store"),
    sa.Column("summary", pg.JSONB, comment="Counts of operations and rows; error on failure"),
    *_written(),
    _text("tournament_key", "tournament.key", required=True),
    _text("tournament_label"),
    _text("domain", "tournaments, teams, rounds, matches, standings or logos", required=True),
    sa.Column(
        "attempt",
        sa.Integer,
        nullable=False,
        server_default=sa.text("1"),
        comment="Which try within the run, from 1",
    ),
    _text("outcome", "written, unchanged, nothing_yet, not_applicable, …, failed"),
    _text("error_class"),
    _text("error_text", "One sentence for a person"),
    _moment("announced_at", "When people were told; null: not yet"),
    _text("unit", "backfill:ID or the refresh it was part of; null: on its own"),
    sa.Column(
        "fingerprint",
        sa.Text,
        sa.Computed(_FINGERPRINT, persisted=True),
        comment="Equal for the same failure; null when it did not fail",
    ),
    # Two rows for one attempt would mean two writers who do not know of each other.
    sa.UniqueConstraint(
        "request_id",
        "tournament_key",
        "domain",
        "attempt",
        name="uq_data_provider_executions_attempt",  # Postgres cuts names after 63 bytes
    ),
    _one_of("status", EXECUTION_STATUSES),
    _one_of("operation_type", OPERATION_TYPES),
    sa.CheckConstraint("attempt >= 1", name="attempt"),
    sa.CheckConstraint("duration >= 0", name="duration"),
    sa.Index(
        "ix_data_provider_executions_in_progress",
        "started_at",
        postgresql_where=sa.text("status = 'in_progress'"),
    ),
    sa.Index(
        "ix_data_provider_executions_unannounced",
        "completed_at",
        postgresql_where=sa.text(
            "announced_at IS NULL AND completed_at IS NOT NULL AND unit IS NULL"
        ),
    ),
    sa.Index(
        "ix_data_provider_executions_unannounced_unit",
        "unit",
        "completed_at",
        postgresql_where=sa.text(
            "announced_at IS NULL AND completed_at IS NOT NULL AND unit IS NOT NULL"
        ),
    ),
    # How long a failure has lasted and what it ended: two look-ups for each execution that is told.
    sa.Index(
        "ix_data_provider_executions_completed",
        "tournament_key",
        "domain",
        "completed_at",
        postgresql_where=sa.text("status = 'completed'"),
    ),
    sa.Index(
        "ix_data_provider_executions_fingerprint",
        "tournament_key",
        "domain",
        "completed_at",
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    ),
    sa.Index(
        "ix_data_provider_executions_tournament_key",
        "tournament_key",
        sa.text("started_at DESC"),
    ),
    # By request_id: the index of the unique constraint begins with it.
    comment="The ledger: one row per attempt to materialize one domain of one tournament",
)

execution_report = sa.Table(
    "execution_report",
    metadata,
    sa.Column(
        "execution_id",
        sa.Uuid,
        sa.ForeignKey("data_provider_executions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    _text("file_key", required=True),
    # json, not jsonb: reports quote providers, and jsonb refuses the escape of the NUL character.
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    _text("last_error"),
    _moment("next_attempt_at", now=True),
    _moment("created_at", now=True),
    sa.Index(None, "next_attempt_at"),
    comment="Reports the object store has not taken yet; a row goes when it has",
)

provider_pace = sa.Table(
    "provider_pace",
    metadata,
    _text("provider", required=True),
    _moment("next_at", "The earliest time of the next request to this provider", now=True),
    sa.PrimaryKeyConstraint("provider"),
    comment="Spaces the requests of all processes to one provider",
)

competition_season = sa.Table(
    "competition_season",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="The tournament key it has or would have"),
    _text("provider", required=True),
    _text("competition", "As in the key", required=True),
    _text("season", "As in the key", required=True),
    _text("label", required=True),
    _number("place", "0 is the competition's newest season; null: long gone from the list"),
    _moment("first_seen_at", now=True),
    _moment("last_seen_at", "When the provider last listed it", now=True),
    _moment("approved_at", "When it was approved to be ingested by itself; null: it is not"),
    sa.CheckConstraint("place >= 0", name="place"),
    sa.Index(None, "provider", "competition", "place"),
    comment="Seasons that providers list of the competitions that are or were followed",
)
