"""From the file of followed competitions to tournaments: seasons asked for, partitions, runs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from dp_pipeline.assets.refresh_job import REFRESH_JOB
from dp_pipeline.cli import main
from dp_pipeline.competitions.discovery import (
    GRACE_SECONDS,
    MOST_ADDED,
    keys_in_flight,
    plan,
    read_waiting,
)
from dp_pipeline.competitions.file import CompetitionsError
from dp_pipeline.competitions.seasons import CHECK, DISCOVER_JOB
from dp_pipeline.database import seasons, tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build, defs
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.jobs import Partitions
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.providers.registry import roots
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline.schedules import SCHEDULES
from dp_pipeline.sensors.discover import discover_tournaments
from dp_pipeline.sensors.follow import read_cursor, watch_competitions
from dp_pipeline_tests.database.many import fill_seasons, fill_tournaments
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

BL1 = "{provider: openligadb, competition: bl1, approve: true}"
EN1 = "{provider: openfootball, competition: en.1, seasons_back: 1, approve: true}"


@dataclass
class Place:
    """An instance, a database and a file, and what the daemon would do with them."""

    instance: dg.DagsterInstance
    database: Database
    url: str
    file: Path
    cursors: dict[str, str | None] = field(default_factory=dict)

    def follow(self, *entries: str) -> None:
        """Write the file."""
        self.file.write_text("competitions:\n" + "".join(f"- {entry}\n" for entry in entries))

    def evaluate(self, sensor: dg.SensorDefinition) -> dg.SensorResult:
        """A tick, of which nothing is done yet."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(sensor.name),
            definitions=defs,
            resources={"database": DatabaseResource(url=self.url)},
        ) as context:
            found = sensor(context)
        assert isinstance(found, dg.SensorResult)
        return found

    def tick(self, sensor: dg.SensorDefinition = discover_tournaments) -> dg.SensorResult:
        """A tick and what the daemon does after it: partitions, runs in the queue, cursor."""
        found = self.evaluate(sensor)
        for request in found.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions("tournaments", list(request.partition_keys))
        for request in found.run_requests or ():
            self.launch(request, REFRESH_JOB if sensor is discover_tournaments else DISCOVER_JOB)
        self.cursors[sensor.name] = found.cursor
        return found

    def launch(self, request: dg.RunRequest, job: str) -> dg.DagsterRun:
        return self.instance.create_run_for_job(
            defs.resolve_job_def(job), run_config=request.run_config, tags=request.tags
        )

    def partitions(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions("tournaments"))

    def list_seasons(self, competition: str, *names: str, approve: bool = True) -> list[str]:
        """What `discover_seasons` stores, newest first."""
        keys = [TournamentKey(*competition.split(":"), name) for name in names]
        with self.database.transaction() as connection:
            seasons.record_seasons(connection, [(key, str(key)) for key in keys])
            if approve:
                seasons.approve(connection, [str(key) for key in keys])
        return [str(key) for key in keys]

    def attempt(self, *keys: str) -> None:
        """An execution of each."""
        now = datetime.now(UTC)
        rows = [
            {
                "request_id": uuid4(),
                "tournament_id": tournament_id_of(key),
                "tournament_key": key,
                "domain": "tournaments",
                "operation_type": "tournament_create",
                "status": "completed",
                "started_at": now,
                "completed_at": now,
                "announced_at": now,
            }
            for key in keys
        ]
        with self.database.transaction() as connection:
            connection.execute(sa.insert(tables.data_provider_executions), rows)

    def store(self, *keys: str, status: str = "active") -> None:
        """A tournament of each."""
        with self.database.transaction() as connection:
            fill_tournaments(connection, keys, status=status)


@pytest.fixture
def place(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    file = tmp_path / "competitions.yaml"
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_COMPETITIONS", str(file))
    with dg.DagsterInstance.ephemeral() as instance:
        made = Place(instance, database, migrated_url, file)
        made.follow()
        yield made


@pytest.fixture
def place_on_disk(place: Place) -> Iterator[Place]:
    """With the storage of a laptop."""
    with dg.instance_for_test() as instance:
        yield replace(place, instance=instance)


def requested(result: dg.SensorResult) -> list[str]:
    return [
        key
        for request in result.run_requests or ()
        for key in request.run_config["ops"]["refresh"]["config"]["keys"]
    ]


def added(result: dg.SensorResult) -> list[str]:
    return [key for r in result.dynamic_partitions_requests or () for key in r.partition_keys]


# -- the sensor that makes tournaments -------------------------------------------------------------


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
        "rests_until": datetime.now(UTC) + timedelta(minutes=15),
    }
    with place.database.transaction() as connection:
        connection.execute(sa.insert(tables.provider_health).values(health))
    assert requested(place.tick()) == [free]
    with place.database.transaction() as connection:
        connection.execute(sa.update(tables.provider_health).values(rests_until=sa.func.now()))
    assert requested(place.tick()) == [held]


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
    place: Place,
) -> None:
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
    assert read_cursor(text) == ("", 0.0)


