"""Print the variables of profiles.yml for the database whose URL is read from standard input."""

import shlex
import sys
from urllib.parse import parse_qs, unquote, urlsplit

url = urlsplit(sys.stdin.readline().strip())
query = parse_qs(url.query)
given = {
    "DBT_HOST": url.hostname or query.get("host", ["localhost"])[0],
    "DBT_PORT": str(url.port or query.get("port", ["5432"])[0]),
    "DBT_USER": unquote(url.username or "postgres"),
    "DBT_PASSWORD": unquote(url.password or ""),
    "DBT_DBNAME": unquote(url.path.strip("/")),
}
for name, value in given.items():
    sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
