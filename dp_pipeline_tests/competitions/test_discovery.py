"""The sensor that makes tournaments of approved seasons."""

import json
import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.competitions.discovery import (
    BACK_AFTER,
    GRACE_SECONDS,
    MOST_ADDED,
    keys_in_flight,
    plan,
    read_waiting,
)
from dp_pipeline.competitions.file import CompetitionsError
from dp_pipeline.competitions.settled import COMPARED_AGAIN_SECONDS, Settled
from dp_pipeline.database import removed, seasons, tables
from dp_pipeline.definitions import defs
from dp_pipeline.jobs import Partitions
from dp_pipeline.providers.registry import roots
from dp_pipeline.sensors.discover import discover_tournaments
from dp_pipeline.sensors.follow import read_cursor, watch_competitions
from dp_pipeline_tests.competitions.place import BL1, EN1, Place, added, requested
from dp_pipeline_tests.database.many import fill_seasons

NOTHING_FOLLOWED = "0 seasons are followed and approved."


def test_an_approved_season_gets_its_partition_and_one_run_in_one_tick(place: Place) -> None:
    place.follow(BL1)
    (key,) = place.list_seasons("openligadb:bl1", "2026")
    first = place.tick()
    assert added(first) == requested(first) == [key]
    (request,) = list(first.run_requests or [])
    assert request.run_key is None, "a run key would forbid to do it again"
    assert request.tags == {"dagster/priority": "-5", "dp/provider": "openligadb"}
    second = place.tick()
    assert added(second) == requested(second) == []
    place.attempt(key)
    assert requested(place.tick()) == []


def test_a_season_that_is_not_approved_waits_and_one_too_old_is_left_alone(place: Place) -> None:
    place.follow("{provider: openligadb, competition: bl1}")
    newest, before = place.list_seasons("openligadb:bl1", "2026", "2025", approve=False)
    assert added(place.tick()) == []
    with place.database.transaction() as connection:
        seasons.approve(connection, [newest, before])
    assert added(place.tick()) == [newest]


def test_a_new_season_moves_the_others_and_only_it_is_new(place: Place) -> None:
    place.follow(BL1)
    place.list_seasons("openligadb:bl1", "2026")
    place.tick()
    place.attempt("openligadb:bl1:2026")
    place.list_seasons("openligadb:bl1", "2027", "2026")
    assert requested(place.tick()) == ["openligadb:bl1:2027"]
    assert place.partitions() == ["openligadb:bl1:2026", "openligadb:bl1:2027"]


def test_removing_a_competition_stops_its_automation_and_deletes_nothing(place: Place) -> None:
    place.follow(BL1, EN1)
    (old,) = place.list_seasons("openligadb:bl1", "2026")
    (kept,) = place.list_seasons("openfootball:en.1", "2026-27")
    place.tick()
    place.attempt(kept)
    place.store(old, kept)
    place.follow(EN1)
    place.list_seasons("openligadb:bl1", "2027", "2026")
    result = place.tick()
    assert requested(result) == added(result) == []
    assert place.partitions() == sorted([old, kept])
    place.cursors[discover_tournaments.name] = json.dumps({"waiting": {old: 0.0}})
    assert requested(place.tick()) == []


def test_a_stored_tournament_without_partition_gets_it_back(place: Place) -> None:
    place.store("openligadb:bl1:2024", status="completed")
    place.attempt("openligadb:bl1:2024")
    result = place.tick()
    assert added(result) == ["openligadb:bl1:2024"]
    assert requested(result) == []


def test_a_partition_that_lost_its_run_gets_one_on_a_later_tick(place: Place) -> None:
    place.follow(BL1)
    keys = place.list_seasons("openligadb:bl1", "2026")
    place.instance.add_dynamic_partitions("tournaments", keys)
    assert requested(place.tick()) == keys


def test_who_adds_a_partition_by_hand_has_a_minute_to_launch_it(place: Place) -> None:
    key = "openfootball:en.1:2024-25"
    place.instance.add_dynamic_partitions("tournaments", [key, "nonsense", "openligadb:bl1:x"])
    result = place.tick()
    assert requested(result) == []
    assert "2 partitions have a key no tournament can have" in str(
        result.skip_reason and result.skip_reason.skip_message
    )
    waiting = read_waiting(result.cursor)
    assert set(waiting) == {key}
    place.cursors[discover_tournaments.name] = json.dumps(
        {"waiting": {key: time.time() - GRACE_SECONDS}}
    )
    assert requested(place.tick()) == [key]


def test_a_run_that_failed_at_once_is_not_requested_again_every_tick(place: Place) -> None:
    place.follow(BL1)
    keys = place.list_seasons("openligadb:bl1", "2026")
    place.tick()
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert requested(place.tick()) == []
    place.attempt(*keys)  # as the other sensor records it
    assert requested(place.tick()) == []


