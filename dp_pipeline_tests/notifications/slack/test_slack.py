import email.utils
import logging
import threading
import time
import traceback
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dp_pipeline.notifications.slack.transport import (
    SlackConfigurationError,
    SlackError,
    SlackRefusedError,
    SlackUnansweredError,
    SlackUnavailableError,
)
from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline_tests.notifications.slack.misbehaving import (
    ANSWERED,
    DOUBTFUL,
    LIMITED,
    UNSENT,
    Talk,
    Webhook,
    accept,
    elsewhere,
)
from dp_pipeline_tests.notifications.slack.samples import announcement, line
from dp_pipeline_tests.notifications.slack.slack_limits import check, check_plain
from dp_pipeline_tests.servers import Answer, SlackReceiver, closed_url

MESSAGE = announcement(line("teams"), line("matches", status="failed", error="<boom>"))
SECRET = "secret-token"  # the last part of a receiver's path


def failure(webhook: SlackWebhook) -> SlackError:
    with pytest.raises(SlackError) as caught:
        webhook.post(MESSAGE)
    rendered = "".join(traceback.format_exception(caught.value))
    assert SECRET not in rendered + repr(caught.value) + repr(vars(caught.value))
    return caught.value


@pytest.fixture(autouse=True)
def _nothing_logged_names_the_webhook(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert SECRET not in caplog.text


def test_a_message_arrives_once_as_rendered() -> None:
    receiver = SlackReceiver()
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.received == [MESSAGE.payload()]
    check(receiver.received[0])


@pytest.mark.parametrize(
    "reason", ["invalid_blocks", "invalid_attachments", "invalid_payload", "msg_too_long"]
)
def test_refused_blocks_are_sent_again_as_plain_text(reason: str) -> None:
    receiver = SlackReceiver(Answer(400, reason))
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.received == [MESSAGE.payload(), MESSAGE.plain()]
    check_plain(receiver.accepted[0])


def test_a_message_refused_as_plain_text_too_is_refused_for_good() -> None:
    receiver = SlackReceiver(Answer(400, "invalid_blocks"), Answer(400, "no_text"))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackRefusedError)
    assert str(error) == (
        "Slack refuses this message, as blocks (invalid_blocks) and as plain text (no_text); "
        "it will not be sent again."
    )
    assert len(receiver.received) == 2


@pytest.mark.parametrize("pause", [1, 30])
def test_a_pause_is_handed_to_the_caller_at_once(pause: int) -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": str(pause)}))
    started = time.monotonic()
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
        assert time.monotonic() - started < 1
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after == pause
    assert (
        str(error) == f"Slack limits how fast we may post (429). It asks for a pause of {pause} s."
    )
    assert len(receiver.received) == 1


def test_a_pause_given_as_a_date_is_understood() -> None:
    until = email.utils.formatdate(time.time() + 120, usegmt=True)
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": until}))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after == pytest.approx(120, abs=5)


@pytest.mark.parametrize("stated", ["soon", "-1", "", "9" * 40, "1e3"])
def test_a_pause_that_is_no_time_is_not_believed(stated: str) -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": stated}))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after is None


def test_a_server_error_is_left_to_the_next_tick() -> None:
    receiver = SlackReceiver(Answer(500, "rollup_error"))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
        assert isinstance(error, SlackUnavailableError)
        assert error.answered
        assert str(error) == "Slack (127.0.0.1) answers with status 500 (rollup_error)."
        assert len(receiver.received) == 1
        SlackWebhook(url).post(MESSAGE)
    assert receiver.accepted == [MESSAGE.payload()]


@pytest.mark.parametrize(
    ("status", "word", "advice"),
    [
        (404, "no_service", "create a new one"),
        (410, "channel_is_archived", "is archived"),
        (403, "action_prohibited", "administrator"),
        (403, "invalid_token", "copy it from Slack again"),
        (400, "user_not_found", "no longer exists"),
    ],
)
def test_a_webhook_that_needs_a_person_is_said_in_words(
    status: int, word: str, advice: str
) -> None:
    receiver = SlackReceiver(Answer(status, word))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert str(error).startswith(f"Slack answers {word}. ")
    assert advice in str(error)
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [200, 400, 403, 413, 422, 500])
def test_a_page_of_something_in_between_is_no_delivery_and_no_refusal(status: int) -> None:
    page = f"<html>sign in to reach /services/T000/B000/{SECRET}</html>"
    receiver = SlackReceiver(*[Answer(status, page)] * 2)
    with receiver.listening() as url:
        assert isinstance(failure(SlackWebhook(url)), SlackUnavailableError)


@pytest.mark.parametrize("body", ["", "Bad Request", "bad_request", '{"error": "invalid_blocks"}'])
def test_only_words_that_slack_is_known_to_say_refuse_a_message(body: str) -> None:
    receiver = SlackReceiver(*[Answer(400, body)] * 2)
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
        assert isinstance(error, SlackUnavailableError)
        receiver.answers.clear()
        SlackWebhook(url).post(MESSAGE)
    assert receiver.accepted == [MESSAGE.payload()]


def test_a_word_that_is_not_known_yet_does_not_keep_the_plain_text_back() -> None:
    receiver = SlackReceiver(Answer(400, "invalid_something_new"))
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.accepted == [MESSAGE.plain()]


def test_an_answer_that_repeats_the_address_is_not_repeated() -> None:
    receiver = SlackReceiver(*[Answer(400, "secret_token")] * 2)
    with receiver.listening() as url:
        error = failure(SlackWebhook(url.replace(SECRET, "secret_token")))
    assert isinstance(error, SlackUnavailableError)
    assert str(error) == "Slack (127.0.0.1) answers with status 400 (no reason given)."


