"""A refused payload is told of once; a person keeps it out for good, or takes it in in Dagster."""

import copy
import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.jobs import planned_work
from dp_pipeline.ledger.failing import failing
from dp_pipeline.notifications import outbox
from dp_pipeline.notifications.digests import RunGroup, digest
from dp_pipeline.notifications.slack.announcement import Announcement
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.resources import DatabaseResource, ProvidersResource
from dp_pipeline_tests.end_to_end.contents import EXECUTIONS, query
from dp_pipeline_tests.end_to_end.deciding import RESULTS, Desk, rewritten
from dp_pipeline_tests.end_to_end.seasons_by_hand import FILE, LIGA, MATCHES_OF, healthy
from dp_pipeline_tests.ledger.rows import TABLE
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import serve

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(database, tmp_path, monkeypatch)


def posted(database: Database) -> list[Announcement]:
    """What the next tick posts; what it does not post counts as announced as well."""
    runs = outbox.unannounced_runs(database, LONG_AGO)
    messages = outbox.announcements(
        database,
        runs,
        since=LONG_AGO,
        run_url=str,
        report_url=lambda _: None,
        each=lambda _: nullcontext(),
    )
    for message in messages:
        outbox.mark_announced(database, message.executions)
    return [message for message in messages if message.kind is not None]


def night(desk: Desk, payloads: dict[str, Any]) -> tuple[dict[str, Any], list[Announcement]]:
    """A whole read of the file, a day after the one before, and what is posted of it."""
    with desk.database.transaction() as connection:
        day = sa.text("interval '1 day'")
        times = ("started_at", "completed_at", "announced_at")
        connection.execute(sa.update(TABLE).values({name: TABLE.c[name] - day for name in times}))
    return desk.read(payloads, FILE), posted(desk.database)


def test_the_same_refused_payload_is_told_of_once_until_it_or_its_difference_changes(
    desk: Desk,
) -> None:
    night(desk, healthy())
    first, (message,) = night(desk, rewritten(FILE))
    id_ = first["tournaments"]["id"]
    text = json.dumps(message.payload())
    for typed in (f"dp accept {id_} --reason", f"dp refuse {id_} --reason", "accept or refuse"):
        assert typed in text
    for _ in range(3):
        rows, messages = night(desk, rewritten(FILE))
        assert messages == []
        assert rows["tournaments"]["outcome"] == "suspicious_payload"
        assert rows["tournaments"]["summary"]["refusedBefore"]["execution"] == str(id_)
    changed = rewritten(FILE)
    changed[MATCHES_OF[FILE]]["matches"][0]["score"] = {"ft": [4, 4]}
    # at once, within the hours in which a failure that repeats is not told again
    desk.read(changed, FILE)
    assert [message.kind for message in posted(desk.database)] == ["failure"]
    _, (recovery,) = night(desk, healthy())
    assert recovery.kind == "news"
    _, (again,) = night(desk, rewritten(FILE))
    assert again.kind == "failure", "it had been read well meanwhile"


def test_what_a_person_refuses_is_over(desk: Desk) -> None:
    night(desk, healthy())
    first, _ = night(desk, rewritten(FILE))
    second, _ = night(desk, rewritten(FILE))
    refused = desk.refuse(second["tournaments"]["id"])
    assert refused.exit_code == 0, refused.output
    assert f"It stays out of {FILE} for good." in refused.output
    for row in query(desk.url, EXECUTIONS):
        if row["request_id"] in {rows["matches"]["request_id"] for rows in (first, second)}:
            assert row["summary"]["settled"]["reason"] == "The file is of a friendly cup."
    with desk.database.transaction() as connection:
        assert failing(connection) == {}, "nothing is left to try"
    rows, messages = night(desk, rewritten(FILE))
    assert messages == []
    assert rows["standings"]["summary"]["settled"]["by"]
    with desk.database.transaction() as connection:
        assert failing(connection) == {}
    again = desk.refuse(first["tournaments"]["id"])
    assert (again.exit_code, "It was refused for good: by " in again.output) == (1, True)
    _, (well,) = night(desk, healthy())
    assert well.kind == "success", "nothing was wrong of which the end is news"
    _, messages = night(desk, rewritten(FILE))
    assert messages == [], "it is the payload that a person refused"
    taken = desk.accept(rows["tournaments"]["id"], "--yes")
    assert "A newer read agreed with what is stored at " in taken.output