# -- the sensor that notices a changed file --------------------------------------------------------


def test_a_changed_file_asks_for_seasons_once(place: Place) -> None:
    assert not place.tick(watch_competitions).run_requests
    place.follow(BL1)
    (request,) = list(place.tick(watch_competitions).run_requests or ())
    assert request.tags == {"dagster/priority": "-5"}
    assert not place.tick(watch_competitions).run_requests
    place.follow(BL1, EN1)
    waits = place.tick(watch_competitions)
    assert not waits.run_requests, "the run that goes on may have read the file before"
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert len(place.tick(watch_competitions).run_requests or ()) == 1


def test_what_was_followed_before_is_asked_for_when_it_comes_back(place: Place) -> None:
    for entries in ([BL1], [], [BL1]):
        place.follow(*entries)
        result = place.tick(watch_competitions)
        assert bool(result.run_requests) == bool(entries)
        for run in place.instance.get_runs():
            place.instance.report_run_failed(run)


def test_a_competition_without_seasons_is_asked_for_again_an_hour_later(place: Place) -> None:
    place.follow(BL1)
    place.tick(watch_competitions)
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert not place.tick(watch_competitions).run_requests
    digest, asked_at = read_cursor(place.cursors[watch_competitions.name])
    place.cursors[watch_competitions.name] = json.dumps(
        {"digest": digest, "asked_at": asked_at - 3_601}
    )
    assert place.tick(watch_competitions).run_requests
    place.list_seasons("openligadb:bl1", "2026")
    place.cursors[watch_competitions.name] = json.dumps({"digest": digest, "asked_at": 0})
    place.instance.report_run_failed(place.instance.get_runs(limit=1)[0])
    assert not place.tick(watch_competitions).run_requests


# -- the run that asks providers -------------------------------------------------------------------


def leagues(*entries: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "leagueId": number,
            "leagueName": f"{shortcut} {year}",
            "leagueShortcut": shortcut,
            "leagueSeason": str(year),
            "sport": None,
        }
        for number, (shortcut, year) in enumerate(entries)
    ]


def discover(place: Place, replay: Replay) -> dg.ExecuteInProcessResult:
    with serve(replay.app()) as url:
        definitions = build(
            {
                "database": DatabaseResource(url=place.url),
                "providers": ProvidersResource(base_urls={"openligadb": url, "openfootball": url}),
            }
        )
        return definitions.resolve_job_def(DISCOVER_JOB).execute_in_process(
            instance=place.instance, raise_on_error=False
        )


def check(result: dg.ExecuteInProcessResult) -> tuple[bool, str]:
    (found,) = result.get_asset_check_evaluations()
    assert found.check_name == CHECK
    return found.passed, found.description or ""


def listed(place: Place) -> dict[str, bool]:
    table = tables.competition_season
    with place.database.transaction() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.key)).mappings().all()
    return {row["key"]: row["approved_at"] is not None for row in rows}


def test_seasons_are_listed_and_those_the_file_approves_are_approved(place: Place) -> None:
    place.follow(BL1, "{provider: openligadb, competition: bl2, seasons_back: 9}")
    found = leagues(("bl1", 2026), ("bl1", 2025), ("bl2", 2026), ("other", 2026))
    replay = Replay(payloads={"/getavailableleagues": found})
    result = discover(place, replay)
    assert result.success
    assert check(result) == (True, "All are.")
    assert listed(place) == {
        "openligadb:bl1:2025": False,
        "openligadb:bl1:2026": True,
        "openligadb:bl2:2026": False,
    }
    assert replay.seen == {"/getavailableleagues": 1}, "one list serves all of its competitions"
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["new"].value == 3
    assert metadata["waiting_for_approval"].value == 1


def test_a_competition_that_fails_stops_no_other_and_the_run_says_which(place: Place) -> None:
    place.follow(BL1, "{provider: openligadb, competition: bl9}", EN1)
    replay = Replay(
        payloads={"/getavailableleagues": leagues(("bl1", 2026))},
        fault=lambda path: PlainTextResponse("no", 403) if "en.1" in path else None,
    )
    result = discover(place, replay)
    assert not result.success
    assert listed(place) == {"openligadb:bl1:2026": True}
    passed, said = check(result)
    assert not passed
    assert "openligadb:bl9: The provider has no season of it; is it written rightly?" in said
    assert "openfootball:en.1: " in said
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "2 of 3 followed competitions could not be read" in str(failed.event_specific_data)


def test_an_empty_list_takes_nothing_away(place: Place) -> None:
    place.follow(BL1)
    replay = Replay(payloads={"/getavailableleagues": leagues(("bl1", 2026))})
    discover(place, replay)
    before = listed(place)
    replay.payloads["/getavailableleagues"] = []
    result = discover(place, replay)
    assert not result.success
    assert "lists no season of it any more; those known before were kept" in check(result)[1]
    assert listed(place) == before
    assert requested(place.tick()) == ["openligadb:bl1:2026"]


