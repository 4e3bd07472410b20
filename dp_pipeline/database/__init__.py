"""Tables, the one upsert, migrations, the connection, and a Postgres of our own."""
