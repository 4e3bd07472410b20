"""An embedded Postgres server, shared by all processes that use one home.

postgres.py is what users see, supervisor.py the process that runs the server for them; cluster.py
is what both agree on, server.py starts and stops, directories.py and binaries.py prepare that.
"""

from dp_pipeline.database.embedded.cluster import EmbeddedPostgresError
from dp_pipeline.database.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]
