import threading
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from dp_pipeline.database import rows, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import Change, Stored, store
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Match, Round, Standing, Team, Tournament

KEY = TournamentKey("openligadb", "bl1", "2024")
TOURNAMENT = Tournament(
    KEY, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
)
TEAMS = [Team(str(number), f"Team {number}") for number in range(20)]
MATCHES = [
    Match(f"{home}-{away}", None, str(home), str(away), "scheduled")
    for home in range(20)
    for away in range(20)
    if home != away
]
# Any text a JSON payload can hold, half surrogate pairs and NUL characters included.
any_text = st.text(st.characters(), max_size=30)


@pytest.fixture
def database(migrated_url: str) -> Generator[Database]:
    database = Database(migrated_url)
    with database.transaction() as connection:
        store(connection, tables.tournament, [rows.tournament_row(TOURNAMENT)])
        store(connection, tables.team, [rows.team_row(KEY, team) for team in TEAMS])
    yield database
    database.close()


def _match_rows(matches: list[Match]) -> list[rows.Row]:
    return [rows.match_row(KEY, match) for match in matches]


def _versions(connection: sa.Connection, table: str) -> list[tuple[Any, ...]]:
    text = sa.text(f"SELECT ctid::text, xmin::text, updated_at FROM {table} ORDER BY 1")  # noqa: S608 - our own names
    return [tuple(row) for row in connection.execute(text)]


def test_rows_are_created_then_unchanged_then_updated(database: Database) -> None:
    given_rows = _match_rows(MATCHES)
    with database.transaction() as connection:
        first = store(connection, tables.match, given_rows)
    assert first.counts() == {"created": 380, "updated": 0, "unchanged": 0}
    assert set(first.created) == {row["id"] for row in given_rows}
    with database.transaction() as connection:
        second = store(connection, tables.match, given_rows)
    assert second.counts() == {"created": 0, "updated": 0, "unchanged": 380}
    played = replace(MATCHES[5], status="ended", home_score=2, away_score=0)
    with database.transaction() as connection:
        third = store(connection, tables.match, _match_rows([*MATCHES[:5], played, *MATCHES[6:]]))
    assert third.unchanged == 379
    assert third.updated == (
        Change(
            rows.match_id("openligadb", played.external_id),
            {"status": ("scheduled", "ended"), "home_score": (None, 2), "away_score": (None, 0)},
        ),
    )
    assert third.total == 380


def test_an_unchanged_row_gets_no_new_version(database: Database) -> None:
    given_rows = _match_rows(MATCHES)
    with database.transaction() as connection:
        store(connection, tables.match, given_rows)
        before = _versions(connection, "match")
    with database.transaction() as connection:
        store(connection, tables.match, given_rows)
    with database.transaction() as connection:
        assert [row[0] for row in _versions(connection, "match")] == [row[0] for row in before]
        assert _versions(connection, "match") == before


def test_a_changed_row_alone_gets_a_new_version_and_time(database: Database) -> None:
    with database.transaction() as connection:
        store(connection, tables.match, _match_rows(MATCHES))
        before = {row[2] for row in _versions(connection, "match")}
    with database.transaction() as connection:
        store(connection, tables.match, _match_rows([replace(MATCHES[0], venue="Dortmund")]))
        after = [row[2] for row in _versions(connection, "match")]
    assert sum(moment not in before for moment in after) == 1
    assert max(after) > max(before)


def test_the_same_point_in_time_in_another_zone_is_no_change(database: Database) -> None:
    kickoff = datetime(2024, 8, 23, 18, 30, tzinfo=UTC)
    there = kickoff.astimezone(timezone(timedelta(hours=2)))
    with database.transaction() as connection:
        store(connection, tables.match, _match_rows([replace(MATCHES[0], kickoff_at=kickoff)]))
        again = store(
            connection, tables.match, _match_rows([replace(MATCHES[0], kickoff_at=there)])
        )
    assert again.unchanged == 1


