"""A Slack that refuses, limits, goes away and comes back: every execution is told exactly once."""

import contextlib
import json
from urllib.parse import urlsplit

import psycopg
import pytest
from dagster import DagsterRunStatus

from dp_pipeline.database.database import Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.notifications.attempts import Attempts
from dp_pipeline_tests.end_to_end.world import (
    KEY,
    World,
    dawdle,
    payload,
    statement,
    until,
    world,
)
from dp_pipeline_tests.servers import OK, Answer, closed_url

OTHERS = ("openfootball:en.2:2024-25", "openfootball:en.3:2024-25")
REFUSED = Answer(400, "invalid_blocks")
WEBHOOK = "SLACK_JOB_EXECUTIONS_WEBHOOK"


def unannounced(made: World) -> int:
    return sum(row["announced_at"] is None for row in made.executions())


@pytest.mark.slow
def test_refused_blocks_then_limits_then_an_outage_lose_and_repeat_nothing(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str
) -> None:
    address = f"{closed_url()}/services/T000/B000/secret-token"
    port = urlsplit(address).port or 0
    with world(monkeypatch, migrated_url, **{WEBHOOK: address}) as made:
        for number in (2, 3):
            made.replay.payloads[f"/2024-25/en.{number}.json"] = payload(0)
        with made.slack.listening(port=port):
            assert made.ingest() == 0, made.log()
            made.slack.answers.extend([REFUSED, OK])
            assert made.tick() == "1 messages sent"
            blocks, plain = made.slack.received
            assert "attachments" in blocks
            assert "attachments" not in plain

            # A pause holds the ticks before its end.
            for key in (KEY, *OTHERS):
                assert made.ingest(key) == 0, made.log()
            made.slack.answers.extend([OK, Answer(429, "rate_limited", {"Retry-After": "600"})])
            said = made.tick()
            assert said.startswith("1 messages sent; Slack limits how fast")
            assert unannounced(made) == 2 * len(NAMES)
            seen = len(made.slack.received)
            assert "Slack asked for a pause of another" in made.tick()
            assert len(made.slack.received) == seen
        with contextlib.closing(Database(migrated_url)) as database:
            Attempts(database).pause(0)

        for _ in range(2):
            assert "the connection is refused" in made.tick()
        assert unannounced(made) == 2 * len(NAMES)

        with made.slack.listening(port=port):
            made.slack.answers.append(Answer(503))
            assert "answers with status 503" in made.tick()
            assert made.tick() == "2 messages sent"
            assert made.tick() == "Nothing new."
        assert unannounced(made) == 0
        assert list(made.told().values()) == [1, 1, 1, 1]
        order = [json.dumps(message) for message in made.slack.accepted[-2:]]
        assert [OTHERS[n] in text for n, text in enumerate(order)] == [True, True], "oldest first"


def test_a_run_that_was_killed_before_it_opened_a_row_is_announced_once(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str
) -> None:
    with world(monkeypatch, migrated_url) as made:
        made.query(dawdle(ledger=30))
        worker = made.worker()
        statement(made, "INSERT INTO data_provider_executions")
        worker.kill()
        worker.join(10)
        # Postgres notices only at its end that nobody waits for a statement, which is done by then.
        made.query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND starts_with(query, 'INSERT INTO data_')"
        )
        made.query("DROP TRIGGER dawdle ON data_provider_executions")
        assert made.executions() == []
        made.tick()
        assert made.executions() == [], "nobody has noticed yet that the process is gone"
        made.look_after_runs()
        assert made.instance.get_runs()[0].status is DagsterRunStatus.FAILURE
        assert made.tick() == f"{len(NAMES)} added for runs that died early; 1 messages sent"
        assert made.tick() == "Nothing new."
        assert {row["error_class"] for row in made.executions()} == {"RunEndedEarly"}
        assert list(made.told().values()) == [1]


@pytest.mark.parametrize("kills", [1, 2])
def test_a_daemon_that_is_killed_between_a_post_and_its_stamp_repeats_it_once_at_most(
    monkeypatch: pytest.MonkeyPatch, migrated_url: str, kills: int
) -> None:
    with world(monkeypatch, migrated_url) as made:
        assert made.ingest() == 0, made.log()
        with psycopg.connect(migrated_url) as other:
            other.execute("SELECT id FROM data_provider_executions FOR UPDATE")  # no stamp yet
            for number in range(kills):
                ticker = made.ticker()
                until("a post", lambda posts=number + 1: len(made.slack.accepted) == posts)
                ticker.kill()
                ticker.join(10)
        assert unannounced(made) == len(NAMES)
        assert (
            made.tick()
            == [
                "1 messages sent",
                "1 messages counted as announced that nothing confirmed",
            ][kills - 1]
        )
        assert len(made.slack.accepted) == 2
        assert unannounced(made) == 0
        assert made.tick() == "Nothing new."
