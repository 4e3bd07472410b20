"""Ticks of the sensor that tells, at webhooks that misbehave: how often a message is posted."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from dp_pipeline.notifications.attempts import PASSED, REFUSALS, Attempts
from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline_tests.ledger.rows import TABLE, finished_row
from dp_pipeline_tests.notifications.channel import Channel, ago
from dp_pipeline_tests.notifications.slack.misbehaving import (
    ANSWERED,
    DOUBTFUL,
    LIMITED,
    PORTAL,
    UNSENT,
    Talk,
    Webhook,
    accept,
    close_at_once,
    elsewhere,
    keys_in,
)
from dp_pipeline_tests.servers import closed_url

A, B, C = (f"openligadb:bl{number}:2024" for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits ten seconds for an answer that never comes."""
    monkeypatch.setitem(SlackWebhook.__init__.__kwdefaults__ or {}, "timeout_seconds", 0.4)


def rows(channel: Channel, *keys: str) -> None:
    for place, key in enumerate(keys):
        finished_row(channel.database, uuid4(), key, completed_at=ago(minutes=9 - place))


def tick(channel: Channel, webhook: str) -> str:
    """A tick at a time at which nothing is to be waited for."""
    channel.webhook = webhook
    return channel.deliver_later()


def unannounced(channel: Channel) -> list[str]:
    """The tournaments that people have not been told of, oldest first."""
    with channel.database.transaction() as connection:
        waiting = sa.select(TABLE.c.tournament_key).where(TABLE.c.announced_at.is_(None))
        return list(connection.scalars(waiting.order_by(TABLE.c.completed_at)))


def quiet_for(channel: Channel) -> float:
    """For how long the sensor says it leaves Slack alone."""
    return Attempts(channel.database).pause_left


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_slack_may_have_taken_is_posted_once_more_and_not_again(
    channel: Channel, name: str
) -> None:
    rows(channel, A, B)
    server = Webhook(DOUBTFUL[name])
    with server.open() as webhook:
        assert "did not confirm it" in tick(channel, webhook)
        assert unannounced(channel) == [A, B], "nothing said that it was taken"
        tick(channel, webhook)
        assert keys_in(server.taken, A, B) == [A, A]
        said = tick(channel, webhook)
        assert said.startswith("1 messages counted as announced that nothing confirmed")
        assert unannounced(channel) == [B]
        assert 0 < quiet_for(channel) <= 60
        server.get_well()
        assert tick(channel, webhook) == "1 messages sent"
        assert tick(channel, webhook) == "Nothing new."
    assert keys_in(server.taken, A, B) == [A, A, B, B]
    assert unannounced(channel) == []


@pytest.mark.parametrize("name", ["takes it and resets", "half of ok"])
def test_one_answer_that_is_lost_makes_one_message_two_at_most(channel: Channel, name: str) -> None:
    rows(channel, A, B)
    server = Webhook(DOUBTFUL[name], turns=1)
    with server.open() as webhook:
        tick(channel, webhook)
        assert tick(channel, webhook) == "2 messages sent"
    assert keys_in(server.taken, A, B) == [A, A, B]
    assert keys_in(server.confirmed, A, B) == [A, B]
    assert unannounced(channel) == []


# The others are told apart from these by the webhook alone: see messages/test_slack.py.
@pytest.mark.parametrize(
    "name", ["302", "307", "a login page", "204", "503", "400 page", "410", "no HTTP"]
)
def test_what_was_not_taken_is_posted_until_it_is_in_order_and_once_a_tick(
    channel: Channel, name: str
) -> None:
    rows(channel, A, B)
    target = Webhook(accept)
    with target.open() as address:
        server = Webhook(elsewhere({**ANSWERED, **UNSENT}[name], address))
        with server.open() as webhook:
            for ticks in range(1, REFUSALS + 3):
                said = tick(channel, webhook)
                assert "The messages wait." in said
                assert "secret-token" not in said
                assert unannounced(channel) == [A, B]
                posts = keys_in(server.taken, A, B)
                assert posts.count(A) == ticks
                assert posts.count(B) <= max(0, ticks - REFUSALS + 1)
            server.get_well()
            assert tick(channel, webhook) == "2 messages sent"
            assert tick(channel, webhook) == "Nothing new."
    assert target.connections == 0, "nothing is sent where a redirect points"
    assert keys_in(server.confirmed, A, B) == [A, B]
    assert unannounced(channel) == []