def test_the_charset_of_an_answer_does_not_matter() -> None:
    headers = {"Content-Type": "text/plain; charset=nonsense"}
    receiver = SlackReceiver(Answer(400, "invalid_blocks", headers), Answer(headers=headers))
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.received == [MESSAGE.payload(), MESSAGE.plain()]


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_post_that_nothing_confirms_is_known_to_be_in_doubt(name: str) -> None:
    server = Webhook(DOUBTFUL[name])
    with server.open() as url:
        error = failure(SlackWebhook(url, timeout_seconds=0.4))
    assert isinstance(error, SlackUnansweredError)
    assert str(error).startswith("Slack (127.0.0.1) was sent a message and did not confirm it: ")
    assert server.taken == [MESSAGE.payload()]


@pytest.mark.parametrize("name", [*ANSWERED, *UNSENT, *LIMITED])
def test_whatever_slack_does_not_say_is_no_delivery(name: str) -> None:
    target = Webhook(accept)
    with target.open() as address:
        behaviour = {**ANSWERED, **UNSENT, **LIMITED}[name]
        server = Webhook(elsewhere(behaviour, address.replace(SECRET, "another")))
        with server.open() as url:
            error = failure(SlackWebhook(url, timeout_seconds=0.4))
    assert isinstance(error, SlackUnavailableError)
    assert not isinstance(error, SlackUnansweredError)
    assert error.answered == (name in ANSWERED)
    assert server.taken == [MESSAGE.payload()], "once, without another try"
    assert target.connections == 0
    if name.startswith("30"):
        assert f"redirects to another address ({name})" in str(error) or name == "304"


def test_an_answer_without_an_end_is_not_read_to_its_end() -> None:
    server = Webhook(ANSWERED["too much"])
    started = time.monotonic()
    with server.open() as url:
        failure(SlackWebhook(url, timeout_seconds=20))
        assert time.monotonic() - started < 10
    assert "slack webhook" not in {thread.name for thread in threading.enumerate()}


def test_a_proxy_of_the_environment_is_asked_and_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def refuse(talk: Talk) -> None:
        asked.append(talk.connection.recv(65_536).split(b"\r\n")[0])
        talk.say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    proxy = Webhook(refuse)
    with proxy.open() as address:
        monkeypatch.setenv("HTTPS_PROXY", address.partition("/services")[0])
        error = failure(SlackWebhook(f"https://hooks.slack.com/services/{SECRET}"))
    assert asked == [b"CONNECT hooks.slack.com:443 HTTP/1.1"]
    assert isinstance(error, SlackUnavailableError)
    assert not isinstance(error, SlackUnansweredError)


def test_a_slow_answer_ends_in_time() -> None:
    receiver = SlackReceiver(Answer(delay_seconds=20))
    started = time.monotonic()
    with receiver.listening() as url:
        error = failure(SlackWebhook(url, timeout_seconds=0.4))
        assert time.monotonic() - started < 1
    assert str(error) == (
        "Slack (127.0.0.1) was sent a message and did not confirm it: no complete answer in time."
    )
    assert error.__cause__ is not None


def test_an_answer_that_trickles_ends_in_time() -> None:
    server = Webhook(ANSWERED["a drip"])
    started = time.monotonic()
    with server.open() as url:
        error = failure(SlackWebhook(url, timeout_seconds=0.4))
        assert time.monotonic() - started < 1
    assert isinstance(error, SlackUnavailableError)


def test_a_closed_port_is_said_in_words() -> None:
    error = failure(SlackWebhook(f"{closed_url()}/services/{SECRET}"))
    assert isinstance(error, SlackUnavailableError)
    assert str(error) == "Slack (127.0.0.1) cannot be reached: the connection is refused."


def test_after_an_outage_the_same_message_arrives_once() -> None:
    receiver = SlackReceiver()
    with receiver.listening() as url:
        pass
    webhook = SlackWebhook(url)
    assert isinstance(failure(webhook), SlackUnavailableError)
    with receiver.listening(port=urlsplit(url).port or 0):
        webhook.post(MESSAGE)
    assert receiver.received == [MESSAGE.payload()]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret-token",
        "http://hooks.slack.com/services/secret-token",
        "ftp://hooks.slack.com/services/secret-token",
        "file:///etc/secret-token",
        "https:///services/secret-token",
        "https://[/secret-token",
        "https://hooks.slack.com:port/secret-token",
        "https://user:secret-token@hooks.slack.com/services",
        "https://hooks.slack.com/services/secret-token and more",
        "https://hooks.slack.com/services/secret-token\x00",
        "https://hooks.slack.com/services/sécret-token",
    ],
)
def test_what_cannot_be_a_webhook_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SlackConfigurationError) as caught:
        SlackWebhook(url)
    assert str(caught.value) == (
        "The Slack webhook must be the https:// address that Slack shows for it "
        "(http:// is for tests on loopback only)."
    )
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.9", "[::1]:80"])
def test_http_is_accepted_on_loopback(host: str) -> None:
    SlackWebhook(f" http://{host}/services/{SECRET}\n")


def test_a_webhook_shows_its_host_only() -> None:
    webhook = SlackWebhook(f"https://hooks.slack.com/services/T0/B0/{SECRET}")
    assert f"{webhook!r} {webhook}" == " ".join(["SlackWebhook(hooks.slack.com)"] * 2)
