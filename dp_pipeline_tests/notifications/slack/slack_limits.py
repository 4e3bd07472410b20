"""Slack's published rules for a message, written down independently of the renderer."""

import json
import re
from typing import Any

TOKEN = re.compile(
    r"<(?:https?://[^\s<>|\"]+\|[^<>|]+|!date\^-?\d+\^[^<>|^]+\|[^<>|]+)>",
)
ENTITY = re.compile(r"&(?:amp|lt|gt);")
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def characters(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _text(text: str, most: int) -> None:
    assert 1 <= characters(text) <= most
    assert text.strip()
    assert not UNWANTED.search(text)


def mrkdwn(text: str, most: int) -> None:
    """No live sequence but our own links and dates, and code blocks that end."""
    _text(text, most)
    rest = TOKEN.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert "&" not in ENTITY.sub("", rest)
    assert not re.search("&[^;]{0,3}$", text)
    assert text.count("```") % 2 == 0


def _element(element: dict[str, Any], most: int) -> None:
    assert element["type"] == "mrkdwn"
    assert element["verbatim"] is True
    mrkdwn(element["text"], most)


def _block(block: dict[str, Any]) -> None:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": text, **rest}}:
            assert rest == {"emoji": True}
            assert "\n" not in text
            _text(text, 150)
        case {"type": "section", "text": element}:
            assert element["text"].count("```") in {0, 2}
            _element(element, 3_000)
        case {"type": "section", "fields": fields}:
            assert 1 <= len(fields) <= 10
            for field in fields:
                _element(field, 2_000)
        case {"type": "context", "elements": elements}:
            assert 1 <= len(elements) <= 10
            for element in elements:
                _element(element, 2_000)
        case _:
            raise AssertionError(block)


def check(payload: dict[str, Any]) -> None:
    """Fail unless Slack would take this message with blocks."""
    whole = json.dumps(payload, ensure_ascii=False)
    whole.encode("utf-8")
    assert characters(whole) <= 12_000
    assert payload.keys() == {"text", "attachments"}
    mrkdwn(payload["text"], 4_000)
    (attachment,) = payload["attachments"]
    assert attachment.keys() == {"color", "fallback", "blocks"}
    assert re.fullmatch("#[0-9a-f]{6}", attachment["color"])
    _text(attachment["fallback"], 4_000)
    assert 1 <= len(attachment["blocks"]) <= 50
    for block in attachment["blocks"]:
        _block(block)


def check_plain(payload: dict[str, Any]) -> None:
    """Fail unless Slack would take this message without blocks."""
    json.dumps(payload, ensure_ascii=False).encode("utf-8")
    assert payload.keys() == {"text"}
    mrkdwn(payload["text"], 4_000)
