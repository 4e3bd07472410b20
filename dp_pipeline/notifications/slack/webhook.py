"""Delivery of one message to a Slack incoming webhook: one attempt, and what its end means.

What a message says belongs to its own module; which messages are due, and how often to try, to the
caller.

slack_sdk's WebhookClient is not used: it follows redirects and tries again inside a call without a
switch for either, reads an answer however long it is, logs the address, and does not say whether a
request that failed had been sent. What is left of it is one POST, which httpx does.
"""

import json
import re
import time
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from dp_pipeline.http.classify import retry_after
from dp_pipeline.notifications.slack.posting import Posting
from dp_pipeline.notifications.slack.transport import (
    NO_REASON,
    PAYLOAD_FAULTS,
    Message,
    SlackConfigurationError,
    SlackSetupError,
    SlackUnavailableError,
    host_of,
    in_either_form,
    limited,
    page_instead,
)

_WORD = re.compile(r"[a-z][a-z_]{0,63}")
_TAKEN = b"ok"
_BAD_REQUEST = frozenset({400, 413, 422})
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


class SlackWebhook:
    """An incoming webhook. Its address is a secret: it appears in no text, log or error of ours.

    A post ends within one and a half times `timeout_seconds`.
    """

    __slots__ = ("_deadline_seconds", "_host", "_timeout_seconds", "_url")

    def __init__(self, url: str, *, timeout_seconds: float = 10) -> None:
        """Raise SlackConfigurationError when `url` is neither https nor http on loopback."""
        self._url = url.strip()
        self._host = host_of(self._url)
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
        in_either_form(message, partial(self._attempt, deadline=deadline), self._host)

    def _attempt(self, payload: dict[str, Any], deadline: float) -> str | None:
        """None when the payload was taken, else why another one of the message may be."""
        posting = Posting(
            self._url, json.dumps(payload).encode(), self._timeout_seconds, beginning=_TAKEN
        )
        posting.end_by(deadline)
        return self._judge(posting, posting.answered(urlsplit(self._url).path))

    def _judge(self, posting: Posting, status: int) -> str | None:
        body = bytes(posting.body)
        if status == HTTPStatus.OK and body.strip() == _TAKEN:
            return None
        word = self._word(body)
        wait = retry_after(posting.headers.get("retry-after"), datetime.now(UTC))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise limited(wait)
        if word in _WEBHOOK_FAULTS:
            message = f"Slack answers {word}. {_WEBHOOK_FAULTS[word]}"
            raise SlackSetupError(message, retry_after=wait, answered=True)
        # A word we do not know may be a new one of Slack's: the plain text is worth a try.
        if word in PAYLOAD_FAULTS or (status in _BAD_REQUEST and word != NO_REASON):
            return word
        if 300 <= status < 400:  # noqa: PLR2004 - all redirects
            # Whoever answers at the other address is not who was given the secret.
            message = (
                f"{self._host} redirects to another address ({status}), which is not followed: is "
                "a proxy or a login in between?"
            )
        elif status < HTTPStatus.MULTIPLE_CHOICES:
            message = page_instead(self._host, status, body.decode("utf-8", "replace"))
        else:
            message = f"Slack ({self._host}) answers with status {status} ({word})."
        raise SlackUnavailableError(message, retry_after=wait, answered=True)

    def _word(self, body: bytes) -> str:
        """Slack's error word; any other body may repeat the address and is not shown."""
        word = body.decode("utf-8", "replace").strip()
        known = _WORD.fullmatch(word) and word not in urlsplit(self._url).path.split("/")
        return word if known else NO_REASON
