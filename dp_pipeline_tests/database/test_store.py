"""The one writer: what it creates, updates and leaves alone, alone and beside others."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import Change, Stored, store
from dp_pipeline.football.models import Standing, Team
from dp_pipeline_tests.database.league import KEY, MATCHES, TEAMS, match_rows


def _versions(connection: sa.Connection, table: str) -> list[tuple[Any, ...]]:
    text = sa.text(f"SELECT ctid::text, xmin::text, updated_at FROM {table} ORDER BY 1")  # noqa: S608 - our own names
    return [tuple(row) for row in connection.execute(text)]


def test_rows_are_created_then_unchanged_then_updated(league: Database) -> None:
    given_rows = match_rows(MATCHES)
    with league.transaction() as connection:
        first = store(connection, tables.match, given_rows)
    assert first.counts() == {"created": 380, "updated": 0, "unchanged": 0}
    assert set(first.created) == {row["id"] for row in given_rows}
    with league.transaction() as connection:
        second = store(connection, tables.match, given_rows)
    assert second.counts() == {"created": 0, "updated": 0, "unchanged": 380}
    played = replace(MATCHES[5], status="ended", home_score=2, away_score=0)
    with league.transaction() as connection:
        third = store(connection, tables.match, match_rows([*MATCHES[:5], played, *MATCHES[6:]]))
    assert third.unchanged == 379
    assert third.updated == (
        Change(
            rows.match_id("openligadb", played.external_id),
            {"status": ("scheduled", "ended"), "home_score": (None, 2), "away_score": (None, 0)},
        ),
    )
    assert third.total == 380


def test_an_unchanged_row_gets_no_new_version(league: Database) -> None:
    given_rows = match_rows(MATCHES)
    with league.transaction() as connection:
        store(connection, tables.match, given_rows)
        before = _versions(connection, "match")
    with league.transaction() as connection:
        store(connection, tables.match, given_rows)
    with league.transaction() as connection:
        assert [row[0] for row in _versions(connection, "match")] == [row[0] for row in before]
        assert _versions(connection, "match") == before


def test_a_changed_row_alone_gets_a_new_version_and_time(league: Database) -> None:
    with league.transaction() as connection:
        store(connection, tables.match, match_rows(MATCHES))
        before = {row[2] for row in _versions(connection, "match")}
    with league.transaction() as connection:
        store(connection, tables.match, match_rows([replace(MATCHES[0], venue="Dortmund")]))
        after = [row[2] for row in _versions(connection, "match")]
    assert sum(moment not in before for moment in after) == 1
    assert max(after) > max(before)


def test_the_same_point_in_time_in_another_zone_is_no_change(league: Database) -> None:
    kickoff = datetime(2024, 8, 23, 18, 30, tzinfo=UTC)
    there = kickoff.astimezone(timezone(timedelta(hours=2)))
    with league.transaction() as connection:
        store(connection, tables.match, match_rows([replace(MATCHES[0], kickoff_at=kickoff)]))
        again = store(connection, tables.match, match_rows([replace(MATCHES[0], kickoff_at=there)]))
    assert again.unchanged == 1


@pytest.mark.parametrize("fold", [0, 1])
def test_a_kickoff_in_the_hour_that_the_clocks_repeat_is_no_change(
    league: Database, fold: int
) -> None:
    kickoff = datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin"))
    given_rows = match_rows([replace(MATCHES[0], kickoff_at=kickoff)])
    with league.transaction() as connection:
        store(connection, tables.match, given_rows)
        again = store(connection, tables.match, given_rows)
        stored = connection.execute(sa.select(tables.match.c.kickoff_at)).scalar_one()
    assert again.unchanged == 1
    assert stored == datetime(2024, 10, 27, fold, 30, tzinfo=UTC)


def test_the_form_of_a_standing_is_compared_by_value(league: Database) -> None:
    standing = Standing("3", 1, 2, 1, 1, 0, 3, 1, 4, form=("W", "D"))
    with league.transaction() as connection:
        store(connection, tables.tournament_standing, [rows.standing_row(KEY, standing)])
        again = store(connection, tables.tournament_standing, [rows.standing_row(KEY, standing)])
        worse = replace(standing, form=("D", "L"))
        third = store(connection, tables.tournament_standing, [rows.standing_row(KEY, worse)])
    assert again.unchanged == 1
    assert third.updated[0].fields == {"form": (["W", "D"], ["D", "L"])}


def test_a_table_with_two_key_columns_is_stored_alike(league: Database) -> None:
    members = [rows.membership_row(KEY, team) for team in TEAMS]
    with league.transaction() as connection:
        first = store(connection, tables.tournament_team, members)
        second = store(connection, tables.tournament_team, members)
    assert first.counts() == {"created": 20, "updated": 0, "unchanged": 0}
    assert (KEY.tournament_id, rows.team_id("openligadb", "0")) in first.created
    assert second.unchanged == 20


def test_kept_columns_are_not_blanked_but_can_change(league: Database) -> None:
    keep = frozenset({"badge_source", "short_name"})
    with_badge = replace(TEAMS[0], badge_url="https://example.test/a.svg", short_name="T0")
    with league.transaction() as connection:
        store(connection, tables.team, [rows.team_row(KEY, with_badge)])
        kept = store(
            connection,
            tables.team,
            [rows.team_row(KEY, TEAMS[0]), rows.team_row(KEY, TEAMS[1])],
            keep=keep,
        )
        assert kept.counts() == {"created": 0, "updated": 0, "unchanged": 2}
        renamed = replace(TEAMS[0], name="New name", badge_url="https://example.test/b.svg")
        changed = store(connection, tables.team, [rows.team_row(KEY, renamed)], keep=keep)
        row = connection.execute(
            sa.select(tables.team).where(tables.team.c.name == "New name")
        ).one()
    assert set(changed.updated[0].fields) == {"name", "badge_source"}
    assert (row.short_name, row.badge_source) == ("T0", "https://example.test/b.svg")


def test_columns_not_given_are_not_touched(league: Database) -> None:
    id_ = rows.team_id("openligadb", "0")
    with league.transaction() as connection:
        stored = store(
            connection, tables.team, [{"id": id_, "badge_source": "https://example.test/a"}]
        )
        row = connection.execute(sa.select(tables.team).where(tables.team.c.id == id_)).one()
    assert stored.updated[0].fields == {"badge_source": (None, "https://example.test/a")}
    assert (row.name, row.badge_source) == ("Team 0", "https://example.test/a")


def test_equal_repetitions_are_one_row_and_differing_ones_are_refused(league: Database) -> None:
    row = rows.team_row(KEY, Team("x", "X"))
    with league.transaction() as connection:
        assert store(connection, tables.team, [row, dict(row)]).counts()["created"] == 1
        with pytest.raises(ValueError, match=r"Two rows for team .* differ in name"):
            store(connection, tables.team, [row, {**row, "name": "Y"}])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": None, "name": "a"}, "lacks its key"),
        ({"name": "a"}, "lacks its key"),
        ({"id": "1", "nickname": "a"}, "team takes no nickname"),
        ({"id": "1", "updated_at": "a"}, "team takes no updated_at"),
    ],
)
def test_rows_the_table_cannot_take_are_refused(
    league: Database, row: dict[str, Any], words: str
) -> None:
    with league.transaction() as connection, pytest.raises(ValueError, match=words):
        store(connection, tables.team, [row])


def test_rows_with_different_columns_are_refused(league: Database) -> None:
    row = rows.team_row(KEY, Team("x", "X"))
    shorter = {name: value for name, value in row.items() if name != "badge_source"}
    with league.transaction() as connection, pytest.raises(ValueError, match="badge_source"):
        store(connection, tables.team, [row, {**shorter, "id": rows.team_id("a", "b")}])


def test_no_rows_are_nothing_to_do(league: Database) -> None:
    with league.transaction() as connection:
        assert store(connection, tables.team, []) == Stored("team")


def test_more_rows_than_fit_into_one_query_are_stored(league: Database) -> None:
    many = [rows.team_row(KEY, Team(f"many-{n}", f"N{n}")) for n in range(2_500)]
    with league.transaction() as connection:
        assert store(connection, tables.team, many).counts()["created"] == 2_500
        changed = [{**row, "country": "x"} for row in many[::2]]
        again = store(connection, tables.team, changed + many[1::2])
    assert again.counts() == {"created": 0, "updated": 1_250, "unchanged": 1_250}


def test_a_row_created_meanwhile_by_another_transaction_is_not_counted_as_ours(
    league: Database,
) -> None:
    mine = rows.team_row(KEY, Team("1", "Mine"))
    theirs = rows.team_row(KEY, Team("1", "Theirs"))
    started, results = threading.Event(), []

    def later() -> None:
        with league.transaction() as connection:
            started.set()
            results.append(store(connection, tables.team, [mine]))

    thread = threading.Thread(target=later)
    with league.transaction() as connection:
        store(connection, tables.team, [theirs])
        thread.start()
        started.wait(10)
        _until_somebody_waits(league)
    thread.join(10)
    (stored,) = results
    assert stored.created == ()
    assert stored.updated[0].fields == {"name": ("Theirs", "Mine")}


def _until_somebody_waits(league: Database) -> None:
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND datname = current_database()"
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with league.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.01)
    pytest.fail("Nobody waits for a lock.")


def test_writers_of_the_same_rows_in_opposite_order_take_turns(league: Database) -> None:
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def write(number: int) -> None:
        teams = [replace(team, country=str(number)) for team in TEAMS]
        given_rows = [rows.team_row(KEY, team) for team in teams]
        try:
            together.wait(10)
            for _ in range(10):
                with league.transaction() as connection:
                    store(connection, tables.team, given_rows[:: 1 if number % 2 else -1])
        except BaseException as error:  # noqa: BLE001 - a thread's errors are judged below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_writers_of_the_same_new_rows_at_the_same_moment_do_not_fail(league: Database) -> None:
    # Of those that find a row missing in the same instant one met the second unique constraint.
    writers, rounds = 4, 150
    start = threading.Barrier(writers)
    errors: list[Exception] = []

    def write() -> None:
        try:
            for number in range(rounds):
                team = rows.team_row(KEY, Team(f"new-{number}", "New"))
                with league.transaction() as connection:
                    connection.execute(sa.text("SELECT 1"))
                    start.wait(30)
                    store(connection, tables.team, [team])
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
            start.abort()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_updating_a_team_does_not_hold_up_matches_that_refer_to_it(league: Database) -> None:
    with league.transaction() as connection:
        renamed = replace(TEAMS[0], name="New name")
        store(connection, tables.team, [rows.team_row(KEY, renamed)])
        with league.transaction() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert len(store(other, tables.match, match_rows(MATCHES[:1])).created) == 1


def test_what_was_stored_adds_up_within_a_table(league: Database) -> None:
    with league.transaction() as connection:
        one = store(connection, tables.match, match_rows(MATCHES[:2]))
        two = store(connection, tables.match, match_rows(MATCHES[1:4]))
    assert (one + two).counts() == {"created": 4, "updated": 0, "unchanged": 1}
    with pytest.raises(ValueError, match="does not add up"):
        one + Stored("team")


def test_half_surrogate_pairs_and_nul_characters_become_storable() -> None:
    assert rows.storable("a\x00b\ud800c") == "ab\ufffdc"
    assert rows.team_id("p", "1\x00") == rows.team_id("p", "1")


def test_a_kickoff_without_time_zone_is_refused() -> None:
    naive = datetime(2024, 8, 23, 20, 30, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        rows.match_row(KEY, replace(MATCHES[0], kickoff_at=naive))


def test_ids_are_the_same_for_ever() -> None:
    assert str(KEY.tournament_id) == "276c3b00-aa96-5682-b10b-f0367ae62df9"
    assert str(rows.team_id("openligadb", "40")) == "b78ec8d6-c369-5ead-9178-5bfc38fb5b9b"


def test_a_season_is_stored_in_few_statements(league: Database) -> None:
    statements: list[str] = []
    event.listen(
        league.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    with league.transaction() as connection:
        store(connection, tables.match, match_rows(MATCHES))
        store(connection, tables.match, match_rows(MATCHES))
        store(connection, tables.match, match_rows([replace(m, venue="v") for m in MATCHES]))
    # Read and insert; read; read and update: 380 rows each.
    assert [statement.split()[0] for statement in statements] == [
        "SELECT",
        *("SAVEPOINT", "INSERT", "RELEASE"),
        "SELECT",
        "SELECT",
        "UPDATE",
    ]