def test_a_digest_counts_what_is_refused_as_before_and_is_not_red(desk: Desk) -> None:
    night(desk, healthy())
    told = night(desk, rewritten(FILE))[0]["tournaments"]
    rows, _ = night(desk, rewritten(FILE))
    group = RunGroup("nightly", max(row["completed_at"] for row in rows.values()))

    def digested(request: object) -> str:
        with desk.database.transaction() as connection:
            values = {"run_group": group.name, "announced_at": None}
            mine = TABLE.c.request_id == request
            connection.execute(sa.update(TABLE).values(run_group=None))
            connection.execute(sa.update(TABLE).where(mine).values(values))
        message = digest(desk.database, group, since=LONG_AGO, url="http://localhost")
        return json.dumps(message.payload(), ensure_ascii=False)

    text = digested(rows["matches"]["request_id"])
    assert f"{len(NAMES)} refused as before" in text
    assert ("✅" in text, "❌" in text, "dp accept" in text) == (True, False, False)
    text = digested(told["request_id"])
    assert "❌" in text
    assert f"dp refuse {told['id']} --reason" in text


@pytest.mark.parametrize("key", [FILE, LIGA])
def test_an_empty_list_can_only_be_kept_out(desk: Desk, key: str) -> None:
    desk.read(healthy(), key)
    posted(desk.database)
    empty = copy.deepcopy(healthy())
    empty[MATCHES_OF[key]] = [] if key == LIGA else {**empty[MATCHES_OF[key]], "matches": []}
    refused = desk.read(empty, key)["tournaments"]
    assert refused["outcome"] == "suspicious_payload"
    (message,) = posted(desk.database)
    text = json.dumps(message.payload())
    assert ("dp accept" in text, f"dp refuse {refused['id']}" in text) == (False, True)
    late = desk.accept(refused["id"], "--yes")
    assert late.exit_code == 1
    assert "What it refused is empty: taking it in would change nothing." in late.output
    assert desk.refuse(refused["id"]).exit_code == 0


def test_in_dagster_the_fields_accept_and_refuse_do_the_same(desk: Desk) -> None:
    replay = Replay(payloads=healthy())
    with serve(replay.app()) as base_url, dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(TOURNAMENTS.name), [FILE])
        definitions = build(
            {
                "database": DatabaseResource(url=desk.url),
                "providers": ProvidersResource(base_urls={"openfootball": base_url}),
            }
        )
        job = definitions.resolve_job_def("ingest_tournaments")

        def run(**config: object) -> dg.ExecuteInProcessResult:
            return job.execute_in_process(
                instance=instance,
                partition_key=FILE,
                run_config={"ops": {"ingest": {"config": config}}},
                raise_on_error=False,
            )

        assert run().success
        replay.payloads = rewritten(FILE)
        refusing = run()
        assert not refusing.success
        said = observed(instance, refusing)
        id_ = said["refused: execution_id"]
        assert f"dp accept {id_} --reason" in str(said["refused: to take it in all the same"])
        assert "refused: difference" in said
        assert "Say why in the field reason" in why(run(accept=id_))
        seen_before = dict(replay.seen)
        assert run(accept=str(id_)[:8], reason="They were right.", by="Ana", dry_run=True).success
        taken = run(accept=id_, reason="They were right.", by="Ana")
        assert taken.success
        assert replay.seen == seen_before, "nothing is read from the provider"
        last = instance.get_latest_materialization_event(dg.AssetKey("matches"))
        assert last is not None
        assert last.run_id == taken.run_id
        again = run(accept=id_, reason="Once more.")
        assert "It was taken in already: by Ana at " in why(again)
        record = instance.get_run_by_id(again.run_id)
        assert record is not None
        assert planned_work(instance, record) == {}, "nothing is missing that was to be read"
        assert {(r["home_score"], r["away_score"]) for r in results(desk)} == {(3, 3)}
        replay.payloads = healthy()
        other = observed(instance, run())["refused: execution_id"]
        only_shown = run(refuse=other, reason="That was last week.", dry_run=True)
        assert "dry_run goes with accept alone" in why(only_shown)
        assert run(refuse=str(other)[:8], reason="That was last week.", by="Ana").success
        settled = run()
        assert settled.success, "what a person has refused for good fails no run"
        assert "by Ana at " in str(observed(instance, settled)["refused: settled"])
        assert {(r["home_score"], r["away_score"]) for r in results(desk)} == {(3, 3)}


def results(desk: Desk) -> list[dict[str, Any]]:
    return query(desk.url, RESULTS, key=FILE)


def observed(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> dict[str, object]:
    """What a run says of the one domain that was refused; others were blocked by it."""
    records = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)
    events = [record.dagster_event for record in records]
    said = [e.asset_observation_data.asset_observation for e in events if e is not None]
    assert {each.partition for each in said} == {FILE}
    (seen,) = (each for each in said if "refused: execution_id" in each.metadata)
    return {name: value.value for name, value in seen.metadata.items()}


def why(result: dg.ExecuteInProcessResult) -> str:
    """Why the one step of a run failed."""
    (event,) = (e for e in result.all_events if e.is_step_failure)
    error = event.step_failure_data.error
    assert error is not None
    return error.message + str(event.step_failure_data.user_failure_data)
