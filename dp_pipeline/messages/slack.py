"""Delivery of one message to a Slack incoming webhook.

What a message says belongs to its own module; which messages are due, and how often to try, to the
caller.

SlackError
├── SlackConfigurationError   the webhook's address cannot be one
├── SlackUnavailableError     not now: outage, rate limit, or a webhook that needs a person
└── SlackRefusedError         never: Slack says that it accepts not even the plain text
"""

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from socket import gaierror
from ssl import SSLError
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from slack_sdk.http_retry.handler import RetryHandler
    from slack_sdk.webhook import WebhookClient, WebhookResponse

LONGEST_WAIT_SECONDS = 3
"""A Retry-After up to this is waited for inside one post; a longer one is the caller's to keep."""

_SECONDS = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[a-z][a-z_]{0,63}")
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
    """Anything that can be told."""

    def payload(self) -> dict[str, Any]:
        """What the webhook is sent."""
        ...

    def plain(self) -> dict[str, Any]:
        """The same as text alone, for when Slack refuses the blocks."""
        ...


class SlackError(Exception):
    """A message did not reach Slack. The text is a sentence for a person, without the address."""

    retryable: ClassVar[bool] = False


class SlackConfigurationError(SlackError):
    """The configured address cannot be that of an incoming webhook."""


class SlackUnavailableError(SlackError):
    """Slack took nothing now; the same message may be taken later.

    `retry_after` is how many seconds Slack asked us to stay away, where it did.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SlackRefusedError(SlackError):
    """Slack refused this message twice, as blocks and as plain text: trying again cannot help.

    `reason` is Slack's own word, such as `invalid_payload`.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SlackWebhook:
    """An incoming webhook. Its address is a secret: it appears in no text, log or error of ours.

    A post ends within one and a half times `timeout_seconds`, retries included.
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
        """Deliver one message; return only when Slack has taken it.

        Raises:
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
            raise SlackUnavailableError(said)
        said = f"Slack refuses {refused}; it will not be sent again."
        raise SlackRefusedError(said, reason=plain_reason)

    def _attempt(self, payload: dict[str, Any], deadline: float) -> str | None:
        """None when the payload was taken, else why another one of the message may be."""
        outcome = self._send(payload, deadline)
        if isinstance(outcome, Exception):
            message = f"Slack ({self._host}) cannot be reached: {_plainly(outcome)}."
            raise SlackUnavailableError(message) from self._without_address(outcome)
        return self._judge(outcome)

    def _send(self, payload: dict[str, Any], deadline: float) -> "WebhookResponse | Exception":
        """Send from a thread: urllib bounds one read, not a name lookup nor a whole answer."""
        outcomes: list[WebhookResponse | Exception] = []

        def send() -> None:
            try:
                outcomes.append(self._client(deadline).send_dict(payload))
            # slack_sdk lets through what urllib, the socket, the charset and the headers raise.
            except Exception as error:  # noqa: BLE001 - handed to the caller's thread
                _forget_frames(error)
                outcomes.append(error)

        thread = threading.Thread(target=send, name="slack webhook", daemon=True)
        thread.start()
        thread.join(max(deadline - time.monotonic(), 0.1))
        return outcomes[0] if outcomes else TimeoutError("no complete answer in time")

    def _client(self, deadline: float) -> "WebhookClient":
        from slack_sdk.http_retry.builtin_handlers import (
            ConnectionErrorRetryHandler,
            RateLimitErrorRetryHandler,
            ServerErrorRetryHandler,
        )
        from slack_sdk.webhook import WebhookClient

        latest = deadline - self._timeout_seconds
        handlers: list[Any] = [
            _InTime(RateLimitErrorRetryHandler(), latest),
            _InTime(ServerErrorRetryHandler(), latest),
            _InTime(ConnectionErrorRetryHandler(), latest),
        ]
        # slack_sdk logs the address at level debug, and takes an unset level for debug.
        # A logger of its own, outside the logging tree, reaches nobody.
        silent = logging.Logger("slack webhook", level=logging.CRITICAL + 1)  # noqa: LOG001
        client = WebhookClient(self._url, logger=silent, retry_handlers=handlers)
        timeout: Any = min(self._timeout_seconds, max(deadline - time.monotonic(), 0.1))
        client.timeout = timeout  # declared as whole seconds; the socket takes fractions
        # slack_sdk reads HTTPS_PROXY itself and ignores NO_PROXY; urllib honours both.
        client.proxy = None
        return client

    def _judge(self, response: "WebhookResponse") -> str | None:
        status, word = response.status_code, self._word(response.body)
        taken = status < HTTPStatus.MULTIPLE_CHOICES
        if taken and not response.body.lstrip().startswith("<"):
            return None
        if word in _WEBHOOK_FAULTS:
            message = f"Slack answers {word}. {_WEBHOOK_FAULTS[word]}"
            raise SlackUnavailableError(message)
        # A word we do not know may be a new one of Slack's: the plain text is worth a try.
        if word in _PAYLOAD_FAULTS or (status in _BAD_REQUEST and word != _NO_REASON):
            return word
        wait = _retry_after(_header(response.headers, "retry-after"))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            pause = "" if wait is None else f" It asks for a pause of {wait:.0f} s."
            message = f"Slack limits how fast we may post (429).{pause}"
        elif taken:
            message = f"{self._host} answers with a web page: is a proxy or a login in between?"
        else:
            message = f"Slack ({self._host}) answers with status {status} ({word})."
        raise SlackUnavailableError(message, retry_after=wait)

    def _word(self, body: str) -> str:
        """Slack's error word; any other body may repeat the address and is not shown."""
        word = body.strip()
        known = _WORD.fullmatch(word) and word not in urlsplit(self._url).path.split("/")
        return word if known else _NO_REASON

    def _without_address(self, error: BaseException) -> BaseException | None:
        """The cause, unless it or what led to it names the webhook."""
        path = urlsplit(self._url).path
        named = (f"{link} {link.args!r}" for link in _chain(error))
        return None if len(path) > 1 and any(path in text for text in named) else error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _forget_frames(error: BaseException) -> None:
    """Let go of the library's frames: they hold the address, and a socket it leaves open."""
    for link in _chain(error):
        link.__traceback__ = None


