"""What the ways to Slack have in common: a message, where it stands, and how a post can end.

The ways themselves are in webhook.py and bot.py. What a message says belongs to its own module.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from socket import gaierror
from ssl import SSLError
from typing import Any, Protocol
from urllib.parse import urlsplit

from dp_pipeline.settings import Class

NO_REASON = "no reason given"
# Slack's own words: anything else may come from a proxy that knows nothing of the message.
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors and
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
PAYLOAD_FAULTS = frozenset(
    {
        "invalid_payload",
        "no_text",
        "too_many_attachments",
        "invalid_attachments",
        "attachment_payload_limit_exceeded",
        "invalid_blocks",
        "invalid_blocks_format",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
    }
)


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

    @property
    def ends_failure(self) -> bool:
        """Whether it says that a failure is over: who is posted failures is posted this, too."""
        ...

    def payload(self) -> dict[str, Any]:
        """What Slack is sent."""
        ...

    def plain(self) -> dict[str, Any]:
        """The same as text alone, for when Slack refuses the blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: Slack's ID of the channel, and the message's name in it."""

    channel: str
    ts: str


class SlackError(Exception):
    """A message did not reach Slack. The text is a sentence for a person, without the secret."""


class SlackConfigurationError(SlackError):
    """The configured address cannot be one of Slack's."""


class SlackUnavailableError(SlackError):
    """Slack took nothing now: an outage, a rate limit, or what needs a person.

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


class SlackSetupError(SlackUnavailableError):
    """Slack takes nothing until a person changes something in Slack or in the settings."""


class SlackRefusedError(SlackError):
    """Slack refused this message twice, as blocks and as plain text: trying again cannot help."""


class SlackGoneError(SlackError):
    """The message that is to be edited or replied to is not there any more."""


def in_either_form(
    message: Message, attempt: Callable[[dict[str, Any]], str | None], host: str | None
) -> None:
    """Send a message; its plain text only when its blocks were refused.

    `attempt` sends a payload, and says why another form of the message may be taken; None: taken.

    Raises:
        SlackUnavailableError, SlackRefusedError: neither was taken.
    """
    reason = attempt(message.payload())
    if reason is None:
        return
    plain_reason = attempt(message.plain())
    if plain_reason is None:
        return
    refused = f"this message, as blocks ({reason}) and as plain text ({plain_reason})"
    if plain_reason not in PAYLOAD_FAULTS:
        said = f"{host} does not take {refused}; that is nothing Slack is known to say."
        raise SlackUnavailableError(said, answered=True)
    said = f"Slack refuses {refused}; it will not be sent again."
    raise SlackRefusedError(said)


def limited(wait: float | None) -> SlackUnavailableError:
    """Slack's rate limit, with the pause that Slack asks for."""
    pause = "" if wait is None else f" It asks for a pause of {wait:.0f} s."
    return SlackUnavailableError(
        f"Slack limits how fast we may post (429).{pause}", retry_after=wait
    )


def page_instead(host: str | None, status: int, body: str) -> str:
    """What answered with 200 and is not Slack, in a sentence."""
    what = "a web page" if body.lstrip().startswith("<") else "something else than ok"
    return f"{host} answers with {what} ({status}): is a proxy or a login in between?"


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def unless_named(error: BaseException, secret: str) -> BaseException | None:
    """The cause, unless it or what led to it names the secret."""
    named = (f"{link} {link.args!r}" for link in chain(error))
    return None if len(secret) > 1 and any(secret in text for text in named) else error


def plainly(error: BaseException) -> str:
    """What went wrong in words of our own: the library's may repeat the secret."""
    import httpx

    for link in chain(error):
        if isinstance(link, TimeoutError | httpx.TimeoutException):
            return "no complete answer in time"
        if isinstance(link, ConnectionRefusedError):
            return "the connection is refused"
        if isinstance(link, gaierror):
            return "its name is not known"
        if isinstance(link, SSLError):
            return "no trusted TLS connection can be made"
    return f"the connection broke ({type(error).__name__})"


def host_of(url: str) -> str | None:
    """The host of an address that can be one of Slack's; None for any other text."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # such as "https://[", or a port that is no number
        return None
    if not host or port == 0 or parts.username is not None:
        return None
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    usable = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return host if usable else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return False