def test_a_new_season_of_a_provider_at_rest_gets_its_run_when_that_is_over(place: Place) -> None:
    place.follow(BL1, EN1)
    (held,) = place.list_seasons("openligadb:bl1", "2026")
    (free,) = place.list_seasons("openfootball:en.1", "2026-27")
    health = {
        "provider": "openligadb",
        "root": roots({})["openligadb"],
        "epoch": 3,
        "refusals": 2,
        "silences": 0,
        "open_until": datetime.now(UTC) + timedelta(minutes=15),
    }
    with place.database.transaction() as connection:
        connection.execute(sa.insert(tables.provider_health).values(health))
    assert requested(place.tick()) == [free]
    with place.database.transaction() as connection:
        connection.execute(sa.update(tables.provider_health).values(open_until=sa.func.now()))
    assert requested(place.tick()) == [held]


def test_nothing_is_compared_while_nothing_moved_and_again_after_a_while(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "openligadb:bl1:2024"
    place.store(key)
    place.attempt(key)
    place.instance.add_dynamic_partitions("tournaments", [key])
    first, second = place.tick(), place.tick()
    assert first.skip_reason == second.skip_reason == dg.SkipReason(NOTHING_FOLLOWED)
    assert second.cursor == first.cursor, "it stands for the comparison of the first"
    # What a comparison would meet and nothing tells of: a ledger that lost its executions.
    with place.database.transaction() as connection:
        connection.execute(sa.delete(tables.data_provider_executions))
    place.tick()
    assert read_waiting(place.cursors[discover_tournaments.name]) == {}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + COMPARED_AGAIN_SECONDS)
    place.tick()
    assert set(read_waiting(place.cursors[discover_tournaments.name])) == {key}


def test_a_settled_tick_is_followed_by_one_that_meets_whatever_was_done_since(place: Place) -> None:
    """One after the other, as each needs a tick that had nothing to do before it."""
    kept, gone, other = (f"openligadb:bl1:{year}" for year in (2024, 2023, 2022))
    place.store(kept)
    place.attempt(kept, gone, other)
    place.instance.add_dynamic_partitions("tournaments", [kept])

    def settle() -> None:
        place.tick()
        assert added(place.tick()) == []
        assert Settled.read(place.cursors[discover_tournaments.name]) is not None

    settle()
    place.store(other)
    assert added(place.tick()) == [other], "stored by a command"
    settle()
    place.instance.delete_dynamic_partition("tournaments", other)
    assert added(place.tick()) == [other], "deleted by a person in Dagster's pages"
    settle()
    # The newest goes and another one comes, which SQLite gives the same number.
    place.instance.delete_dynamic_partition("tournaments", other)
    place.instance.add_dynamic_partitions("tournaments", [gone])
    assert added(place.tick()) == [other], "one of a pair that was swapped"
    settle()
    new = "openligadb:bl1:2020"
    place.instance.add_dynamic_partitions("tournaments", [new])
    place.tick()
    assert set(read_waiting(place.cursors[discover_tournaments.name])) == {new}
    place.attempt(new)
    settle()
    (season,) = place.list_seasons("openfootball:en.1", "2026-27", approve=False)
    settle()
    place.follow("{provider: openfootball, competition: en.1}")
    settle()
    with place.database.transaction() as connection:
        seasons.approve(connection, [season])
    assert requested(place.tick()) == [season], "approved by a person"
    place.attempt(season)
    settle()
    _, older = place.list_seasons("openfootball:en.1", "2026-27", "2025-26")
    settle()
    place.follow("{provider: openfootball, competition: en.1, seasons_back: 1}")
    assert requested(place.tick()) == [older], "followed by the file"


def test_a_removed_tournament_stays_away_from_a_settled_tick_and_comes_back_when_wanted(
    place: Place,
) -> None:
    key = "openligadb:bl1:2024"
    place.store(key)
    place.attempt(key)
    place.instance.add_dynamic_partitions("tournaments", [key])
    place.tick()
    with place.database.transaction() as connection:
        removed.note(connection, key, "somebody")
    place.instance.delete_dynamic_partition("tournaments", key)
    for _ in range(3):
        assert added(place.tick()) == []
    assert Settled.read(place.cursors[discover_tournaments.name]) is not None
    with place.database.transaction() as connection:
        removed.forget(connection, [key])
    assert added(place.tick()) == [key]
    with place.database.transaction() as connection:
        removed.note(connection, key, "somebody")
        noted = sa.update(tables.removed_tournament)
        connection.execute(noted.values(removed_at=sa.func.now() - BACK_AFTER / 2))
    place.tick()
    assert Settled.read(place.cursors[discover_tournaments.name]) is None, "it is there as yet"
    with place.database.transaction() as connection:
        connection.execute(noted.values(removed_at=sa.func.now() - BACK_AFTER))
    place.tick()
    with place.database.transaction() as connection:
        assert removed.removed_keys(connection) == set(), "added again by a person"


def test_a_deliberate_repetition_is_possible(place: Place) -> None:
    place.follow(BL1)
    keys = place.list_seasons("openligadb:bl1", "2026")
    for _ in range(2):
        assert requested(place.tick()) == keys
        (run,) = place.instance.get_runs(limit=1)
        place.instance.report_run_canceled(run)
        place.instance.delete_run(run.run_id)
        place.instance.delete_dynamic_partition("tournaments", keys[0])


