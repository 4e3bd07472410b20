import time
from urllib.parse import urlsplit

import httpx
import pytest

from dp_pipeline_tests.servers import Answer, SlackReceiver, closed_url


def test_a_receiver_answers_as_told_and_then_accepts() -> None:
    receiver = SlackReceiver(Answer(429, "rate_limited", {"Retry-After": "1"}))
    with receiver.listening() as url:
        refused = httpx.post(url, json={"text": "a"})
        accepted = httpx.post(url, json={"text": "b"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (accepted.status_code, accepted.text) == (200, "ok")
    assert receiver.received == [{"text": "a"}, {"text": "b"}]
    assert receiver.accepted == [{"text": "b"}]


def test_a_receiver_comes_back_at_its_old_address() -> None:
    receiver = SlackReceiver()
    with receiver.listening() as url:
        httpx.post(url, json={"text": "a"})
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, json={"text": "b"})
    with receiver.listening(port=urlsplit(url).port or 0) as again:
        assert again == url
        httpx.post(url, json={"text": "c"})
    assert receiver.accepted == [{"text": "a"}, {"text": "c"}]


def test_a_request_that_hangs_does_not_keep_the_server() -> None:
    receiver = SlackReceiver(Answer(delay_seconds=60))
    started = time.monotonic()
    with receiver.listening() as url, pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json={"text": "a"}, timeout=0.2)
    assert time.monotonic() - started < 5
    assert receiver.accepted == []


def test_nothing_listens_at_a_closed_url() -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(closed_url())
