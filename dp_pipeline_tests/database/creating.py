"""Databases of a server that is there."""

import psycopg
from psycopg import sql


def create_database(admin_url: str, name: str, template: str = "template0") -> str:
    """Make a database, empty or a copy of another one, and give its URL."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return admin_url.replace("/postgres?", f"/{name}?")
