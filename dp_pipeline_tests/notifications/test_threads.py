"""A bot's messages: one thread per run group, day of a tournament or incident, through all ends."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.responses import JSONResponse

from dp_pipeline.database import rows, tables
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Standing, Team, Tournament
from dp_pipeline.notifications import days, folding, incidents, threads
from dp_pipeline.notifications.incidents import Condition
from dp_pipeline.notifications.slack.transport import Posted
from dp_pipeline_tests.ledger.rows import KEY, TABLE, failed, finished_row, unannounced
from dp_pipeline_tests.notifications.channel import OTHER, Channel, ago
from dp_pipeline_tests.notifications.slack.api import SlackApi
from dp_pipeline_tests.notifications.slack.samples import texts

NIGHT = "nightly:openligadb:2026-11-28"


def night(channel: Channel, key: str, minutes: float, **values: Any) -> None:
    finished_row(
        channel.database, uuid4(), key, completed_at=ago(minutes=minutes), run_group=NIGHT, **values
    )


def sees(channel: Channel, subject: str, minutes: float, summary: str | None) -> None:
    with channel.database.transaction() as connection:
        condition = Condition("provider", subject, ago(minutes=minutes), summary)
        incidents.reconcile(connection, [condition])


def test_a_night_is_one_thread_whose_first_message_says_what_it_came_to_in_all(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    assert channel.deliver_later() == "1 messages sent"
    night(channel, OTHER, 30, **failed())
    assert channel.deliver_later() == "1 messages sent"
    assert channel.deliver_later() == "Nothing new."
    (first,) = slack.first
    assert "1 completed, 1 failed" in json.dumps(first.says), "all of the night"
    assert "1 completed" in json.dumps(first.was[0])
    (reply,) = slack.replies(first)
    assert "1 failed" in json.dumps(reply.says)
    assert reply.loud, "a failure is seen in the channel too"
    assert slack.requests == ["chat.postMessage", "chat.update", "chat.postMessage"]


def test_the_message_of_an_incident_is_edited_when_it_is_over_and_a_reply_says_so(
    channel: Channel, slack: SlackApi
) -> None:
    sees(channel, "openligadb", 130, "It refuses us.")
    channel.deliver_later()
    sees(channel, "openligadb", 10, None)
    channel.deliver_later()
    (first,) = slack.first
    assert first.was[0]["attachments"][0]["color"] == "#e01e5a"
    assert first.header == "✅ OpenLigaDB answers again after 2 h 0 min"
    (reply,) = slack.replies(first)
    assert reply.header == "✅ OpenLigaDB answers again"
    assert not reply.loud
    sees(channel, "openligadb", 5, "It refuses us again.")
    channel.deliver_later()
    assert [each.header for each in slack.first] == ["❌ OpenLigaDB does not answer"]
    assert "It has happened 2 times since" in json.dumps(first.says)
    assert [each.loud for each in slack.replies(first)] == [False, True]


def test_an_incident_of_another_day_begins_a_thread_of_its_own(
    channel: Channel, slack: SlackApi
) -> None:
    for minutes in (3 * 24 * 60, 60):
        sees(channel, "openligadb", minutes, "It refuses us.")
        channel.deliver_later()
        sees(channel, "openligadb", minutes - 30, None)
        channel.deliver_later()
    first, second = slack.first
    assert first.header.startswith("✅ OpenLigaDB answers again after 30 min")
    assert second.header.startswith("✅ OpenLigaDB answers again after 30 min")
    assert [len(slack.replies(each)) for each in slack.first] == [1, 1]


@pytest.mark.parametrize("kept", [False, True])
def test_a_daemon_that_was_killed_after_a_post_begins_no_second_thread_for_it(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """With the thread noted the message is known to be out, without it is posted once more."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    night(channel, KEY, 90)
    with monkeypatch.context() as patched:
        if kept:
            patched.setattr("dp_pipeline.notifications.digests.mark_group_announced", killed)
        else:
            patched.setattr("dp_pipeline.notifications.threads.begin", killed)
        with pytest.raises(KeyboardInterrupt):
            channel.deliver_later()
    assert unannounced(channel.database) == 1
    assert channel.deliver_later() == "1 messages sent"
    assert len(slack.first) == (1 if kept else 2)
    night(channel, OTHER, 30)
    channel.deliver_later()
    assert len(slack.replies(slack.first[-1])) == 1, "the thread that is known goes on"


