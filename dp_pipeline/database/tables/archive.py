"""The archive: what providers answered, and the payloads they answered with."""

import sqlalchemy as sa

from dp_pipeline.database.tables.columns import ascending_id, metadata, moment, number, text

payload = sa.Table(
    "payload",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True, comment="SHA-256 of the body, in hexadecimal"),
    number("bytes", "Size of the body", required=True),
    number("stored_bytes", "Size of the object, which is compressed", required=True),
    text("object_key", "Key of the object in the object store", required=True),
    moment("created_at", "When it was first stored", now=True),
    comment="The archive: bodies that providers sent, each once; the bodies are objects",
)

response = sa.Table(
    "response",
    metadata,
    ascending_id(),
    sa.Column(
        "execution_id",
        sa.Uuid,
        nullable=False,
        comment="data_provider_executions.id of the execution that made the request",
    ),
    text("url", "What was requested; without secrets", required=True),
    number("status", "HTTP status; 304: the body is the one that was known", required=True),
    moment("answered_at", "When the answer came", now=True),
    text("content_type", "As the provider sent it"),
    text("etag", "As the provider sent it; repeated in the next request"),
    text("last_modified", "As the provider sent it; repeated in the next request"),
    text("last_change", "What the provider said just before when the data last changed"),
    # No foreign key: retention removes bodies, and an answer is an answer without its body.
    text("hash", "payload.hash of the body; null: of an error, or it was not stored"),
    sa.Index(
        "ix_response_url", "url", sa.text("id DESC"), postgresql_where=sa.text("hash IS NOT NULL")
    ),
    sa.Index(None, "execution_id"),
    sa.Index(None, "hash"),
    comment="The archive: every answer of a provider to a request of an execution",
)
