"""No secret of an address reaches a message, a log or an error."""

import logging
import traceback
from typing import Any

import pytest
from pydantic import TypeAdapter

from dp_pipeline.http.client import Requests
from dp_pipeline.providers.errors import ProviderError
from dp_pipeline_tests.http.clients import ask, using
from dp_pipeline_tests.http.wire import Reply, http, reset, slow, wire

SECRETS = ("hunter2", "hunter%32", "s3cret", "tok%2Den", "tok-en", "dXNlcjpodW50ZXIy")


@pytest.mark.parametrize(
    "reply",
    [
        http(403, b"you sent user:hunter2 and ?token=s3cret&key=tok%2Den"),
        http(200, b'{"s3cret": dXNlcjpodW50ZXIy'),
        http(200, b'{"s3cret": ["hunter2"]}'),
        http(500, b"s3cret" * 100),
        http(429, b"tok-en", {"Retry-After": "3600"}),
        http(302, headers={"Location": "http://h:s3cret"}),
        http(302, headers={"Location": "http://user:hunter2@127.0.0.1:1/?token=s3cret"}),
        http(200, b"x", {"Content-Encoding": "gzip", "X": "s3cret"}),
        b"s3cret hunter2\r\n",
        b"HTTP/1.1 200 OK\r\nhunter2: s3cret\r\n s3cret\r\nTransfer-Encoding: tok-en\r\n\r\n",
        reset,
        slow(b"", pause_seconds=1.5),
    ],
)
def test_no_secret_of_the_address_is_ever_shown(
    reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = "/x?season=tok-en"
    shown: list[Any] = []

    async def work(requests: Requests) -> None:
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await requests.json(path, TypeAdapter(list[int]).validate_python)
            error = caught.value
            shown.extend(traceback.format_exception(error))
            shown.append((error.args, error.message, error.url, error.snippet))
            behind: BaseException | None = error
            while behind is not None:
                shown.append((repr(behind), str(behind), repr(getattr(behind, "_request", None))))
                behind = behind.__cause__ or behind.__context__
        shown.extend(requests.taken())

    with wire(reply) as server:
        base = server.url.replace("//", "//user:hunter%32@") + "?token=s3cret&key=tok%2Den"
        using(base, work)
    assert "?token=s3cret" in server.heads[0] or "&token=s3cret" in server.heads[0]
    text = repr(shown) + caplog.text
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_log_of_a_request_names_it_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with wire(http()) as server:
        ask(server.url.replace("//", "//user:hunter2@") + "/gateway?token=s3cret")
        url = f"{server.url}/gateway/x"
    assert [record.getMessage() for record in caplog.records if record.name == "httpx"] == [
        f'HTTP Request: GET {url} "HTTP/1.1 200 Whatever"'
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "gateway.example",
        "ftp://gateway.example",
        "http://",
        "https://user:hunter2",
        "https://user:hunter2@",
        "http://user:hunter2@host:port",
        "http://exa mple/hunter2",
        "http://[hunter2",
    ],
)
def test_an_unusable_address_is_one_sentence_without_the_address(address: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(address)
    assert str(caught.value) == (
        "The address of openligadb is not usable: OPENLIGADB_BASE_URL must be a whole URL such as "
        "https://gateway.example/football."
    )
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)).replace(address, "")
