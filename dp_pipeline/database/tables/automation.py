"""What the automation remembers: the pace of providers, the seasons they list."""

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