def test_hundreds_of_new_seasons_are_taken_in_over_several_ticks_and_none_is_lost(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_PARTITIONS_PER_RUN", "50")
    names = [f"c{number}" for number in range(450)]
    place.follow(*(f"{{provider: openligadb, competition: {name}}}" for name in names))
    keys = [key for name in names for key in place.list_seasons(f"openligadb:{name}", "2026")]
    taken: list[str] = []
    for _ in range(3):
        result = place.tick()
        assert len(added(result)) <= MOST_ADDED
        assert added(result) == requested(result)
        assert {r.tags["dp/run_group"].rsplit(":", 1)[0] for r in result.run_requests or ()} == {
            "discovery:openligadb"
        }
        taken += requested(result)
    assert sorted(taken) == sorted(keys)
    assert requested(place.tick()) == []
    assert len(place.instance.get_runs()) == 3 * 4 - 3


def test_a_tick_with_five_thousand_followed_tournaments_takes_well_under_two_seconds(
    place_on_disk: Place,
) -> None:
    place = place_on_disk
    names = [f"c{number}" for number in range(2_500)]
    place.follow(*(f"{{provider: openligadb, competition: {n}, seasons_back: 1}}" for n in names))
    keys = [f"openligadb:{name}:{year}" for name in names for year in (2026, 2025)]
    with place.database.transaction() as connection:
        fill_seasons(connection, keys)
    place.store(*keys)
    place.attempt(*keys)
    place.instance.add_dynamic_partitions("tournaments", keys[200:])

    def took(sensor: dg.SensorDefinition) -> tuple[float, dg.SensorResult]:
        began = time.monotonic()
        result = place.tick(sensor)
        return time.monotonic() - began, result

    took(discover_tournaments)  # reads the file, connects
    for sensor in (discover_tournaments, watch_competitions, discover_tournaments):
        seconds, _ = took(sensor)
        assert seconds < 2, sensor.name
    assert len(place.partitions()) == 5_000


@pytest.mark.slow
def test_the_runs_of_a_backfill_of_thousands_are_looked_at_in_no_time(place: Place) -> None:
    keys = [f"openligadb:c{number}:2026" for number in range(5_000)]
    place.instance.add_dynamic_partitions("tournaments", keys)
    for first in range(0, 5_000, 50):
        place.instance.create_run_for_job(
            defs.resolve_job_def("ingest_tournaments"),
            tags={
                "dagster/asset_partition_range_start": keys[first],
                "dagster/asset_partition_range_end": keys[first + 49],
            },
        )
    began = time.monotonic()
    assert keys_in_flight(place.instance, Partitions(place.instance), time.time()) == set(keys)
    assert time.monotonic() - began < 0.3  # 0.02; looking each key up in the list takes 1 s


def test_a_file_with_errors_fails_the_tick_with_their_lines(place: Place) -> None:
    place.file.write_text("competitions:\n- provider: nobody\n")
    for sensor in (discover_tournaments, watch_competitions):
        with pytest.raises(CompetitionsError, match="line 2: There is no provider 'nobody'"):
            place.evaluate(sensor)


_NAMES = st.integers(0, 12).map("openligadb:c{}:2026".format)


@given(
    approved=st.lists(_NAMES, unique=True),
    stored=st.lists(_NAMES, unique=True),
    partitions=st.sets(_NAMES),
    attempted=st.sets(_NAMES),
    in_flight=st.sets(_NAMES),
    lost=st.lists(st.sampled_from(["nothing", "the runs", "everything"]), max_size=4),
)
def test_whatever_a_tick_loses_later_ones_make_good(  # noqa: PLR0913 - all of a state
    *,
    approved: list[str],
    stored: list[str],
    partitions: set[str],
    attempted: set[str],
    in_flight: set[str],
    lost: list[str],
) -> None:
    now, waiting, requests = 0.0, dict[str, float](), list[str]()
    hers = partitions - attempted - in_flight - set(approved)
    for happens in [*lost, *["nothing"] * 8]:
        decided = plan(
            approved=approved,
            stored=stored,
            partitions=partitions,
            idle=sorted(partitions - attempted),
            in_flight=in_flight,
            waiting=waiting,
            now=now,
        )
        assert not set(decided.refresh) & in_flight
        assert not set(decided.refresh) & hers or now >= GRACE_SECONDS
        now += 15
        if happens == "everything":
            continue
        partitions = partitions | set(decided.add)
        waiting = dict(decided.waiting)
        if happens == "nothing":
            requests += decided.refresh
            in_flight = in_flight | set(decided.refresh)
    assert set(approved) | set(stored) <= partitions
    assert set(approved) - attempted <= in_flight
    assert partitions - attempted - in_flight <= set(stored) - set(approved) - attempted | hers
    assert len(requests) == len(set(requests))


@given(st.none() | st.text() | st.from_type(dict).map(lambda d: json.dumps(d, default=str)))
def test_a_cursor_that_is_garbage_starts_afresh(text: str | None) -> None:
    assert read_waiting(text) == {}
    assert Settled.read(text) is None
    assert read_cursor(text) == ("", 0.0)
