import email.utils
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dp_pipeline.messages.blocks import render, render_plain
from dp_pipeline.messages.slack import (
    SlackConfigurationError,
    SlackError,
    SlackRefusedError,
    SlackUnavailableError,
    SlackWebhook,
)
from dp_pipeline_tests.messages.samples import announcement, line
from dp_pipeline_tests.messages.slack_limits import check, check_plain
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
    assert receiver.received == [render(MESSAGE)]
    check(receiver.received[0])


@pytest.mark.parametrize(
    "reason", ["invalid_blocks", "invalid_attachments", "invalid_payload", "msg_too_long"]
)
def test_refused_blocks_are_sent_again_as_plain_text(reason: str) -> None:
    receiver = SlackReceiver(Answer(400, reason))
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.received == [render(MESSAGE), render_plain(MESSAGE)]
    check_plain(receiver.accepted[0])


def test_a_message_refused_as_plain_text_too_is_refused_for_good() -> None:
    receiver = SlackReceiver(Answer(400, "invalid_blocks"), Answer(400, "no_text"))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackRefusedError)
    assert not error.retryable
    assert error.reason == "no_text"
    assert str(error) == (
        "Slack refuses this message, as blocks (invalid_blocks) and as plain text (no_text); "
        "it will not be sent again."
    )
    assert len(receiver.received) == 2


def test_a_short_pause_asked_by_slack_is_kept_inside_the_post() -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": "1"}))
    started = time.monotonic()
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert time.monotonic() - started >= 1
    assert receiver.accepted == [render(MESSAGE)]
    assert len(receiver.received) == 2


def test_a_long_pause_is_handed_to_the_caller_at_once() -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": "30"}))
    started = time.monotonic()
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
        assert time.monotonic() - started < 2
    assert isinstance(error, SlackUnavailableError)
    assert error.retryable
    assert error.retry_after == 30
    assert str(error) == "Slack limits how fast we may post (429). It asks for a pause of 30 s."
    assert len(receiver.received) == 1


def test_a_pause_given_as_a_date_is_understood() -> None:
    until = email.utils.formatdate(time.time() + 120, usegmt=True)
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": until}))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after == pytest.approx(120, abs=5)


@pytest.mark.parametrize("stated", ["soon", "-1", "", "9" * 40, "1.5"])
def test_a_pause_that_is_no_time_is_not_believed(stated: str) -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": stated}))
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert error.retry_after is None


def test_one_server_error_is_tried_again_and_two_are_left_to_the_next_tick() -> None:
    receiver = SlackReceiver(*[Answer(500, "rollup_error")] * 3)
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
        assert isinstance(error, SlackUnavailableError)
        assert str(error) == "Slack (127.0.0.1) answers with status 500 (rollup_error)."
        assert len(receiver.received) == 2
        SlackWebhook(url).post(MESSAGE)
    assert receiver.accepted == [render(MESSAGE)]


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
    assert receiver.accepted == [render(MESSAGE)]


def test_a_word_that_is_not_known_yet_does_not_keep_the_plain_text_back() -> None:
    receiver = SlackReceiver(Answer(400, "invalid_something_new"))
    with receiver.listening() as url:
        SlackWebhook(url).post(MESSAGE)
    assert receiver.accepted == [render_plain(MESSAGE)]


def test_an_answer_that_repeats_the_address_is_not_repeated() -> None:
    receiver = SlackReceiver(*[Answer(400, "secret_token")] * 2)
    with receiver.listening() as url:
        error = failure(SlackWebhook(url.replace(SECRET, "secret_token")))
    assert isinstance(error, SlackUnavailableError)
    assert str(error) == "Slack (127.0.0.1) answers with status 400 (no reason given)."


def test_an_answer_in_an_unknown_charset_is_no_delivery() -> None:
    headers = {"Content-Type": "text/plain; charset=nonsense"}
    receiver = SlackReceiver(*[Answer(400, "invalid_blocks", headers)] * 2)
    with receiver.listening() as url:
        error = failure(SlackWebhook(url))
    assert isinstance(error, SlackUnavailableError)
    assert str(error) == "Slack (127.0.0.1) cannot be reached: the connection broke (LookupError)."


def test_a_slow_answer_ends_in_time() -> None:
    receiver = SlackReceiver(Answer(delay_seconds=20))
    started = time.monotonic()
    with receiver.listening() as url:
        error = failure(SlackWebhook(url, timeout_seconds=0.4))
        assert time.monotonic() - started < 1
    assert str(error) == "Slack (127.0.0.1) cannot be reached: no complete answer in time."
    assert isinstance(error.__cause__, TimeoutError)


def test_an_answer_that_trickles_ends_in_time() -> None:
    stop = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.05):
                connection.sendall(b"o")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=trickle, args=(listener,))
        server.start()
        started = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/services/{SECRET}"
        error = failure(SlackWebhook(url, timeout_seconds=0.4))
        assert time.monotonic() - started < 1
        stop.set()
        server.join()
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
    assert receiver.received == [render(MESSAGE)]


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
