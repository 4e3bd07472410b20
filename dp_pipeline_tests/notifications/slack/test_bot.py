"""A bot's request to Slack's API: one attempt, and what each end of it means."""

import logging
import traceback
from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from dp_pipeline.notifications.slack.bot import SlackBot
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.slack.transport import (
    Posted,
    SlackConfigurationError,
    SlackError,
    SlackGoneError,
    SlackRefusedError,
    SlackSetupError,
    SlackUnansweredError,
    SlackUnavailableError,
)
from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline.settings import Settings, SettingsError
from dp_pipeline_tests.notifications.slack.api import CHANNEL_ID, TOKEN, SlackApi
from dp_pipeline_tests.notifications.slack.misbehaving import DOUBTFUL, UNSENT, Talk, Webhook
from dp_pipeline_tests.notifications.slack.samples import announcement, line
from dp_pipeline_tests.notifications.slack.slack_limits import check
from dp_pipeline_tests.servers import closed_url

MESSAGE = announcement(line("teams"), line("matches", status="failed", error="<boom>"))
ANOTHER = announcement(line("teams"))


@pytest.fixture(autouse=True)
def _nothing_logged_names_the_token(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert TOKEN not in caplog.text


def failure(bot: SlackBot) -> SlackError:
    with pytest.raises(SlackError) as caught:
        bot.post(MESSAGE)
    rendered = "".join(traceback.format_exception(caught.value))
    link: BaseException | None = caught.value
    while link is not None:
        rendered += f"{link!r} {vars(link)} {link.args!r}"
        link = link.__cause__ or link.__context__
    assert TOKEN not in rendered
    return caught.value


def test_a_message_a_loud_reply_and_an_edit_arrive_as_rendered() -> None:
    slack = SlackApi()
    with slack.listening() as api:
        bot = SlackBot(TOKEN, "#football", api=api)
        first = bot.post(MESSAGE)
        reply = bot.post(ANOTHER, below=first, loud=True)
        bot.edit(ANOTHER, first)
    assert first.channel == CHANNEL_ID, "a message is edited by the ID of its channel"
    assert [each.ts for each in slack.messages] == [first.ts, reply.ts]
    assert slack.messages[0].was == [MESSAGE.payload()]
    assert slack.messages[0].says == slack.messages[1].says == ANOTHER.payload()
    assert (slack.messages[1].below, slack.messages[1].loud) == (first.ts, True)
    check(slack.messages[0].says)


@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("channel_not_found", "check it, and if the channel is private, type /invite"),
        ("not_in_channel", "type /invite and the app's name there"),
        ("is_archived", "unarchive it"),
        ("invalid_auth", "Copy the Bot User OAuth Token from Slack again into SLACK_BOT_TOKEN."),
        ("token_revoked", "install the app again"),
        ("missing_scope", "chat:write"),
    ],
)
def test_what_needs_a_person_is_said_with_its_cure(word: str, cure: str) -> None:
    slack = SlackApi()
    slack.answers.append(word)
    with slack.listening() as api:
        error = failure(SlackBot(TOKEN, "#football", api=api))
    assert isinstance(error, SlackSetupError)
    assert str(error).startswith(f"Slack answers {word}. ")
    assert cure in str(error)
    assert slack.requests == ["chat.postMessage"], "once"


def test_a_wrong_token_is_named_by_nothing() -> None:
    slack = SlackApi()
    with slack.listening() as api:
        bot = SlackBot("xoxb-17-another-one", "#football", api=api)
        with pytest.raises(SlackSetupError, match="Slack does not know the token"):
            bot.post(MESSAGE)
    assert f"{bot!r} {bot}" == " ".join(["SlackBot(#football)"] * 2)


@pytest.mark.parametrize("status", [200, 429])
def test_a_rate_limit_hands_its_pause_on(status: int) -> None:
    slack = SlackApi()
    body = {"ok": False, "error": "ratelimited"}
    slack.answers.append(JSONResponse(body, status_code=status, headers={"Retry-After": "30"}))
    with slack.listening() as api:
        error = failure(SlackBot(TOKEN, "#football", api=api))
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after == 30
    assert slack.requests == ["chat.postMessage"], "slack_sdk tries nothing again by itself"


def test_refused_blocks_are_sent_again_as_text_and_a_refused_text_is_refused_for_good() -> None:
    slack = SlackApi()
    slack.answers.extend(["invalid_blocks", None, "msg_too_long", "no_text"])
    with slack.listening() as api:
        bot = SlackBot(TOKEN, "#football", api=api)
        bot.post(MESSAGE)
        assert isinstance(failure(bot), SlackRefusedError)
    assert [each.says for each in slack.messages] == [MESSAGE.plain()]


