"""Delivery of one message to a channel by a bot: one attempt, and what its end means.

dagster-slack's resource gives the client, slack_sdk's. Only how that exchanges a request is
replaced: it follows redirects, to which it hands the token, reads an answer however long it is, and
does not say whether a request that failed had been sent.
"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from dp_pipeline.http.classify import retry_after
from dp_pipeline.notifications.slack.posting import Posting
from dp_pipeline.notifications.slack.transport import (
    NO_REASON,
    PAYLOAD_FAULTS,
    Message,
    Posted,
    SlackConfigurationError,
    SlackGoneError,
    SlackSetupError,
    SlackUnansweredError,
    SlackUnavailableError,
    host_of,
    in_either_form,
    limited,
    page_instead,
)

if TYPE_CHECKING:
    from urllib.request import Request

    from slack_sdk import WebClient
    from slack_sdk.web import SlackResponse

API = "https://slack.com/api"
LONGEST_ANSWER = 200_000
"""Bytes of an answer that are read: Slack's repeat the whole message."""
_BEGINNING = b'{"ok":true'
_SCOPES = "Give the app the scopes chat:write and chat:write.public, and install it again"
_NEW_TOKEN = "Copy the Bot User OAuth Token from Slack again into SLACK_BOT_TOKEN."  # noqa: S105
# What needs a person: https://docs.slack.dev/reference/methods/chat.postMessage#errors
_SETUP_FAULTS = {
    "channel_not_found": (
        "The bot sees no channel of the name in SLACK_CHANNEL: check it, and if the channel is "
        "private, type /invite and the name of the app there."
    ),
    "not_in_channel": "The bot is no member of the channel: type /invite and the app's name there.",
    "is_archived": "The channel is archived: unarchive it, or name another in SLACK_CHANNEL.",
    "invalid_auth": f"Slack does not know the token. {_NEW_TOKEN}",
    "not_authed": f"Slack got no token. {_NEW_TOKEN}",
    "token_revoked": f"The token was revoked: install the app again. {_NEW_TOKEN}",
    "token_expired": f"The token has expired. {_NEW_TOKEN}",
    "account_inactive": f"The app was removed from Slack: install it again. {_NEW_TOKEN}",
    "not_allowed_token_type": f"That is no bot's token. {_NEW_TOKEN}",
    "missing_scope": f"The token may not post. {_SCOPES}.",
    "no_permission": f"The token may not post. {_SCOPES}.",
    "restricted_action": "An administrator of the workspace restricted posting to the channel.",
    "access_denied": "An administrator of the workspace does not allow the app.",
    "ekm_access_denied": "An administrator of the workspace has suspended posting.",
    "org_login_required": "The Slack workspace is being moved; an administrator knows more.",
    "team_access_not_granted": "The app is not installed in the workspace of the channel.",
}
_LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_GONE = frozenset(
    {
        "message_not_found",
        "thread_not_found",
        "cant_update_message",
        "edit_window_closed",
        "cannot_reply_to_message",
        "is_inactive",
    }
)
_AWAY = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


