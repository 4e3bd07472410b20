"""An embedded Postgres server, shared by all processes that use one home. Imports nothing of ours.

postgres.py is what users see; server.py starts and stops; watcher.py is the process that starts a
dead server again and stops an unused one; files.py holds what all of them agree on; place.py says
which OS user runs which programs, and where data, socket and port go.
"""

from dp_pipeline.embedded_postgres.files import EmbeddedPostgresError
from dp_pipeline.embedded_postgres.place import client_program, make_private
from dp_pipeline.embedded_postgres.postgres import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "client_program", "make_private"]
