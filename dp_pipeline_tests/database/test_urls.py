"""The URL of a database, and what is said when nothing good lies behind it."""

import time
import traceback
from urllib.parse import urlsplit

import anyio
import pytest
import sqlalchemy as sa

from dp_pipeline.database.database import (
    Database,
    DatabaseConfigurationError,
    DatabaseError,
    normalise_url,
)
from dp_pipeline_tests.servers import closed_url


@pytest.mark.parametrize(
    "text",
    [
        "postgres://u:p@h:5433/d?sslmode=require",
        "postgresql://u:p@h:5433/d?sslmode=require",
        "postgresql+psycopg2://u:p@h:5433/d?sslmode=require",
        "postgresql+asyncpg://u:p@h:5433/d?sslmode=require",
        "  postgresql+psycopg://u:p@h:5433/d?sslmode=require\n",
    ],
)
def test_every_spelling_of_a_url_means_the_same(text: str) -> None:
    url = normalise_url(text)
    assert (
        url.render_as_string(hide_password=False)
        == "postgresql+psycopg://u:p@h:5433/d?sslmode=require"
    )


def test_a_unix_socket_in_the_query_stays() -> None:
    url = normalise_url("postgresql://u@/d?host=/tmp/some%20where&port=5433")
    assert url.query == {"host": "/tmp/some where", "port": "5433"}  # noqa: S108 - nothing is there


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "mysql://u:sec-ret@h/d",
        "postgresql://u:sec-ret@h:port/d",
        "postgresql:/u:sec-ret@h/d",
    ],
)
def test_a_bad_url_is_one_sentence_without_the_password(text: str) -> None:
    with pytest.raises(DatabaseConfigurationError) as caught:
        Database(text)
    whole = "".join(traceback.format_exception(caught.value)).split("raise ")[-1]
    assert "sec-ret" not in whole
    assert str(caught.value).startswith("The database URL ")


def test_the_password_is_not_shown(postgres_url: str) -> None:
    database = Database("postgresql://u:sec-ret@127.0.0.1/d")
    assert "sec-ret" not in repr(database)
    assert postgres_url


def test_options_of_the_url_hold_beside_ours(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    database = Database(f"{postgres_url}{mark}application_name=mine&options=-c%20work_mem%3D7MB")
    with database.transaction() as connection:
        assert connection.scalar(sa.text("SHOW work_mem")) == "7MB"
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert connection.scalar(sa.text("SHOW application_name")) == "mine"
    database.close()


def test_a_server_that_is_not_there_is_retryable_and_named() -> None:
    database = Database(f"postgresql://u:sec-ret@127.0.0.1:{urlsplit(closed_url()).port}/d")

    async def once() -> None:
        await database.run(lambda c: c.scalar(sa.text("SELECT 1")), attempts=2)

    began = time.monotonic()
    with pytest.raises(DatabaseError, match="Connection refused") as caught:
        anyio.run(once)
    assert caught.value.retryable
    assert not isinstance(caught.value, DatabaseConfigurationError)
    assert "sec-ret" not in "".join(traceback.format_exception(caught.value))
    assert time.monotonic() - began < 5


def test_a_database_that_does_not_exist_is_a_wrong_setting_told_at_once(postgres_url: str) -> None:
    url = normalise_url(postgres_url).set(database="no_such_database")
    database = Database(url.render_as_string(hide_password=False))
    began = time.monotonic()
    with pytest.raises(DatabaseConfigurationError, match="no_such_database"):
        anyio.run(database.run, lambda c: c.scalar(sa.text("SELECT 1")))
    assert time.monotonic() - began < 2


def test_an_option_libpq_does_not_know_is_named(postgres_url: str) -> None:
    mark = "&" if "?" in postgres_url else "?"
    database = Database(f"{postgres_url}{mark}pool_size=5")
    with pytest.raises(DatabaseError, match="pool_size"), database.transaction():
        pass


def test_making_a_database_connects_to_nothing() -> None:
    Database("postgresql://u@127.0.0.1:1/d").close()
