"""A provider that refuses, as Dagster and the command line show it: checks, schedules, runs."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from starlette.responses import JSONResponse

from dp_pipeline.assets.refresh_job import REFRESH_JOB
from dp_pipeline.cli.group import main
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database
from dp_pipeline.definitions import build, defs
from dp_pipeline.http.circuit import Circuit
from dp_pipeline.http.health import ServiceHealth
from dp_pipeline.ledger.ledger import tournament_id_of
from dp_pipeline.notifications.detectors.providers import check_key, evaluation
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.resources import DatabaseResource, LedgerResource, ProvidersResource
from dp_pipeline.schedules import SCHEDULES
from dp_pipeline.sensors.notify import announce_executions, watch_automation
from dp_pipeline_tests.providers.openfootball_files import league, season
from dp_pipeline_tests.replay import Replay
from dp_pipeline_tests.servers import SlackReceiver, serve

NOW = datetime(2026, 11, 25, 10, 2, tzinfo=UTC)
FIRST = Circuit(1, 1, 0, "blocked", NOW, NOW)
SECOND = Circuit(3, 2, 0, "blocked", NOW, NOW + timedelta(minutes=15))
FORBIDDEN = {"error": {"code": 403, "reason": "Forbidden"}}
KEYS = [f"openfootball:en.{number}:2024-25" for number in range(1, 21)]
CHECK = check_key("openfootball")


@dataclass
class Place:
    """A provider, an instance, a database, and the channel people read."""

    instance: dg.DagsterInstance
    database: Database
    url: str
    replay: Replay
    base_url: str
    receiver: SlackReceiver
    webhook: str
    cursor: str | None = None
    said: list[str] = field(default_factory=list)

    def refuse(self) -> None:
        self.replay.fault = lambda _path: JSONResponse(FORBIDDEN, 403)

    def answer(self) -> None:
        self.replay.fault = None

    def refresh(self, *keys: str) -> Counter[str | None]:
        """One run through Dagster; the errors of its executions of `tournaments`."""
        definitions = build(
            {
                "database": DatabaseResource(url=self.url),
                "providers": ProvidersResource(base_urls={"openfootball": self.base_url}),
            }
        )
        result = definitions.resolve_job_def(REFRESH_JOB).execute_in_process(
            instance=self.instance,
            run_config={"ops": {"refresh": {"config": {"keys": list(keys)}}}},
            raise_on_error=False,
        )
        table = tables.data_provider_executions.c
        with self.database.transaction() as connection:
            found = connection.execute(
                sa.select(table.error_class, table.fingerprint).where(
                    sa.cast(table.request_id, sa.Text) == result.run_id,
                    table.domain == "tournaments",
                )
            ).all()
        resting = {row.fingerprint for row in found if row.error_class == "CircuitOpenError"}
        assert len(resting) <= 1, "a thousand tournaments are one failure to people"
        return Counter(row.error_class for row in found)

    def watch(self) -> None:
        """One tick of the sensor that watches, and one of the sensor that delivers."""
        resources: dict[str, Any] = {
            "database": DatabaseResource(url=self.url),
            "slack": SlackResource(webhook=self.webhook),
        }
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=defs, resources=resources
        ) as context:
            watch_automation(context)
            self.cursor = context.cursor
        resources["ledger"] = LedgerResource()
        with dg.build_sensor_context(
            instance=self.instance, definitions=defs, resources=resources
        ) as context:
            announce_executions(context)

    def told(self) -> list[str]:
        """What people hear of the provider, not of executions."""
        headers = [
            message["attachments"][0]["blocks"][0]["text"]["text"]
            for message in self.receiver.accepted
        ]
        return [header for header in headers if "answer" in header]

    def is_due(self) -> None:
        """Let the rest be over."""
        with self.database.transaction() as connection:
            connection.execute(sa.update(tables.provider_health).values(open_until=sa.func.now()))

    def dp(self, *arguments: str) -> str:
        ended = CliRunner().invoke(main, ["health", *arguments])
        assert ended.exit_code == 0, ended.output
        return ended.output


@pytest.fixture
def place(
    database: Database, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("DP_HOME", str(tmp_path))
    monkeypatch.setenv("DP_DATABASE_URL", migrated_url)
    file = season(league("A", "B", "C", "D"))
    replay = Replay(payloads={f"/2024-25/en.{number}.json": file for number in range(1, 21)})
    receiver = SlackReceiver()
    with (
        dg.instance_for_test() as instance,
        serve(replay.app()) as base_url,
        receiver.listening() as webhook,
    ):
        monkeypatch.setenv("OPENFOOTBALL_BASE_URL", base_url)
        instance.add_dynamic_partitions("tournaments", KEYS)
        yield Place(instance, database, migrated_url, replay, base_url, receiver, webhook)


@pytest.mark.slow
def test_twenty_tournaments_of_a_provider_that_refuses_cost_at_most_five_requests_and_later_heal(
    place: Place,
) -> None:
    place.refuse()
    found = place.refresh(*KEYS)
    made = sum(place.replay.seen.values())
    assert 2 <= made <= 5  # those at once, four at most, and the probe
    assert found == {"BlockedError": made, "CircuitOpenError": 20 - made}
    assert place.refresh(*KEYS) == {"CircuitOpenError": 20}
    assert sum(place.replay.seen.values()) == made
    place.is_due()
    assert place.refresh(*KEYS) == {"BlockedError": 1, "CircuitOpenError": 19}
    assert sum(place.replay.seen.values()) == made + 1
    place.answer()
    place.is_due()
    assert place.refresh(*KEYS) == {None: 20}


def test_opening_is_announced_once_and_closing_once(place: Place) -> None:
    place.watch()
    assert place.told() == []
    place.refuse()
    place.refresh(KEYS[0])
    place.watch()
    assert place.told() == [], "a first refusal may concern one path alone"
    place.refresh(KEYS[0])
    for _ in range(2):
        place.watch()
    assert place.told() == ["❌ openfootball does not answer"]
    assert "openfootball does not answer (blocked, last at " in json.dumps(place.receiver.accepted)
    place.is_due()
    place.watch()
    place.refresh(KEYS[0])
    place.watch()
    assert len(place.told()) == 1, "nobody knows better until a probe is answered"
    place.answer()
    place.is_due()
    place.refresh(KEYS[0])
    for _ in range(2):
        place.watch()
    assert place.told()[1:] == ["✅ openfootball answers again"]


def test_a_check_is_recorded_when_it_changes_not_at_every_tick(place: Place) -> None:
    for _ in range(3):
        place.watch()
    for provider in BY_NAME:
        history = place.instance.event_log_storage.get_asset_check_execution_history(
            check_key(provider), limit=10
        )
        assert len(history) == 1, provider
        event = history[0].event and history[0].event.dagster_event
        assert event is not None
        found = event.asset_check_evaluation_data
        assert found.passed
        assert (
            found.description == f"No request has been made to {provider} at its present address."
        )


def test_a_person_can_evaluate_a_check(place: Place) -> None:
    place.refuse()
    for _ in range(2):
        place.refresh(KEYS[0])
    result = dg.materialize(
        [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetSpec)]
        + list(defs.asset_checks or []),
        selection=dg.AssetSelection.checks(CHECK),
        instance=place.instance,
        resources={
            "database": DatabaseResource(url=place.url),
            "slack": SlackResource(webhook=place.webhook),
        },
    )
    (found,) = result.get_asset_check_evaluations()
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert set(found.metadata) == {
        "state",
        "success_ratio_24h",
        "requests_24h",
        "mean_latency_seconds",
        "last_failure",
        "last_failure_kind",
        "last_block",
        "next_probe",
        "address",
    }
    assert found.metadata["state"].value == "open"
    assert found.metadata["requests_24h"].value == 2


@pytest.mark.parametrize(
    ("circuit", "asked", "passed", "text"),
    [
        (Circuit(), False, True, "No request has been made to x at its present address."),
        (Circuit(4), True, True, "x answers."),
        (FIRST, True, True, "x refused one request; the next one shows"),
        (SECOND, True, False, "x does not answer (blocked, last at 2026-11-25 10:02 UTC). Nothing"),
        (
            Circuit(5, 0, 1, "network", NOW, NOW - timedelta(minutes=1)),
            True,
            False,
            "One request is to find out whether it answers again.",
        ),
    ],
)
def test_a_check_fails_from_the_second_refusal_until_an_answer(
    circuit: Circuit, asked: bool, passed: bool, text: str
) -> None:
    found = evaluation(ServiceHealth("x", NOW, "https://x" if asked else None, circuit))
    assert found.passed is passed
    assert text in (found.description or "")
    assert found.check_name == "x_answers"


def nightly(place: Place) -> Any:
    (schedule,) = [one for one in SCHEDULES if one.name == "refresh_openfootball_nightly"]
    with dg.build_schedule_context(
        instance=place.instance,
        scheduled_execution_time=datetime(2026, 11, 25, 2, 37, tzinfo=UTC),
        resources={"database": DatabaseResource(url=place.url)},
        repository_def=defs.get_repository_def(),
    ) as context:
        return schedule(context)


def test_a_schedule_leaves_a_provider_at_rest_alone_and_begins_when_a_probe_is_due(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.database.transaction() as connection:
        connection.execute(
            sa.insert(tables.tournament).values(
                id=tournament_id_of(KEYS[0]),
                key=KEYS[0],
                provider="openfootball",
                external_id="en.1",
                season="2024-25",
                label="C",
                slug="c",
                mode="regular-season-only",
                standings_mode="unique-group",
                status="active",
            )
        )
    assert len(nightly(place)) == 1
    place.refuse()
    place.refresh(KEYS[0])
    assert len(nightly(place)) == 1, "a first refusal is doubted at once"
    place.refresh(KEYS[0])
    skipped = nightly(place)
    assert isinstance(skipped, dg.SkipReason)
    assert "openfootball refused or failed and is resting until 20" in str(skipped.skip_message)
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", "https://gateway.example/football")
    assert len(nightly(place)) == 1, "another address is another service"
    monkeypatch.setenv("OPENFOOTBALL_BASE_URL", place.base_url)
    place.is_due()
    assert len(nightly(place)) == 1


def test_the_command_shows_who_is_left_alone_and_lets_them_be_asked_again(place: Place) -> None:
    place.refresh(KEYS[0])
    place.refuse()
    for number in (1, 2):
        place.refresh(KEYS[number])
    table = place.dp()
    (line,) = [line for line in table.splitlines() if line.startswith(" openfootball")]
    assert line.split()[:3] == ["openfootball", "resting", "until"]
    assert "33.3% of 3" in line
    (line,) = [line for line in table.splitlines() if line.startswith(" sofascore")]
    assert line.split() == ["sofascore", "not", "asked", "yet"]
    rows = {row["provider"]: row for row in json.loads(place.dp("--json"))}
    assert list(rows) == list(BY_NAME)
    assert rows["openfootball"]["state"] == "open"
    assert datetime.fromisoformat(rows["openfootball"]["next_probe"]) > datetime.now(UTC)
    assert rows["sofascore"]["success_ratio_24h"] is None
    rows = {
        row["provider"]: row for row in json.loads(place.dp("--reset", "openfootball", "--json"))
    }
    assert rows["openfootball"]["state"] == "closed"
    assert rows["openfootball"]["in_words"] == "answering"
    assert rows["openfootball"]["last_block"] is not None
    place.answer()
    assert place.refresh(*KEYS[:3]) == {None: 3}
    assert CliRunner().invoke(main, ["health", "--reset", "nobody"]).exit_code == 2


@pytest.mark.parametrize(
    ("circuit", "words"),
    [
        (Circuit(4), "answering"),
        (SECOND, "resting until 10:17 UTC"),
        (
            Circuit(3, 9, 0, "blocked", NOW, NOW + timedelta(1)),
            "resting until 2026-11-26 10:02 UTC",
        ),
        (FIRST, "tried again next time"),
        (Circuit(5, 2, 0, "blocked", NOW, NOW, NOW + timedelta(minutes=1)), "being tried again"),
    ],
)
def test_a_circuit_is_said_in_plain_words(circuit: Circuit, words: str) -> None:
    assert ServiceHealth("x", NOW, "https://x", circuit).in_words == words
    assert ServiceHealth("x", NOW, None, circuit).in_words == "not asked yet"


def test_one_that_did_not_answer_last_is_not_said_to_answer() -> None:
    silent = ServiceHealth("x", NOW, "https://x", failed_at=NOW, failure="network")
    assert silent.in_words == "silent when last asked"
    assert replace(silent, answered_at=NOW - timedelta(1)).in_words == "silent when last asked"
    assert replace(silent, answered_at=NOW + timedelta(1)).in_words == "answering"


def test_a_base_url_that_is_nobodys_is_named_by_the_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_DATABASE_URL", place.url)
    monkeypatch.setenv("KICKER_BASE_URL", "https://u:hunter2@kicker.example")
    found = CliRunner().invoke(main, ["health", "--json"])
    assert found.exit_code == 0
    assert found.stderr.startswith("KICKER_BASE_URL is set and ignored: there is no provider of ")
    assert "hunter2" not in found.output
    assert [row["provider"] for row in json.loads(found.stdout)] == list(BY_NAME)
    monkeypatch.setenv("OPENLIGADDB_BASE_URL", "https://gateway.example")
    refused = CliRunner().invoke(main, ["health"])
    assert refused.exit_code != 0
    assert "did you mean OPENLIGADB_BASE_URL?" in refused.stderr
