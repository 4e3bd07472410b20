import json
import multiprocessing
import re
import subprocess
import sys
import time
from collections.abc import Generator
from importlib import resources

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner

from dp_pipeline.cli.group import main
from dp_pipeline.database import migrations, tables
from dp_pipeline.database.database import Database, DatabaseConfigurationError, DatabaseError


@pytest.fixture
def database(postgres_url: str) -> Generator[Database]:
    database = Database(postgres_url)
    yield database
    database.close()


def test_the_tables_in_the_code_and_those_migrated_do_not_differ(database: Database) -> None:
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "version_table": migrations.VERSION_TABLE,
            },
        )
        assert compare_metadata(context, tables.metadata) == []


# What Alembic does not compare: checks, the words of keys and indexes, comments of all kinds.
_CATALOGUE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = :schema ::regnamespace AND a.attnum > 0 ORDER BY 1, a.attnum""",
    "constraints": """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.connamespace = :schema ::regnamespace ORDER BY 1, 2""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = :schema ORDER BY 1, 2""",
    "comments": """
        SELECT relname, obj_description(oid, 'pg_class') FROM pg_class
        WHERE relnamespace = :schema ::regnamespace AND relkind = 'r' ORDER BY 1""",
}


def _catalogue(connection: sa.Connection, schema: str, query: str) -> list[tuple[object, ...]]:
    connection.execute(sa.text(f"SET search_path TO {schema}"))
    found = [tuple(row) for row in connection.execute(sa.text(query), {"schema": schema})]
    return [
        tuple(v.replace(f"{schema}.", "") if isinstance(v, str) else v for v in row)
        for row in found
        if row[0] != migrations.VERSION_TABLE
    ]


@pytest.mark.parametrize("part", _CATALOGUE)
def test_postgres_describes_both_alike(database: Database, part: str) -> None:
    database.migrate()
    with database.engine.connect() as connection:
        connection.execute(sa.text("CREATE SCHEMA coded"))
        tables.metadata.create_all(
            connection.execution_options(schema_translate_map={None: "coded"})
        )
        coded = _catalogue(connection, "coded", _CATALOGUE[part])
        migrated = _catalogue(connection, "public", _CATALOGUE[part])
    assert migrated == coded
    assert migrated


def test_two_migrations_with_one_number_are_named() -> None:
    assert migrations.numbers_of(["0009_b.py", "0009_b.sql", "0008_a.py"]) == ("0008", "0009")
    with pytest.raises(ValueError, match=r"numbered 0009; give each the next number"):
        migrations.numbers_of(["0009_b.py", "0008_a.py", "0009_c.py"])


def test_the_way_back_leaves_nothing(database: Database) -> None:
    database.migrate()
    with database.transaction() as connection:
        migrations.downgrade(connection)
    with database.engine.connect() as connection:
        inspector = sa.inspect(connection)
        assert inspector.get_table_names() == [migrations.VERSION_TABLE]
        assert inspector.get_view_names() == []
    database.ensure_current()


def test_the_revisions_written_down_are_those_of_the_scripts() -> None:
    script = ScriptDirectory(str(resources.files("dp_pipeline.database") / "migrations"))
    walked = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(walked)) == migrations.REVISIONS
    assert script.get_heads() == [migrations.HEAD]


def _migrate(url: str) -> None:
    database = Database(url)
    database.ensure_current()
    database.close()


@pytest.mark.slow
def test_many_processes_migrate_at_once(postgres_url: str, database: Database) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_migrate, args=(postgres_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    with database.engine.connect() as connection:
        versions = connection.scalars(sa.text("SELECT version_num FROM dp_alembic_version")).all()
    assert versions == [migrations.HEAD]


def _rows(connection: sa.Connection) -> dict[str, int]:
    names = sa.inspect(connection).get_table_names()
    count = sa.select(sa.func.count())
    return {name: connection.scalars(count.select_from(sa.table(name))).one() for name in names}


def _fill(database: Database) -> dict[str, int]:
    """Make it a database that version 0.1 filled."""
    filled = resources.files("dp_pipeline_tests.database") / "filled_by_0_1.sql"
    with database.transaction() as connection:
        migrations.upgrade(connection, migrations.REVISIONS[0])
        connection.exec_driver_sql(filled.read_text(encoding="utf-8").replace("%", "%%"))
        return _rows(connection)


def test_an_upgrade_from_0_1_that_is_killed_half_way_is_none_and_the_next_one_is_whole(
    postgres_url: str, database: Database
) -> None:
    before = _fill(database)
    migrating = multiprocessing.get_context("spawn").Process(target=_migrate, args=(postgres_url,))
    with database.transaction() as reader:
        reader.execute(sa.text("SELECT count(*) FROM data_provider_executions"))
        migrating.start()
        waits = sa.text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            " AND relation = 'data_provider_executions'::regclass"
        )
        deadline = time.monotonic() + 60
        while not reader.scalar(waits):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        migrating.kill()
        migrating.join(30)
    with database.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM dp_alembic_version")) == "0008"
        assert _rows(connection) == before
    database.ensure_current()
    with database.engine.connect() as connection:
        version = connection.scalar(sa.text("SELECT version_num FROM dp_alembic_version"))
        assert version == migrations.HEAD


def test_a_database_that_0_1_filled_goes_on_working(
    postgres_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _fill(database)
    assert all(before.values())
    del before["provider_clock"]  # dropped since
    before["provider_rate_limit"] = before.pop("provider_pace")
    follow_up = "SELECT tournament_id, {} FROM tournament_watch ORDER BY 1"
    with database.engine.connect() as connection:
        due = connection.execute(sa.text(follow_up.format("owed_at"))).all()
    database.ensure_current()
    with database.engine.connect() as connection:
        assert _rows(connection).items() >= before.items()
        for table in tables.metadata.tables.values():
            connection.execute(sa.select(table)).all()
        fixtures = connection.scalars(sa.text("SELECT DISTINCT tournament FROM fixtures")).all()
        assert connection.execute(sa.text(follow_up.format("follow_up_due_at"))).all() == due
        leaders = sa.text("SELECT team, points FROM league_table WHERE position = 1")
        assert connection.execute(leaders).all() == [("Simulated Clearfield 7", 46)]
    assert set(fixtures) == {"Simulated Super Cup 9 26/27", "Simulated Summer League 7 2026"}
    monkeypatch.setenv("DP_DATABASE_URL", postgres_url)
    listed = json.loads(CliRunner().invoke(main, ["executions", "--json"]).stdout)
    assert [row["status"] for row in listed].count("completed") == 10
    assert [row["status"] for row in listed].count("failed") == 5
    assert all(row["summary"]["findings"] == 0 for row in listed), "once called remarks"


def test_tables_older_than_0_1_left_them_are_refused_with_the_way_out(database: Database) -> None:
    database.migrate()
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE dp_alembic_version SET version_num = '0003'"))
    for ask in (database.ensure_current, database.migrate):
        with pytest.raises(DatabaseConfigurationError) as caught:
            ask()
        assert str(caught.value) == (
            "The tables are older than version 0.1 left them (revision 0003): run dp_pipeline 0.1 "
            "on this database once, which brings them up to date, and then this one."
        )


def test_a_migration_that_fails_leaves_the_database_as_it_was(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE match (mine int)"))
    with pytest.raises(DatabaseError, match='relation "match" already exists'):
        database.migrate()
    with database.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["match"]


def test_tables_of_a_newer_version_are_left_alone(database: Database) -> None:
    database.migrate()
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE dp_alembic_version SET version_num = '9999'"))
    for ask in (database.ensure_current, database.migrate):
        with pytest.raises(DatabaseConfigurationError, match=r"newer dp_pipeline \(version 9999"):
            ask()


def test_dagsters_database_is_refused(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(sa.text("CREATE TABLE event_logs (id bigint)"))
    with pytest.raises(DatabaseConfigurationError, match="Dagster's own storage"):
        database.ensure_current()


def test_another_applications_alembic_does_not_disturb(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num text)"))
    database.ensure_current()


def test_asking_a_current_database_imports_no_alembic(
    postgres_url: str, database: Database
) -> None:
    database.migrate()
    program = (
        "import sys; from dp_pipeline.database.database import Database; "
        "Database(sys.argv[1]).ensure_current(); print('alembic' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, postgres_url], check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "False"


def test_a_user_without_rights_is_told_so(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("CREATE ROLE dp_nobody_in_particular NOLOGIN"))
    limited = Database(
        database.url.update_query_dict(
            {"options": "-c role=dp_nobody_in_particular"}
        ).render_as_string(hide_password=False)
    )
    try:
        with pytest.raises(DatabaseConfigurationError, match="lacks a right it needs") as caught:
            limited.migrate()
        assert re.search(r"permission denied for schema public", str(caught.value))
    finally:
        limited.close()
        with database.transaction() as connection:
            connection.execute(sa.text("DROP ROLE dp_nobody_in_particular"))


def test_every_column_of_every_table_and_view_says_what_it_is(database: Database) -> None:
    with database.transaction() as connection:
        silent = connection.exec_driver_sql(
            """
            SELECT relname || '.' || attname
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
                AND attnum > 0 AND NOT attisdropped AND relname <> 'alembic_version'
                AND col_description(attrelid, attnum) IS NULL
            """
        ).scalars()
        assert list(silent) == []
