"""What checks of stored data came to."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from dp_pipeline.database.tables.columns import metadata, one_of, text, tournament_id, written

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
    one_of("severity", ("WARN", "ERROR")),
    comment="What each check of a tournament's data came to last; updated_at says since when",
)