@pytest.mark.parametrize("fold", [0, 1])
def test_a_kickoff_in_the_hour_that_the_clocks_repeat_is_no_change(
    database: Database, fold: int
) -> None:
    kickoff = datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin"))
    given_rows = _match_rows([replace(MATCHES[0], kickoff_at=kickoff)])
    with database.transaction() as connection:
        store(connection, tables.match, given_rows)
        again = store(connection, tables.match, given_rows)
        stored = connection.execute(sa.select(tables.match.c.kickoff_at)).scalar_one()
    assert again.unchanged == 1
    assert stored == datetime(2024, 10, 27, fold, 30, tzinfo=UTC)


def test_the_form_of_a_standing_is_compared_by_value(database: Database) -> None:
    standing = Standing("3", 1, 2, 1, 1, 0, 3, 1, 4, form=("W", "D"))
    with database.transaction() as connection:
        store(connection, tables.tournament_standing, [rows.standing_row(KEY, standing)])
        again = store(connection, tables.tournament_standing, [rows.standing_row(KEY, standing)])
        worse = replace(standing, form=("D", "L"))
        third = store(connection, tables.tournament_standing, [rows.standing_row(KEY, worse)])
    assert again.unchanged == 1
    assert third.updated[0].fields == {"form": (["W", "D"], ["D", "L"])}


def test_a_table_with_two_key_columns_is_stored_alike(database: Database) -> None:
    members = [rows.membership_row(KEY, team) for team in TEAMS]
    with database.transaction() as connection:
        first = store(connection, tables.tournament_team, members)
        second = store(connection, tables.tournament_team, members)
    assert first.counts() == {"created": 20, "updated": 0, "unchanged": 0}
    assert (KEY.tournament_id, rows.team_id("openligadb", "0")) in first.created
    assert second.unchanged == 20


def test_kept_columns_are_not_blanked_but_can_change(database: Database) -> None:
    keep = frozenset({"badge_source", "short_name"})
    with_badge = replace(TEAMS[0], badge_url="https://example.test/a.svg", short_name="T0")
    with database.transaction() as connection:
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


def test_columns_not_given_are_not_touched(database: Database) -> None:
    id_ = rows.team_id("openligadb", "0")
    with database.transaction() as connection:
        stored = store(
            connection, tables.team, [{"id": id_, "badge_source": "https://example.test/a"}]
        )
        row = connection.execute(sa.select(tables.team).where(tables.team.c.id == id_)).one()
    assert stored.updated[0].fields == {"badge_source": (None, "https://example.test/a")}
    assert (row.name, row.badge_source) == ("Team 0", "https://example.test/a")


def test_equal_repetitions_are_folded_and_differing_ones_refused(database: Database) -> None:
    row = rows.team_row(KEY, Team("x", "X"))
    with database.transaction() as connection:
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
    database: Database, row: dict[str, Any], words: str
) -> None:
    with database.transaction() as connection, pytest.raises(ValueError, match=words):
        store(connection, tables.team, [row])


def test_rows_with_different_columns_are_refused(database: Database) -> None:
    row = rows.team_row(KEY, Team("x", "X"))
    shorter = {name: value for name, value in row.items() if name != "badge_source"}
    with database.transaction() as connection, pytest.raises(ValueError, match="badge_source"):
        store(connection, tables.team, [row, {**shorter, "id": rows.team_id("a", "b")}])


def test_no_rows_are_nothing_to_do(database: Database) -> None:
    with database.transaction() as connection:
        assert store(connection, tables.team, []) == Stored("team")


def test_more_rows_than_fit_into_one_query_are_stored(database: Database) -> None:
    many = [rows.team_row(KEY, Team(f"many-{n}", f"N{n}")) for n in range(2_500)]
    with database.transaction() as connection:
        assert store(connection, tables.team, many).counts()["created"] == 2_500
        changed = [{**row, "country": "x"} for row in many[::2]]
        again = store(connection, tables.team, changed + many[1::2])
    assert again.counts() == {"created": 0, "updated": 1_250, "unchanged": 1_250}


