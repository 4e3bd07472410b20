"""One POST to Slack and what came back: what is known of it when it ended in whatever way."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from dp_pipeline.notifications.slack.transport import (
    SlackUnansweredError,
    SlackUnavailableError,
    chain,
    host_of,
    is_loopback,
    plainly,
    unless_named,
)

if TYPE_CHECKING:
    import httpx

LONGEST_ANSWER = 1_000
"""Bytes of an answer that are read; those of a webhook have a few."""
_HEADERS = {"Accept-Encoding": "identity", "Content-Type": "application/json"}


@dataclass(slots=True)
class Posting:
    """One request and what came back, in a thread: no time-out bounds a name lookup or a drip.

    The transport below httpx's client is used: it follows no redirect and logs no address.

    Attributes:
        beginning: how the answer begins when Slack took it.
        longest: how many bytes of an answer are read.
        sending: the connection was made and the request is on its way.
        status: of the answer, once it has one.
        body: of the answer, as far as it was read.
        whole: the answer has come to its end, or to more than anything Slack says.
        error: what ended the exchange.
    """

    url: str = field(repr=False)
    content: bytes = field(repr=False)
    timeout: float
    more_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    beginning: bytes = b""
    longest: int = LONGEST_ANSWER
    sending: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False
    error: Exception | None = None

    def end_by(self, deadline: float) -> None:
        """Return when it has ended, at the deadline at the latest."""
        import httpx

        with httpx.HTTPTransport(proxy=_proxy(self.url)) as transport:
            thread = threading.Thread(
                target=self._run, args=(transport,), name="slack webhook", daemon=True
            )
            thread.start()
            thread.join(max(deadline - time.monotonic(), 0.1))

    @property
    def doubtful(self) -> bool:
        """Whether it may have been taken, for all we know.

        Not if the request was not sent whole, if what came back is no HTTP, or if it says anything
        but what Slack says of a message that it took.
        """
        import httpx

        if self.status is None:
            cut = isinstance(self.error, httpx.WriteError | httpx.WriteTimeout)
            # h11's only word for what is no HTTP; a connection that was closed has others.
            other = isinstance(self.error, httpx.RemoteProtocolError) and str(
                self.error
            ).startswith("illegal")
            return self.sending and not cut and not other
        body = bytes(self.body).strip()
        same = min(len(body), len(self.beginning))
        yes = body[:same] == self.beginning[:same]
        return self.status == HTTPStatus.OK and not self.whole and yes

    def answered(self, secret: str) -> int:
        """The status of what was answered; `secret` is what no error is to name.

        Raises:
            SlackUnansweredError: nobody knows whether it was taken.
            SlackUnavailableError: it was not sent.
        """
        doubtful = self.doubtful
        if self.status is not None and not doubtful:
            return self.status
        error = self.error or TimeoutError("no complete answer in time")
        cause, host = unless_named(error, secret), host_of(self.url)
        if doubtful:
            message = f"Slack ({host}) was sent a message and did not confirm it: {plainly(error)}."
            raise SlackUnansweredError(message) from cause
        message = f"Slack ({host}) cannot be reached: {plainly(error)}."
        raise SlackUnavailableError(message) from cause

    def _run(self, transport: "httpx.HTTPTransport") -> None:
        import httpx

        request = httpx.Request(
            "POST",
            self.url,
            content=self.content,
            headers={**_HEADERS, **self.more_headers},
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict(), "trace": self._trace},
        )
        try:
            answer = transport.handle_request(request)
            self.headers, self.status = answer.headers, answer.status_code
            for part in answer.iter_raw():
                self.body += part
                if len(self.body) > self.longest:
                    break
            self.whole = True
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread
            for link in chain(error):
                link.__traceback__ = None  # its frames hold the address
            self.error = error

    def _trace(self, event: str, seen: dict[str, Any]) -> None:
        # A proxy is sent CONNECT first; that is not yet the message.
        if event.endswith("send_request_body.started") and seen["request"].method == b"POST":
            self.sending = True


def _proxy(url: str) -> str | None:
    """The proxy of the environment for an address; httpx reads it in its client only."""
    host = host_of(url) or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get("https") or proxies.get("all")