def test_what_is_gone_is_told_apart_from_an_outage() -> None:
    slack = SlackApi()
    with slack.listening() as api:
        bot = SlackBot(TOKEN, "#football", api=api)
        nowhere = Posted(CHANNEL_ID, "1.2")
        with pytest.raises(SlackGoneError):
            bot.edit(MESSAGE, nowhere)
        with pytest.raises(SlackGoneError):
            bot.post(MESSAGE, below=nowhere)
        slack.answers.append("fatal_error")
        error = failure(bot)
    assert isinstance(error, SlackUnavailableError)
    assert str(error) == "Slack (127.0.0.1) answers with status 200 (fatal_error)."


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse(f"<html>sign in with Bearer {TOKEN}</html>"),
        PlainTextResponse(f"Bearer {TOKEN}", status_code=403),
        JSONResponse([TOKEN]),
        JSONResponse({"ok": False, "error": TOKEN}),
        JSONResponse({"ok": True, "token": TOKEN}),
        PlainTextResponse("ok"),
        JSONResponse({"ok": True, "ts": "1", "channel": "C1"}, status_code=503),
    ],
)
def test_whatever_is_not_slacks_yes_is_no_delivery(answer: Response) -> None:
    slack = SlackApi()
    slack.answers.extend([answer] * 2)
    with slack.listening() as api:
        error = failure(SlackBot(TOKEN, "#football", api=api))
    assert isinstance(error, SlackUnavailableError)
    assert not isinstance(error, SlackUnansweredError)
    assert error.answered


def test_no_redirect_is_followed_with_the_token() -> None:
    slack, other = SlackApi(), SlackApi()
    with slack.listening() as api, other.listening() as elsewhere:
        for status in (301, 302, 307):
            slack.answers.append(
                RedirectResponse(f"{elsewhere}/chat.postMessage", status_code=status)
            )
            error = failure(SlackBot(TOKEN, "#football", api=api))
            assert f"redirects to another address ({status})" in str(error)
    assert other.requests == []


@pytest.mark.parametrize("name", ["takes it and resets", "takes it and never answers"])
def test_a_post_that_nothing_confirms_is_known_to_be_in_doubt_and_an_edit_is_not(name: str) -> None:
    server = Webhook(DOUBTFUL[name])
    with server.open() as url:
        bot = SlackBot(TOKEN, "#football", api=url, timeout_seconds=0.4)
        error = failure(bot)
        with pytest.raises(SlackUnavailableError) as caught:
            bot.edit(MESSAGE, Posted(CHANNEL_ID, "1.2"))
    assert isinstance(error, SlackUnansweredError)
    assert not isinstance(caught.value, SlackUnansweredError), "an edit can be repeated"


def test_a_yes_that_is_cut_short_is_in_doubt() -> None:
    def cut(talk: Talk) -> None:
        talk.take()
        talk.say(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"ok":true,"ch')

    server = Webhook(cut)
    with server.open() as url:
        assert isinstance(failure(SlackBot(TOKEN, "#x", api=url)), SlackUnansweredError)


@pytest.mark.parametrize("name", UNSENT)
def test_what_is_no_http_took_nothing(name: str) -> None:
    server = Webhook(UNSENT[name])
    with server.open() as url:
        error = failure(SlackBot(TOKEN, "#x", api=url))
    assert not isinstance(error, SlackUnansweredError)


def test_a_closed_port_is_said_in_words() -> None:
    error = failure(SlackBot(TOKEN, "#football", api=closed_url()))
    assert str(error) == "Slack (127.0.0.1) cannot be reached: the connection is refused."
    with pytest.raises(SlackConfigurationError):
        SlackBot(TOKEN, "#football", api="http://slack.example/api")


def test_the_bot_goes_before_the_webhook_and_needs_token_and_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_JOB_EXECUTIONS_WEBHOOK", "https://hooks.example/services/x")
    assert isinstance(SlackResource().open(), SlackWebhook)
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_CHANNEL", CHANNEL_ID)
    assert isinstance(SlackResource().open(), SlackBot)
    for name, value, missing in (
        ("SLACK_BOT_TOKEN", TOKEN, "SLACK_CHANNEL"),
        ("SLACK_CHANNEL", CHANNEL_ID, "SLACK_BOT_TOKEN"),
    ):
        with pytest.raises(SettingsError) as caught:
            Settings.load({name: value})
        assert str(caught.value) == f"{name} is set and {missing} is not; set both, or neither."