class SlackBot:
    """A bot that posts to one channel. Its token appears in no text, log or error of ours.

    A request ends within one and a half times `timeout_seconds`.
    """

    __slots__ = ("_api", "_host", "_timeout_seconds", "_token", "channel")

    def __init__(
        self, token: str, channel: str, *, api: str | None = None, timeout_seconds: float = 6
    ) -> None:
        """Raise SlackConfigurationError when `api` is neither https nor http on loopback."""
        self._api = api
        self._host = host_of(api or API)
        if self._host is None:
            message = (
                "SLACK_API_URL must be an https:// address (http:// is for tests on loopback only)."
            )
            raise SlackConfigurationError(message)
        self._token = token
        self._timeout_seconds = timeout_seconds
        self.channel = channel

    def __repr__(self) -> str:
        """Show the channel only."""
        return f"SlackBot({self.channel})"

    def post(self, message: Message, *, below: Posted | None = None, loud: bool = False) -> Posted:
        """Send one message once, in the thread of another one if given; where it stands.

        A `loud` reply is shown in the channel too.

        Raises:
            SlackUnansweredError: nobody knows whether it was taken.
            SlackUnavailableError: nothing was taken; try again later.
            SlackRefusedError: Slack will never take this message.
            SlackGoneError: there is nothing to reply to.
        """
        arguments: dict[str, Any] = {
            "channel": self.channel if below is None else below.channel,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if below is not None:
            arguments |= {"thread_ts": below.ts, "reply_broadcast": loud}
        return self._send("chat_postMessage", message, arguments)

    def edit(self, message: Message, at: Posted) -> None:
        """Let a message that stands in Slack say something else; doing it twice is as once.

        Raises:
            SlackUnavailableError, SlackRefusedError, SlackGoneError: see `post`.
        """
        try:
            self._send("chat_update", message, {"channel": at.channel, "ts": at.ts})
        except SlackUnansweredError as error:
            raise SlackUnavailableError(str(error)) from error

    def _send(self, method: str, message: Message, arguments: Mapping[str, Any]) -> Posted:
        deadline = time.monotonic() + 1.5 * self._timeout_seconds
        client = self._client(deadline)
        taken: list[Posted] = []

        def attempt(payload: dict[str, Any]) -> str | None:
            from slack_sdk.errors import SlackApiError

            # Of a message that is edited nothing stays that it is not given anew.
            form = {"attachments": [], **payload} if method == "chat_update" else payload
            try:
                taken.append(self._posted(getattr(client, method)(**arguments, **form)))
            except SlackApiError as error:
                answer = error.response
            else:
                return None
            # Outside of the block: what was answered may repeat the token, and is no error's cause.
            return self._judge(answer)

        in_either_form(message, attempt, self._host)
        return taken[-1]

    def _posted(self, answer: "SlackResponse") -> Posted:
        channel, ts = answer.get("channel"), answer.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise SlackUnavailableError(page_instead(self._host, 200, ""), answered=True)
        return Posted(channel, ts)

    def _judge(self, answer: "SlackResponse") -> str:
        """Why another form of the message may be taken; else an error is raised."""
        status, word = answer.status_code, self._word(answer)
        wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        if status == HTTPStatus.TOO_MANY_REQUESTS or word in _LIMITS:
            raise limited(wait)
        if word in _SETUP_FAULTS:
            message = f"Slack answers {word}. {_SETUP_FAULTS[word]}"
            raise SlackSetupError(message, retry_after=wait, answered=True)
        if word in _GONE:
            message = f"The message to be edited or replied to cannot be any more ({word})."
            raise SlackGoneError(message)
        if word in PAYLOAD_FAULTS:
            return word
        if 300 <= status < 400:  # noqa: PLR2004 - all redirects
            message = f"{self._host} redirects to another address ({status}): not followed."
        elif word == NO_REASON and status < HTTPStatus.MULTIPLE_CHOICES:
            message = page_instead(self._host, status, "")
        elif word == NO_REASON or word in _AWAY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = f"Slack ({self._host}) answers with status {status} ({word})."
        else:
            # A word we do not know may be a new one of Slack's: the plain text is worth a try.
            return word
        raise SlackUnavailableError(message, retry_after=wait, answered=True)

    def _word(self, answer: "SlackResponse") -> str:
        """Slack's error word; any other body may repeat the token and is not shown."""
        word = answer.get("error") if isinstance(answer.data, dict) else None
        known = isinstance(word, str) and word.isascii() and word.replace("_", "a").isalpha()
        return word if known and isinstance(word, str) and word.islower() else NO_REASON

    def _client(self, deadline: float) -> "WebClient":
        from dagster_slack import SlackResource as SlackOfDagster

        client = SlackOfDagster(token=self._token).get_client()
        client.retry_handlers = []  # how often to try is the delivery's business
        if self._api is not None:
            client.base_url = f"{self._api}/"
        exchange = partial(self._exchange, deadline=deadline)
        client._perform_urllib_http_request_internal = exchange  # noqa: SLF001 - see the docstring
        return client

    def _exchange(self, url: str, req: "Request", *, deadline: float) -> dict[str, Any]:
        """One request, as slack_sdk wants its answer."""
        posting = Posting(
            url,
            req.data if isinstance(req.data, bytes) else b"",
            self._timeout_seconds,
            dict(req.header_items()),
            _BEGINNING,
            LONGEST_ANSWER,
        )
        posting.end_by(deadline)
        status = posting.answered(self._token)
        body = bytes(posting.body).decode("utf-8", "replace")
        # slack_sdk logs what is no JSON, and fails on what is no object.
        usable = isinstance(_parsed(body), dict)
        return {"status": status, "headers": posting.headers, "body": body if usable else "{}"}


def _parsed(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None
