"""What is wrong or doubtful about stored data: what reads found, and what checks came to."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import (
    metadata,
    natural_id,
    number,
    one_of,
    text,
    tournament_id,
    written,
)

finding = sa.Table(
    "finding",
    metadata,
    natural_id("(tournament_id, domain, kind, subject, detail)"),
    tournament_id(),
    text("domain", "Of which something was found", required=True),
    text("kind", "What was found, as in reports: unknown_team, …", required=True),
    text("subject", "What is concerned, in words", required=True),
    text("detail", "What is wrong or doubtful, a sentence", required=True),
    text(
        "severity",
        "ERROR: it was left out, as it cannot be stored soundly; WARN: it is stored",
        required=True,
    ),
    *written(),
    one_of("severity", ("WARN", "ERROR")),
    sa.Index(None, "tournament_id"),
    comment="What the last whole read of each domain of a tournament found wrong or doubtful; "
    "created_at says since when",
)

data_check = sa.Table(
    "data_check",
    metadata,
    tournament_id(primary_key=True),
    sa.Column("name", sa.Text, primary_key=True, comment="Name of the check, as on the asset"),
    text("domain", "Of which it checks rows", required=True),
    sa.Column("passed", sa.Boolean, nullable=False, comment="Whether nothing is wrong"),
    text(
        "severity",
        "ERROR where somebody would be misled by the data, WARN where something lacks or it passed",
        required=True,
    ),
    text("detail", "A sentence with the numbers", required=True),
    sa.Column("rows", pg.JSONB, nullable=False, comment="What is wrong, a sentence each, up to 20"),
    *written(),
    number("wrong", "How many things are wrong, also those that are known", required=True),
    one_of("severity", ("WARN", "ERROR")),
    comment="What each check of a tournament's data came to last; updated_at says since when",
)