class _InTime:
    """A retry handler of slack_sdk, held to what can still end in time.

    Args:
        handler: decides whether and after which pause to try again, at most once per attempt.
        latest: the last moment, on the monotonic clock, at which another try may start.
    """

    def __init__(self, handler: "RetryHandler", latest: float) -> None:
        self._handler = handler
        self._latest = latest
        self.prepare_for_next_attempt = handler.prepare_for_next_attempt

    def can_retry(self, *, response: Any = None, **seen: Any) -> bool:
        stated = None if response is None else _header(response.headers, "retry-after")
        # slack_sdk sleeps as long as it is told and fails on anything but whole seconds.
        if stated is not None and not _SECONDS.fullmatch(stated):
            return False
        wait = int(stated or 1)
        if wait > LONGEST_WAIT_SECONDS or time.monotonic() + wait > self._latest:
            return False
        return self._handler.can_retry(response=response, **seen)


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


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    """A header's value, whichever way its name is written and whether or not it is in a list."""
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value).strip()
    return None


def _retry_after(stated: str | None) -> float | None:
    """Seconds from now, from whole seconds or an HTTP date; None when absent or neither."""
    if stated is None:
        return None
    if _SECONDS.fullmatch(stated):
        return float(stated)
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _plainly(error: BaseException) -> str:
    """What went wrong in words of our own: the library's may repeat the address."""
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, BaseException) else error
    if isinstance(cause, TimeoutError):
        return "no complete answer in time"
    if isinstance(cause, ConnectionRefusedError):
        return "the connection is refused"
    if isinstance(cause, gaierror):
        return "its name is not known"
    if isinstance(cause, SSLError):
        return "no trusted TLS connection can be made"
    return f"the connection broke ({type(cause).__name__})"
