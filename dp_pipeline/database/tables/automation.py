"""What the automation remembers: rate limits and health of providers, seasons, what is due."""

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import (
    metadata,
    moment,
    number,
    text,
    tournament_id,
    written,
)

provider_rate_limit = sa.Table(
    "provider_rate_limit",
    metadata,
    text("provider", "Its name, as in a tournament key", required=True),
    moment("next_at", "The earliest time of the next request to this provider", now=True),
    sa.PrimaryKeyConstraint("provider"),
    comment="Spaces the requests of all processes to one provider",
)

match_watch = sa.Table(
    "match_watch",
    metadata,
    sa.Column(
        "match_id",
        sa.Uuid,
        sa.ForeignKey("match.id", ondelete="CASCADE"),
        primary_key=True,
        comment="match.id",
    ),
    tournament_id(),
    text("provider", "Its name, as in a tournament key", required=True),
    text("status", "match.status at the last poll that changed this row", required=True),
    moment("since", "When it was first seen in this status", now=True),
    moment("window_from", "From when on the times of play count"),
    moment("due_at", "When it is polled again; null: not for its own sake"),
    moment("given_up_at", "When it was given up as open for too long (stale_open)"),
    *written(),
    sa.Column(
        "failures",
        sa.Integer,
        nullable=False,
        server_default=sa.text("0"),
        comment="Polls in a row that did not find it",
    ),
    moment("not_before", "After such a poll: none before that, by our time"),
    sa.Index(
        "ix_match_watch_due",
        "provider",
        "due_at",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    sa.Index(None, "tournament_id"),
    comment="When which match is polled again, by the provider's time",
)

tournament_watch = sa.Table(
    "tournament_watch",
    metadata,
    tournament_id(primary_key=True),
    text("provider", "Its name, as in a tournament key", required=True),
    moment("awaiting_since", "Since when a draw or fixtures to come are waited for"),
    moment("due_at", "When they are polled for, by the provider's time"),
    moment("follow_up_due_at", "Since when rounds and table have to follow matches that ended"),
    sa.Column(
        "failures",
        sa.Integer,
        nullable=False,
        server_default=sa.text("0"),
        comment="Times in a row that it failed to follow",
    ),
    moment("not_before", "After such a failure: no attempt before that, by our time"),
    *written(),
    sa.Index(
        "ix_tournament_watch_due",
        "provider",
        "due_at",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_tournament_watch_follow_up_due",
        "provider",
        postgresql_where=sa.text("follow_up_due_at IS NOT NULL"),
    ),
    comment="Which tournaments wait for a draw, and which are paused after a failure",
)

provider_health = sa.Table(
    "provider_health",
    metadata,
    text("provider", "Its name, as in a tournament key", required=True),
    text("root", "The address it is read at; another one starts anew", required=True),
    number("epoch", "Grows whenever it opens, closes or is tried", required=True),
    number("refusals", "In a row, when it was to be found out", required=True),
    number("silences", "Likewise, without an answer", required=True),
    text("kind", "Of the failure that counted last"),
    moment("struck_at", "When that was"),
    moment("open_until", "When one request may try again; null: requests go to it as ever"),
    moment("probe_until", "Until when the result of that request is waited for"),
    moment("answered_at", "Its last answer"),
    moment("failed_at", "Its last failure"),
    text("failure", "The kind of that"),
    moment("blocked_at", "Its last refusal"),
    sa.PrimaryKeyConstraint("provider"),
    sa.CheckConstraint("refusals >= 0 AND silences >= 0", name="strikes"),
    sa.Index(None, "open_until"),
    comment="Whether requests go to providers, for all processes",
)

provider_hour = sa.Table(
    "provider_hour",
    metadata,
    text("provider", "Its name, as in a tournament key", required=True),
    sa.Column("hour", sa.DateTime(timezone=True), nullable=False, comment="Its beginning"),
    number("requests", "How many were sent in this hour", required=True),
    number("blocked", "Of them, refused", required=True),
    number("rate_limited", "Of them, answered with 429", required=True),
    number("server_error", "Of them, answered with 5xx", required=True),
    number("network", "Of them, without an answer", required=True),
    sa.Column("seconds", sa.Double, nullable=False, comment="What they took together"),
    sa.PrimaryKeyConstraint("provider", "hour"),
    comment="Requests to providers and how they ended, by the hour",
)

competition_season = sa.Table(
    "competition_season",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="The tournament key it has or would have"),
    text("provider", "Its name, as in a tournament key", required=True),
    text("competition", "As in the key", required=True),
    text("season", "As in the key", required=True),
    text("label", "The season as the provider names it", required=True),
    number("place", "0 is the competition's newest season; null: long gone from the list"),
    moment("first_seen_at", "When the provider first listed it", now=True),
    moment("last_seen_at", "When the provider last listed it", now=True),
    moment("approved_at", "When it was approved to be ingested by itself; null: it is not"),
    sa.CheckConstraint("place >= 0", name="place"),
    sa.Index(None, "provider", "competition", "place"),
    comment="Seasons that providers list of the competitions that are or were followed",
)

removed_tournament = sa.Table(
    "removed_tournament",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="The tournament key"),
    moment("removed_at", "When it was removed", now=True),
    text("removed_by", "Name of the user at whose terminal", required=True),
    comment=(
        "Tournaments that a person removed with dp remove: nothing reads them by itself until a "
        "person ingests or approves them"
    ),
)
