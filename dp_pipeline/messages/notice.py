"""A message about the machinery itself: a sensor that keeps failing, a check that fails. Pure."""

from dataclasses import dataclass
from typing import Any

from dp_pipeline.messages.mrkdwn import PLAIN, code_block, inline, link, visible
from dp_pipeline.messages.news import Class

TITLE = 150
TEXT = 1_000
DETAIL = 2_500


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, what it is about, and where to look.

    Args:
        kind: failure, or news when something is well again.
        title: the subject and what is the matter, such as "Sensor x keeps failing".
        text: a sentence or two.
        detail: an error text, shown as it is.
        url: where to look.
        key: what it is told apart from others by.
    """

    kind: Class
    title: str
    text: str
    detail: str | None = None
    url: str | None = None
    key: str = ""

    @property
    def kinds(self) -> frozenset[Class]:
        """The classes it belongs to."""
        return frozenset({self.kind})

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook."""
        color = "#2eb67d" if self.kind == "news" else "#e01e5a"
        blocks: list[dict[str, Any]] = [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": self._title(), "emoji": True},
            },
            *(
                {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
                for text in self._texts()
            ),
        ]
        return {
            "text": inline(self._title(), 2 * TITLE),
            "attachments": [{"color": color, "fallback": self._title(), "blocks": blocks}],
        }

    def plain(self) -> dict[str, Any]:
        """The same as text alone."""
        return {"text": "\n".join([inline(self._title(), 2 * TITLE), *self._texts()[:1]])}

    def _title(self) -> str:
        emoji = "\N{WHITE HEAVY CHECK MARK}" if self.kind == "news" else "\N{CROSS MARK}"
        return inline(f"{emoji} {self.title}", TITLE, PLAIN)

    def _texts(self) -> list[str]:
        texts = [inline(self.text, TEXT) if visible(self.text) else "No more is known."]
        if self.detail and visible(self.detail):
            texts.append(code_block(self.detail, DETAIL))
        if whole := link(self.url, "Open it in Dagster"):
            texts.append(whole)
        return texts
