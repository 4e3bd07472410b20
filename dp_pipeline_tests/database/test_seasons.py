"""The seasons providers list: recorded with their place, approved, asked for."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.competitions.file import FollowedCompetition
from dp_pipeline.database import seasons, tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.seasons import FORGET_AFTER, RecordedSeason, places
from dp_pipeline.football.key import TournamentKey

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BL1 = FollowedCompetition("openligadb", "bl1", 0)


def listed(*years: int, competition: str = "bl1") -> list[tuple[TournamentKey, str]]:
    return [(TournamentKey("openligadb", competition, str(year)), f"Liga {year}") for year in years]


def record(database: Database, *years: int, competition: str = "bl1") -> tuple[str, ...]:
    with database.transaction() as connection:
        return seasons.record_seasons(connection, listed(*years, competition=competition))


def stored(database: Database) -> dict[str, int | None]:
    table = tables.competition_season
    with database.transaction() as connection:
        rows = connection.execute(sa.select(table.c.key, table.c.place).order_by(table.c.key))
        return {row.key: row.place for row in rows}


def age(database: Database, key: str, by: timedelta) -> None:
    table = tables.competition_season
    with database.transaction() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.key == key)
            .values(last_seen_at=sa.func.now() - by, first_seen_at=sa.func.now() - by)
        )


def add_tournament(database: Database, key: str, status: str = "active") -> None:
    parsed = TournamentKey.parse(key)
    with database.transaction() as connection:
        connection.execute(
            sa.insert(tables.tournament).values(
                id=parsed.tournament_id,
                key=key,
                provider=parsed.provider,
                external_id="1",
                season=parsed.season,
                label=key,
                slug="s",
                mode="regular-season-only",
                standings_mode="unique-group",
                status=status,
            )
        )


def test_only_what_was_never_listed_is_new(database: Database) -> None:
    assert record(database, 2025, 2024) == ("openligadb:bl1:2025", "openligadb:bl1:2024")
    assert record(database, 2026, 2025, 2024) == ("openligadb:bl1:2026",)
    assert record(database, 2026, 2025, 2024) == ()
    assert list(stored(database).values()) == [2, 1, 0]


def test_a_season_that_is_missing_for_a_day_does_not_make_an_older_one_the_newest(
    database: Database,
) -> None:
    record(database, 2026, 2025, 2024)
    record(database, 2025, 2024)
    assert stored(database)["openligadb:bl1:2025"] == 1
    assert stored(database)["openligadb:bl1:2026"] == 0


def test_a_provider_that_names_the_newest_alone_makes_it_the_newest(database: Database) -> None:
    record(database, 2025)
    assert record(database, 2026) == ("openligadb:bl1:2026",)
    assert list(stored(database).values()) == [1, 0]
    record(database, 2025)
    assert list(stored(database).values()) == [1, 0]


def test_a_season_that_is_gone_for_weeks_loses_its_place_and_stays(database: Database) -> None:
    record(database, 2099, 2026, 2025)
    age(database, "openligadb:bl1:2099", FORGET_AFTER + timedelta(days=1))
    record(database, 2026, 2025)
    assert list(stored(database).values()) == [1, 0, None]
    record(database, 2099, 2026, 2025)
    assert list(stored(database).values()) == [2, 1, 0]


_KEYS = st.lists(st.integers(0, 30).map(str), max_size=12, unique=True)


@given(_KEYS, _KEYS, st.integers(0, 30))
def test_places_keep_the_order_of_the_list_and_forget_no_season(
    now_listed: list[str], before: list[str], days: int
) -> None:
    known = [
        RecordedSeason(key, place, NOW - timedelta(days=days)) for place, key in enumerate(before)
    ]
    found = places(now_listed, known, NOW)
    assert set(found) == set(now_listed) | set(before)
    placed = {key: place for key, place in found.items() if place is not None}
    assert sorted(placed.values()) == list(range(len(placed)))
    assert sorted(now_listed, key=lambda key: placed[key]) == now_listed
    assert (set(placed) == set(found)) or days >= FORGET_AFTER.days
    assert places(now_listed, [RecordedSeason(k, p, NOW) for k, p in found.items()], NOW) == found


def test_the_followed_seasons_are_approved_once(database: Database) -> None:
    record(database, 2026, 2025, 2024)
    one_back = FollowedCompetition("openligadb", "bl1", 1)
    with database.transaction() as connection:
        assert seasons.approved_keys(connection, [one_back]) == []
        assert set(seasons.approve_followed(connection, one_back)) == {
            "openligadb:bl1:2026",
            "openligadb:bl1:2025",
        }
        assert seasons.approve_followed(connection, one_back) == ()
        assert seasons.approved_keys(connection, [one_back]) == [
            "openligadb:bl1:2026",
            "openligadb:bl1:2025",
        ]
        assert seasons.approved_keys(connection, [BL1]) == ["openligadb:bl1:2026"]
        assert seasons.approved_keys(connection, []) == []


def test_a_person_approves_by_key_and_an_unknown_key_is_not_among_the_approved(
    database: Database,
) -> None:
    record(database, 2026)
    keys = ["openligadb:bl1:2026", "openligadb:bl1:2027"]
    with database.transaction() as connection:
        assert seasons.approve(connection, keys) == ("openligadb:bl1:2026",)
        assert seasons.approved_keys(connection, [BL1]) == ["openligadb:bl1:2026"]


def test_competitions_without_any_season_are_named(database: Database) -> None:
    record(database, 2026)
    with database.transaction() as connection:
        followed = [BL1, FollowedCompetition("openligadb", "bl2", 3)]
        assert seasons.never_listed(connection, followed) == ["openligadb:bl2"]
        assert seasons.no_longer_followed(connection, []) == {("openligadb", "bl1")}
        assert seasons.no_longer_followed(connection, followed) == set()


def test_kept_current_are_followed_tournaments_and_those_nobody_ever_followed(
    database: Database,
) -> None:
    record(database, 2026, 2025)
    record(database, 2026, competition="bl2")
    add_tournament(database, "openligadb:bl1:2025", "completed")
    add_tournament(database, "openligadb:bl1:2024", "active")
    add_tournament(database, "openligadb:bl2:2026", "active")
    add_tournament(database, "openligadb:hand:2026", "upcoming")
    add_tournament(database, "openfootball:en.1:2026-27", "active")
    with database.transaction() as connection:
        seasons.approve_followed(connection, BL1)
        assert seasons.kept_current(connection, "openligadb", [BL1]) == [
            "openligadb:bl1:2024",
            "openligadb:bl1:2026",  # approved, and has no tournament yet
            "openligadb:hand:2026",
        ]
        everything = seasons.kept_current(connection, "openligadb", [BL1], finished_too=True)
        assert "openligadb:bl1:2025" in everything
        assert "openligadb:bl2:2026" not in everything
        assert seasons.kept_current(connection, "openligadb", []) == ["openligadb:hand:2026"]


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_keys_without_execution_are_found_whatever_their_number(
    database: Database, count: int
) -> None:
    keys = [f"openligadb:c{number}:2026" for number in range(count)]
    with database.transaction() as connection:
        assert sorted(seasons.never_attempted(connection, keys)) == sorted(keys)
