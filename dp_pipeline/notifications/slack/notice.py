"""A message about the system itself, such as a sensor that keeps failing. Pure."""

from dataclasses import dataclass
from typing import Any

from dp_pipeline.notifications.slack.card import CHECK_MARK, CROSS, GREEN, RED, Card, plain
from dp_pipeline.notifications.slack.mrkdwn import code_block, inline, link, visible
from dp_pipeline.settings import Class

TEXT = 1_000
DETAIL = 2_500


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence, what it is about, and a link.

    It is a failure, or news when something is well again. The title is the subject and what is the
    matter, such as "Sensor x keeps failing"; the detail is an error text; the key distinguishes it
    from other messages.
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

    @property
    def ends_failure(self) -> bool:
        """Whether something is well again of which a failure was announced."""
        return self.kind == "news"

    def payload(self) -> dict[str, Any]:
        """The payload of an incoming webhook."""
        color = GREEN if self.kind == "news" else RED
        return Card(self._title, self._title, color, self._texts()).payload()

    def plain(self) -> dict[str, Any]:
        """The same as text alone."""
        return plain(self._title, self._texts()[:1])

    @property
    def _title(self) -> str:
        return f"{CHECK_MARK if self.kind == 'news' else CROSS} {self.title}"

    def _texts(self) -> list[str]:
        texts = [inline(self.text, TEXT) if visible(self.text) else "No more is known."]
        if self.detail and visible(self.detail):
            texts.append(code_block(self.detail, DETAIL))
        if whole := link(self.url, "Open it in Dagster"):
            texts.append(whole)
        return texts