@pytest.mark.parametrize("name", LIMITED)
def test_a_pause_is_kept_an_hour_at_most_and_nothing_is_lost(channel: Channel, name: str) -> None:
    rows(channel, A, B)
    server = Webhook(LIMITED[name])
    with server.open() as webhook:
        assert "429" in tick(channel, webhook)
        assert len(server.taken) == 1
        wanted = {"429 for a second": 1, "429 for ever": 3_600}.get(name, 0)
        assert quiet_for(channel) == pytest.approx(wanted, abs=5)
        if name == "429 for ever":
            assert "Slack asked for a pause" in channel.deliver()
            assert len(server.taken) == 1
        server.get_well()
        assert tick(channel, webhook) == "2 messages sent"
    assert unannounced(channel) == []


def test_a_name_a_port_or_a_certificate_that_is_not_slacks_uses_no_message_up(
    channel: Channel,
) -> None:
    rows(channel, A)
    server = Webhook(accept)
    with server.open() as webhook:
        plain = webhook.replace("http://", "https://")
        for wrong in (f"{closed_url()}/services/x", "https://slack.invalid/services/x", plain):
            for _ in range(3):
                assert "cannot be reached" in tick(channel, wrong)
        assert tick(channel, webhook) == "1 messages sent"
    assert keys_in(server.taken, A) == [A]


def test_a_connection_that_is_reset_before_the_message_was_read_repeats_it_once_at_most(
    channel: Channel,
) -> None:
    rows(channel, A)
    server = Webhook(close_at_once, turns=1)
    with server.open() as webhook:
        tick(channel, webhook)
        assert tick(channel, webhook) == "1 messages sent"
    assert keys_in(server.taken, A) == [A]


def test_while_nothing_is_confirmed_the_pauses_grow_and_few_messages_are_used_up(
    channel: Channel,
) -> None:
    rows(channel, A, B, C)
    server = Webhook(DOUBTFUL["takes it and closes"])
    pauses = []
    with server.open() as webhook:
        for _ in range(6):
            tick(channel, webhook)
            pauses.append(round(quiet_for(channel)))
    assert [max(0, round(pause, -1)) for pause in pauses] == [0, 0, 60, 120, 240, 480]


@pytest.mark.parametrize("status", ["413 Content Too Large", "403 Forbidden"])
def test_a_message_that_is_never_taken_does_not_hold_up_the_others_for_ever(
    channel: Channel, status: str
) -> None:
    def refuse_one(talk: Talk) -> None:
        message = talk.take()
        if keys_in([message], A):
            talk.say(f"HTTP/1.1 {status}\r\nContent-Length: {len(PORTAL)}\r\n\r\n{PORTAL}".encode())
        else:
            talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    rows(channel, A, B)
    server = Webhook(refuse_one)
    with server.open() as webhook:
        for _ in range(REFUSALS):
            tick(channel, webhook)
        assert unannounced(channel) == [A], "the other one was told"
        for number in range(PASSED - 1):
            finished_row(channel.database, uuid4(), f"openligadb:bl2:201{number}")
            tick(channel, webhook)
            assert unannounced(channel) == [A]
        assert tick(channel, webhook) == "1 messages refused by Slack for good"
        assert unannounced(channel) == []
        posts = len(server.taken)
        tick(channel, webhook)
        assert len(server.taken) == posts


def test_a_stamp_that_fails_after_slack_took_the_message_repeats_nothing(
    channel: Channel,
) -> None:
    rows(channel, A)
    server = Webhook(accept)
    with server.open() as webhook:
        with channel.database.transaction() as connection:
            connection.execute(
                sa.text(
                    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;"
                    "CREATE TRIGGER no BEFORE UPDATE ON data_provider_executions"
                    " FOR EACH ROW EXECUTE FUNCTION no()"
                )
            )
        for _ in range(3):
            with pytest.raises(Exception, match="the disk is full"):
                tick(channel, webhook)
        with channel.database.transaction() as connection:
            connection.execute(sa.text("DROP TRIGGER no ON data_provider_executions"))
        assert tick(channel, webhook) == "1 messages sent"
    assert keys_in(server.taken, A) == [A]
    assert unannounced(channel) == []