def test_a_row_created_meanwhile_by_another_transaction_is_not_counted_as_ours(
    database: Database,
) -> None:
    mine = rows.team_row(KEY, Team("1", "Mine"))
    theirs = rows.team_row(KEY, Team("1", "Theirs"))
    started, results = threading.Event(), []

    def later() -> None:
        with database.transaction() as connection:
            started.set()
            results.append(store(connection, tables.team, [mine]))

    thread = threading.Thread(target=later)
    with database.transaction() as connection:
        store(connection, tables.team, [theirs])
        thread.start()
        started.wait(10)
        _until_somebody_waits(database)
    thread.join(10)
    (stored,) = results
    assert stored.created == ()
    assert stored.updated[0].fields == {"name": ("Theirs", "Mine")}


def _until_somebody_waits(database: Database) -> None:
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE NOT granted AND datname = current_database()"
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with database.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.01)
    pytest.fail("Nobody waits for a lock.")


def test_writers_of_the_same_rows_in_opposite_order_take_turns(database: Database) -> None:
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def write(number: int) -> None:
        teams = [replace(team, country=str(number)) for team in TEAMS]
        given_rows = [rows.team_row(KEY, team) for team in teams]
        try:
            together.wait(10)
            for _ in range(10):
                with database.transaction() as connection:
                    store(connection, tables.team, given_rows[:: 1 if number % 2 else -1])
        except BaseException as error:  # noqa: BLE001 - a thread's errors are judged below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_writers_of_the_same_new_rows_at_the_same_moment_do_not_fail(database: Database) -> None:
    # Of those that find a row missing in the same instant one met the second unique constraint.
    writers, rounds = 4, 150
    start = threading.Barrier(writers)
    errors: list[Exception] = []

    def write() -> None:
        try:
            for number in range(rounds):
                team = rows.team_row(KEY, Team(f"new-{number}", "New"))
                with database.transaction() as connection:
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


def test_updating_a_team_does_not_hold_up_matches_that_refer_to_it(database: Database) -> None:
    with database.transaction() as connection:
        renamed = replace(TEAMS[0], name="New name")
        store(connection, tables.team, [rows.team_row(KEY, renamed)])
        with database.transaction() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '2s'"))
            assert len(store(other, tables.match, _match_rows(MATCHES[:1])).created) == 1


def test_what_was_stored_adds_up_within_a_table(database: Database) -> None:
    with database.transaction() as connection:
        one = store(connection, tables.match, _match_rows(MATCHES[:2]))
        two = store(connection, tables.match, _match_rows(MATCHES[1:4]))
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


def _fits_into_postgres(moment: datetime) -> bool:
    # In the years 1 and 9999 a time zone can lead out of what datetime can hold.
    return 2 <= moment.year <= 9998


scores = st.none() | st.integers(0, 99)
moments = st.none() | st.datetimes(timezones=st.timezones()).filter(_fits_into_postgres)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    home, away = draw(st.lists(st.sampled_from(TEAMS), min_size=2, max_size=2, unique=True))
    pairs = [
        (a, b) if a is not None and b is not None else (None, None)
        for a, b in draw(st.lists(st.tuples(scores, scores), min_size=4, max_size=4))
    ]
    return Match(
        external_id=draw(any_text),
        round_slug=None,
        home=home.external_id,
        away=away.external_id,
        status=draw(st.sampled_from(["scheduled", "live", "ended", "unknown"])),
        stage=draw(st.none() | any_text),
        group_name=draw(st.none() | any_text),
        kickoff_at=draw(moments),
        kickoff_date=draw(st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))),
        provider_status=draw(st.none() | any_text),
        home_score=pairs[0][0],
        away_score=pairs[0][1],
        home_score_90=pairs[1][0],
        away_score_90=pairs[1][1],
        home_score_ht=pairs[2][0],
        away_score_ht=pairs[2][1],
        home_penalties_score=pairs[3][0],
        away_penalties_score=pairs[3][1],
        venue=draw(st.none() | any_text),
    )