def test_a_first_message_that_somebody_deleted_is_posted_anew(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    slack.messages.clear()
    night(channel, OTHER, 30)
    assert channel.deliver_later() == "1 messages sent"
    (first,) = slack.first
    assert "2 completed" in json.dumps(first.says)


def test_what_an_edit_failed_at_is_done_again_in_order_and_replied_once(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    night(channel, OTHER, 30)
    slack.answers.append("ratelimited")
    assert "It asks for a pause of 30 s." in channel.deliver_later()
    assert "Slack asked for a pause" in channel.deliver()
    slack.answers.extend([None, JSONResponse({}, status_code=503)])
    assert "answers with status 503" in channel.deliver_later()
    assert channel.deliver_later() == "1 messages sent"
    assert len(slack.replies(slack.first[0])) == 1


def test_a_token_that_was_revoked_is_tried_rarely_and_said_where_messages_wait(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(channel, KEY, 30)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-17-revoked")
    for _ in range(4):
        said = channel.deliver_later()
    assert "invalid_auth" in said
    assert "revoked" not in said.replace("was revoked", "")
    assert "pauses; the messages wait" in channel.deliver()
    assert len(slack.requests) == 4
    assert unannounced(channel.database) == 1


def test_another_channel_gets_threads_of_its_own(
    channel: Channel, slack: SlackApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    night(channel, KEY, 90)
    channel.deliver_later()
    monkeypatch.setenv("SLACK_CHANNEL", "C0123456789")
    night(channel, OTHER, 30)
    channel.deliver_later()
    assert len(slack.first) == 2


def test_old_threads_are_forgotten_when_one_is_begun(channel: Channel) -> None:
    thread = threads.Thread("old", Posted("C1", "1.2"), "m")
    threads.begin(channel.database, "#football", thread)
    with channel.database.transaction() as connection:
        old = sa.update(tables.slack_thread).values(updated_at=ago(days=91))
        connection.execute(old)
    assert threads.find(channel.database, ["old"], "#football") is None
    threads.begin(channel.database, "#football", threads.Thread("new", Posted("C1", "1.3"), "m"))
    with channel.database.transaction() as connection:
        assert list(connection.scalars(sa.select(tables.slack_thread.c.key))) == ["new"]


# -- the day of a tournament -----------------------------------------------------------------------


def poll(channel: Channel, minutes: float, *news: str, **values: Any) -> None:
    summary = {"updated": 2, **({"news": list(news)} if news else {})}
    row = {"scope": "part", "summary": summary, "completed_at": ago(minutes=minutes), **values}
    finished_row(channel.database, uuid4(), KEY, "matches", **row)


@pytest.fixture
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that turns twelve hours from now, so that none of these tests meets its end."""
    turns = (ago(hours=12) - ago(hours=12).replace(hour=0, minute=0, second=0)) % timedelta(days=1)
    monkeypatch.setattr(folding, "DAY_TURNS", turns)
    monkeypatch.setattr(days, "DAY_TURNS", turns)


@pytest.mark.usefixtures("_one_day")
def test_the_news_of_a_day_are_one_message_that_grows(channel: Channel, slack: SlackApi) -> None:
    poll(channel, 50, "A - B (22. Spieltag) ended 2:1.")
    channel.deliver_later()
    poll(channel, 40)
    poll(channel, 30, "C - D (22. Spieltag) ended 0:0.", "E - F (22. Spieltag) ended 1:3.")
    channel.deliver_later()
    (message,) = slack.messages
    shown = texts(message.says)
    assert shown[0].startswith(f"✅ News: {KEY} · ")
    assert shown[1].splitlines() == [
        "A - B (22. Spieltag) ended 2:1.",
        "C - D (22. Spieltag) ended 0:0.",
        "E - F (22. Spieltag) ended 1:3.",
    ]
    assert unannounced(channel.database) == 0


@pytest.mark.usefixtures("_one_day")
def test_a_failure_of_the_day_is_a_loud_reply_and_its_end_turns_the_first_message_green(
    channel: Channel, slack: SlackApi
) -> None:
    poll(channel, 90, "A - B ended 2:1.")
    channel.deliver_later()
    poll(channel, 80, **failed())
    channel.deliver_later()
    (first,) = slack.first
    assert first.says["attachments"][0]["color"] == "#e01e5a"
    assert "A - B ended 2:1." in json.dumps(first.says), "what was said stays said"
    for minutes in (70, 60):
        poll(channel, minutes, **failed())
    assert "suppressed" in channel.deliver_later()
    poll(channel, 20)
    channel.deliver_later()
    assert first.says["attachments"][0]["color"] == "#2eb67d"
    assert "*Recovered* after 1 h 0 min: matches" in texts(first.says)
    assert [(each.loud, each.header.split(" ")[0]) for each in slack.replies(first)] == [
        (True, "❌"),
        (False, "✅"),
    ]


@pytest.mark.usefixtures("_one_day")
def test_a_recovery_of_another_day_is_told_where_the_failure_was(
    channel: Channel, slack: SlackApi
) -> None:
    channel.announced_from(ago(days=9))
    poll(channel, 2 * 24 * 60, **failed())
    channel.deliver_later()
    poll(channel, 20)
    channel.deliver_later()
    (first,) = slack.first
    assert first.header.startswith("✅ Recovered: ")
    assert len(slack.replies(first)) == 1


@pytest.mark.usefixtures("_one_day")
def test_a_recovery_by_hand_of_what_failed_in_a_night_is_told_below_that_night(
    channel: Channel, slack: SlackApi
) -> None:
    night(channel, OTHER, 95)
    night(channel, KEY, 90, **failed())
    channel.deliver_later()
    finished_row(channel.database, uuid4(), KEY, completed_at=ago(minutes=20))
    assert channel.deliver_later() == "1 messages sent"
    (first,) = slack.first
    assert "1 completed, 1 failed" in json.dumps(first.says), "what the night came to stays said"
    (reply,) = slack.replies(first)
    assert reply.header.startswith("✅ Recovered: ")
    assert not reply.loud


@pytest.mark.usefixtures("_one_day")
def test_where_the_thread_of_a_failure_was_deleted_its_end_stands_in_that_of_the_day(
    channel: Channel, slack: SlackApi
) -> None:
    channel.announced_from(ago(days=9))
    poll(channel, 2 * 24 * 60, **failed())
    channel.deliver_later()
    slack.messages.clear()
    finished_row(channel.database, uuid4(), KEY, "teams", completed_at=ago(minutes=30))
    channel.deliver_later()
    poll(channel, 20)
    channel.deliver_later()
    (first,) = slack.first
    assert first.header.startswith("✅ Recovered: ")
    assert len(slack.replies(first)) == 1


def test_by_the_webhook_news_wait_until_no_more_come(channel: Channel) -> None:
    poll(channel, 3, "A - B ended 2:1.")
    poll(channel, 1, "C - D ended 0:0.")
    assert channel.deliver() == "Nothing new."
    with channel.database.transaction() as connection:
        connection.execute(
            sa.update(TABLE).values(completed_at=TABLE.c.completed_at - timedelta(minutes=5))
        )
    assert channel.deliver() == "1 messages sent"
    assert unannounced(channel.database) == 0


@pytest.mark.usefixtures("_one_day")
def test_news_of_results_show_the_new_top_of_the_table(channel: Channel, slack: SlackApi) -> None:
    with channel.database.transaction() as connection:
        table_of_four(connection)
    run = uuid4()
    news = {"news": ["Alpha - Beta ended 2:1."]}
    for domain, summary in (("matches", news), ("standings", {"updated": 4})):
        finished_row(channel.database, run, KEY, domain, scope="part", summary=summary)
    channel.deliver_later()
    (message,) = slack.messages
    assert message.header.startswith("✅ News: Bundesliga 2024/25 · ")
    assert (
        "*Top of the table*\n1. Alpha · 12 points after 4, 8:1 goals\n"
        "2. Beta · 9 points after 4, 8:1 goals\n3. Gamma · 6 points after 4, 8:1 goals"
    ) in texts(message.says)


def table_of_four(connection: sa.Connection) -> None:
    """A tournament with a table."""
    key, points = TournamentKey.parse(KEY), {"Alpha": 12, "Beta": 9, "Gamma": 6, "Delta": 0}
    teams = [Team(name, name) for name in points]
    tournament = Tournament(
        key, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
    )
    stored: list[tuple[sa.Table, rows.Row]] = [
        (tables.tournament, {**rows.tournament_row(tournament), "label": "Bundesliga 2024/25"}),
        *((tables.team, rows.team_row(key, team)) for team in teams),
        *((tables.tournament_team, rows.membership_row(key, team)) for team in teams),
        *(
            (
                tables.tournament_standing,
                rows.standing_row(key, Standing(team.external_id, place, 4, 4, 0, 0, 8, 1, won)),
            )
            for place, (team, won) in enumerate(zip(teams, points.values(), strict=True), start=1)
        ),
    ]
    for table, row in stored:
        connection.execute(sa.insert(table).values(**row))
