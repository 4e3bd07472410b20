"""What the automation remembers: pace and health of providers, the seasons they list."""

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import metadata, moment, number, text

provider_pace = sa.Table(
    "provider_pace",
    metadata,
    text("provider", required=True),
    moment("next_at", "The earliest time of the next request to this provider", now=True),
    sa.PrimaryKeyConstraint("provider"),
    comment="Spaces the requests of all processes to one provider",
)

provider_health = sa.Table(
    "provider_health",
    metadata,
    text("provider", required=True),
    text("root", "The address it is asked at; another one starts anew", required=True),
    number("epoch", "Grows whenever it opens, closes or is tried", required=True),
    number("refusals", "In a row, when it was to be found out", required=True),
    number("silences", "Likewise, without an answer", required=True),
    text("kind", "Of the failure that counted last"),
    moment("struck_at", "When that was"),
    moment("rests_until", "When one request may try again; null: it is asked as ever"),
    moment("probe_until", "Until when the result of that request is waited for"),
    moment("answered_at", "Its last answer"),
    moment("failed_at", "Its last failure"),
    text("failure", "The kind of that"),
    moment("blocked_at", "Its last refusal"),
    sa.PrimaryKeyConstraint("provider"),
    sa.CheckConstraint("refusals >= 0 AND silences >= 0", name="strikes"),
    sa.Index(None, "rests_until"),
    comment="Whether providers are asked, for all processes",
)

provider_hour = sa.Table(
    "provider_hour",
    metadata,
    text("provider", required=True),
    sa.Column("hour", sa.DateTime(timezone=True), nullable=False, comment="Its beginning"),
    number("requests", required=True),
    number("blocked", "Of them, refused", required=True),
    number("rate_limited", required=True),
    number("server_error", required=True),
    number("network", "Of them, without an answer", required=True),
    sa.Column("seconds", sa.Double, nullable=False, comment="What they took together"),
    sa.PrimaryKeyConstraint("provider", "hour"),
    comment="Requests to providers and how they ended, by the hour",
)

competition_season = sa.Table(
    "competition_season",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="The tournament key it has or would have"),
    text("provider", required=True),
    text("competition", "As in the key", required=True),
    text("season", "As in the key", required=True),
    text("label", required=True),
    number("place", "0 is the competition's newest season; null: long gone from the list"),
    moment("first_seen_at", now=True),
    moment("last_seen_at", "When the provider last listed it", now=True),
    moment("approved_at", "When it was approved to be ingested by itself; null: it is not"),
    sa.CheckConstraint("place >= 0", name="place"),
    sa.Index(None, "provider", "competition", "place"),
    comment="Seasons that providers list of the competitions that are or were followed",
)
