"""Text that Slack accepts, made from any text: cleaning, escaping, shortening, links, dates.

What a message says belongs to announcement.py, digest.py and notice.py.

Slack's rules: https://docs.slack.dev/messaging/formatting-message-text and
https://docs.slack.dev/reference/block-kit/composition-objects/text-object.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

PLAIN: Mapping[int, str] = {}
"""plain_text elements show every character as it is."""
MRKDWN: Mapping[int, str] = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "`\N{ZERO WIDTH SPACE}"}
)
"""Only &, < and > are Slack's control characters: they start mentions, links and dates. The space
after each back-tick keeps three of them from opening or closing a code block."""

_LONGEST_LINK = 600
_ROOM_FOR_MARKER = 50
_SHORT = 200

# Terminal colours reach us inside the error text of many tools.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\))")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Marks, embeddings, overrides and isolates of direction, and the byte order mark: invisible, and
# able to make a line read as something else.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


def clean(text: str) -> str:
    """Text that is valid UTF-8 and shows what it says: no controls, surrogates, bidi overrides."""
    text = _TERMINAL.sub("", text)
    text = _LINE_END.sub("\n", text)
    text = _DIRECTION.sub("", text)
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def visible(text: str) -> bool:
    """Whether a person would see anything."""
    return any(unicodedata.category(character)[0] not in "CZ" for character in clean(text))


def weight(text: str) -> int:
    """Length as UTF-16 code units inside JSON: never less than what Slack may count."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-16-le")) // 2 - 2


def inline(text: str, limit: int, escapes: Mapping[int, str] = MRKDWN) -> str:
    """One escaped line that weighs at most `limit`; head and tail are kept when it is longer."""
    return _fit(" ".join(clean(text).split()), limit, escapes, around=" ")


def code_block(text: str, limit: int) -> str:
    """A code block, fences included, that weighs at most `limit`."""
    opening, closing = "```\n", "\n```"
    room = limit - weight(opening) - weight(closing)
    return opening + _fit(clean(text).strip("\n"), room, MRKDWN, around="\n") + closing


def code(text: str, limit: int) -> str:
    """Inline code that weighs at most `limit`: no emoji such as `:17:` is read into a key."""
    return "`" + inline(text.replace("`", "'"), limit - 2) + "`"


def link(url: str | None, label: str) -> str | None:
    """A link, or None when the URL is absent, not http(s), overlong or carries a password."""
    if not url or _UNPRINTABLE.search(url) or len(url) > _LONGEST_LINK:
        return None
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
    except ValueError:  # such as "http://[": no host can be read from it
        return None
    if not usable:
        return None
    # The characters of RFC 3986; | and > would end Slack's link, quotes and spaces break it.
    address = quote(url.strip(), safe="%/:?#[]@!$&'()*+,;=~-._").translate(MRKDWN)
    whole = f"<{address}|{label.translate(MRKDWN)}>"
    return whole if weight(whole) <= _LONGEST_LINK else None


def shown_date(moment: datetime) -> str:
    """A date each reader sees in their own time zone; a moment without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    fallback = moment.isoformat(sep=" ", timespec="seconds")
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time_secs}}|{fallback}>"


def _fit(text: str, limit: int, escapes: Mapping[int, str], around: str) -> str:
    """Escape; where that weighs too much, keep head and tail and say how much is left out."""
    # A character weighs at least 1, so an overlong text need not be escaped to know it.
    if len(text) <= limit and weight(whole := text.translate(escapes)) <= limit:
        return whole
    room = limit - (_ROOM_FOR_MARKER if limit >= _SHORT else 1)
    head = _fitting(text, room - room // 2, escapes)
    tail = _fitting(text[:head:-1], room // 2, escapes)
    kept_tail = text[len(text) - tail :]
    left_out = len(text) - head - tail
    marker = f"{around}… {left_out:,} characters left out …{around}" if limit >= _SHORT else "…"
    return text[:head].translate(escapes) + marker + kept_tail.translate(escapes)


def _fitting(text: str, room: int, escapes: Mapping[int, str]) -> int:
    """How many characters from the start weigh at most `room` once escaped."""
    for count, character in enumerate(text):
        room -= weight(character.translate(escapes))
        if room < 0:
            return count
    return len(text)
