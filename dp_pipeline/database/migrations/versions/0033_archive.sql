CREATE TABLE payload (
    hash text NOT NULL, bytes integer NOT NULL, stored_bytes integer NOT NULL,
    object_key text NOT NULL, created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_payload PRIMARY KEY (hash)
);
CREATE TABLE response (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL, execution_id uuid NOT NULL, url text NOT NULL,
    status integer NOT NULL, answered_at timestamptz DEFAULT now() NOT NULL, content_type text,
    etag text, last_modified text, last_change text, hash text,
    CONSTRAINT pk_response PRIMARY KEY (id)
);
CREATE INDEX ix_response_url ON response (url, id DESC) WHERE hash IS NOT NULL;
CREATE INDEX ix_response_execution_id ON response (execution_id);
CREATE INDEX ix_response_hash ON response (hash);
COMMENT ON TABLE payload IS 'The archive: bodies that providers sent, each once; the bodies are objects';
COMMENT ON COLUMN payload.hash IS 'SHA-256 of the body, in hexadecimal';
COMMENT ON COLUMN payload.bytes IS 'Size of the body';
COMMENT ON COLUMN payload.stored_bytes IS 'Size of the object, which is compressed';
COMMENT ON COLUMN payload.object_key IS 'Key of the object in the object store';
COMMENT ON COLUMN payload.created_at IS 'When it was first stored';
COMMENT ON TABLE response IS 'The archive: every answer of a provider to a request of an execution';
COMMENT ON COLUMN response.id IS 'Ascending in the order of writing';
COMMENT ON COLUMN response.execution_id IS 'data_provider_executions.id of the execution that made the request';
COMMENT ON COLUMN response.url IS 'What was requested; without secrets';
COMMENT ON COLUMN response.status IS 'HTTP status; 304: the body is the one that was known';
COMMENT ON COLUMN response.answered_at IS 'When the answer came';
COMMENT ON COLUMN response.content_type IS 'As the provider sent it';
COMMENT ON COLUMN response.etag IS 'As the provider sent it; repeated in the next request';
COMMENT ON COLUMN response.last_modified IS 'As the provider sent it; repeated in the next request';
COMMENT ON COLUMN response.last_change IS 'What the provider said just before when the data last changed';
COMMENT ON COLUMN response.hash IS 'payload.hash of the body; null: of an error, or it was not stored';
ALTER TABLE data_provider_executions ADD COLUMN selection jsonb, ADD COLUMN now timestamptz;
COMMENT ON COLUMN data_provider_executions.selection IS 'What was wanted: {} everything, or the external ids of matches, and followUp';
COMMENT ON COLUMN data_provider_executions.now IS 'The present at the provider when it was read; that of a simulated world there';
