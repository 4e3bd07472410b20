"""The names of teams that a run reads once: anew as soon as they are others."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.stored_names import StoredNames
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.contract import StoredTeams

KEY = TournamentKey("openfootball", "en.1", "2024-25")
OTHER = TournamentKey("openligadb", "bl1", "2024")
ADD = "INSERT INTO team (id, provider, external_id, name) VALUES (:id, :provider, :club, :club)"


def add(connection: sa.Connection, club: str, provider: str = KEY.provider) -> None:
    values = {"id": rows.team_id(provider, club), "provider": provider, "club": club}
    connection.execute(sa.text(ADD), values)


def alias(connection: sa.Connection, key: str, club: str | None) -> None:
    connection.execute(
        sa.insert(tables.team_alias).values(
            id=rows.alias_id(KEY.provider, key),
            provider=KEY.provider,
            key=key,
            name=key,
            team_id=club and rows.team_id(KEY.provider, club),
            origin="person",
        )
    )


@contextmanager
def counted(database: Database) -> Generator[Callable[[], int]]:
    """How many statements there were."""
    seen: list[str] = []

    def count(*given: object) -> None:
        seen.append(str(given[2]))

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield lambda: len(seen)
    finally:
        event.remove(database.engine, "before_cursor_execute", count)


def asked(names: StoredNames, database: Database, key: TournamentKey = KEY) -> StoredTeams:
    return database.run_here(lambda connection: names.of(connection, Snapshot(key, {})))


def test_names_are_read_once_while_they_stay_the_same(database: Database) -> None:
    with database.transaction() as connection:
        add(connection, "arsenal-eng")
        alias(connection, "gunners-eng", "arsenal-eng")
    names = StoredNames()
    first = asked(names, database)
    with counted(database) as statements:
        again = asked(names, database)
        assert statements() == 1
    assert first.ids == again.ids == {"arsenal-eng"}
    assert first.aliases == again.aliases == {"gunners-eng": "arsenal-eng"}


@pytest.mark.parametrize(
    ("change", "ids", "aliases"),
    [
        (lambda c: add(c, "leeds-eng"), {"arsenal-eng", "chelsea-eng", "leeds-eng"}, "arsenal-eng"),
        (lambda c: alias(c, "blues-eng", None), {"arsenal-eng", "chelsea-eng"}, "arsenal-eng"),
        (
            # as `dp clubs join` does: as many aliases as before
            lambda c: c.execute(
                sa.update(tables.team_alias).values(
                    team_id=rows.team_id(KEY.provider, "chelsea-eng")
                )
            ),
            {"arsenal-eng", "chelsea-eng"},
            "chelsea-eng",
        ),
        (
            lambda c: c.execute(
                sa.update(tables.team)
                .where(tables.team.c.external_id == "chelsea-eng")
                .values(external_id="leeds-eng")
            ),
            {"arsenal-eng", "leeds-eng"},
            "arsenal-eng",
        ),
    ],
    ids=["another club", "another name", "a name of another club", "a club instead of another"],
)
def test_names_are_read_anew_once_they_are_others(
    database: Database, change: Callable[[sa.Connection], object], ids: set[str], aliases: str
) -> None:
    with database.transaction() as connection:
        add(connection, "arsenal-eng")
        add(connection, "chelsea-eng")
        alias(connection, "gunners-eng", "arsenal-eng")
    names = StoredNames()
    before = asked(names, database)
    with database.transaction() as connection:
        change(connection)
    after = asked(names, database)
    assert after != before
    assert after.ids == ids
    assert after.aliases["gunners-eng"] == aliases


def test_the_names_of_two_providers_are_kept_apart(database: Database) -> None:
    with database.transaction() as connection:
        add(connection, "arsenal-eng")
        add(connection, "40", OTHER.provider)
    names = StoredNames()
    assert asked(names, database).ids == {"arsenal-eng"}
    assert asked(names, database, OTHER).ids == {"40"}
    assert asked(names, database).ids == {"arsenal-eng"}