def _stored_again_is_unchanged(
    database: Database, table: sa.Table, given_rows: list[rows.Row]
) -> None:
    by_id = {row["id"]: row for row in given_rows}
    with database.engine.connect() as connection:
        first = store(connection, table, list(by_id.values()))
        assert first.total == len(by_id)
        again = store(connection, table, list(by_id.values()))
        assert again == Stored(table.name, unchanged=len(by_id))
        found = connection.execute(sa.select(table)).mappings()
        kept = {row["id"]: row for row in found if row["id"] in by_id}
        for id_, row in by_id.items():
            assert {name: kept[id_][name] for name in row} == _in_utc(row)
        connection.rollback()


def _in_utc(row: rows.Row) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


# One database serves all examples: each rolls back what it did.
by_examples = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@by_examples
@given(given_matches=st.lists(matches(), max_size=4))
def test_any_match_comes_back_as_it_was_stored(
    database: Database, given_matches: list[Match]
) -> None:
    _stored_again_is_unchanged(database, tables.match, _match_rows(given_matches))


@by_examples
@given(
    external_id=any_text,
    name=any_text,
    short_name=st.none() | any_text,
    country=st.none() | any_text,
)
def test_any_team_comes_back_as_it_was_stored(
    database: Database,
    external_id: str,
    name: str,
    short_name: str | None,
    country: str | None,
) -> None:
    row = rows.team_row(KEY, Team(external_id, name, short_name, country))
    _stored_again_is_unchanged(database, tables.team, [row])


@by_examples
@given(
    slugs=st.lists(any_text, max_size=4, unique_by=rows.storable),
    label=any_text,
    prefix=st.none() | any_text,
)
def test_any_round_comes_back_as_it_was_stored(
    database: Database, slugs: list[str], label: str, prefix: str | None
) -> None:
    rounds = [
        Round(slug, order, label, "knockout", prefix=prefix)
        for order, slug in enumerate(slugs, start=1)
    ]
    given_rows = [rows.round_row(KEY, round_) for round_ in rounds]
    _stored_again_is_unchanged(database, tables.tournament_round, given_rows)


@by_examples
@given(
    group=st.tuples(st.none() | any_text, st.none() | any_text),
    goals=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    points=st.integers(-30, 150),
    form=st.lists(st.sampled_from("WDL"), max_size=5),
)
def test_any_standing_comes_back_as_it_was_stored(
    database: Database,
    group: tuple[str | None, str | None],
    goals: tuple[int, int],
    points: int,
    form: list[str],
) -> None:
    standings = [
        Standing(
            team.external_id,
            position,
            34,
            20,
            7,
            7,
            *goals,
            points,
            stage=group[0],
            group_name=group[1],
            form=tuple(form),
        )
        for position, team in enumerate(TEAMS[:3], start=1)
    ]
    given_rows = [rows.standing_row(KEY, standing) for standing in standings]
    _stored_again_is_unchanged(database, tables.tournament_standing, given_rows)


def test_a_season_is_stored_in_few_statements(database: Database) -> None:
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    with database.transaction() as connection:
        store(connection, tables.match, _match_rows(MATCHES))
        store(connection, tables.match, _match_rows(MATCHES))
        store(connection, tables.match, _match_rows([replace(m, venue="v") for m in MATCHES]))
    # Read and insert; read; read and update: 380 rows each.
    assert [statement.split()[0] for statement in statements] == [
        "SELECT",
        *("SAVEPOINT", "INSERT", "RELEASE"),
        "SELECT",
        "SELECT",
        "UPDATE",
    ]