def test_without_followed_competitions_nobody_is_asked(place: Place) -> None:
    replay = Replay()
    assert discover(place, replay).success
    assert not replay.seen


# -- schedules -------------------------------------------------------------------------------------


def scheduled(place: Place, name: str, at: datetime) -> Any:
    (schedule,) = [found for found in SCHEDULES if found.name == name]
    with dg.build_schedule_context(
        instance=place.instance,
        scheduled_execution_time=at,
        resources={"database": DatabaseResource(url=place.url)} if "refresh" in name else {},
    ) as context:
        return schedule(context)


NIGHT = datetime(2026, 11, 23, 2, 17, tzinfo=UTC)


def test_the_nightly_refresh_reads_what_is_played_or_about_to_be_as_one_unit(
    place_on_disk: Place,
) -> None:
    place = place_on_disk  # a tick of a schedule opens the instance anew
    place.store(*(f"openligadb:hand{number}:2026" for number in range(60)))
    place.store("openligadb:next:2027", status="upcoming")
    place.store("openligadb:bl1:2024", status="completed")
    place.store("openfootball:en.1:2026-27")
    requests = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert [len(r.run_config["ops"]["refresh"]["config"]["keys"]) for r in requests] == [50, 11]
    assert {r.tags["dp/run_group"] for r in requests} == {"nightly:openligadb:2026-11-23"}
    assert {r.tags["dagster/priority"] for r in requests} == {"-10"}
    again = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert [r.run_key for r in again] == [r.run_key for r in requests]
    tomorrow = scheduled(place, "refresh_openligadb_nightly", NIGHT + timedelta(days=1))
    assert not {r.run_key for r in tomorrow} & {r.run_key for r in requests}


def test_the_weekly_re_read_takes_finished_ones_too(place_on_disk: Place) -> None:
    place = place_on_disk
    place.store("openligadb:bl1:2024", status="completed")
    skipped = scheduled(place, "refresh_openligadb_nightly", NIGHT)
    assert isinstance(skipped, dg.SkipReason)
    (request,) = scheduled(place, "refresh_openligadb_weekly", NIGHT)
    assert request.tags["dp/run_group"] == "weekly:openligadb:2026-11-23"


def test_the_daily_look_for_seasons_is_made_only_for_followed_competitions(place: Place) -> None:
    assert isinstance(scheduled(place, "discover_seasons_daily", NIGHT), dg.SkipReason)
    place.follow(BL1)
    request = scheduled(place, "discover_seasons_daily", NIGHT)
    assert request.run_key == "2026-11-23T02:17"
    assert request.tags == {"dagster/priority": "-5"}


def test_schedules_are_on_described_and_in_utc_at_quiet_hours() -> None:
    for schedule in SCHEDULES:
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
        assert schedule.execution_timezone == "UTC"
        assert len(schedule.description or "") > 40
        first, _, last = str(schedule.cron_schedule).split()[1].partition("-")
        assert 1 <= int(first) < 4
        assert int(last or first) < 7
    crons = [str(schedule.cron_schedule) for schedule in SCHEDULES]
    assert len(set(crons)) == len(crons)


# -- the commands ----------------------------------------------------------------------------------


def typed(place: Place, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("DP_DATABASE_URL", place.url)
    return CliRunner().invoke(main, arguments)


def test_a_person_sees_what_waits_and_approves_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No competition is followed" in typed(place, monkeypatch, "seasons").output
    place.follow("{provider: openligadb, competition: bl1, seasons_back: 1}")
    assert "is listed yet" in typed(place, monkeypatch, "seasons").output
    newest, before = place.list_seasons("openligadb:bl1", "2026", "2025", approve=False)
    approved = typed(place, monkeypatch, "approve", before)
    assert (approved.exit_code, approved.output) == (0, f"{before} is approved.\n")
    lines = [
        line for line in typed(place, monkeypatch, "seasons").output.splitlines() if ":" in line
    ]
    assert newest in lines[-2]
    assert "to be approved" in lines[-2]
    assert before in lines[-1]
    assert requested(place.tick()) == [before]


def test_a_season_nobody_listed_cannot_be_approved(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = place.list_seasons("openligadb:bl1", "2026", approve=False)
    said = typed(place, monkeypatch, "approve", known, "openligadb:bl2:2026")
    assert said.exit_code == 1
    assert f"{known} is approved." in said.output
    assert "Not listed by any followed competition: openligadb:bl2:2026." in said.output
    assert typed(place, monkeypatch, "approve", "bl1").exit_code == 2


def test_a_file_with_errors_is_said_in_sentences(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.file.write_text("competitions:\n- provider: nobody\n")
    said = typed(place, monkeypatch, "seasons")
    assert said.exit_code == 1
    assert "line 2: `competition` is missing." in said.output
