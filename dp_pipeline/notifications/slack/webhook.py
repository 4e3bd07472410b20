"""Delivery of one message to a Slack incoming webhook: one attempt, and what its end means.

What a message says belongs to its own module; which messages are due, and how often to try, to the
caller.

slack_sdk's WebhookClient is not used: it follows redirects and tries again inside a call without a
switch for either, reads an answer however long it is, logs the address, and does not say whether a
request that failed had been sent. What is left of it is one POST, which httpx does.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from socket import gaierror
from ssl import SSLError
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dp_pipeline.http.classify import retry_after
from dp_pipeline.settings import Class

if TYPE_CHECKING:
    import httpx

LONGEST_ANSWER = 1_000
"""Bytes of an answer that are read; Slack's have a few."""

_WORD = re.compile(r"[a-z][a-z_]{0,63}")
_TAKEN = b"ok"
_NO_REASON = "no reason given"
_BAD_REQUEST = frozenset({400, 413, 422})
# Slack's own words: anything else may come from a proxy that knows nothing of the message.
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
# names the first three; the others are those of chat.postMessage, which webhooks answer as well.
_PAYLOAD_FAULTS = frozenset(
    {
        "invalid_payload",
        "no_text",
        "too_many_attachments",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
    }
)
_WEBHOOK_FAULTS = {
    "no_service": "The webhook was removed or switched off: create a new one in Slack.",
    "no_service_id": "The address lacks a part: copy it from Slack again.",
    "no_team": "Slack knows no such workspace: copy the webhook's address from Slack again.",
    "no_active_hooks": "The webhook is switched off: switch it on or create a new one in Slack.",
    "invalid_token": "Slack does not know the address: copy it from Slack again.",
    "team_disabled": "The Slack workspace is disabled.",
    "user_not_found": "The webhook's user no longer exists: create a new webhook in Slack.",
    "channel_not_found": "The webhook's channel no longer exists: create a webhook for another.",
    "channel_is_archived": "The webhook's channel is archived: unarchive it or choose another.",
    "action_prohibited": "An administrator of the workspace restricted posting by webhooks.",
    "posting_to_general_channel_denied": "The webhook's creator may not post to this channel.",
}


class Message(Protocol):
    """Anything that can be announced."""

    @property
    def key(self) -> str:
        """Equal for the same message in every tick, and for no other one."""
        ...

    @property
    def kinds(self) -> frozenset[Class]:
        """The classes it belongs to: one that is wanted is enough for it to be posted."""
        ...

    def payload(self) -> dict[str, Any]:
        """What the webhook is sent."""
        ...

    def plain(self) -> dict[str, Any]:
        """The same as text alone, for when Slack refuses the blocks."""
        ...


class SlackError(Exception):
    """A message did not reach Slack. The text is a sentence for a person, without the address."""


class SlackConfigurationError(SlackError):
    """The configured address cannot be that of an incoming webhook."""


