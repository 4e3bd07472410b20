"""The frame of every message: a header, fields, texts and a context as Slack's blocks. Pure.

Slack's limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks, header 150, section
text 3,000, field 2,000, 10 fields, 10 context elements). Its undocumented limit of a whole message
was met between 11,341 and 13,297 characters of text (slackapi/bolt-js issues 2509 and 2867).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dp_pipeline.notifications.slack.mrkdwn import PLAIN, inline

HEADER = 150
SUMMARY = 400

GREEN, YELLOW, RED = "#2eb67d", "#ecb22e", "#e01e5a"
CHECK_MARK = "\N{WHITE HEAVY CHECK MARK}"
WARNING = "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}"
CROSS = "\N{CROSS MARK}"


@dataclass(frozen=True, slots=True)
class Card:
    """One message.

    Args:
        header: the emoji, and what has happened to what.
        summary: one unescaped line, for notifications and for clients that show no blocks.
        color: of its edge.
        texts: one below the other, within Slack's limits.
        fields: side by side, above them.
        context: small, below them.
    """

    header: str
    summary: str
    color: str
    texts: Sequence[str]
    fields: Sequence[str] = ()
    context: Sequence[str] = ()

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook: a summary for notifications, the rest as blocks."""
        header = {"type": "plain_text", "text": inline(self.header, HEADER, PLAIN), "emoji": True}
        blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
        if self.fields:
            blocks.append({"type": "section", "fields": [_mrkdwn(text) for text in self.fields]})
        blocks += [{"type": "section", "text": _mrkdwn(text)} for text in self.texts]
        if self.context:
            elements = [_mrkdwn(text) for text in self.context]
            blocks.append({"type": "context", "elements": elements})
        fallback = inline(self.summary, SUMMARY, PLAIN)
        attachment = {"color": self.color, "fallback": fallback, "blocks": blocks}
        return {"text": inline(self.summary, SUMMARY), "attachments": [attachment]}


def plain(summary: str, texts: Sequence[str]) -> dict[str, Any]:
    """A message as text alone, at most 4,000 characters, for when Slack refuses the blocks."""
    return {"text": "\n".join([inline(summary, SUMMARY), *texts])}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack would otherwise bring a bare @channel or address inside the text to life.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
