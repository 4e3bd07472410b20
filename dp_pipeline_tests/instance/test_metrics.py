"""Figures are read of a real database, exposed as Prometheus reads them, and bounded in number."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import dagster as dg
import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.http.circuit_table import FAILURES
from dp_pipeline.instance import health
from dp_pipeline.instance.metrics import FIGURES, SOURCES, data, executions, exposition
from dp_pipeline.instance.metrics.exposition import Exposition, growing
from dp_pipeline.instance.metrics.figure import Figure, Observed, Reading, Sample
from dp_pipeline.instance.metrics.server import app
from dp_pipeline.notifications import notes
from dp_pipeline.settings import Settings
from dp_pipeline_tests.database.creating import create_database
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA
from dp_pipeline_tests.ledger.many import fill_ledger
from dp_pipeline_tests.ledger.rows import finished_row
from dp_pipeline_tests.servers import closed_url, serve

STRANGE = 'open"liga\n{db}\\:x:2024'
Numbers = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(scope="module")
def watched(filled_template: str, admin_url: str) -> Iterator[Database]:
    """Two small seasons and one of each thing that can be open, wait or fail."""
    name = f"{filled_template}_watched"
    database = Database(create_database(admin_url, name, filled_template))
    notes.write(database, notes.STATE, {"announced_from": 0})
    notes.write(database, health.DELIVERED, {})
    finished_row(database, uuid4(), STRANGE, summary={"bytes": 500, "requests": 2})
    finished_row(database, uuid4(), run_group="backfill:a")
    finished_row(database, uuid4(), status="in_progress", outcome=None, duration=None)
    with database.transaction() as connection:
        id_ = connection.scalar(sa.select(tables.tournament.c.id).limit(1))
        execution = connection.scalar(sa.select(tables.data_provider_executions.c.id).limit(1))
        for table, values in (
            (tables.incident, {"kind": "check", "subject": "x", "summary": "Wrong."}),
            (
                tables.provider_hour,
                dict.fromkeys(("requests", *FAILURES, "seconds"), 3)
                | {"provider": "openligadb", "hour": sa.func.now()},
            ),
            (
                tables.finding,
                {"id": uuid4(), "tournament_id": id_, "domain": "teams", "kind": "k"}
                | {"subject": "s", "detail": "d", "severity": "WARN"},
            ),
            (
                tables.data_check,
                {"tournament_id": id_, "name": "wrong", "domain": "teams", "passed": False}
                | {"severity": "ERROR", "detail": "d", "rows": [], "wrong": 1},
            ),
            (
                tables.execution_report,
                {"execution_id": execution, "file_key": "k", "report": {}, "attempts": 1},
            ),
        ):
            connection.execute(sa.insert(table).values(values))
        connection.execute(sa.update(tables.tournament).values(status="active"))
    yield database
    database.close()


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        from dagster._daemon.types import DaemonHeartbeat

        for name in instance.get_required_daemon_types():
            beat = DaemonHeartbeat(health.datetime.now(health.UTC).timestamp(), name, "id", [])
            instance.add_daemon_heartbeat(beat)
        yield instance


@pytest.fixture
def observed(watched: Database, instance: dg.DagsterInstance) -> Observed:
    with watched.transaction() as connection:  # a night may have begun since they were written
        connection.exec_driver_sql(
            "UPDATE data_provider_executions SET started_at = now(),"
            " completed_at = CASE WHEN completed_at IS NOT NULL THEN now() END"
        )
    return Observed(Settings.load({}), lambda: watched, lambda: instance)


def numbers(samples: list[Sample]) -> Numbers:
    return {(sample.figure.name, sample.values): sample.number for sample in samples}


def test_every_figure_is_read_and_none_that_is_not_in_the_list(observed: Observed) -> None:
    samples = Exposition(observed).samples()
    assert {sample.figure for sample in samples} == set(FIGURES)
    for sample in samples:
        assert len(sample.values) == len(sample.figure.labels), sample
        assert sample.number >= 0, sample
    found = numbers(samples)
    ups = {of: up for (name, of), up in found.items() if name == "source_up"}
    assert ups == {(source.name,): 1 for source in SOURCES}
    assert found["executions_open", ()] == 1
    assert found["messages_waiting", ("run_group",)] == 1
    assert found["incidents_open", ("check",)] == 1
    assert found["incidents_open", ("delivery",)] == 0
    assert found["checks_failing", ("wrong", "ERROR")] == 1
    assert found["up", ("database",)] == found["up", ("daemon",)] == 1
    assert found["provider_requests_total", ("openligadb",)] == 3
    assert found["provider_circuit", ("openligadb", "closed")] == 1
    assert found["executions_total", ("openligadb", "matches", "written")] == 1
    assert found["executions_total", ("openligadb", "matches", "failed")] == 0


def test_what_somebody_types_as_a_key_makes_no_label_of_a_provider(observed: Observed) -> None:
    found = numbers(Exposition(observed, executions.SOURCES).samples())
    assert found["received_bytes_total", (executions.OTHER, "teams")] == 500
    assert {of[0] for (name, of) in found if name == "executions_total"} == {
        "openligadb",
        "openfootball",
        executions.OTHER,
    }


def test_only_tournaments_that_are_read_have_an_age_and_only_the_oldest_a_series(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with observed.database().transaction() as connection:
        connection.execute(
            sa.insert(tables.removed_tournament).values(key=LIGA, removed_by="somebody")
        )
    try:
        ages = [of for (name, of) in _data(observed) if name == "tournament_data_age_seconds"]
        assert ages == [(FILE,)]
    finally:
        with observed.database().transaction() as connection:
            connection.execute(sa.delete(tables.removed_tournament))
    _, competition, _ = FILE.split(":")
    stopped = replace(observed, stopped=lambda _: {("openfootball", competition)})
    assert _data(stopped)["tournaments_kept_current", ()] == 1
    monkeypatch.setattr(data, "MOST_TOURNAMENTS", 1)
    found = _data(observed)
    [age] = [number for (name, _), number in found.items() if name == "tournament_data_age_seconds"]
    assert found["tournaments_kept_current", ()] == 2
    assert found["data_oldest_seconds", ()] == age


def _data(observed: Observed) -> Numbers:
    return numbers(Exposition(observed, data.SOURCES).samples())


def test_a_source_that_fails_keeps_no_other_from_being_exposed(observed: Observed) -> None:
    asked: list[str] = []

    def broken(_: Observed) -> Reading:
        message = "canceling statement due to statement timeout"
        raise RuntimeError(message)

    def note(name: str) -> Callable[[Observed], Reading]:
        def read(_: Observed) -> Reading:
            asked.append(name)
            return Reading([])

        return read

    sources = (
        replace(SOURCES[0], name="broken", read=broken),
        replace(SOURCES[0], name="same", read=note("same")),
        replace(SOURCES[1], name="other", read=note("other")),
    )
    found = numbers(Exposition(observed, sources).samples())
    ups = [found["source_up", (name,)] for name in ("broken", "same", "other")]
    assert ups == [0, 0, 1]
    assert asked == ["other"], "what needs the same database is not tried: it would hang, too"


def test_a_reading_is_made_anew_when_it_is_old(observed: Observed) -> None:
    figure = Figure("n", "gauge", "A number.")
    made: list[int] = []

    def read(_: Observed) -> Reading:
        made.append(1)
        return Reading([figure.of(len(made))])

    kept = replace(SOURCES[0], seconds=600.0, figures=(figure,), read=read)
    for source, times in ((kept, 1), (replace(kept, seconds=0.0), 3)):
        made.clear()
        exposed = Exposition(observed, [source])
        assert [numbers(exposed.samples())["n", ()] for _ in range(3)][-1] == times


def test_a_database_that_hangs_is_waited_for_in_bounded_time(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition, "READ_SECONDS", 0.5)
    with observed.database().transaction() as held:
        held.exec_driver_sql("LOCK TABLE incident, execution_report IN ACCESS EXCLUSIVE MODE")
        found = numbers(Exposition(observed, SOURCES).samples())
    assert found["source_up", ("open",)] == 0
    assert found["source_up", ("runs",)] == 1


COUNTER, GAUGE = Figure("c_total", "counter", "c", ("x",)), Figure("g", "gauge", "g", ("x",))
SAMPLES = st.lists(
    st.builds(
        lambda figure, value, number: figure.of(number, value),
        st.sampled_from([COUNTER, GAUGE]),
        st.sampled_from("abc"),
        st.integers(0, 9),
    ),
    unique_by=lambda sample: (sample.figure, sample.values),
)


@given(SAMPLES, SAMPLES)
def test_no_counter_shrinks_and_every_gauge_is_as_it_was_read(
    before: list[Sample], now: list[Sample]
) -> None:
    grown = {(s.figure, s.values): s.number for s in growing(before, now)}
    read = {(s.figure, s.values): s.number for s in now}
    for sample in before:
        if sample.figure is COUNTER:
            assert grown[COUNTER, sample.values] >= sample.number
    for place, number in read.items():
        assert grown[place] >= number
        assert place[0] is COUNTER or grown[place] == number
    assert grown.keys() <= read.keys() | {(s.figure, s.values) for s in before}


def test_health_and_metrics_over_http(observed: Observed) -> None:
    with observed.database().transaction() as connection:
        connection.execute(
            sa.update(tables.tournament).where(tables.tournament.c.key == LIGA).values(key=STRANGE)
        )
    try:
        with serve(app(observed)) as root, httpx.Client(base_url=root) as client:
            well = client.get("/healthz")
            plain = client.get("/metrics")
            accepted = {"accept": "application/openmetrics-text; version=1.0.0"}
            open_metrics = client.get("/metrics", headers=accepted)
            assert "/healthz" in client.get("/").text
            assert client.post("/healthz").status_code == 405
    finally:
        with observed.database().transaction() as connection:
            connection.execute(
                sa.update(tables.tournament)
                .where(tables.tournament.c.key == STRANGE)
                .values(key=LIGA)
            )
    assert well.status_code == 200
    facts = well.json()
    assert (facts["status"], facts["incidents_open"]) == ("ok", {"check": 1})
    assert {
        part: facts[part]["works"] for part in ("database", "daemon", "delivery")
    } == dict.fromkeys(("database", "daemon", "delivery"), True)
    for answer, read in ((plain, read_text), (open_metrics, read_openmetrics)):
        assert answer.status_code == 200
        families = {family.name: family for family in read(answer.text)}
        ages = families["dp_pipeline_tournament_data_age_seconds"]
        assert ages.type == "gauge"
        assert {sample.labels["tournament"] for sample in ages.samples} == {STRANGE, FILE}
        names = {sample.name for family in families.values() for sample in family.samples}
        assert names == {figure.exposed for figure in FIGURES}
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")


def test_what_does_not_work_is_said_without_secrets(instance: dg.DagsterInstance) -> None:
    url = closed_url().replace("http://", "postgresql://me:hidden77@") + "/db"
    settings = Settings.load({"DP_DATABASE_URL": url})
    with serve(app(Observed(settings, lambda: Database(url), lambda: instance))) as root:
        ill, figures = httpx.get(f"{root}/healthz"), httpx.get(f"{root}/metrics", timeout=30)
    assert ill.status_code == 503
    assert ill.json()["database"]["works"] is False
    assert figures.status_code == 200
    assert 'dp_pipeline_up{part="database"} 0.0' in figures.text
    assert 'dp_pipeline_source_up{source="runs"} 1.0' in figures.text
    assert "hidden77" not in ill.text + figures.text


def test_the_command_prints_the_figures_once(
    watched: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    url = watched.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("DP_DATABASE_URL", url)
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    done = CliRunner().invoke(main, ["metrics", "show"])
    assert done.exit_code == 0, done.output
    names = {sample.name for family in read_text(done.stdout) for sample in family.samples}
    assert {figure.exposed for figure in FIGURES} - names == {
        "dp_pipeline_daemon_silence_seconds"
    }, "no daemon has ever worked there"


def test_counting_what_ended_today_reads_no_older_days(
    observed: Observed, database: Database
) -> None:
    with database.transaction() as connection:
        fill_ledger(connection, 7_000)
        connection.exec_driver_sql(
            "UPDATE data_provider_executions SET started_at = started_at - interval '9 days',"
            " completed_at = completed_at - interval '9 days' WHERE request_id NOT IN"
            " (SELECT request_id FROM data_provider_executions ORDER BY started_at DESC LIMIT 1)"
        )
        connection.exec_driver_sql("ANALYZE data_provider_executions")
        text = str(executions._TODAY).replace(":day", "CURRENT_DATE")
        known = {"providers": ["openligadb"], "other": "other"}
        plan = "\n".join(connection.execute(sa.text(f"EXPLAIN {text}"), known).scalars())
    assert "ix_data_provider_executions_day" in plan, plan
    found = numbers(
        Exposition(replace(observed, database=lambda: database), executions.SOURCES).samples()
    )
    assert found["executions_total", ("openligadb", "teams", "unchanged")] == 10