class SlackUnavailableError(SlackError):
    """Slack took nothing now: an outage, a rate limit, or a webhook that needs a person.

    `retry_after` is how many seconds Slack wants no post, where it did. `answered` says
    that this message was answered with a no: another one may fare better.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, answered: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.answered = answered


class SlackUnansweredError(SlackUnavailableError):
    """The message was sent whole, and no answer says whether Slack took it: nobody can know."""


class SlackRefusedError(SlackError):
    """Slack refused this message twice, as blocks and as plain text: trying again cannot help."""


class SlackWebhook:
    """An incoming webhook. Its address is a secret: it appears in no text, log or error of ours.

    A post ends within one and a half times `timeout_seconds`.
    """

    __slots__ = ("_deadline_seconds", "_host", "_timeout_seconds", "_url")

    def __init__(self, url: str, *, timeout_seconds: float = 10) -> None:
        """Raise SlackConfigurationError when `url` is neither https nor http on loopback."""
        self._url = url.strip()
        self._host = _host(self._url)
        if self._host is None:
            message = (
                "The Slack webhook must be the https:// address that Slack shows for it "
                "(http:// is for tests on loopback only)."
            )
            raise SlackConfigurationError(message)
        self._timeout_seconds = timeout_seconds
        self._deadline_seconds = 1.5 * timeout_seconds

    def __repr__(self) -> str:
        """Show the host only."""
        return f"SlackWebhook({self._host})"

    def post(self, message: Message) -> None:
        """Send one message once; return only when Slack says that it has taken it.

        A second request is made only for the plain text of a message whose blocks were refused.

        Raises:
            SlackUnansweredError: nobody knows whether it was taken.
            SlackUnavailableError: nothing was taken; try again later.
            SlackRefusedError: Slack will never take this message.
        """
        deadline = time.monotonic() + self._deadline_seconds
        reason = self._attempt(message.payload(), deadline)
        if reason is None:
            return
        plain_reason = self._attempt(message.plain(), deadline)
        if plain_reason is None:
            return
        refused = f"this message, as blocks ({reason}) and as plain text ({plain_reason})"
        if plain_reason not in _PAYLOAD_FAULTS:
            said = f"{self._host} does not take {refused}; that is nothing Slack is known to say."
            raise SlackUnavailableError(said, answered=True)
        said = f"Slack refuses {refused}; it will not be sent again."
        raise SlackRefusedError(said)

    def _attempt(self, payload: dict[str, Any], deadline: float) -> str | None:
        """None when the payload was taken, else why another one of the message may be."""
        exchange = _Posting(self._url, payload, self._timeout_seconds)
        exchange.end_by(deadline)
        if exchange.status is not None and not exchange.doubtful:
            return self._judge(exchange, exchange.status)
        error = exchange.error or TimeoutError("no complete answer in time")
        cause = self._without_address(error)
        if exchange.doubtful:
            message = (
                f"Slack ({self._host}) was sent a message and did not confirm it: "
                f"{_plainly(error)}."
            )
            raise SlackUnansweredError(message) from cause
        message = f"Slack ({self._host}) cannot be reached: {_plainly(error)}."
        raise SlackUnavailableError(message) from cause

    def _judge(self, exchange: "_Posting", status: int) -> str | None:
        body = bytes(exchange.body)
        if status == HTTPStatus.OK and body.strip() == _TAKEN:
            return None
        word = self._word(body)
        wait = retry_after(exchange.headers.get("retry-after"), datetime.now(UTC))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            pause = "" if wait is None else f" It asks for a pause of {wait:.0f} s."
            message = f"Slack limits how fast we may post (429).{pause}"
            raise SlackUnavailableError(message, retry_after=wait)
        if word in _WEBHOOK_FAULTS:
            message = f"Slack answers {word}. {_WEBHOOK_FAULTS[word]}"
        # A word we do not know may be a new one of Slack's: the plain text is worth a try.
        elif word in _PAYLOAD_FAULTS or (status in _BAD_REQUEST and word != _NO_REASON):
            return word
        elif 300 <= status < 400:  # noqa: PLR2004 - all redirects
            # Whoever answers at the other address is not who was given the secret.
            message = (
                f"{self._host} redirects to another address ({status}), which is not followed: is "
                "a proxy or a login in between?"
            )
        elif status < HTTPStatus.MULTIPLE_CHOICES:
            what = "a web page" if body.lstrip().startswith(b"<") else "something else than ok"
            message = (
                f"{self._host} answers with {what} ({status}): is a proxy or a login in between?"
            )
        else:
            message = f"Slack ({self._host}) answers with status {status} ({word})."
        raise SlackUnavailableError(message, retry_after=wait, answered=True)

    def _word(self, body: bytes) -> str:
        """Slack's error word; any other body may repeat the address and is not shown."""
        word = body.decode("utf-8", "replace").strip()
        known = _WORD.fullmatch(word) and word not in urlsplit(self._url).path.split("/")
        return word if known else _NO_REASON

    def _without_address(self, error: BaseException) -> BaseException | None:
        """The cause, unless it or what led to it names the webhook."""
        path = urlsplit(self._url).path
        named = (f"{link} {link.args!r}" for link in _chain(error))
        return None if len(path) > 1 and any(path in text for text in named) else error


@dataclass(slots=True)
class _Posting:
    """One request and what came back, in a thread: no time-out bounds a name lookup or a drip.

    The transport below httpx's client is used: it follows no redirect and logs no address.

    Attributes:
        sending: the connection was made and the request is on its way.
        status: of the answer, once it has one.
        body: of the answer, as far as it was read.
        whole: the answer has come to its end, or to more than anything Slack says.
        error: what ended the exchange.
    """

    url: str = field(repr=False)
    payload: dict[str, Any]
    timeout: float
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
        beginning = _TAKEN.startswith(bytes(self.body).strip())
        return self.status == HTTPStatus.OK and not self.whole and beginning

    def _run(self, transport: "httpx.HTTPTransport") -> None:
        import httpx

        request = httpx.Request(
            "POST",
            self.url,
            json=self.payload,
            headers={"Accept-Encoding": "identity"},
            extensions={"timeout": httpx.Timeout(self.timeout).as_dict(), "trace": self._trace},
        )
        try:
            answer = transport.handle_request(request)
            self.headers, self.status = answer.headers, answer.status_code
            for part in answer.iter_raw():
                self.body += part
                if len(self.body) > LONGEST_ANSWER:
                    break
            self.whole = True
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread
            for link in _chain(error):
                link.__traceback__ = None  # its frames hold the address
            self.error = error

    def _trace(self, event: str, seen: dict[str, Any]) -> None:
        # A proxy is sent CONNECT first; that is not yet the message.
        if event.endswith("send_request_body.started") and seen["request"].method == b"POST":
            self.sending = True


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _proxy(url: str) -> str | None:
    """The proxy of the environment for an address; httpx reads it in its client only."""
    host = _host(url) or ""
    if _loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get("https") or proxies.get("all")


def _host(url: str) -> str | None:
    """The host of an address that can be a webhook's; None for any other text."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # such as "https://[", or a port that is no number
        return None
    if not host or port == 0 or parts.username is not None:
        return None
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    usable = parts.scheme == "https" or (parts.scheme == "http" and _loopback(host))
    return host if usable else None


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return False


def _plainly(error: BaseException) -> str:
    """What went wrong in words of our own: the library's may repeat the address."""
    import httpx

    for link in _chain(error):
        if isinstance(link, TimeoutError | httpx.TimeoutException):
            return "no complete answer in time"
        if isinstance(link, ConnectionRefusedError):
            return "the connection is refused"
        if isinstance(link, gaierror):
            return "its name is not known"
        if isinstance(link, SSLError):
            return "no trusted TLS connection can be made"
    return f"the connection broke ({type(error).__name__})"
