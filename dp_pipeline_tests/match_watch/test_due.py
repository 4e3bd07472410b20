"""What is due, asked of a full database and by the sensor."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import anyio
import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from dp_pipeline.assets.poll_job import POLL_JOB, planned_poll, poll_request
from dp_pipeline.assets.refresh_job import PRIORITY_TAG, Priority
from dp_pipeline.competitions.file import CompetitionsError
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.database.removed import forget, note
from dp_pipeline.domains.registry import TABLES
from dp_pipeline.domains.snapshot import read_snapshot
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.jobs import planned_work
from dp_pipeline.match_watch.due import change, due_tournaments, read_watched
from dp_pipeline.match_watch.watch import PolledMatches
from dp_pipeline.notifications.notes import HandledRuns
from dp_pipeline.notifications.runs import record_lost_runs
from dp_pipeline.providers.registry import Providers
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.sandbox.clock import Clock
from dp_pipeline.sensors.poll import poll_matches
from dp_pipeline_tests.database.many import fill_matches, fill_seasons, fill_tournaments
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.sandbox.worlds import SMALL, percent, served, standing_still
from dp_pipeline_tests.servers import closed_url

NOW = datetime(2025, 11, 15, 15, 0, tzinfo=UTC)
KEYS = [f"sofascore:{number}:1" for number in range(1, 301)]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DP_HOME", str(tmp_path))


def watched(database: Database, keys: list[str], *, due: datetime, each: int = 1) -> None:
    """Tournaments with matches that are due at a time."""
    with database.transaction() as connection:
        fill_tournaments(connection, keys)
        fill_matches(connection, keys, each=each)
        match = tables.match.c
        stored = connection.execute(
            sa.select(match.id.label("match_id"), match.tournament_id, match.provider, match.status)
        )
        connection.execute(
            sa.insert(tables.match_watch),
            [{**row, "since": due, "due_at": due} for row in stored.mappings()],
        )


def tick(
    instance: dg.DagsterInstance, database: Database
) -> tuple[list[dg.RunRequest], str | None]:
    """One tick of the sensor: the runs it asks for, or why there are none."""
    url = database.url.render_as_string(hide_password=False)
    with dg.build_sensor_context(
        instance=instance, resources={"database": DatabaseResource(url=url)}
    ) as context:
        found = poll_matches(context)
    if isinstance(found, dg.SkipReason):
        return [], found.skip_message
    assert isinstance(found, dg.SensorResult)
    return list(found.run_requests or ()), None


def keys_of(request: dg.RunRequest) -> list[str]:
    return request.run_config["ops"]["poll"]["config"]["keys"]


def launched(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    """A run that was asked for and goes on."""
    return instance.add_run(
        dg.DagsterRun(
            job_name=POLL_JOB,
            tags=dict(request.tags),
            run_config=dict(request.run_config),
            status=dg.DagsterRunStatus.STARTED,
        )
    )


def test_what_is_due_is_asked_of_an_index_however_much_is_watched(database: Database) -> None:
    watched(database, KEYS, due=NOW + timedelta(days=30), each=20)
    with database.transaction() as connection:
        first = connection.scalars(sa.select(tables.match_watch.c.match_id).limit(3)).all()
        connection.execute(
            sa.update(tables.match_watch)
            .where(tables.match_watch.c.match_id.in_(first))
            .values(due_at=NOW)
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    asked: list[tuple[str, object]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *about: asked.append(about[2:4]))
    with database.transaction() as connection:
        found = due_tournaments(connection, "sofascore", NOW)
        assert read_watched(connection, TournamentKey.parse(found[0])).due(NOW).matches
    statements = [each for each in asked if "match_watch" in each[0]]
    assert len(statements) == 2
    with database.engine.connect() as connection:
        plans = [
            "\n".join(connection.exec_driver_sql(f"EXPLAIN {text}", values).scalars())  # ty: ignore[invalid-argument-type]
            for text, values in statements
        ]
    assert not any("Seq Scan on match_watch" in plan for plan in plans), plans
    assert "ix_match_watch_due" in plans[0]


def test_due_tournaments_become_one_run_a_provider_before_everything_else(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, ["openligadb:bl1:2026", *KEYS[:2]], due=NOW)
    requests, _ = tick(instance, database)
    assert {request.tags["dp/provider"] for request in requests} <= {"sofascore", "openligadb"}
    mine = next(r for r in requests if r.tags["dp/provider"] == "sofascore")
    assert sorted(keys_of(mine)) == sorted(KEYS[:2])
    assert mine.job_name == POLL_JOB
    assert mine.run_key is None
    assert int(mine.tags[PRIORITY_TAG]) == Priority.LIVE == max(Priority)


def test_nothing_is_launched_between_matches_or_of_a_provider_that_is_not_polled(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, ["openfootball:en.1:2026-27"], due=NOW)
    assert tick(instance, database) == ([], "Nothing is due.")


def test_what_a_run_looks_at_already_is_not_asked_for_again(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, KEYS[:1], due=NOW)
    (request,), _ = tick(instance, database)
    run = launched(instance, request)
    assert planned_work(instance, run) == planned_poll(run) == {KEYS[0]: ("matches",)}
    requests, said = tick(instance, database)
    assert requests == []
    assert said == "sofascore: the last poll goes on"
    instance.report_run_canceled(run)
    assert len(tick(instance, database)[0]) == 1


def test_what_a_run_that_died_was_to_look_at_is_left_alone_for_a_while(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, KEYS[:2], due=NOW)
    handled = HandledRuns(datetime.now(UTC).timestamp() - 60)
    for failures in (1, 2):
        (request,), _ = tick(instance, database)
        run = launched(instance, request)
        finished_row(database, UUID(run.run_id), KEYS[0], "matches", scope="part")
        instance.report_run_failed(run)
        with dg.build_sensor_context(instance=instance) as context:
            lost = record_lost_runs(context, database, handled, (), each=lambda _: nullcontext())
        handled = lost.handled
        assert lost.added == 1, "of the tournament of which it said nothing"
        with database.transaction() as connection:
            w = tables.match_watch.c
            id_ = TournamentKey.parse(KEYS[1]).tournament_id
            (row,) = connection.execute(
                sa.select(tables.match_watch).where(w.not_before.is_not(None))
            )
            assert (row.tournament_id, row.failures) == (id_, failures)
            assert due_tournaments(connection, "sofascore", NOW) == [KEYS[0]]
            note(connection, KEYS[0], "somebody")
            assert due_tournaments(connection, "sofascore", NOW) == [], "it is being removed"
            forget(connection, [KEYS[0]])
            connection.execute(sa.update(tables.match_watch).values(not_before=None))


def test_of_very_many_the_longest_due_come_first(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, KEYS, due=NOW)
    late = TournamentKey.parse(KEYS[150]).tournament_id
    with database.transaction() as connection:
        connection.execute(
            sa.update(tables.match_watch)
            .where(tables.match_watch.c.tournament_id == late)
            .values(due_at=NOW - timedelta(hours=1))
        )
    (request,), _ = tick(instance, database)
    assert keys_of(request)[0] == KEYS[150]
    assert len(keys_of(request)) == 50


def test_a_competition_that_is_no_longer_followed_is_not_polled(
    database: Database, instance: dg.DagsterInstance
) -> None:
    watched(database, KEYS[:2], due=NOW)
    with database.transaction() as connection:
        fill_seasons(connection, KEYS[:1])
    (request,), _ = tick(instance, database)
    assert keys_of(request) == [KEYS[1]]


def test_matches_of_a_simulated_world_are_due_when_they_are_due_there(
    instance: dg.DagsterInstance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sandbox:900001:9000014"
    simulation = standing_still(SMALL, percent(37))
    watched(database, [key], due=datetime.fromtimestamp(simulation.now, UTC) + timedelta(hours=2))
    with served(simulation) as url:
        monkeypatch.setenv("SANDBOX_BASE_URL", f"{url}/api/v1")
        assert tick(instance, database) == ([], "Nothing is due.")
        simulation.clock = simulation.clock.set(simulation.now + 7_200, 0)
        (request,), _ = tick(instance, database)
        assert keys_of(request) == [key]
    requests, said = tick(instance, database)
    assert not requests
    assert said is not None
    assert said.startswith("sandbox does not tell its time: sandbox could not be reached: ")


def test_a_world_in_which_nothing_is_scheduled_is_not_asked_for_its_time(
    instance: dg.DagsterInstance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_BASE_URL", closed_url())
    assert tick(instance, database) == ([], "Nothing is due.")


def test_a_world_goes_on_at_its_speed_after_it_was_asked_for_its_time() -> None:
    hour = timedelta(hours=1)
    simulation = standing_still(SMALL, percent(37))
    began = datetime.fromtimestamp(simulation.now, UTC)
    simulation.clock = Clock(simulation.now, time.time(), 36_000.0)

    async def an_hour_later(url: str) -> timedelta:
        async with Providers({"sandbox": url}) as providers:
            clock = await providers.clock("sandbox")
            first = clock()
            assert began <= first <= began + 20 * hour
            await anyio.sleep(0.1)
            return clock() - first

    with served(simulation) as url:
        assert hour <= anyio.run(an_hour_later, url) < 20 * hour


def test_a_match_that_should_long_be_over_is_given_up_once(database: Database) -> None:
    key = TournamentKey.parse(KEYS[0])
    watched(database, KEYS[:1], due=NOW)
    with database.transaction() as connection:
        connection.execute(
            sa.update(tables.match).values(kickoff_at=NOW, status="live", kickoff_date=None)
        )
        (id_,) = connection.scalars(sa.select(tables.match.c.id))
        for hours, given_up in ((1, []), (7, [id_]), (8, [])):
            poll = PolledMatches({id_}, draws=False, at=NOW + timedelta(hours=hours))
            stored = read_snapshot(connection, key, TABLES).models
            assert stored is not None
            before, after = change(connection, key, lambda watched: watched.polled(stored, poll))  # noqa: B023 - called at once
            assert after.given_up_since(before) == given_up
        assert due_tournaments(connection, key.provider, NOW + timedelta(days=9)) == []


def test_a_request_names_no_more_tournaments_than_a_run_takes() -> None:
    assert len(keys_of(poll_request("sofascore", KEYS))) == 50


def test_a_slip_in_the_file_of_competitions_keeps_no_match_from_being_polled(
    database: Database,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "competitions.yaml"
    file.write_text("competitions: 7\n")
    monkeypatch.setenv("DP_COMPETITIONS", str(file))
    with pytest.raises(CompetitionsError):
        tick(instance, database)
    watched(database, KEYS[:2], due=NOW)
    requests, _ = tick(instance, database)
    assert [keys_of(request) for request in requests] == [KEYS[:2]]
